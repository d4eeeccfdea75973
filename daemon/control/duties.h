/*
 * duties.h: how each duty of duties.yaml stands today: for `duty list`, `status`, alarms, reports, digests.
 *
 * Names duties, days and counts, never a person.  Worker threads, while the store is open.
 */
#ifndef CU_CONTROL_DUTIES_H
#define CU_CONTROL_DUTIES_H
#include "policy/duties.h"
#include "privacy/duty.h"
#include "store/engine_duty.h"

struct cu_err;
struct daemon;
struct policy;
struct watch;

struct duty_look {
	char key[ENGINE_KEY_SIZE];
	const struct duty *duty; /* the policy's; NULL: it is DUTY_GONE */
	enum duty_state state;
	int32_t due;        /* CIVIL_NO_DAY: it is gone */
	int32_t last;       /* local day on which it was last done; CIVIL_NO_DAY: never */
	bool is_by_drill;   /* by the drills, not by what somebody said */
};

/* Of this policy, in the order of the file; then, if is_all, those that were done once and are not in it any
 * more.  0 goes on, a code ends it. */
typedef int duty_look_fn(void *ctx, const struct duty_look *look, struct cu_err *err);
int duties_each(struct daemon *d, const struct policy *p, bool is_all, duty_look_fn *fn, void *ctx,
	struct cu_err *err);

/* One of them, also one that is gone: CU_ENOENT. */
int duties_look(struct daemon *d, const struct policy *p, const char *key, struct duty_look *ret,
	struct cu_err *err);

/* An upkeep: what was put into duties.yaml is known from now on, and counts from today. */
int duties_know(struct daemon *d, const struct watch *watch, struct cu_err *err);

#endif
