/*
 * tx_aggregate.h: what ended records leave behind as numbers.
 *
 * Keys of a list whose limit says so are counted before they are shredded: a cohort alone, or the
 * data of some people of one collection together.  The groups are written first, with what they
 * were counted from; they are final with the shred, if nothing of that has changed, in the one
 * transaction that says that the keys are gone; else they are counted anew.  So a crash counts
 * nothing twice and loses nothing.  A final row names no key, no person, no day.
 * In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_AGGREGATE_H
#define CU_STORE_TX_AGGREGATE_H
#include "store/engine_aggregate.h"
#include "store/tx_expiry.h"

#define AGGREGATE_BATCH 256 /* people counted together: a group is of some of them */

struct expiry_batch {
	struct row_expiry_item items[AGGREGATE_BATCH];
	size_t n;
	uint64_t seq; /* what is changed after it was not counted */
};

/* The next keys that must be counted; none: the next step may shred. */
int tx_aggregate_next(struct tx *tx, const struct id *run, const struct expiry_limits *limits,
	struct expiry_batch *ret, struct cu_err *err);
/* What was counted of nrecords; the rows' tally is filled. */
int tx_aggregate_put(struct tx *tx, const struct id *run, const struct expiry_batch *b,
	struct row_aggregate *rows, size_t nrows, uint64_t nrecords, struct cu_err *err);

#endif
