/*
 * rows.h: feed csv.h in pieces, and what it delivers as one text that tests can compare.
 *
 * A row is "<line>: [field][field]" or "<line>: fault <n> in <column> at <line>.<character>",
 * and an LF.
 */
#ifndef CU_TEST_INTAKE_ROWS_H
#define CU_TEST_INTAKE_ROWS_H
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "intake/csv.h"

static inline int rows_put(void *ctx, const struct csv_row *row, struct cu_err *err)
{
	struct buf *to = ctx;

	(void)err;
	buf_putf(to, "%llu: ", (unsigned long long)row->line);
	if (row->fault != CSV_FINE) {
		buf_putf(to, "fault %d in %zu at %llu.%llu", (int)row->fault, row->fault_field,
			(unsigned long long)row->fault_line,
			(unsigned long long)row->fault_character);
	}
	for (size_t i = 0; i < row->nfields; i++) {
		buf_put_u8(to, '[');
		buf_put(to, row->fields[i].text, row->fields[i].n);
		buf_put_u8(to, ']');
	}
	buf_put_u8(to, '\n');
	return 0;
}

/* Cuts the text before each place in cuts, which rise. */
static inline void rows_read_cut(char delimiter, struct span text, const size_t *cuts, size_t ncuts,
	csv_row_fn *on_row, void *ctx)
{
	struct csv *csv = NULL;
	size_t at = 0;

	assert_int_equal(csv_new(delimiter, on_row, ctx, &csv, NULL), 0);
	for (size_t i = 0; i < ncuts; i++) {
		assert_int_equal(csv_feed(csv, span_of(text.p + at, cuts[i] - at), NULL), 0);
		at = cuts[i];
	}
	assert_int_equal(csv_feed(csv, span_of(text.p + at, text.n - at), NULL), 0);
	assert_int_equal(csv_end(csv, NULL), 0);
	csv_free(csv);
}

static inline void rows_read_bytewise(char delimiter, struct span text, csv_row_fn *on_row,
	void *ctx)
{
	size_t *cuts = calloc(text.n + 1, sizeof(*cuts));

	assert_non_null(cuts);
	for (size_t i = 0; i < text.n; i++) {
		cuts[i] = i;
	}
	rows_read_cut(delimiter, text, cuts, text.n, on_row, ctx);
	free(cuts);
}

/* A heap copy without slack, so that the sanitizer sees a read past the end. */
static inline struct span rows_copy(const char *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, p, n);
	return span_of(copy, n);
}

static inline void rows_free_copy(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

#endif
