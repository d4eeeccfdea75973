/*
 * overview.h: the figures of `status`: how much there is, what is open, what comes next.
 *
 * Numbers, days and times only: no person, and nothing that a person wrote.
 */
#ifndef CU_CONTROL_OVERVIEW_H
#define CU_CONTROL_OVERVIEW_H
#include <pthread.h>
#include <stdint.h>

#include "store/engine.h"

struct cu_err;
struct daemon;
struct json;

/* Counting looks at every record: where that takes long, it is not done again for each who asks. */
struct overview {
	pthread_mutex_t lock;
	struct engine_counts counts;
	int64_t counted_ms, took_ms; /* monotonic; 0: never */
};

void overview_init(struct overview *o);

/* Subjects and records; at most OVERVIEW_STALE_MS old where counting takes over OVERVIEW_SLOW_MS, else
 * as they are.  Worker thread. */
#define OVERVIEW_SLOW_MS  3
#define OVERVIEW_STALE_MS 10000
int overview_count(struct daemon *d, struct engine_counts *ret, struct cu_err *err);

/* What needs a person: the member `attention`, whatever the state of the store. */
int overview_attention(struct daemon *d, struct json *out, struct cu_err *err);

/* The members `requests`, `erasures`, `approvals`, `jobs` and `disk`, while the store is open. */
int overview_put(struct daemon *d, struct json *out, struct cu_err *err);

#endif
