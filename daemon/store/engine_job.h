/*
 * engine_job.h: the rows of jobs that ran.
 *
 * A part of engine.h's contract.
 */
#ifndef CU_STORE_ENGINE_JOB_H
#define CU_STORE_ENGINE_JOB_H
#include "store/engine.h"

struct row_job {
	char job[ENGINE_KEY_SIZE]; /* a word of policy/schedule.h */
	int64_t started_ms;
	int64_t due_ms; /* 0: somebody asked for it */
	int64_t ended_ms;
	int code;       /* 0, or why it failed (base/err.h) */
	struct id actor; /* nil: custosd */
};

int engine_job_put(struct engine *e, const struct row_job *row, struct cu_err *err);
/* From the newest on: the last that began before this.  1, 0 or a code. */
int engine_job_before(struct engine *e, const char *job, int64_t before_ms, struct row_job *ret,
	struct cu_err *err);
/* All but the newest keep of them. */
int engine_jobs_drop(struct engine *e, const char *job, unsigned keep, struct cu_err *err);

#endif
