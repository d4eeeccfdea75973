/*
 * tx_keeping.h: what expiry goes by: a time that was not made up, and rules that nobody shortened
 * in a hurry.
 *
 * The time is that of the clock as long as it went on from where it was last seen.  A clock that
 * is a day ahead of that (set wrong, or a machine that stood still) needs somebody who says
 * that it is right; one that is behind, until it has caught up, ends nothing.  In a step on the
 * writer's thread.
 */
#ifndef CU_STORE_TX_KEEPING_H
#define CU_STORE_TX_KEEPING_H
#include "base/intl.h"
#include "store/engine_expiry.h"
#include "store/tx.h"

#define KEEPING_KIND_CLOCK W_("retention.clock") /* approvals; nobody but custos itself asks */
#define KEEPING_KIND_RULES W_("retention.policy")

#define KEEPING_JUMP_MS  (24 * 3600 * 1000LL) /* DESIGN: a jump over 24 h needs a person */
#define KEEPING_SLACK_MS (5 * 60 * 1000LL)    /* a clock may be corrected a little */

enum keeping_verdict { KEEPING_GOOD, KEEPING_BEHIND, KEEPING_AHEAD };

struct keeping_clock {
	enum keeping_verdict verdict;
	int64_t now_ms, known_ms;   /* what the clock says; when it was last known to be right */
	struct row_approval asked;  /* of KEEPING_AHEAD */
};

/* Looks at the clock, remembers it when it is good, asks a user when it is ahead. */
int tx_keeping_clock(struct tx *tx, int64_t approval_ms, struct keeping_clock *ret,
	struct cu_err *err);

/* Asks a user to confirm this text, once: *ret is the question as it stands.  1: it is confirmed,
 * and that is used up. */
int tx_keeping_ask(struct tx *tx, const char *kind, struct span text, int64_t approval_ms,
	struct row_approval *ret, struct cu_err *err);
/* There is nothing to ask any more. */
int tx_keeping_drop(struct tx *tx, const char *kind, struct cu_err *err);
/* What was asked last: the scope of the approval.  CU_ENOENT. */
int tx_keeping_scope(struct tx *tx, const char *kind, struct buf *to, struct cu_err *err);

/* The rules that were confirmed, by collection: the first after this one; "" starts. */
int tx_keeping_rule_next(struct tx *tx, const struct row_expiry_rule *after, struct row_expiry_rule *ret,
	struct cu_err *err);
int tx_keeping_rule_put(struct tx *tx, const struct row_expiry_rule *row, struct cu_err *err);
int tx_keeping_rule_delete(struct tx *tx, const struct row_expiry_rule *row, struct cu_err *err);

/* There is nobody whom rules could meet: 1, 0 or a code. */
int tx_keeping_is_empty(struct tx *tx, struct cu_err *err);

#endif
