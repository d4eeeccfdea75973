/*
 * work.h: the one bridge from the loop to the threads and back.
 *
 * Work is embedded in its owner.  run blocks as long as it likes on a thread of libuv's pool;
 * done is called on the loop, exactly once if work_start returned 0.  The pool has
 * WORK_THREADS threads (set before the loop's first use by work_init), and long jobs are
 * kept below that by whoever starts them.
 */
#ifndef CU_JOB_WORK_H
#define CU_JOB_WORK_H
#include <stdatomic.h>
#include <uv.h>

#include "base/err.h"

/* Most threads wait for a sync of the log: how many calls may share one.  One user gets no more than half
 * (control/caller.h). */
#define WORK_THREADS 64

struct work {
	uv_work_t uv;                                /* loop */
	int (*run)(struct work *, struct cu_err *);  /* worker: may block, may not touch the loop */
	void (*done)(struct work *);                 /* loop: exactly once if work_start() returned 0 */
	atomic_bool cancel;                          /* loop sets, worker reads between steps */
	int code;                                    /* worker writes, loop reads in done() */
	struct cu_err err;
};

/* Sets the size of libuv's pool; before any loop is used. */
void work_init(void);

/* run and done are set; the rest is filled. */
int work_start(uv_loop_t *loop, struct work *w, struct cu_err *err);

#endif
