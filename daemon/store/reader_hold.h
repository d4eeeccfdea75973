/*
 * reader_hold.h: looking at legal holds.  Why there is one is a record of its case
 * (reader_records of row.kase in HOLD_COLLECTION); whoever shows that has a leaf first.
 */
#ifndef CU_STORE_READER_HOLD_H
#define CU_STORE_READER_HOLD_H
#include "store/engine_hold.h"
#include "store/reader.h"

struct erase_what; /* tx_erase.h */

/* As the functions of engine_hold.h: 1, 0 or a code. */
int reader_hold(struct reader *rd, const struct id *id, struct row_hold *ret, struct cu_err *err);
int reader_next_hold(struct reader *rd, const struct row_hold *after, struct row_hold *ret,
	struct cu_err *err);
int reader_hold_part(struct reader *rd, const struct id *hold, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);
int reader_hold_slot(struct reader *rd, const uint64_t *after, struct row_hold_slot *ret,
	struct cu_err *err);

/* The first hold that an erasure of this is stopped by. */
int reader_hold_of_erasure(struct reader *rd, const struct row_erasure *row, struct id *ret_hold,
	struct cu_err *err);

/* The same of one that has not begun. */
int reader_hold_of(struct reader *rd, const struct erase_what *what, struct id *ret_hold,
	struct cu_err *err);

#endif
