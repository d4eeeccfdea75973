#include "privacy/dossier_markup.h"

#include "base/civil.h"
#include "privacy/page.h"

void markup_text(struct dossier_pen *p, const char *text)
{
	page_put_text(p->to, span_str(text));
}

void markup_say(struct dossier_pen *p, const char *text)
{
	markup_text(p, dossier_say(p->d, text));
}

void markup_value(struct dossier_pen *p, struct span value)
{
	buf_put_str(p->to, "<bdi>");
	page_put_text(p->to, value);
	buf_put_str(p->to, "</bdi>");
}

void markup_label(struct dossier_pen *p, const char *key)
{
	char label[ENGINE_KEY_SIZE];

	markup_text(p, dossier_label(p->d, key, label));
}

void markup_id(struct dossier_pen *p, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	buf_putf(p->to, "<code>%s</code>", text);
}

void markup_minute(struct dossier_pen *p, int64_t ms)
{
	char text[CIVIL_TIME_SIZE];

	civil_format_time(ms, text);
	buf_putf(p->to, "%.10s %.5s", text, text + 11);
}

void markup_heading(struct dossier_pen *p, const char *id, const char *articles, bool is_short,
	const char *text)
{
	buf_putf(p->to, "<section%s data-gdpr=\"%s\"><h2 id=\"%s\">",
		is_short ? " class=\"short\"" : "", articles, id);
	markup_say(p, text);
	buf_put_str(p->to, "</h2>\n");
}

void markup_note(struct dossier_pen *p, const char *text)
{
	buf_put_str(p->to, "<p>");
	markup_say(p, text);
	buf_put_str(p->to, "</p>\n");
}

void markup_heads(
	struct dossier_pen *p, const char *kind, const char *const heads[], size_t n)
{
	buf_putf(p->to, "<table class=\"%s\"><thead><tr>", kind);
	for (size_t i = 0; i < n; i++) {
		buf_put_str(p->to, "<th scope=\"col\">");
		markup_say(p, heads[i]);
		buf_put_str(p->to, "</th>");
	}
	buf_put_str(p->to, "</tr></thead><tbody>\n");
}

/* Names that hand entry gave have custos as their source. */
void markup_source(struct dossier_pen *p, struct span source, enum record_origin origin)
{
	if (source.n > 0 && !span_eq(source, span_str("custos"))) {
		markup_value(p, source);
	} else {
		markup_say(p, origin == RECORD_EXTERNAL ? "from outside, without a name" : "entered here");
	}
}

void markup_duration(struct dossier_pen *p, struct duration d)
{
	char text[WORDS_DURATION_SIZE];

	markup_text(p, words_duration(p->d->language, d, text));
}
