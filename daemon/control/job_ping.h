/*
 * job_ping.h: routes with `jobs` are told that a job began, ended well, or failed.
 *
 * So a watchman elsewhere notices when nothing comes: a host that is down tells nobody by itself.
 */
#ifndef CU_CONTROL_JOB_PING_H
#define CU_CONTROL_JOB_PING_H
#include "policy/schedule.h"

struct daemon;

/* Kinds of messages; what they are about is the job. */
#define JOB_PING_STARTED "job.started" /* tried once: later it would be wrong */
#define JOB_PING_DONE    "job.done"
#define JOB_PING_FAILED  "job.failed"

/* Worker thread, a guest of the gate.  What fails is logged: no job fails for it. */
void job_ping(struct daemon *d, enum job j, const char *kind);

#endif
