/*
 * call_watch.h: a call that watches a long job: it is told a few times a second where the job is,
 * and stops it by being cancelled.
 */
#ifndef CU_CONTROL_CALL_WATCH_H
#define CU_CONTROL_CALL_WATCH_H
#include "backup/watch.h"

struct exchange;

struct call_watch {
	struct watch watch;
	struct exchange *x;
	int64_t last_ms; /* monotonic */
};

void call_watch_begin(struct call_watch *w, struct exchange *x);

#endif
