/*
 * tx_erase.h: an erasure, from the brake to the end, move by move.
 *
 *	           +-> awaiting_approval -+
 *	begin -----+      |        ^      +--> shredding --> shredded --> done
 *	           +-> cooling_off +------+
 *	                  |
 *	                  +--> cancelled  (from both, as long as nothing is shredded)
 *
 * What is erased is a subject; or collections of one; or one record, and then what
 * remains of its collection gets a fresh key (re-key).  From its beginning on it is
 * denied to everyone.  While some of it is under a legal hold it waits in the state that it
 * is in (tx_hold.h).  A subject has at most one open erasure.  Each move is durable
 * with its leaf and may be asked for again; after a crash the next start goes on from
 * whatever was reached.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_ERASE_H
#define CU_STORE_TX_ERASE_H
#include "base/intl.h"
#include "store/tx.h"

#define ERASE_KIND_NOW W_("erase.now") /* approvals */
#define ERASE_KIND_CAP W_("erase.cap")

struct erase_what {
	struct id subject;
	const char *const *collections; /* none: the subject as a whole */
	size_t ncollections;
	struct id record;    /* nil, or one record; without collections */
	const char *purpose; /* a policy key */
	int64_t grace_ms;
	bool is_now; /* no grace period, if a second user confirms in approval_ms */
	int64_t approval_ms;
};

/* Denies it to everyone and remembers the erasure; tx->actor asks for it.  CU_ENOENT;
 * CU_EBUSY when one of this subject is under way; CU_EDENIED when some of it is held. */
int tx_erase_begin(struct tx *tx, const struct erase_what *what, struct id *ret_erasure,
	struct cu_err *err);
/* In a step of its own, for that one is undone: notes at the hold that it refused this, if one
 * did. */
int tx_erase_note_refusal(struct tx *tx, const struct erase_what *what, struct cu_err *err);

/* Exactly what will be gone, as the text that an approval is bound to. */
int tx_erase_scope(struct tx *tx, const struct row_erasure *row, struct buf *to,
	struct cu_err *err);

/* Gives it back.  why: a policy key for the leaf, or "".  CU_EBUSY when it is too late. */
int tx_erase_cancel(
	struct tx *tx, const struct id *erasure, const char *why, struct cu_err *err);

/* What the brake goes by. */
struct erase_limits {
	int64_t now_ms; /* for what is due: a clock that does not jump (base/steady.h) */
	int64_t approval_ms;
	uint64_t daily_slots, daily_cohorts; /* in 24 hours, without a second user */
};

/* Lets go of the brake if it may: ERASURE_SHREDDING then, and a leaf says so. Otherwise
 * it waits for its time or for a second user, who is asked if need be; or it is
 * cancelled, because the second user said no or said nothing.  The row as it is then. */
int tx_erase_admit(struct tx *tx, const struct id *erasure,
	const struct erase_limits *limits, struct row_erasure *ret, struct cu_err *err);

/* For one record: what remains of its collection is sealed under a fresh slot.  Before
 * the shred; for others nothing. */
int tx_erase_rekey(struct tx *tx, const struct id *erasure, struct cu_err *err);
/* Shreds the slots in the vault and says so in leaves. */
int tx_erase_shred(struct tx *tx, const struct id *erasure, struct cu_err *err);
/* Takes rows and tokens away; fails when any of the slots still opens. */
int tx_erase_rows(struct tx *tx, const struct id *erasure, struct cu_err *err);
/* The last leaf; CU_EINTERNAL while the rows are there. */
int tx_erase_done(struct tx *tx, const struct id *erasure, struct cu_err *err);

/* CU_ENOENT. */
int tx_erase_get(struct tx *tx, const struct id *erasure, struct row_erasure *ret,
	struct cu_err *err);

#endif
