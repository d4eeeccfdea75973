/*
 * eraser.h: the one place that carries out erasures, one at a time (DESIGN part 6).
 *
 *	admit    the brake: is its time over, has a second user confirmed; leaf
 *	rekey    of one record: what remains of its collection has a fresh key; leaf
 *	shred    the keys are gone, with every older vault.db; leaf
 *	rows     rows and tokens go; no key of theirs may open any more
 *	flush    nothing of them is left in a write-ahead log
 *	done     leaf
 *	confirm  leaf and a vault object of that generation lie at every target
 *
 * Each step is durable before the next and may be done again.  It looks when something may be
 * due, when it is woken, and at the start; what failed half-way is tried again, later each time.
 */
#ifndef CU_CONTROL_ERASER_H
#define CU_CONTROL_ERASER_H
#include <pthread.h>

#include "base/steady.h"
#include "control/erase.h"
#include "job/post.h"
#include "job/work.h"

#define ERASER_RESULTS 64 /* of the last erasures, for calls that wait */

struct eraser {
	struct daemon *daemon;
	struct letter bell;        /* to the loop */
	atomic_bool is_rung;       /* bell is on its way */
	atomic_bool is_wanted;     /* look, whatever the time */
	struct work work;
	bool is_running;           /* loop */
	atomic_llong next_ms;      /* monotonic: when something may be due */
	struct steady steady;
	int64_t told_ahead_ms;     /* worker: of the last warning about the clock */
	unsigned nfailures;        /* worker: looks in a row in which something failed */
	atomic_bool is_fresh;      /* somebody has woken it since: they do not wait behind older failures */

	pthread_mutex_t lock;      /* for what follows */
	pthread_cond_t changed;
	uint64_t nchanges;
	bool is_busy;              /* a look is under way */
	struct id at;              /* the erasure that is carried out */
	const char *step;          /* of it; NULL: none is */
	struct id failed;          /* the last that failed, and why */
	struct cu_err why;
	struct erase_result results[ERASER_RESULTS];
	unsigned nresults;         /* ever; the last ones are kept */
};

void eraser_init(struct eraser *e, struct daemon *d);

/* Loop, each second: looks if something may be due. */
void eraser_tick(struct eraser *e);
/* Any thread: something was begun, confirmed or cancelled. */
void eraser_wake(struct eraser *e);

/* Any thread: between the shred of one and the word of the targets, perhaps. */
bool eraser_is_busy(struct eraser *e);

/* At the start, before calls are served: what was let go is finished on this host.  How many. */
int eraser_resume(struct eraser *e);

#endif
