/*
 * Charts of a report, as SVG: bars by month, days against limits, a ring of types.
 *
 * Whole numbers only.  Each says in its title and description what it shows, and stands beside
 * a table with the same figures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "privacy/page.h"
#include "privacy/report_forms.h"

#define MAX_LIMITS 30 /* requests in one chart: the newest */

/* Told apart by lightness, too: on paper without colours. */
static const char *const colours[] = { "#1d4f76", "#d9822b", "#8fb8d8", "#5b8c5a", "#8a5a83",
	"#c9b458", "#6b7785" };
#define NCOLOURS (sizeof(colours) / sizeof(colours[0]))

static void put_text(struct buf *to, const char *text)
{
	page_put_text(to, span_str(text));
}

static int64_t figure(const struct report *r, enum report_table t, size_t row, size_t column)
{
	return report_row(r, t, row)[column].n;
}

static int64_t total(const struct report *r, enum report_table t, size_t column)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->tables[t].n; i++) {
		n += figure(r, t, i, column);
	}
	return n;
}

/* With a title and, of these columns, the totals as description. */
static void begin(const struct report *r, enum report_table t, size_t first, size_t end,
	int width, int height, struct buf *to)
{
	const struct report_shape *s = &report_shapes[t];

	buf_putf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-desc\" "
		"xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"%s-title\">", width, height, s->key,
		s->key, s->key);
	put_text(to, report_say(r, s->title));
	buf_putf(to, "</title>\n<desc id=\"%s-desc\">", s->key);
	for (size_t c = first; c < end; c++) {
		buf_put_str(to, c > first ? "; " : "");
		put_text(to, report_say(r, s->columns[c].heading));
		buf_putf(to, " %" PRId64, total(r, t, c));
	}
	buf_put_str(to, "</desc>\n");
}

static void legend(struct buf *to, const char *colour, const char *text, int64_t n)
{
	buf_putf(to, "<li><i style=\"background:%s\"></i>", colour);
	put_text(to, text);
	buf_putf(to, " <b>%" PRId64 "</b></li>\n", n);
}

/* --- by month --------------------------------------------------------------------- */

#define WIDTH  720
#define HEIGHT 330
#define LEFT   44
#define TOP    14
#define BOTTOM 290

/* 1, 2, 5, 10, ...: so that at most five of them reach up to max. */
static int64_t step_for(int64_t max)
{
	static const int64_t firsts[] = { 1, 2, 5 };

	for (int64_t ten = 1;; ten *= 10) {
		for (int i = 0; i < 3; i++) {
			if (firsts[i] * ten * 5 >= max || ten > INT64_MAX / 100) {
				return firsts[i] * ten;
			}
		}
	}
}

static void put_grid(int64_t step, int64_t top, struct buf *to)
{
	for (int64_t n = 0; n <= top; n += step) {
		int y = BOTTOM - (int)(n * (BOTTOM - TOP) / top);

		buf_putf(to, "<path class=\"%s\" d=\"M%d %dH%d\"/><text class=\"y\" x=\"%d\" y=\"%d\">%" PRId64
			"</text>\n", n == 0 ? "axis" : "grid", LEFT, y, WIDTH, LEFT - 8, y + 4, n);
	}
}

/* Under every one, or every few of them; with the year where one begins. */
static void put_month(const struct report *r, int32_t first_day, size_t i, size_t n, int x,
	struct buf *to)
{
	static const char *const en[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	struct civil c = civil_of_day(first_day);
	size_t each = n <= 14 ? 1 : n <= 40 ? 3 : 12;

	if (i % each == 0) {
		buf_putf(to, "<text class=\"x\" x=\"%d\" y=\"%d\">", x, BOTTOM + 18);
		if (r->language == LANGUAGE_ZH) {
			buf_putf(to, "%d月", c.month);
		} else {
			buf_put_str(to, en[c.month - 1]);
		}
		buf_put_str(to, "</text>\n");
	}
	if (i == 0 || (each == 1 ? c.month == 1 : i % each == 0)) {
		buf_putf(to, "<text class=\"x\" x=\"%d\" y=\"%d\">%d</text>\n", x, BOTTOM + 34, c.year);
	}
}

static void put_bars(const struct report *r, enum report_table t, size_t first, size_t end,
	int64_t top, struct buf *to)
{
	size_t n = r->tables[t].n, nseries = end - first;
	int slot = (WIDTH - LEFT) * 10 / (int)n, bar = slot * 7 / 10 / (int)nseries;

	bar = bar > 260 ? 260 : bar; /* tenths of a unit */
	for (size_t i = 0; i < n; i++) {
		int middle = LEFT * 10 + slot * (int)i + slot / 2;

		for (size_t c = first; c < end; c++) {
			int64_t value = figure(r, t, i, c);
			int x = middle - bar * (int)nseries / 2 + bar * (int)(c - first);
			int height = (int)(value * (BOTTOM - TOP) * 10 / top);

			if (value > 0) {
				height = height < 10 ? 10 : height;
				buf_putf(to, "<rect x=\"%d.%d\" y=\"%d.%d\" width=\"%d.%d\" height=\"%d.%d\" fill=\"%s\"/>\n",
					x / 10, x % 10, (BOTTOM * 10 - height) / 10, (BOTTOM * 10 - height) % 10,
					(bar - 6) / 10, (bar - 6) % 10, height / 10, height % 10, colours[c - first]);
			}
		}
		put_month(r, (int32_t)figure(r, t, i, 0), i, n, middle / 10, to);
	}
}

static void put_months(const struct report *r, enum report_table t, size_t first, struct buf *to)
{
	const struct report_shape *s = &report_shapes[t];
	size_t end = report_ncolumns(s);
	int64_t max = 1, step;
	bool is_nothing = true;

	for (size_t i = 0; i < r->tables[t].n; i++) {
		for (size_t c = first; c < end; c++) {
			is_nothing = is_nothing && figure(r, t, i, c) == 0;
			max = figure(r, t, i, c) > max ? figure(r, t, i, c) : max;
		}
	}
	if (is_nothing) {
		buf_put_str(to, "<p class=\"none\">");
		put_text(to, report_say(r, "Nothing in this time."));
		buf_put_str(to, "</p>\n");
		return;
	}
	step = step_for(max);
	max = (max + step - 1) / step * step;
	begin(r, t, first, end, WIDTH, HEIGHT, to);
	put_grid(step, max, to);
	put_bars(r, t, first, end, max, to);
	buf_put_str(to, "</svg>\n<ul class=\"legend\">\n");
	for (size_t c = first; c < end; c++) {
		legend(to, colours[c - first], report_say(r, s->columns[c].heading), total(r, t, c));
	}
	buf_put_str(to, "</ul>\n");
}

/* --- a ring ----------------------------------------------------------------------- */

#define RADIUS 70
#define MIDDLE 100

/* Shares of a column, the names in the first. */
static void put_ring(const struct report *r, enum report_table t, size_t column, struct buf *to)
{
	int64_t all = total(r, t, column), before = 0;
	char label[REPORT_WORD_SIZE];

	begin(r, t, column, column + 1, 2 * MIDDLE, 2 * MIDDLE, to);
	buf_putf(to, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" stroke=\"#e8ecf0\"/>\n", MIDDLE,
		MIDDLE, RADIUS);
	for (size_t i = 0; all > 0 && i < r->tables[t].n; i++) {
		int64_t n = figure(r, t, i, column), from = before * 1000 / all;

		before += n;
		if (n > 0) {
			buf_putf(to, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" pathLength=\"1000\" "
				"stroke=\"%s\" stroke-dasharray=\"%" PRId64 " 1000\" stroke-dashoffset=\"%" PRId64
				"\" transform=\"rotate(-90 %d %d)\"/>\n", MIDDLE, MIDDLE, RADIUS,
				colours[i % NCOLOURS], before * 1000 / all - from, -from, MIDDLE, MIDDLE);
		}
	}
	buf_putf(to, "<text class=\"sum\" x=\"%d\" y=\"%d\">%" PRId64 "</text>\n</svg>\n<ul class=\"legend\">\n",
		MIDDLE, MIDDLE + 12, all);
	for (size_t i = 0; i < r->tables[t].n; i++) {
		legend(to, colours[i % NCOLOURS], report_label(r, report_row(r, t, i)[0].word, label),
			figure(r, t, i, column));
	}
	buf_put_str(to, "</ul>\n");
}

/* --- days against limits ---------------------------------------------------------- */

#define BAR_LEFT  190
#define BAR_RIGHT 620
#define LINE      24

static const char *const deadlines[][2] = { { "in_time", "#1d4f76" }, { "late", "#b3261e" },
	{ "overdue", "#b3261e" }, { "running", "#8fb8d8" }, { "not_owed", "#c3cad3" },
	{ "unknown", "#c3cad3" } };
#define NDEADLINES (sizeof(deadlines) / sizeof(deadlines[0]))

static const char *colour_of(const char *deadline)
{
	size_t i = 0;

	while (i < NDEADLINES - 1 && strcmp(deadlines[i][0], deadline) != 0) {
		i++;
	}
	return deadlines[i][1];
}

/* Of one request: its name, a bar of its days, a stroke at its limit. */
static void put_limit(const struct report *r, const struct report_cell *cell, int64_t max, int y,
	struct buf *to)
{
	int64_t days = cell[report_column_of(REPORT_REQUESTS, "days")].n;
	int64_t limit = cell[report_column_of(REPORT_REQUESTS, "limit")].n;
	int64_t width = days * (BAR_RIGHT - BAR_LEFT) / max;
	char label[REPORT_WORD_SIZE];

	buf_putf(to, "<text class=\"name\" x=\"%d\" y=\"%d\">%" PRId64 " ", BAR_LEFT - 10, y + 13, cell[0].n);
	put_text(to, report_label(r, cell[report_column_of(REPORT_REQUESTS, "type")].word, label));
	buf_putf(to, "</text><rect x=\"%d\" y=\"%d\" width=\"%" PRId64 "\" height=\"14\" fill=\"%s\"/>", BAR_LEFT,
		y + 2, width > 0 ? width : 1,
		colour_of(cell[report_column_of(REPORT_REQUESTS, "deadline")].word));
	if (limit != REPORT_NOTHING) {
		int64_t x = BAR_LEFT + (limit > max ? max : limit) * (BAR_RIGHT - BAR_LEFT) / max;

		buf_putf(to, "<path class=\"limit\" d=\"M%" PRId64 " %dv20\"/>", x, y - 1);
		buf_putf(to, "<text class=\"days\" x=\"%d\" y=\"%d\">%" PRId64 " / %" PRId64 "</text>\n",
			BAR_RIGHT + 12, y + 13, days, limit);
	} else {
		buf_putf(to, "<text class=\"days\" x=\"%d\" y=\"%d\">%" PRId64 "</text>\n", BAR_RIGHT + 12,
			y + 13, days);
	}
}

static int64_t longest(const struct report *r, size_t from)
{
	int64_t max = 1;

	for (size_t i = from; i < r->tables[REPORT_REQUESTS].n; i++) {
		const struct report_cell *cell = report_row(r, REPORT_REQUESTS, i);

		for (size_t c = report_column_of(REPORT_REQUESTS, "days");
			c <= report_column_of(REPORT_REQUESTS, "limit"); c++) {
			max = cell[c].n > max ? cell[c].n : max;
		}
	}
	return max;
}

static void put_limits(const struct report *r, struct buf *to)
{
	size_t n = r->tables[REPORT_REQUESTS].n, from = n > MAX_LIMITS ? n - MAX_LIMITS : 0;
	size_t days = report_column_of(REPORT_REQUESTS, "days");
	int64_t max = longest(r, from);
	char label[REPORT_WORD_SIZE];

	begin(r, REPORT_REQUESTS, days, days + 1, WIDTH, (int)(n - from) * LINE + 8, to);
	for (size_t i = from; i < n; i++) {
		put_limit(r, report_row(r, REPORT_REQUESTS, i), max, (int)(i - from) * LINE + 4, to);
	}
	buf_put_str(to, "</svg>\n<ul class=\"legend\">\n");
	for (size_t d = 0; d < NDEADLINES; d++) {
		int64_t of = 0;

		for (size_t i = 0; i < n; i++) {
			of += strcmp(report_row(r, REPORT_REQUESTS, i)[report_column_of(REPORT_REQUESTS,
				"deadline")].word, deadlines[d][0]) == 0;
		}
		if (of > 0) {
			legend(to, deadlines[d][1], report_label(r, deadlines[d][0], label), of);
		}
	}
	buf_put_str(to, "</ul>\n");
}

/* --- which ------------------------------------------------------------------------ */

static void put_chart(const struct report *r, enum report_table t, struct buf *to)
{
	if (t == REPORT_TYPES) {
		put_ring(r, t, report_column_of(t, "received"), to);
	} else if (t == REPORT_REQUESTS) {
		put_limits(r, to);
	} else { /* of retention only records: keys are few beside them */
		put_months(r, t, t == REPORT_RETENTION_MONTHS ? report_column_of(t, "records") : 1, to);
	}
}

void report_chart(const struct report *r, enum report_table t, struct buf *to)
{
	bool has_one = t == REPORT_TYPES || t == REPORT_REQUESTS ||
		report_shapes[t].columns[0].kind == REPORT_MONTH;

	if (has_one && r->tables[t].n > 0) {
		buf_put_str(to, "<figure>\n");
		put_chart(r, t, to);
		buf_put_str(to, "</figure>\n");
	}
}
