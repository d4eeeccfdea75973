/*
 * tx_merge_internal.h: what the files of a merge share.
 */
#ifndef CU_STORE_TX_MERGE_INTERNAL_H
#define CU_STORE_TX_MERGE_INTERNAL_H
#include "store/tx_merge.h"

int merge_require(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err);
int alias_follow(struct engine *e, struct id *id, struct cu_err *err);

/* tx_merge_move.c: records of the old id, under the subject's keys.  Adds to *ret_n how many. */
int merge_move_records(struct tx *tx, const struct id *old, const struct id *subject,
	uint64_t *ret_n, struct cu_err *err);

/* tx_merge_said.c: all else that follows (engine_alias_take), and then, where the two disagree about
 * a purpose, that what was said last is what forbids. */
int merge_take_said(struct tx *tx, const struct id *old, const struct id *subject,
	struct cu_err *err);

#endif
