/*
 * expiry_internal.h: what the files of a run of expiry share: one step of it.
 */
#ifndef CU_CONTROL_EXPIRY_INTERNAL_H
#define CU_CONTROL_EXPIRY_INTERNAL_H
#include "control/expiry.h"
#include "store/store.h"

struct keeping;

/* What a step on the writer's thread is given, and what it leaves. */
struct expiry_step {
	struct store_op op;
	struct id run;
	bool is_review;
	int32_t day;
	struct expiry_limits limits;
	const struct expiry_limit *limit; /* of these, the one that a step is about */
	bool is_more;
	const struct id *subjects;
	size_t nsubjects;
	const struct keeping *keeping;
	struct erase_limits brake;
	struct row_expiry row;
};

/* On the writer's thread; waits for it. */
int expiry_step_run(struct daemon *d, struct expiry_step *s, enum store_kind kind,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err);

/* A fresh run, s->run, with what is over on its list; held records of old cohorts have keys of
 * their own before.  Worker thread. */
int expiry_make_list(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err);

#endif
