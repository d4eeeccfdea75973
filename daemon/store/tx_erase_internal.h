/*
 * tx_erase_internal.h: what the brake and the steps of an erasure share.
 */
#ifndef CU_STORE_TX_ERASE_INTERNAL_H
#define CU_STORE_TX_ERASE_INTERNAL_H
#include "store/tx_erase.h"

/* A leaf of this erasure for each of its collections, or one for the subject as a
 * whole; *ret_first is where the first will be. */
int tx_erase_leaves(struct tx *tx, const struct row_erasure *row,
	const struct leaf *like, uint64_t *ret_first, struct cu_err *err);
/* The first active hold that keeps something of what it would erase: 1, 0 or a code. */
int erase_find_hold(struct engine *e, const struct row_erasure *row, struct id *ret_hold,
	struct cu_err *err);
/* The same of one that has not begun. */
int erase_find_hold_of(struct engine *e, const struct erase_what *what, struct id *ret_hold,
	struct cu_err *err);
/* It is over: what it hid of the subject is not hidden by it any more. */
int tx_erase_release(struct tx *tx, const struct row_erasure *row, struct cu_err *err);

#endif
