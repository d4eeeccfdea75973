/* index.html: to be read and printed; without scripts, and nothing from elsewhere. */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "ledger/leaf.h"
#include "policy/policy.h"
#include "privacy/dossier_forms.h"
#include "privacy/dossier_style.h"

#define MAX_TABLE_COLUMNS 6   /* more do not fit on paper */
#define MAX_TABLE_BYTES   160 /* nor do longer values, side by side */

/* --- escaping --------------------------------------------------------------------- */

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

/* Of a program or a policy. */
static void put_text(struct dossier_pen *p, const char *text)
{
	dossier_put_html(p->to, span_str(text));
}

static void say(struct dossier_pen *p, const char *text)
{
	put_text(p, dossier_say(p->d, text));
}

/* Of a person: whatever direction its characters turn, they turn it in here only. */
static void put_value(struct dossier_pen *p, struct span value)
{
	buf_put_str(p->to, "<bdi>");
	dossier_put_html(p->to, value);
	buf_put_str(p->to, "</bdi>");
}

static void put_label(struct dossier_pen *p, const char *key)
{
	char label[ENGINE_KEY_SIZE];

	put_text(p, dossier_label(p->d, key, label));
}

static void put_id(struct dossier_pen *p, const struct id *id)
{
	char text[ID_TEXT_SIZE];

	id_format(id, text);
	buf_putf(p->to, "<code>%s</code>", text);
}

/* "2026-11-28 17:33" */
static void put_minute(struct dossier_pen *p, int64_t ms)
{
	char text[CIVIL_TIME_SIZE];

	civil_format_time(ms, text);
	buf_putf(p->to, "%.10s %.5s", text, text + 11);
}

/* is_short: better on another page than on two. */
static void put_heading(struct dossier_pen *p, const char *id, bool is_short, const char *text)
{
	buf_putf(p->to, "<section%s><h2 id=\"%s\">", is_short ? " class=\"short\"" : "", id);
	say(p, text);
	buf_put_str(p->to, "</h2>\n");
}

/* --- above everything ------------------------------------------------------------- */

static const char *title(const struct dossier *d)
{
	return d->kind == SUBJECT_ORGANISATION ? "What is kept about this organisation" :
						 "What is kept about you";
}

static void fact_begin(struct dossier_pen *p, const char *name)
{
	buf_put_str(p->to, "<div><dt>");
	say(p, name);
	buf_put_str(p->to, "</dt><dd>");
}

static void fact_end(struct dossier_pen *p)
{
	buf_put_str(p->to, "</dd></div>\n");
}

static void put_facts(struct dossier_pen *p)
{
	const struct dossier *d = p->d;

	buf_put_str(p->to, "<dl class=\"facts\">\n");
	fact_begin(p, "made on");
	put_minute(p, d->made_ms);
	buf_put_str(p->to, " UTC");
	fact_end(p);
	fact_begin(p, "records");
	buf_putf(p->to, "%" PRIu64, d->nrecords);
	fact_end(p);
	fact_begin(p, "made for the purpose");
	put_label(p, d->purpose);
	fact_end(p);
	fact_begin(p, "made by operator");
	put_id(p, &d->by);
	fact_end(p);
	fact_begin(p, "about");
	put_id(p, &d->subject);
	fact_end(p);
	fact_begin(p, "store");
	put_id(p, &d->store);
	fact_end(p);
	buf_put_str(p->to, "</dl>\n");
}

static void put_link(struct dossier_pen *p, const char *id, const char *text)
{
	buf_putf(p->to, "<li><a href=\"#%s\">", id);
	say(p, text);
	buf_put_str(p->to, "</a></li>\n");
}

static void put_contents(struct dossier_pen *p)
{
	const struct dossier *d = p->d;

	buf_put_str(p->to, "<nav><h2>");
	say(p, "Contents");
	buf_put_str(p->to, "</h2>\n<ol>\n");
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords > 0) {
			buf_putf(p->to, "<li><a href=\"#c-%s\">", d->parts[i].key);
			put_label(p, d->parts[i].key);
			buf_putf(p->to, "</a> <span class=\"n\">%zu</span></li>\n",
				d->parts[i].nrecords);
		}
	}
	put_link(p, "sources", "Where it comes from");
	put_link(p, "retention", "How long it is kept");
	put_link(p, "access", "Who looked at it or changed it");
	put_link(p, "rights", "Your rights");
	put_link(p, "document", "About this document");
	buf_put_str(p->to, "</ol></nav>\n");
}

/* Which collections hold nothing is an answer, too. */
static void put_absent(struct dossier_pen *p)
{
	const struct dossier *d = p->d;
	bool has_some = false;

	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords == 0) {
			if (!has_some) {
				buf_put_str(p->to, "<p class=\"absent\">");
				say(p, d->nrecords > 0 ? "Nothing is kept here:" :
							 "Nothing is kept about you in this store.");
			}
			buf_put_str(p->to, " <span>");
			put_label(p, d->parts[i].key);
			buf_put_str(p->to, "</span>");
			has_some = true;
		}
	}
	buf_put_str(p->to, has_some ? "</p>\n" : "");
}

static void html_begin(struct dossier_pen *p)
{
	const struct dossier *d = p->d;
	char day[DOSSIER_DAY_SIZE];

	buf_putf(p->to, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		d->language == DOSSIER_ZH ? "zh-CN" : "en");
	buf_put_str(p->to,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n<title>");
	say(p, title(d));
	buf_put_str(p->to, "</title>\n<style>\n" DOSSIER_STYLE "</style>\n</head>\n<body>\n<header><p class=\"day\">");
	put_text(p, dossier_day(d, civil_day_of_ms(d->made_ms), day));
	buf_put_str(p->to, "</p>\n<h1>");
	say(p, title(d));
	buf_put_str(p->to, "</h1>\n<p class=\"lead\">");
	say(p, d->only.n > 0 ?
			"This holds the collections that were asked for, with where the data came from, "
			"how long it is kept, and who looked at it. The same is in data.json for "
			"programs, and in the folder csv for spreadsheets." :
			"This is everything that is kept about you in this store, with where it came "
			"from, how long it is kept, and who looked at it. The same is in data.json for "
			"programs, and in the folder csv for spreadsheets.");
	buf_put_str(p->to, "</p>\n");
	put_facts(p);
	buf_put_str(p->to, "</header>\n");
	put_contents(p);
	buf_put_str(p->to, "<main>\n");
	put_absent(p);
}

/* --- a collection ----------------------------------------------------------------- */

/* A row for each record, where that can be read; else a card for each. */
static bool is_tabular(const struct dossier_part *part)
{
	size_t n = 0, longest = 0;

	for (size_t i = 0; i < part->ncolumns; i++) {
		const struct dossier_column *c = &part->columns[i];

		n += c->is_used;
		longest = c->longest > longest ? c->longest : longest;
	}
	return part->nrecords > 1 && n <= MAX_TABLE_COLUMNS && longest <= MAX_TABLE_BYTES;
}

static void html_part_begin(struct dossier_pen *p, const struct dossier_part *part)
{
	if (part->nrecords == 0) {
		return;
	}
	buf_putf(p->to, "<section><h2 id=\"c-%s\">", part->key);
	put_label(p, part->key);
	buf_putf(p->to, " <span class=\"n\">%zu</span></h2>\n", part->nrecords);
	if (part->collection && part->collection->text) {
		buf_put_str(p->to, "<p class=\"what\">");
		say(p, part->collection->text);
		buf_put_str(p->to, "</p>\n");
	}
	if (!is_tabular(part)) {
		return;
	}
	buf_put_str(p->to, "<table><thead><tr>");
	for (size_t i = 0; i < part->ncolumns; i++) {
		if (part->columns[i].is_used) {
			buf_put_str(p->to, "<th scope=\"col\">");
			put_text(p, part->columns[i].label);
			buf_put_str(p->to, "</th>");
		}
	}
	buf_put_str(p->to, "<th scope=\"col\">");
	say(p, "source");
	buf_put_str(p->to, "</th></tr></thead>\n<tbody>\n");
}

/* Names that hand entry gave have custos as their source. */
static void put_source(struct dossier_pen *p, struct span source, enum record_origin origin)
{
	if (source.n > 0 && !span_eq(source, span_str("custos"))) {
		put_value(p, source);
	} else {
		say(p, origin == RECORD_EXTERNAL ? "from outside, without a name" : "entered here");
	}
}

static void put_others(struct dossier_pen *p, const struct record *rec)
{
	if (rec->ncosubjects > 0) {
		buf_put_str(p->to, "<p class=\"others\">");
		say(p, "This record also concerns others. What is known of them is not shown: it says "
		       "\xe2\x80\x9c" "another person\xe2\x80\x9d instead.");
		buf_put_str(p->to, "</p>");
	}
}

static void put_row(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	char day[CIVIL_DAY_SIZE];

	buf_put_str(p->to, "<tr>");
	for (size_t i = 0; i < part->ncolumns; i++) {
		if (part->columns[i].is_used) {
			struct span value = record_get(rec, part->columns[i].name);

			buf_put_str(p->to, "<td>");
			if (value.n > 0) {
				put_value(p, value);
			}
			buf_put_str(p->to, "</td>");
		}
	}
	civil_format_day(civil_day_of_ms(row->created_ms), day);
	buf_put_str(p->to, "<td class=\"from\">");
	put_source(p, rec->source, rec->origin);
	buf_putf(p->to, " <time>%s</time>", day);
	put_others(p, rec);
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_meta(struct dossier_pen *p, const struct row_record *row, const struct record *rec)
{
	char day[CIVIL_DAY_SIZE];

	buf_put_str(p->to, "<p class=\"meta\">");
	say(p, "source");
	say(p, ": ");
	put_source(p, rec->source, rec->origin);
	if (rec->key.n > 0) {
		buf_put_str(p->to, " · ");
		say(p, "its name there");
		say(p, ": ");
		put_value(p, rec->key);
	}
	civil_format_day(civil_day_of_ms(row->created_ms), day);
	buf_put_str(p->to, " · ");
	say(p, "since");
	buf_putf(p->to, " %s", day);
	if (row->version > 1) {
		civil_format_day(civil_day_of_ms(row->updated_ms), day);
		buf_put_str(p->to, " · ");
		say(p, "last changed");
		buf_putf(p->to, " %s", day);
	}
	buf_put_str(p->to, "</p>");
}

static void put_card(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	buf_put_str(p->to, "<article>");
	if (part->nrecords > 1) {
		buf_putf(p->to, "<h3>%" PRIu64 "</h3>", p->n);
	}
	buf_put_str(p->to, "<table class=\"card\"><tbody>\n");
	for (size_t i = 0; i < part->ncolumns; i++) {
		struct span value = record_get(rec, part->columns[i].name);

		if (value.n > 0) {
			buf_put_str(p->to, "<tr><th scope=\"row\">");
			put_text(p, part->columns[i].label);
			buf_put_str(p->to, "</th><td>");
			put_value(p, value);
			buf_put_str(p->to, "</td></tr>\n");
		}
	}
	buf_put_str(p->to, "</tbody></table>\n");
	put_meta(p, row, rec);
	put_others(p, rec);
	buf_put_str(p->to, "</article>\n");
}

static void html_record(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	if (is_tabular(part)) {
		put_row(p, part, row, rec);
	} else {
		put_card(p, part, row, rec);
	}
}

static void html_part_end(struct dossier_pen *p, const struct dossier_part *part)
{
	if (part->nrecords > 0) {
		buf_put_str(p->to, is_tabular(part) ? "</tbody></table></section>\n" : "</section>\n");
	}
}

/* --- about it --------------------------------------------------------------------- */

static void put_note(struct dossier_pen *p, const char *text)
{
	buf_put_str(p->to, "<p>");
	say(p, text);
	buf_put_str(p->to, "</p>\n");
}

static void put_heads(
	struct dossier_pen *p, const char *kind, const char *const heads[], size_t n)
{
	buf_putf(p->to, "<table class=\"%s\"><thead><tr>", kind);
	for (size_t i = 0; i < n; i++) {
		buf_put_str(p->to, "<th scope=\"col\">");
		say(p, heads[i]);
		buf_put_str(p->to, "</th>");
	}
	buf_put_str(p->to, "</tr></thead><tbody>\n");
}

static void put_sources(struct dossier_pen *p)
{
	static const char *const heads[] = { "source", "records" };
	const struct dossier *d = p->d;

	put_heading(p, "sources", p->d->nsources < 12, "Where it comes from");
	if (d->nsources == 0) {
		put_note(p, "There is no entry.");
	} else {
		put_heads(p, "count", heads, sizeof(heads) / sizeof(heads[0]));
	}
	for (size_t i = 0; i < d->nsources; i++) {
		buf_put_str(p->to, "<tr><td>");
		put_source(p, span_str(d->sources[i].name), d->sources[i].origin);
		buf_putf(p->to, "</td><td class=\"num\">%" PRIu64 "</td></tr>\n",
			d->sources[i].nrecords);
	}
	buf_put_str(p->to, d->nsources > 0 ? "</tbody></table>\n" : "");
	if (d->has_more_sources) {
		put_note(p, "Further sources are told with each record in data.json.");
	}
	buf_put_str(p->to, "</section>\n");
}

static const char *counting(const struct collection *c)
{
	switch (c ? (enum anchor)c->anchor : ANCHOR_NONE) {
	case ANCHOR_ACTIVITY: return "after the last activity";
	case ANCHOR_EVENT: return "after the record's own date";
	case ANCHOR_NONE: break;
	}
	return "";
}

/* "400 days", "3 years". */
static void put_duration(struct dossier_pen *p, struct duration d)
{
	buf_putf(p->to, "%d", d.n);
	say(p, d.unit == 'y' ? " years" : d.unit == 'd' ? " days" : d.unit == 'h' ? " hours" : " seconds");
}

static void put_keep(struct dossier_pen *p, const struct dossier_part *part)
{
	const struct retention *all = policy_retention(p->d->policy);
	const struct retention_rule *rule = retention_find(all, part->key);
	const struct retention_minimum *minimum = retention_minimum(all, part->key);

	buf_put_str(p->to, "<tr><td>");
	put_label(p, part->key);
	buf_put_str(p->to, "</td><td>");
	if (rule) {
		put_duration(p, rule->keep);
		buf_put_str(p->to, " ");
		say(p, counting(part->collection));
	} else {
		say(p, "until it is no longer needed for its purpose, or is erased");
	}
	if (minimum) {
		buf_put_str(p->to, "<br>");
		say(p, "a law wants it kept for");
		buf_put_str(p->to, " ");
		put_duration(p, minimum->keep);
	}
	buf_put_str(p->to, "</td><td>");
	put_text(p, rule ? rule->reason : "");
	if (minimum) {
		buf_put_str(p->to, rule ? "<br>" : "");
		put_text(p, minimum->citation);
	}
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_retention(struct dossier_pen *p)
{
	static const char *const heads[] = { "collection", "kept for", "reason" };
	const struct dossier *d = p->d;

	put_heading(p, "retention", true, "How long it is kept");
	if (d->nrecords > 0) {
		put_heads(p, "rules", heads, sizeof(heads) / sizeof(heads[0]));
		for (size_t i = 0; i < d->nparts; i++) {
			if (d->parts[i].nrecords > 0) {
				put_keep(p, &d->parts[i]);
			}
		}
		buf_put_str(p->to, "</tbody></table>\n");
	}
	buf_put_str(p->to, "<p>");
	say(p, "Who searched for or exported many people's data is remembered for");
	buf_put_str(p->to, " ");
	put_duration(p, policy_retention(d->policy)->access_journal);
	say(p, ".");
	buf_put_str(p->to, "</p></section>\n");
}

static void put_look(struct dossier_pen *p, const struct dossier_look *k)
{
	buf_put_str(p->to, "<tr><td class=\"time\">");
	put_minute(p, k->first_ms);
	buf_put_str(p->to, "</td><td>");
	say(p, leaf_act_meaning((enum leaf_act)k->act));
	buf_put_str(p->to, "</td><td>");
	if (*k->purpose) {
		put_label(p, k->purpose);
	}
	buf_put_str(p->to, "</td><td>");
	if (id_is_nil(&k->by)) {
		say(p, "the program itself");
	} else {
		put_id(p, &k->by);
	}
	buf_putf(p->to, "</td><td class=\"num\">%" PRIu64 "</td></tr>\n", k->times);
}

static void put_looks(struct dossier_pen *p)
{
	static const char *const heads[] = { "day", "what", "purpose", "operator", "times" };
	const struct dossier *d = p->d;

	put_heading(p, "access", p->d->nlooks < 12, "Who looked at it or changed it");
	put_note(p, "From the audit log, in which every access stands before anything is shown. An "
		    "operator is a person or a program of the organisation, under a random number. "
		    "Times are of UTC.");
	if (d->nlooks == 0) {
		put_note(p, "There is no entry.");
	} else {
		put_heads(p, "log count", heads, sizeof(heads) / sizeof(heads[0]));
	}
	for (size_t i = 0; i < d->nlooks; i++) {
		put_look(p, &d->looks[i]);
	}
	buf_put_str(p->to, d->nlooks > 0 ? "</tbody></table>\n" : "");
	if (d->has_more_looks) {
		put_note(p, "Later entries are left out here: there are too many.");
	}
	if (d->nunknown > 0) {
		buf_putf(p->to, "<p>%" PRIu64 " ", d->nunknown);
		say(p, "searches or exports of many people are so long ago that it is no longer known "
		       "whom they showed.");
		buf_put_str(p->to, "</p>\n");
	}
	buf_put_str(p->to, "</section>\n");
}

static void html_end(struct dossier_pen *p)
{
	put_sources(p);
	put_retention(p);
	put_looks(p);
	put_heading(p, "rights", true, "Your rights");
	put_note(p, "You may ask that wrong data is corrected, that data is erased or its use "
		    "restricted, and that what you gave is handed over in a form that programs read "
		    "(data.json is one). You may object to its use, and withdraw a consent at any "
		    "time, for the future. You may ask for an explanation of the rules by which your "
		    "data is handled, and complain to a supervisory authority or go to court (Art. 15 "
		    "to 22 and 77 to 79 GDPR; Art. 44 to 50 PIPL).");
	buf_put_str(p->to, "</section>\n");
	put_heading(p, "document", true, "About this document");
	put_note(p, "Values stand here as they are kept. Random numbers (32 digits) stand for "
		    "people, records and operators in the audit log.");
	put_note(p, "Keep this archive as you keep your papers: whoever has it reads all of it.");
	buf_put_str(p->to, "</section>\n</main>\n</body>\n</html>\n");
}

const struct dossier_form dossier_html = {
	html_begin, html_part_begin, html_record, html_part_end, html_end
};
