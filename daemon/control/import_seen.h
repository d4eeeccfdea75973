/*
 * import_seen.h: how often something stood in the file that is being imported.
 *
 * For rows that nothing names: the second of two that are alike is another record than the
 * first, at every import of the file.  And for a rehearsal, which writes nothing and yet is to
 * count a new subject once.  Eight bytes for each different content, up to a limit: memory does
 * not grow with the file for ever.  One thread at a time.
 */
#ifndef CU_CONTROL_IMPORT_SEEN_H
#define CU_CONTROL_IMPORT_SEEN_H
#include <stdint.h>

#include "base/span.h"

struct cu_err;
struct import_seen;

#define IMPORT_SEEN_MAX       (3u << 22) /* contents: 128 MiB in all */
#define IMPORT_SEEN_MAX_ALIKE ((1u << 20) - 1)

int import_seen_new(struct import_seen **ret, struct cu_err *err);
void import_seen_free(struct import_seen *s); /* NULL is fine */

/* How many of those alike came before this one.  CU_ELIMIT says what to do. */
int import_seen_count(struct import_seen *s, struct span content, uint32_t *ret,
	struct cu_err *err);

#endif
