/*
 * engine_message.h: the rows of messages that custos-agent is to send, and of those it sent.
 *
 * A part of engine.h's contract.  What is addressed to a person is a sealed record of the message's
 * case (tx_case.h), until it was sent; here are ids, policy keys, numbers and times.
 */
#ifndef CU_STORE_ENGINE_MESSAGE_H
#define CU_STORE_ENGINE_MESSAGE_H
#include "store/engine.h"

enum message_state {
	MESSAGE_WAITING = 1,
	MESSAGE_SENT = 2,
	MESSAGE_GIVEN_UP = 3, /* it can be tried again, or dropped */
	MESSAGE_DROPPED = 4,
};

struct row_message {
	struct id id;                /* also for whoever receives it: it may come twice */
	char kind[ENGINE_KEY_SIZE];  /* "alarm.drill_failed" */
	char about[ENGINE_KEY_SIZE]; /* a policy key, as the target's; "" */
	char route[ENGINE_KEY_SIZE]; /* of agent.yaml */
	struct id kase;              /* the owner of its text; nil: it has none of its own */
	enum message_state state;
	unsigned nattempts;
	int64_t made_ms, next_ms;    /* next_ms: of the next attempt, while it waits */
	int64_t tried_ms;            /* the last attempt; 0: none yet */
	int64_t ended_ms;            /* 0: it waits */
};

int engine_message_put(struct engine *e, const struct row_message *row, struct cu_err *err);
int engine_message_get(
	struct engine *e, const struct id *id, struct row_message *ret, struct cu_err *err);
/* In the order of (made_ms, id): the first after *after; NULL starts. */
int engine_message_next(struct engine *e, const struct row_message *after,
	struct row_message *ret, struct cu_err *err);
/* Those that wait, in the order of (next_ms, id): likewise. */
int engine_message_next_waiting(struct engine *e, const struct row_message *after,
	struct row_message *ret, struct cu_err *err);
/* The newest of this kind, about this, on this route. */
int engine_message_last(struct engine *e, const char *kind, const char *about,
	const char *route, struct row_message *ret, struct cu_err *err);
/* One that ended before this. */
int engine_message_over(
	struct engine *e, int64_t before_ms, struct row_message *ret, struct cu_err *err);
/* One that was sent and whose text has keys still. */
int engine_message_spent(struct engine *e, struct row_message *ret, struct cu_err *err);
int engine_message_delete(struct engine *e, const struct id *id, struct cu_err *err);

#endif
