/*
 * tx_approval.h: something dangerous, asked for by one user and confirmed by another.
 *
 *	asked ---> granted ---> used
 *	  |  \        |
 *	  |   \       +-----> expired
 *	  |    +------------> expired
 *	  +-----------------> denied
 *
 * An approval is bound to its exact scope: bytes that say all that will happen, of which
 * the row keeps a digest (BLAKE2b-256).  Whoever decides and whoever uses it hands over
 * the scope as it is then; when it has changed, the approval is worth nothing.  Each move
 * is a leaf.  In a step on the writer's thread; tx->actor is the operator who asks or
 * decides.
 */
#ifndef CU_STORE_TX_APPROVAL_H
#define CU_STORE_TX_APPROVAL_H
#include "store/tx.h"

struct approval_ask {
	const char *kind; /* a policy key: "erase.now" */
	struct span scope;
	struct id object;  /* what it is about: an erasure; may be nil */
	struct id subject; /* for the leaf; may be nil */
	struct id asker;   /* nil: tx->actor */
	int64_t keep_ms;   /* from now on it may be granted, and used */
};

int tx_approval_ask(struct tx *tx, const struct approval_ask *ask, struct id *ret,
	struct cu_err *err);

/* CU_ENOENT. */
int tx_approval_get(struct tx *tx, const struct id *approval, struct row_approval *ret,
	struct cu_err *err);

/* CU_EDENIED: who asked, or the daemon itself, would grant; or the scope has changed.
 * CU_EBUSY: it was decided already, or its time is over. */
int tx_approval_grant(struct tx *tx, const struct id *approval, struct span scope,
	struct cu_err *err);
/* Who asked may do that, too. */
int tx_approval_deny(struct tx *tx, const struct id *approval, struct cu_err *err);

/* Is it of this kind and for exactly this, and may it still be granted, or used? */
bool tx_approval_is_open(const struct tx *tx, const struct row_approval *row,
	const char *kind, struct span scope);

/* Is it granted for exactly this, and still good?  0; CU_EDENIED says why not. */
int tx_approval_check(struct tx *tx, const struct id *approval, const char *kind,
	struct span scope, struct cu_err *err);
/* The same, and it is used up: once. */
int tx_approval_use(struct tx *tx, const struct id *approval, const char *kind,
	struct span scope, struct cu_err *err);

/* Not needed any more: void, whether asked for or granted.  One that has ended stays as
 * it is. */
int tx_approval_drop(struct tx *tx, const struct id *approval, struct cu_err *err);
/* All whose time is over.  The number, or a code. */
int tx_approval_expire(struct tx *tx, struct cu_err *err);

#endif
