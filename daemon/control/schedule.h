/*
 * schedule.h: what schedule.yaml says is done by itself: when each job comes next, and that it runs.
 *
 * A job counts from the last time that it went well: what was missed meanwhile, however often, is
 * one run.  One that fails is tried again, later each time, until it goes well.  A clock that was
 * put back is followed; one that was put forward makes a job come once.
 */
#ifndef CU_CONTROL_SCHEDULE_H
#define CU_CONTROL_SCHEDULE_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"
#include "policy/schedule.h"
#include "store/engine_job.h"

struct cu_err;
struct daemon;

struct scheduled {
	struct work work;
	struct daemon *daemon;
	enum job job;
	/* under the schedule's lock */
	int64_t from_ms;   /* its next time is the first after this */
	int64_t due_ms;    /* that time; INT64_MAX: never */
	int64_t begin_ms;  /* and its jitter, or, after a failure, when it is tried again */
	unsigned nfailed;  /* one after the other */
	bool is_wanted;    /* somebody asked for it */
	bool is_running, is_cancelled;
	struct row_job run; /* the one that runs */
};

struct schedule_state {
	pthread_mutex_t lock;
	struct scheduled v[NJOBS];
};

void schedule_init(struct daemon *d);

/* The store was opened, and nobody is let in yet: from when each job counts.  May block. */
int schedule_begin(struct daemon *d, struct cu_err *err);

/* Loop: schedule.yaml is another one. */
void schedule_changed(struct daemon *d);

/* Loop, each second while the store is open: starts what is due. */
void schedule_tick(struct daemon *d);
/* Loop: what runs is asked to end. */
void schedule_stop(struct daemon *d);

/* Any thread: within a second it is started.  CU_EBUSY: it runs. */
int schedule_want(struct daemon *d, enum job j, const struct id *actor, struct cu_err *err);
/* Any thread: what runs is asked to end, and is not tried again before its next time.  CU_ENOENT: it
 * does not run. */
int schedule_cancel(struct daemon *d, enum job j, struct cu_err *err);

/* How it stands now. */
struct schedule_look {
	bool is_running, is_never;
	int64_t started_ms; /* of the one that runs */
	int64_t next_ms;    /* with its jitter; INT64_MAX: never */
	unsigned nfailed;
};
struct schedule_look schedule_look(struct daemon *d, enum job j);

#endif
