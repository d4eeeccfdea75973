#include "privacy/report.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"

/* --- rows ------------------------------------------------------------------------- */

size_t report_ncolumns(const struct report_shape *s)
{
	size_t n = 0;

	while (s->columns[n].key) {
		n++;
	}
	return n;
}

const struct report_cell *report_row(const struct report *r, enum report_table t, size_t i)
{
	return &r->tables[t].cells[i * report_ncolumns(&report_shapes[t])];
}

size_t report_column_of(enum report_table t, const char *key)
{
	const struct report_column *c = report_shapes[t].columns;
	size_t i = 0;

	while (c[i].key && strcmp(c[i].key, key) != 0) {
		i++;
	}
	assert(c[i].key);
	return i;
}

/* In row i; NULL: there is no such row. */
static struct report_cell *cell_of(struct report *r, enum report_table t, size_t i,
	const char *column)
{
	struct report_rows *rows = &r->tables[t];

	return i < rows->n ? &rows->cells[i * report_ncolumns(&report_shapes[t]) + report_column_of(t, column)] :
			     NULL;
}

bool report_begin(struct report *r, enum report_table t)
{
	struct report_rows *rows = &r->tables[t];
	size_t n = report_ncolumns(&report_shapes[t]);

	if (rows->n == REPORT_MAX_ROWS) {
		return false;
	}
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 16;
		struct report_cell *more = realloc(rows->cells, room * n * sizeof(*more));

		if (!more) {
			r->is_broken = true;
			return false;
		}
		rows->cells = more;
		rows->room = room;
	}
	memset(&rows->cells[rows->n * n], 0, n * sizeof(*rows->cells));
	for (size_t i = 0; i < n; i++) {
		if (report_shapes[t].columns[i].kind == REPORT_DAY) {
			rows->cells[rows->n * n + i].n = REPORT_NOTHING;
		}
	}
	rows->n++;
	return true;
}

static void put_word(struct report_cell *c, const char *word)
{
	if (c) {
		snprintf(c->word, sizeof(c->word), "%s", word);
	}
}

void report_put(struct report *r, enum report_table t, const char *column, int64_t n)
{
	struct report_cell *c = cell_of(r, t, r->tables[t].n - 1, column);

	if (c) {
		c->n = n;
	}
}

void report_put_word(struct report *r, enum report_table t, const char *column, const char *word)
{
	put_word(cell_of(r, t, r->tables[t].n - 1, column), word);
}

/* --- life ------------------------------------------------------------------------- */

static int month_of(int32_t day)
{
	struct civil c = civil_of_day(day);

	return c.year * 12 + c.month - 1;
}

static bool has_months(const struct report_shape *s)
{
	return s->columns[0].kind == REPORT_MONTH;
}

static void begin_months(struct report *r, enum report_table t, int nmonths)
{
	struct civil first = civil_of_day(r->from);

	first.day = 1;
	for (int i = 0; i < nmonths; i++) {
		if (report_begin(r, t)) {
			report_put(r, t, report_shapes[t].columns[0].key,
				civil_add_months(civil_to_day(first), i, NULL));
		}
	}
}

int report_open(struct report *r, struct cu_err *err)
{
	int nmonths = month_of(r->to) - month_of(r->from) + 1;

	memset(r->tables, 0, sizeof(r->tables));
	r->is_broken = false;
	if (r->from > r->to) {
		return cu_err_set(err, CU_EINVAL, "from: is after to");
	}
	if (nmonths > REPORT_MAX_MONTHS) {
		return cu_err_set(err, CU_ELIMIT, "from: a report is of %d months at most", REPORT_MAX_MONTHS);
	}
	for (int t = 0; t < REPORT_NTABLES_; t++) {
		if (has_months(&report_shapes[t])) {
			begin_months(r, (enum report_table)t, nmonths);
		} else if (report_shapes[t].is_single) {
			(void)report_begin(r, (enum report_table)t);
		}
	}
	return 0;
}

void report_close(struct report *r)
{
	for (int t = 0; t < REPORT_NTABLES_; t++) {
		free(r->tables[t].cells);
		r->tables[t] = (struct report_rows){ 0 };
	}
}

/* --- counting --------------------------------------------------------------------- */

bool report_has_day(const struct report *r, int32_t day)
{
	return day >= r->from && day <= r->to;
}

static void add(struct report_cell *c, int64_t n)
{
	if (c) {
		c->n += n;
	}
}

void report_add(struct report *r, enum report_table t, const char *column, int64_t n)
{
	assert(report_shapes[t].is_single);
	add(cell_of(r, t, 0, column), n);
}

void report_add_of(struct report *r, enum report_table t, const char *row, const char *column,
	int64_t n)
{
	const char *first = report_shapes[t].columns[0].key;
	size_t i = 0;

	while (i < r->tables[t].n && strcmp(cell_of(r, t, i, first)->word, row) != 0) {
		i++;
	}
	if (i < r->tables[t].n || report_begin(r, t)) {
		put_word(cell_of(r, t, i, first), row);
		add(cell_of(r, t, i, column), n);
	}
}

void report_add_on(struct report *r, enum report_table t, int32_t day, const char *column,
	int64_t n)
{
	assert(has_months(&report_shapes[t]));
	if (report_has_day(r, day)) {
		add(cell_of(r, t, (size_t)(month_of(day) - month_of(r->from)), column), n);
	}
}

int64_t report_get(const struct report *r, enum report_table t, const char *column)
{
	return r->tables[t].n > 0 ? r->tables[t].cells[report_column_of(t, column)].n : 0;
}

void report_set(struct report *r, enum report_table t, const char *column, int64_t n)
{
	struct report_cell *c = cell_of(r, t, 0, column);

	if (c) {
		c->n = n;
	}
}

void report_set_word(struct report *r, enum report_table t, const char *column, const char *word)
{
	put_word(cell_of(r, t, 0, column), word);
}
