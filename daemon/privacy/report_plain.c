/* A report as text, as JSON and as CSV. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "privacy/report_forms.h"

#define FORMAT_VERSION 1
#define LABEL_WIDTH    44

/* --- text ------------------------------------------------------------------------- */

/* On a terminal: what comes from CJK on is two columns wide. */
static int width_of(const char *s)
{
	int width = 0;

	for (size_t at = 0, n, all = strlen(s); at < all; at += n) {
		n = text_utf8_len(s + at, all - at);
		n = n == 0 ? 1 : n;
		width += n >= 3 && (uint8_t)s[at] >= 0xe3 ? 2 : 1;
	}
	return width;
}

static void put_padded(struct buf *to, const char *s, int width, bool is_right)
{
	int blanks = width - width_of(s);

	blanks = blanks > 0 ? blanks : 0;
	if (is_right) {
		buf_putf(to, "%*s%s", blanks, "", s);
	} else {
		buf_putf(to, "%s%*s", s, blanks, "");
	}
}

static void put_single(const struct report *r, enum report_table t, struct buf *to)
{
	const struct report_column *c = report_shapes[t].columns;
	char text[REPORT_SHOWN_SIZE];

	for (size_t i = 0; c[i].key; i++) {
		buf_put_str(to, "  ");
		put_padded(to, report_say(r, c[i].heading), LABEL_WIDTH, false);
		buf_putf(to, "%s\n", report_show(r, &c[i], &report_row(r, t, 0)[i], text));
	}
}

static int column_width(const struct report *r, enum report_table t, size_t column)
{
	const struct report_column *c = &report_shapes[t].columns[column];
	int width = width_of(report_say(r, c->heading));
	char text[REPORT_SHOWN_SIZE];

	for (size_t i = 0; i < r->tables[t].n; i++) {
		int w = width_of(report_show(r, c, &report_row(r, t, i)[column], text));

		width = w > width ? w : width;
	}
	return width;
}

static void put_rows(const struct report *r, enum report_table t, struct buf *to)
{
	const struct report_column *c = report_shapes[t].columns;
	size_t n = report_ncolumns(&report_shapes[t]);
	int widths[REPORT_MAX_COLUMNS];
	char text[REPORT_SHOWN_SIZE];

	for (size_t i = 0; i < n; i++) {
		widths[i] = column_width(r, t, i);
	}
	for (size_t row = 0; row <= r->tables[t].n; row++) {
		for (size_t i = 0; i < n; i++) {
			buf_put_str(to, "  ");
			put_padded(to,
				row == 0 ? report_say(r, c[i].heading) :
					   report_show(r, &c[i], &report_row(r, t, row - 1)[i], text),
				widths[i], c[i].kind == REPORT_COUNT);
		}
		while (to->n > 0 && to->p[to->n - 1] == ' ') {
			to->n--;
		}
		buf_put_u8(to, '\n');
	}
}

void report_text(const struct report *r, struct buf *to)
{
	char from[CIVIL_DAY_SIZE], until[CIVIL_DAY_SIZE];

	civil_format_day(r->from, from);
	civil_format_day(r->to, until);
	buf_putf(to, "%s%s%s\n%s %s %s %s\n%s\n", report_say(r, REPORT_TITLE),
		r->organisation ? ": " : "", r->organisation ? r->organisation : "",
		report_say(r, "from"), from, report_say(r, "to"), until, report_say(r, REPORT_LEAD));
	for (int i = 0; i < REPORT_NTABLES_; i++) {
		enum report_table t = (enum report_table)i;
		const struct report_shape *s = &report_shapes[t];

		buf_putf(to, "\n%s\n", report_say(r, s->title));
		if (s->is_single) {
			put_single(r, t, to);
		} else if (r->tables[t].n == 0) {
			buf_putf(to, "  %s\n", report_say(r, s->empty));
		} else {
			put_rows(r, t, to);
		}
	}
}

/* --- JSON ------------------------------------------------------------------------- */

/* As programs read it; "": there is none. */
static const char *raw(const struct report_column *c, const struct report_cell *cell,
	char out[REPORT_SHOWN_SIZE])
{
	static const struct report no_language = { .language = LANGUAGE_EN };

	return c->kind == REPORT_WORD ? cell->word : report_show(&no_language, c, cell, out);
}

static void put_members(const struct report *r, enum report_table t, size_t row, struct json *j)
{
	const struct report_column *c = report_shapes[t].columns;
	char text[REPORT_SHOWN_SIZE];

	for (size_t i = 0; c[i].key; i++) {
		const struct report_cell *cell = &report_row(r, t, row)[i];
		const char *value = raw(&c[i], cell, text);

		if (*value && c[i].kind == REPORT_COUNT) {
			json_int(j, c[i].key, cell->n);
		} else {
			json_str(j, c[i].key, *value ? value : NULL);
		}
	}
}

static void put_table(const struct report *r, enum report_table t, struct json *j)
{
	const struct report_shape *s = &report_shapes[t];

	if (s->is_single) {
		json_open_object(j, s->key);
		put_members(r, t, 0, j);
		json_close_object(j);
		return;
	}
	json_open_array(j, s->key);
	for (size_t i = 0; i < r->tables[t].n; i++) {
		json_open_object(j, NULL);
		put_members(r, t, i, j);
		json_close_object(j);
	}
	json_close_array(j);
}

void report_json(const struct report *r, struct buf *to)
{
	struct json j = json_to(to);
	char day[CIVIL_DAY_SIZE], time[CIVIL_TIME_SIZE];

	json_open_object(&j, NULL);
	json_str(&j, "format", "custos report of compliance");
	json_int(&j, "version", FORMAT_VERSION);
	json_hex(&j, "store", r->store.b, sizeof(r->store.b));
	civil_format_time(r->made_ms, time);
	json_str(&j, "made", time);
	json_str(&j, "organisation", r->organisation);
	civil_format_day(r->from, day);
	json_str(&j, "from", day);
	civil_format_day(r->to, day);
	json_str(&j, "to", day);
	for (int t = 0; t < REPORT_NTABLES_; t++) {
		put_table(r, (enum report_table)t, &j);
	}
	json_close_object(&j);
}

/* --- CSV -------------------------------------------------------------------------- */

/* A line for each figure: policy keys, numbers and days need no quotes. */
static void put_lines(const struct report *r, enum report_table t, size_t row, struct buf *to)
{
	const struct report_column *c = report_shapes[t].columns;
	char text[REPORT_SHOWN_SIZE];

	for (size_t i = 0; c[i].key; i++) {
		buf_putf(to, "%s,%zu,%s,%s\r\n", report_shapes[t].key, row + 1, c[i].key,
			raw(&c[i], &report_row(r, t, row)[i], text));
	}
}

void report_csv(const struct report *r, struct buf *to)
{
	buf_put_str(to, "table,row,figure,value\r\n");
	for (int t = 0; t < REPORT_NTABLES_; t++) {
		for (size_t row = 0; row < r->tables[t].n; row++) {
			put_lines(r, (enum report_table)t, row, to);
		}
	}
}

/* --- all -------------------------------------------------------------------------- */

int report_write(const struct report *r, enum report_format f, struct buf *to,
	struct cu_err *err)
{
	static report_form *const forms[] = { [REPORT_AS_TEXT] = report_text,
		[REPORT_AS_JSON] = report_json, [REPORT_AS_CSV] = report_csv, [REPORT_AS_HTML] = report_page };

	if (r->is_broken) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	forms[f](r, to);
	return buf_check(to, err);
}

bool report_format_parse(const char *word, enum report_format *ret)
{
#define X(id, text)                          \
	if (strcmp(word, text) == 0) {       \
		*ret = REPORT_AS_##id;       \
		return true;                 \
	}
	REPORT_FORMATS(X)
#undef X
	return false;
}
