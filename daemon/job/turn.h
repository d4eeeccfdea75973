/*
 * turn.h: what is done once at the end of a turn of the loop, for all that came in it.
 *
 * A turn of libuv's loop reads from many sockets and gets many letters.  What they ask for more
 * than once is put here and done once, before the loop waits again.  All on the loop.
 */
#ifndef CU_JOB_TURN_H
#define CU_JOB_TURN_H
#include <stdbool.h>
#include <uv.h>

/* Embedded in its owner, which lives until it was run. */
struct turn_item {
	void (*run)(struct turn_item *);
	struct turn_item *next;
	bool is_put;
};

struct turn {
	uv_prepare_t prepare; /* active while there is something: it keeps the loop running */
	uv_idle_t idle;       /* active while something is put for later: the loop does not wait */
	uint64_t number;      /* of this turn */
	struct turn_item *first, *last;
	struct turn_item *later, *last_later;
	struct turn_item *finale;
};

void turn_open(uv_loop_t *loop, struct turn *t);
/* In order; an item that is put already, and was not run yet, is run once. */
void turn_put(struct turn *t, struct turn_item *item);
/* The same at the end of the next turn, which begins at once: whatever has come meanwhile is heard first. */
void turn_put_later(struct turn *t, struct turn_item *item);
/* The one that is run after all others, and after those that they put. */
void turn_put_finale(struct turn *t, struct turn_item *item);
/* Nothing is put any more.  The struct is free for use once the loop has run. */
void turn_close(struct turn *t);

#endif
