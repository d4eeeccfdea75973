/*
 * columns.h: the columns of a file: their names, and how a message calls them.
 *
 * Names come from the file's first row, or are the numbers from 1 where it has no header.
 * Columns count from 0 here, from 1 in everything that a person reads.
 */
#ifndef CU_INTAKE_COLUMNS_H
#define CU_INTAKE_COLUMNS_H
#include <stdbool.h>
#include <stddef.h>

#include "intake/csv.h"

struct cu_err;

struct columns {
	char **names; /* NULL-terminated texts, n of them */
	size_t n;
};

#define COLUMNS_INIT { 0 }
#define COLUMNS_NONE ((size_t)-1)

/* Copies the names (has_header) or counts the fields of a row.  A delimiter at the end of the
 * header makes no column.  CU_ENOMEM. */
int columns_take(struct columns *c, const struct csv_row *row, bool has_header,
	struct cu_err *err);
void columns_done(struct columns *c);

/* The columns of a row once an empty field behind a delimiter at its end is not counted. */
size_t columns_count(const struct columns *c, const struct csv_row *row);

/* The column of this name: *ret_column.  CU_ENOENT, with the nearest name in err;
 * CU_EINVAL when two columns have it. */
int columns_find(const struct columns *c, const char *name, size_t *ret_column,
	struct cu_err *err);

/* "column 3 (email)"; the name is escaped and cut, left out when it says no more. */
#define COLUMNS_LABEL_SIZE 112
void columns_label(const struct columns *c, size_t column, char out[COLUMNS_LABEL_SIZE]);

#endif
