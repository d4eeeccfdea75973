#include "privacy/dossier_markup.h"

#include "base/civil.h"
#include "base/text.h"

static const char *entity(uint8_t c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

/* A control character that HTML has no place for; U+0080 to U+009F are two bytes. */
static bool is_control(const uint8_t *p, size_t n)
{
	return n == 1 ? (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f :
			n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

void dossier_put_html(struct buf *to, struct span text)
{
	size_t done = 0;

	for (size_t at = 0, n; at < text.n; at += n) {
		const char *instead = entity(text.p[at]);

		n = text.p[at] < 0x80 ? 1 : text_utf8_len((const char *)text.p + at, text.n - at);
		if (!instead && (n == 0 || is_control(text.p + at, n))) {
			instead = "\xef\xbf\xbd";
		}
		n = n == 0 ? 1 : n;
		if (instead) {
			buf_put(to, text.p + done, at - done);
			buf_put_str(to, instead);
			done = at + n;
		}
	}
	buf_put(to, text.p + done, text.n - done);
}

void markup_text(struct dossier_pen *p, const char *text)
{
	dossier_put_html(p->to, span_str(text));
}

void markup_say(struct dossier_pen *p, const char *text)
{
	markup_text(p, dossier_say(p->d, text));
}

void markup_value(struct dossier_pen *p, struct span value)
{
	buf_put_str(p->to, "<bdi>");
	dossier_put_html(p->to, value);
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

void markup_heading(struct dossier_pen *p, const char *id, bool is_short, const char *text)
{
	buf_putf(p->to, "<section%s><h2 id=\"%s\">", is_short ? " class=\"short\"" : "", id);
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
	buf_putf(p->to, "%d", d.n);
	markup_say(p, d.unit == 'y' ? " years" : d.unit == 'd' ? " days" : d.unit == 'h' ? " hours" : " seconds");
}
