/*
 * rows.h: what csv.h delivers, as one text that tests can compare.
 *
 * A row is "<line>: [field][field]" or "<line>: fault <n> in <column> at <line>.<character>",
 * and an LF.
 */
#ifndef CU_TEST_INTAKE_ROWS_H
#define CU_TEST_INTAKE_ROWS_H
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

#endif
