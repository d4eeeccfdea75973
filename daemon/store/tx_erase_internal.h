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
/* Calls fn for each slot that will be shredded, ascending within a collection. */
typedef int erase_slot_fn(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err);
int tx_erase_each_slot(struct tx *tx, const struct row_erasure *row, erase_slot_fn *fn,
	void *ctx, struct cu_err *err);
/* Asks a second user, in the name of whoever asked for the erasure; the row is the caller's to put. */
int tx_erase_ask(struct tx *tx, struct row_erasure *row, const char *kind,
	int64_t keep_ms, struct cu_err *err);
/* Cancels one that can be; why as of tx_erase_cancel. */
int tx_erase_take_back(
	struct tx *tx, struct row_erasure *row, const char *why, struct cu_err *err);
/* It is over: what it hid of the subject is not hidden by it any more. */
int tx_erase_release(struct tx *tx, const struct row_erasure *row, struct cu_err *err);

#endif
