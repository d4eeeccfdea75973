/*
 * hand.h: a thread that does one thing at a time, for whoever may not block.
 *
 * One other thread gives it work and ends it.
 */
#ifndef CU_AGENT_HAND_H
#define CU_AGENT_HAND_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct cu_err;

/* On its thread; calls hand_is_done in the end, before anybody else learns that it is. */
typedef void hand_fn(void *ctx);

struct hand {
	hand_fn *work;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	bool is_busy, is_over;
};

void hand_init(struct hand *h, hand_fn *work, void *ctx);
int hand_start(struct hand *h, struct cu_err *err);
bool hand_is_busy(struct hand *h);
/* It is not busy. */
void hand_go(struct hand *h);
void hand_is_done(struct hand *h);
/* Waits until it is not busy, for at most so long.  False: it still is. */
bool hand_wait(struct hand *h, int64_t ms);
/* Ends the thread.  False: it is busy, and nothing was done. */
bool hand_stop(struct hand *h);
/* After hand_stop said true, or before hand_start. */
void hand_done(struct hand *h);

#endif
