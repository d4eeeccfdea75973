/* index.html: to be read and printed; without scripts, and nothing from elsewhere. */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "policy/policy.h"
#include "privacy/dossier_about.h"
#include "privacy/dossier_markup.h"
#include "privacy/dossier_style.h"
#include "privacy/page.h"
#include "store/rule.h"

#define MAX_TABLE_COLUMNS 6   /* more do not fit on paper */
#define MAX_TABLE_BYTES   160 /* nor do longer values, side by side */
#define MAX_LINE_BYTES    20

/* --- above everything ------------------------------------------------------------- */

static const char *title(const struct dossier *d)
{
	return d->kind == SUBJECT_ORGANISATION ? "What is kept about this organisation" :
						 "What is kept about you";
}

static void fact_begin(struct dossier_pen *p, const char *name)
{
	buf_put_str(p->to, "<div><dt>");
	markup_say(p, name);
	buf_put_str(p->to, "</dt><dd>");
}

static void fact_end(struct dossier_pen *p)
{
	buf_put_str(p->to, "</dd></div>\n");
}

static void put_facts(struct dossier_pen *p)
{
	const struct dossier *d = p->d;
	const char *controller = policy_organisation(d->policy)->controller.name;

	buf_put_str(p->to, "<dl class=\"facts\">\n");
	if (controller) {
		fact_begin(p, "held by");
		markup_text(p, controller);
		fact_end(p);
	}
	fact_begin(p, "made on");
	markup_minute(p, d->made_ms);
	buf_put_str(p->to, " UTC");
	fact_end(p);
	fact_begin(p, "records");
	buf_putf(p->to, "%" PRIu64, d->nrecords);
	fact_end(p);
	fact_begin(p, "made for the purpose");
	markup_label(p, d->purpose);
	fact_end(p);
	fact_begin(p, "made by operator");
	markup_id(p, &d->by);
	fact_end(p);
	fact_begin(p, "about");
	markup_id(p, &d->subject);
	fact_end(p);
	fact_begin(p, "store");
	markup_id(p, &d->store);
	fact_end(p);
	buf_put_str(p->to, "</dl>\n");
}

static void put_contents(struct dossier_pen *p)
{
	const struct dossier *d = p->d;

	buf_put_str(p->to, "<nav><h2>");
	markup_say(p, "Contents");
	buf_put_str(p->to, "</h2>\n<ol>\n");
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords > 0) {
			buf_putf(p->to, "<li><a href=\"#c-%s\">", d->parts[i].key);
			markup_label(p, d->parts[i].key);
			buf_putf(p->to, "</a> <span class=\"n\">%zu</span></li>\n",
				d->parts[i].nrecords);
		}
	}
	dossier_about_links(p);
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
				markup_say(p, d->nrecords > 0 || !dossier_is_whole(d) ?
						"Nothing is kept here:" :
						"Nothing is kept about you in this store.");
			}
			buf_put_str(p->to, " <span>");
			markup_label(p, d->parts[i].key);
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

	page_begin(p->to, d->language == DOSSIER_ZH, dossier_say(d, title(d)), DOSSIER_STYLE);
	buf_put_str(p->to, "<header><p class=\"day\">");
	markup_text(p, dossier_day(d, civil_day_of_ms(d->made_ms), day));
	buf_put_str(p->to, "</p>\n<h1>");
	markup_say(p, title(d));
	buf_put_str(p->to, "</h1>\n<p class=\"lead\">");
	markup_say(p, dossier_is_whole(d) ?
			"This is everything that is kept about you in this store, with where it came "
			"from, how long it is kept, and who looked at it. The same is in data.json for "
			"programs, and in the folder csv for spreadsheets." :
			"This is a part of what is kept about you: what was asked for, as far as the "
			"purpose covers it, with where it came from, how long it is kept, and who looked "
			"at it. The same is in data.json for programs, and in the folder csv for "
			"spreadsheets.");
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
	markup_label(p, part->key);
	buf_putf(p->to, " <span class=\"n\">%zu</span></h2>\n", part->nrecords);
	if (part->collection && part->collection->text) {
		buf_put_str(p->to, "<p class=\"what\">");
		markup_say(p, part->collection->text);
		buf_put_str(p->to, "</p>\n");
	}
	if (!is_tabular(part)) {
		return;
	}
	buf_put_str(p->to, "<table class=\"records\"><thead><tr>");
	for (size_t i = 0; i < part->ncolumns; i++) {
		if (part->columns[i].is_used) {
			buf_put_str(p->to, part->columns[i].is_number ?
					"<th scope=\"col\" class=\"num\">" :
					"<th scope=\"col\">");
			markup_text(p, part->columns[i].label);
			buf_put_str(p->to, "</th>");
		}
	}
	buf_put_str(p->to, "<th scope=\"col\">");
	markup_say(p, "source");
	buf_put_str(p->to, "</th></tr></thead>\n<tbody>\n");
}

static void put_others(struct dossier_pen *p, const struct row_record *row, const struct record *rec)
{
	if (dossier_is_of_another(p->d, row)) {
		buf_put_str(p->to, "<p class=\"others\">");
		markup_say(p, "This record is kept about another person, and names you. What is known of that "
		       "person is not shown: it says \xe2\x80\x9c" "another person\xe2\x80\x9d instead.");
		buf_put_str(p->to, "</p>");
	} else if (rec->ncosubjects > 0) {
		buf_put_str(p->to, "<p class=\"others\">");
		markup_say(p, "This record also concerns others. What is known of them is not shown: it says "
		       "\xe2\x80\x9c" "another person\xe2\x80\x9d instead.");
		buf_put_str(p->to, "</p>");
	}
}

static const char *const rule_phrases[] = {
	[RULE_PURPOSE] = "it is used only for",
	[RULE_OBJECTION] = "it is not used for",
	[RULE_AUTOMATED] = "decided by machines alone",
	[RULE_ROLE] = "it is seen only by",
	[RULE_RECIPIENT] = "it is shared only with",
	[RULE_SOURCE] = "it is from",
	[RULE_CATEGORY] = "kind of data",
	[RULE_KEEP] = "kept for",
};

static void put_rule(struct dossier_pen *p, const struct row_record *row, const struct record *rec)
{
	struct rule_entry e;
	char day[CIVIL_DAY_SIZE];
	const char *comma = " ";

	if (!rec->rule || rec->rule->n == 0) {
		return;
	}
	buf_put_str(p->to, "<p class=\"others\">");
	markup_say(p, "Of this record alone holds:");
	for (size_t at = 0; rule_next(rec->rule, &at, &e); comma = " · ") {
		buf_put_str(p->to, comma);
		markup_say(p, rule_phrases[e.kind]);
		buf_putf(p->to, " %s", e.key); /* a policy key */
	}
	if (row->expires_ms != 0) {
		civil_format_day(civil_day_of_ms(row->expires_ms - 1), day);
		buf_put_str(p->to, " · ");
		markup_say(p, "until");
		buf_putf(p->to, " %s", day);
	}
	buf_put_str(p->to, "</p>");
}

/* What is short stays on one line: dates, numbers, words. */
static const char *td_of(const struct dossier_column *c)
{
	return c->longest > MAX_LINE_BYTES ? "<td>" :
		c->is_number		       ? "<td class=\"num few\">" :
						 "<td class=\"few\">";
}

static void put_row(struct dossier_pen *p, const struct dossier_part *part,
	const struct row_record *row, const struct record *rec)
{
	char day[CIVIL_DAY_SIZE];

	buf_put_str(p->to, "<tr>");
	for (size_t i = 0; i < part->ncolumns; i++) {
		if (part->columns[i].is_used) {
			struct span value = record_get(rec, part->columns[i].name);

			buf_put_str(p->to, td_of(&part->columns[i]));
			if (value.n > 0) {
				markup_value(p, value);
			}
			buf_put_str(p->to, "</td>");
		}
	}
	civil_format_day(civil_day_of_ms(row->created_ms), day);
	buf_put_str(p->to, "<td class=\"from\">");
	markup_source(p, rec->source, rec->origin);
	buf_putf(p->to, " <time>%s</time>", day);
	put_rule(p, row, rec);
	put_others(p, row, rec);
	buf_put_str(p->to, "</td></tr>\n");
}

static void put_meta(struct dossier_pen *p, const struct row_record *row, const struct record *rec)
{
	char day[CIVIL_DAY_SIZE];

	buf_put_str(p->to, "<p class=\"meta\">");
	markup_say(p, "source");
	markup_say(p, ": ");
	markup_source(p, rec->source, rec->origin);
	if (rec->key.n > 0) {
		buf_put_str(p->to, " · ");
		markup_say(p, "its name there");
		markup_say(p, ": ");
		markup_value(p, rec->key);
	}
	civil_format_day(civil_day_of_ms(row->created_ms), day);
	buf_put_str(p->to, " · ");
	markup_say(p, "since");
	buf_putf(p->to, " %s", day);
	if (row->version > 1) {
		civil_format_day(civil_day_of_ms(row->updated_ms), day);
		buf_put_str(p->to, " · ");
		markup_say(p, "last changed");
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
			markup_text(p, part->columns[i].label);
			buf_put_str(p->to, "</th><td>");
			markup_value(p, value);
			buf_put_str(p->to, "</td></tr>\n");
		}
	}
	buf_put_str(p->to, "</tbody></table>\n");
	put_meta(p, row, rec);
	put_rule(p, row, rec);
	put_others(p, row, rec);
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

static void html_end(struct dossier_pen *p)
{
	dossier_about_put(p);
	buf_put_str(p->to, "</main>\n</body>\n</html>\n");
}

const struct dossier_form dossier_html = {
	html_begin, html_part_begin, html_record, html_part_end, html_end
};
