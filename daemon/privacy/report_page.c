/* A report as one page: without scripts, and nothing from elsewhere. */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "privacy/page.h"
#include "privacy/report_forms.h"
#include "privacy/report_style.h"

static void put_text(struct buf *to, const char *text)
{
	page_put_text(to, span_str(text));
}

static void say(const struct report *r, struct buf *to, const char *text)
{
	put_text(to, report_say(r, text));
}

static void put_day(struct buf *to, int32_t day)
{
	char text[CIVIL_DAY_SIZE];

	civil_format_day(day, text);
	buf_putf(to, "<time>%s</time>", text);
}

/* --- above everything ------------------------------------------------------------- */

/* "12 of 13 answers were given in time." */
static void put_verdict(const struct report *r, struct buf *to)
{
	int64_t in_time = report_get(r, REPORT_SUMMARY, "in_time");
	int64_t all = in_time + report_get(r, REPORT_SUMMARY, "late");

	if (all == 0) {
		say(r, to, "No request was to be answered in this time.");
	} else if (r->language == LANGUAGE_ZH) {
		buf_putf(to, "答复的 %" PRId64 " 项请求中，<b>%" PRId64 " 项按期</b>。", all, in_time);
	} else {
		buf_putf(to, "<b>%" PRId64 " of %" PRId64 "</b> answers were given in time.", in_time, all);
	}
}

static void put_header(const struct report *r, struct buf *to)
{
	page_begin(to, r->language == LANGUAGE_ZH, report_say(r, REPORT_TITLE), REPORT_STYLE);
	buf_put_str(to, "<header><p class=\"day\">");
	if (r->organisation) {
		put_text(to, r->organisation);
		buf_put_str(to, " · ");
	}
	put_day(to, r->from);
	buf_put_str(to, " – ");
	put_day(to, r->to);
	buf_put_str(to, "</p>\n<h1>");
	say(r, to, REPORT_TITLE);
	buf_put_str(to, "</h1>\n<p class=\"lead\">");
	put_verdict(r, to);
	buf_put_str(to, "</p>\n</header>\n<main>\n");
}

static void put_footer(const struct report *r, struct buf *to)
{
	char store[ID_TEXT_SIZE], time[CIVIL_TIME_SIZE];

	id_format(&r->store, store);
	civil_format_time(r->made_ms, time);
	buf_put_str(to, "</main>\n<footer><p>");
	say(r, to, REPORT_LEAD);
	buf_put_str(to, "</p>\n<p>");
	say(r, to, "made on");
	buf_putf(to, " %.10s %.5s UTC · ", time, time + 11);
	say(r, to, "store");
	buf_putf(to, " <code>%s</code></p></footer>\n</body>\n</html>\n", store);
}

/* --- tables ----------------------------------------------------------------------- */

static void put_cell(const struct report *r, const struct report_column *c,
	const struct report_cell *cell, struct buf *to)
{
	bool is_tag = strcmp(c->key, "deadline") == 0 || strcmp(c->key, "result") == 0 ||
		strcmp(c->key, "verdict") == 0;
	char shown[REPORT_SHOWN_SIZE];

	if (c->kind == REPORT_COUNT) {
		buf_putf(to, "<td class=\"num%s\">", cell->n == 0 ? " zero" : "");
	} else if (is_tag) {
		buf_putf(to, "<td><span class=\"tag %s\">", cell->word);
	} else {
		buf_put_str(to, c->kind == REPORT_WORD ? "<td>" : "<td class=\"time\">");
	}
	put_text(to, report_show(r, c, cell, shown));
	buf_put_str(to, is_tag ? "</span></td>" : "</td>");
}

static void put_table(const struct report *r, enum report_table t, struct buf *to)
{
	const struct report_column *c = report_shapes[t].columns;

	buf_putf(to, "<table id=\"%s\"><thead><tr>", report_shapes[t].key);
	for (size_t i = 0; c[i].key; i++) {
		buf_putf(to, "<th scope=\"col\"%s>", c[i].kind == REPORT_COUNT ? " class=\"num\"" : "");
		say(r, to, c[i].heading);
		buf_put_str(to, "</th>");
	}
	buf_put_str(to, "</tr></thead><tbody>\n");
	for (size_t row = 0; row < r->tables[t].n; row++) {
		buf_put_str(to, "<tr>");
		for (size_t i = 0; c[i].key; i++) {
			put_cell(r, &c[i], &report_row(r, t, row)[i], to);
		}
		buf_put_str(to, "</tr>\n");
	}
	buf_put_str(to, "</tbody></table>\n");
}

/* One row: figures side by side. */
static void put_single(const struct report *r, enum report_table t, const char *class,
	struct buf *to)
{
	const struct report_column *c = report_shapes[t].columns;
	char shown[REPORT_SHOWN_SIZE];

	buf_putf(to, "<dl class=\"%s\" id=\"%s\">\n", class, report_shapes[t].key);
	for (size_t i = 0; c[i].key; i++) {
		const struct report_cell *cell = &report_row(r, t, 0)[i];
		bool is_bad = (strcmp(c[i].key, "late") == 0 || strcmp(c[i].key, "overdue") == 0) &&
			cell->n > 0;
		const char *text = report_show(r, &c[i], cell, shown);

		buf_putf(to, "<div%s><dt>", is_bad ? " class=\"bad\"" : "");
		say(r, to, c[i].heading);
		buf_put_str(to, "</dt><dd>");
		put_text(to, *text ? text : "–");
		buf_put_str(to, "</dd></div>\n");
	}
	buf_put_str(to, "</dl>\n");
}

/* Months of zeros would fill half a page. */
static bool is_empty(const struct report *r, enum report_table t)
{
	const struct report_column *c = report_shapes[t].columns;

	for (size_t row = 0; row < r->tables[t].n; row++) {
		for (size_t i = 0; c[i].key; i++) {
			if (c[0].kind != REPORT_MONTH ||
				(c[i].kind == REPORT_COUNT && report_row(r, t, row)[i].n != 0)) {
				return false;
			}
		}
	}
	return true;
}

static const char *class_of(const struct report *r, enum report_table t)
{
	const struct report_shape *s = &report_shapes[t];

	if (t == REPORT_ATTENTION) {
		return r->tables[t].n == 0 ? "look well" : "look";
	}
	if (s->columns[0].kind == REPORT_MONTH && !is_empty(r, t)) {
		return "split short";
	}
	if (t == REPORT_TYPES && r->tables[t].n > 0) {
		return "split ring short";
	}
	return t == REPORT_REQUESTS || t == REPORT_DRILLS ? "long" :
		report_ncolumns(s) == 2              ? "small short" :
						       "short";
}

static void put_section(const struct report *r, enum report_table t, struct buf *to)
{
	const struct report_shape *s = &report_shapes[t];

	buf_putf(to, "<section class=\"%s\">\n", class_of(r, t));
	buf_put_str(to, "<h2>");
	say(r, to, s->title);
	buf_put_str(to, "</h2>\n");
	if (s->note) {
		buf_put_str(to, "<p class=\"what\">");
		say(r, to, s->note);
		buf_put_str(to, "</p>\n");
	}
	report_chart(r, t, to);
	if (s->is_single) {
		put_single(r, t, "facts", to);
	} else if (r->tables[t].n == 0) {
		buf_putf(to, "<p%s>", t == REPORT_ATTENTION ? "" : " class=\"none\"");
		say(r, to, s->empty);
		buf_put_str(to, "</p>\n");
	} else if (!is_empty(r, t)) {
		put_table(r, t, to);
	}
	buf_put_str(to, "</section>\n");
}

void report_page(const struct report *r, struct buf *to)
{
	put_header(r, to);
	put_single(r, REPORT_SUMMARY, "cards", to);
	for (int t = REPORT_SUMMARY + 1; t < REPORT_NTABLES_; t++) {
		put_section(r, (enum report_table)t, to);
	}
	put_footer(r, to);
}
