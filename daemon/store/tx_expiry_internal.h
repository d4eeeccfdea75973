/*
 * tx_expiry_internal.h: what the files of a run of expiry share: a batch of keys.
 */
#ifndef CU_STORE_TX_EXPIRY_INTERNAL_H
#define CU_STORE_TX_EXPIRY_INTERNAL_H
#include "store/tx_aggregate.h"

/* The limit by which this key ends in such a run; NULL: none does. */
const struct expiry_limit *expiry_limit_of(const struct expiry_limits *limits,
	const struct row_expiry *run, const struct row_expiry_item *item);
/* May it end now?  1, 0 or a code. */
int expiry_is_due(struct tx *tx, const struct row_expiry *run, const struct row_expiry_item *item,
	const struct expiry_limits *limits, struct cu_err *err);

/* What was counted for this run: 1, and b are the keys whose end makes it final; 0: nothing that
 * could go was counted, or it is void by now. */
int aggregate_take(struct tx *tx, const struct row_expiry *run, const struct expiry_limits *limits,
	struct expiry_batch *b, struct cu_err *err);
/* Its keys are gone: the numbers stay. */
int aggregate_finish(struct tx *tx, const struct row_expiry *run, const struct expiry_batch *b,
	struct cu_err *err);

#endif
