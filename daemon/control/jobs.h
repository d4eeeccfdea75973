/*
 * jobs.h: what each job of schedule.yaml does.
 */
#ifndef CU_CONTROL_JOBS_H
#define CU_CONTROL_JOBS_H
#include "policy/schedule.h"

struct cu_err;
struct daemon;
struct watch;

/* Worker thread.  0; 1 when there was nothing to do; or a code.  One target that fails keeps the
 * others from nothing: its failure is the job's when all were tried. */
int jobs_run(struct daemon *d, enum job j, const struct watch *watch, struct cu_err *err);

#endif
