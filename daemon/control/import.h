/*
 * import.h: rows of a file become subjects and records: the daemon's half of an import.
 *
 * custos-intake parses; what it says is not believed but checked like hand entry (build.h).
 * Rows go to the writer in chunks, each one transaction.  A row is known again by its
 * subject's key, a record by its name there (map.h), so the same file twice changes nothing.
 */
#ifndef CU_CONTROL_IMPORT_H
#define CU_CONTROL_IMPORT_H
#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "control/exchange.h"
#include "control/import_seen.h"
#include "policy/map.h"
#include "store/record.h"

#define IMPORT_CHUNK_ROWS  1024
#define IMPORT_CHUNK_BYTES (4u << 20) /* of lines: rows may be large, memory may not */
#define IMPORT_MAX_RECORDS 64 /* of one row: entries of a map */

struct import_counts {
	uint64_t rows, subjects_new, records_new, records_same, records_changed, rejected;
	uint64_t bytes, total_bytes; /* total 0: not known */
};

/* One record that a row asks for. */
struct import_record {
	struct record rec; /* values are borrowed from the row's JSON */
	char *key;         /* owned; its name in the source */
	struct buf old;    /* wiped; what a merge keeps of the version before */
	bool is_same;
};

struct import_row {
	uint64_t line, last; /* in the file; last is 0 when it is the same */
	json_t *root; /* owned */
	const char *subject; /* the subject's key */
	struct import_record *records;
	size_t nrecords;
};

struct import_chunk {
	struct store_op op;
	struct exchange *x;
	const struct map *map;
	struct import_row rows[IMPORT_CHUNK_ROWS];
	size_t nrows;
	struct import_counts counts; /* of this chunk, by the writer */
	struct {
		uint64_t line, last;
		const char *reason;
	} rejects[IMPORT_CHUNK_ROWS];
	size_t nrejects;
	struct import_seen *rehearsed; /* names that would be new; NULL: this is no rehearsal */
};

/* import_row.c, worker thread: from a line of custos-intake.  CU_EINVAL with the reason why
 * the row is rejected; seen counts rows that are alike (map_key row). */
int import_row_read(struct exchange *x, const struct map *map, struct import_seen *seen,
	json_t *root, struct import_row *ret, struct cu_err *err);
void import_row_done(struct import_row *row);

/* import_apply.c, writer thread: store_op's apply of a chunk.  In a rehearsal nothing is written;
 * what an earlier row of the file would have made counts as unchanged. */
int import_apply(struct tx *tx, struct store_op *op, struct cu_err *err);

#endif
