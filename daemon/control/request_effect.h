/*
 * request_effect.h: what a restriction, an objection, a withdrawal does: at once, in the request's
 * own step; and what stands in the way of an erasure.
 */
#ifndef CU_CONTROL_REQUEST_EFFECT_H
#define CU_CONTROL_REQUEST_EFFECT_H

struct cu_err;
struct id;
struct policy;
struct row_dsr;
struct tx;

/* A legal hold keeps what an erasure is about: 1, 0 or a code.  What it stopped is noted. */
int request_is_held(struct tx *tx, const struct row_dsr *row, struct id *ret_hold,
	struct cu_err *err);

/* Writer's thread.  CU_EINVAL when the purpose is none that this can be said about: then it has to
 * be refused.  Said twice is said once. */
int request_take_effect(struct tx *tx, const struct policy *p, const struct row_dsr *row,
	struct cu_err *err);

#endif
