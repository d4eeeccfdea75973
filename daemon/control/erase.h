/*
 * erase.h: erasures as calls see them: begin, wait for the end, and what came of it.
 *
 * A call only moves the brake; eraser.h carries out what is due.
 */
#ifndef CU_CONTROL_ERASE_H
#define CU_CONTROL_ERASE_H
#include <stdbool.h>
#include <stdint.h>

#include "store/tx_erase.h"

struct approval_kind;
struct daemon;
struct exchange;
struct watch;

struct erase_request {
	struct id actor;
	struct id id; /* nil, or asked for again by the same id: answered, not repeated */
	struct erase_what what;
};

struct erase_result {
	struct row_erasure row; /* done or cancelled, or, of a call that did not wait, neither */
	bool is_asked;          /* the targets were, with or without success */
	bool is_confirmed;      /* at every target; false also without any target */
	unsigned ntargets;
	char unconfirmed[200]; /* the first target that could not confirm, and why; "" */
};

/* What the policy says is filled in.  CU_ENOENT, CU_EBUSY. */
int erase_begin(struct daemon *d, struct erase_request *q, struct id *ret_erasure,
	struct cu_err *err);

/* Told at the beginning of each step, and of each wait: "cooling_off", "awaiting_approval",
 * "shred".  Worker thread. */
typedef void erase_step_fn(void *ctx, const struct row_erasure *row, const char *step);

/* Until it is done or cancelled, or the call is.  CU_ECANCELED: it waits on without the call; or
 * why a step failed: it is tried again without the call. */
int erase_wait(struct exchange *x, const struct id *erasure, erase_step_fn *step, void *ctx,
	struct erase_result *ret, struct cu_err *err);

/* As it is now.  CU_ENOENT. */
int erase_get(struct daemon *d, const struct id *erasure, struct erase_result *ret,
	struct cu_err *err);

/* CU_ENOENT, CU_EBUSY. */
int erase_cancel(struct daemon *d, const struct id *actor, const struct id *erasure,
	struct cu_err *err);

/* Where "erase.done" of this erasure is in the log.  CU_EINTERNAL. */
int erase_find_done_leaf(struct daemon *d, const struct row_erasure *row, uint64_t *ret,
	struct cu_err *err);

/* The exact scope of an erasure, for the approvals that it needs. */
extern const struct approval_kind erase_approval_now, erase_approval_cap;

/* Brings the newest vault object to every target that was backed up to and has an older one: one
 * that was away, or that a crash came before; or one whose last is older than half the bound.
 * Worker thread; failures are logged. */
void erase_catch_up(struct daemon *d, const struct watch *watch);

#endif
