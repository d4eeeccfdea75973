/*
 * emit.h: the lines that custosd reads: rows, refusals, the first line and the last.
 *
 * JSON Lines, docs/formats/intake.md.  Lines gather in a buffer and leave in large writes.  A
 * refusal names a rule and a place, never what stood there.
 */
#ifndef CU_INTAKE_EMIT_H
#define CU_INTAKE_EMIT_H
#include <stdint.h>

#include "base/buf.h"
#include "intake/csv.h"

struct columns;
struct cu_err;
struct plan;
struct sandbox;

struct emit {
	int fd;
	struct buf lines;
	size_t nwhole; /* of lines: what is complete */
	uint64_t nrows, nrejected;
};

void emit_init(struct emit *e, int fd); /* fd is borrowed */
void emit_done(struct emit *e);

/* All return 0, CU_ENOMEM, or CU_EIO when the reader has gone. */

/* header: the row with the columns' names; NULL: there is none. */
int emit_first(struct emit *e, const struct sandbox *sandbox, const char *charset,
	char delimiter, const struct columns *columns, const struct csv_row *header,
	int64_t total_bytes, struct cu_err *err);

/* A row without fault, with at least as many fields as there are columns; or its refusal,
 * when a key is empty or the line would be too long.  at: bytes read so far. */
int emit_row(struct emit *e, const struct plan *plan, const struct columns *columns,
	const struct csv_row *row, uint64_t at, struct cu_err *err);

/* column from 1, 0 for the row as a whole. */
int emit_reject(struct emit *e, const struct csv_row *row, size_t column, const char *reason,
	struct cu_err *err);

int emit_last(struct emit *e, uint64_t bytes, struct cu_err *err);

/* Drops what is incomplete and writes the rest, then the message of why. */
int emit_fatal(struct emit *e, const struct cu_err *why, struct cu_err *err);

/* Writes the complete lines. */
int emit_flush(struct emit *e, struct cu_err *err);

#endif
