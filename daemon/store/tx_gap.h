/*
 * tx_gap.h: a restored store whose log lacks entries, and that somebody answers for it.
 *
 * What is missing may have been an erasure, so such a store is restricted: its data is kept,
 * and not used.  It is used again when one user asks for that and a second one confirms;
 * that is a leaf.  There is at most one such question at a time.
 */
#ifndef CU_STORE_TX_GAP_H
#define CU_STORE_TX_GAP_H
#include "base/intl.h"
#include "store/tx.h"

#define GAP_KIND W_("log.gap") /* approvals */

/* How many entries are known to be missing; 0: it is not known how many.  CU_ENOENT: there
 * is no gap, or it was accepted. */
int tx_gap_get(struct tx *tx, uint64_t *ret_leaves, struct cu_err *err);

/* Which gap, as the text that an approval is bound to.  CU_ENOENT. */
int tx_gap_scope(struct tx *tx, struct buf *to, struct cu_err *err);

/* Asks a second user, unless one is asked already or has confirmed: then *ret is that one.
 * CU_ENOENT. */
int tx_gap_ask(
	struct tx *tx, int64_t keep_ms, struct row_approval *ret, struct cu_err *err);

/* Uses the approval and says so in a leaf; once that is durable, store_lift_restriction is due.
 * CU_ENOENT, CU_EDENIED. */
int tx_gap_accept(struct tx *tx, const struct id *approval, struct cu_err *err);
void store_lift_restriction(struct store *st);

/* Both, for an approval that was granted before.  Blocks; not on the writer's thread. */
int store_accept_gap(struct store *st, const struct id *actor, const struct id *approval,
	struct cu_err *err);

#endif
