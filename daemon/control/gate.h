/*
 * gate.h: who uses the store at the moment, and how they are seen out before it is
 * closed.
 *
 * Whatever touches the house's services on any thread is a guest from before it looks
 * to after it is done: a call, a timer's turn, work in the background.  Shutting the
 * gate lets no new guest in that needs the store, asks those inside to end, and waits
 * for them.
 */
#ifndef CU_CONTROL_GATE_H
#define CU_CONTROL_GATE_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cu_err;

/* Embedded in whoever comes, or on the stack. */
struct guest {
	atomic_bool *cancel;       /* set when it should end; NULL: it is short */
	struct guest *prev, *next; /* the gate's, the newest first */
	uint64_t number;           /* they rise with the time of coming */
};

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t left;
	struct guest *first;
	uint64_t next; /* number */
	bool is_shut;
};

void gate_init(struct gate *g); /* shut */
void gate_done(struct gate *g);

/* Any thread; does not block.  CU_ESEALED: it is shut, and the guest needs the store.
 * A guest that does not may come at any time, and is waited for all the same. */
int gate_enter(
	struct gate *g, struct guest *guest, bool needs_store, struct cu_err *err);
void gate_leave(struct gate *g, struct guest *guest);

/* The number of the guest who comes next, and of the one who is inside longest; the same when nobody
 * is.  Any thread. */
uint64_t gate_next(struct gate *g);
uint64_t gate_oldest(struct gate *g);

/* Shuts it and waits until nobody but host, who is inside and calls this, is left.  Not
 * from the loop.  One at a time. */
void gate_shut(struct gate *g, const struct guest *host);
void gate_open(struct gate *g);

#endif
