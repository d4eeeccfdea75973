/*
 * brief.h: calls that read a little and wait for nothing, several on one thread.
 *
 * A thread for each of them costs more than they do: waking it, and being woken by it.  So they
 * (ACCESS_BRIEF) wait in one queue until the turn of the loop is over; each thread that is
 * started then takes up to BRIEF_EACH of them, one after the other.  One that takes longer than
 * was thought keeps only its own thread from the queue.
 */
#ifndef CU_CONTROL_BRIEF_H
#define CU_CONTROL_BRIEF_H
#include <pthread.h>

#include "job/turn.h"
#include "job/work.h"

struct daemon;
struct exchange;

#define BRIEF_THREADS 8
#define BRIEF_EACH    16 /* 2 cores, 2026-11: with 1 it is as before; beyond 16 nothing is gained */

struct brief_run {
	struct work work;
	struct brief *brief;
	struct exchange *ended; /* worker, then loop: those that wait for no leaf */
	bool is_running;        /* loop */
};

struct brief {
	struct daemon *daemon;
	struct turn_item start; /* loop */
	struct brief_run runs[BRIEF_THREADS];
	pthread_mutex_t lock; /* for what follows */
	struct exchange *first, *last;
	unsigned n;
};

void brief_init(struct brief *b, struct daemon *d);
void brief_done(struct brief *b);

/* Loop: takes it; it runs at the end of this turn, and ends as after exchange_start. */
void brief_put(struct brief *b, struct exchange *x);

#endif
