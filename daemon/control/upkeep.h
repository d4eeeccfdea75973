/*
 * upkeep.h: what custosd does by itself and nobody schedules: soon after its start, then each as
 * often as the table of duties says.  What schedule.yaml says is schedule.h's.
 *
 * One worker does what is due, one duty after the other.  Each fails alone, with a line
 * in the journal, and is tried again when it is due again; so a duty looks at what
 * there is to do and not at what it did last.  Nothing is done while the store may not
 * be used (store_is_restricted).
 */
#ifndef CU_CONTROL_UPKEEP_H
#define CU_CONTROL_UPKEEP_H
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"

struct cu_err;
struct daemon;
struct watch;

/* A duty: on a worker, while calls are served.  It looks at watch between its slices;
 * CU_ECANCELED ends the round without a word. */
typedef int upkeep_fn(struct daemon *d, const struct watch *watch, struct cu_err *err);

#define UPKEEP_NDUTIES 12

struct upkeep {
	struct work work;
	bool is_running;                /* loop */
	atomic_bool has_news;           /* somebody is to be told of something, now */
	int64_t due_ms[UPKEEP_NDUTIES]; /* monotonic; the loop's, but during a round its
					   worker's */
};

/* The store was opened, and nobody is let in yet: all duties are due. */
void upkeep_begin(struct daemon *d);

/* Loop, each second while the store is open: starts a round when something is due. */
void upkeep_tick(struct daemon *d);

#endif
