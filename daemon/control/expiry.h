/*
 * expiry.h: what is over ends: by itself each hour, or because somebody says so now.
 *
 * One run after the other, under a lock: the list is made beside the writers, the keys are
 * shredded in steps, and the rows are deleted in small steps while others write.  What is above
 * the daily caps, and what a rule wants reviewed, waits for a second user (tx_expiry.h).
 */
#ifndef CU_CONTROL_EXPIRY_H
#define CU_CONTROL_EXPIRY_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/tx_expiry.h"

struct approval_kind;
struct daemon;
struct exchange;
struct json;
struct watch;

struct expiry {
	pthread_mutex_t lock;   /* held while something ends */
	atomic_bool is_wanted;  /* there is more to do before the hour is over */
	int32_t listed_day[2];  /* lock: on which subjects were last looked at, by kind of run */

	pthread_mutex_t said_lock; /* for what the last look found in the way */
	bool is_behind;
	uint64_t nwaiting; /* keys of what is held that no drilled backup holds */
	struct id clock_approval, rules_approval, run_approvals[2]; /* nil: nothing is asked */
};

struct expiry_outcome {
	struct row_expiry runs[2]; /* nil id: there is none; the second of reviews */
};

void expiry_init(struct expiry *e);

/* Ends what is over as far as it may: keys for certain when it returns, rows for some seconds.
 * actor: who asks for it; nil: custosd itself.  Worker thread. */
int expiry_run(struct daemon *d, const struct id *actor, const struct watch *watch,
	struct expiry_outcome *ret, struct cu_err *err);

/* What is in the way of expiry, and what to do about it: attention_put into an open array. */
void expiry_attention(struct daemon *d, struct json *lines);

/* Does it wait for somebody?  Any thread. */
bool expiry_waits(struct daemon *d);

/* Any thread: it is gone on with within a second. */
void expiry_wake(struct daemon *d);

/* Of approvals: for whoever may run 'retention run', but never root. */
int expiry_may_decide(struct exchange *x, const struct id *object, struct cu_err *err);
int expiry_on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err);
extern const struct approval_kind expiry_approval;

#endif
