/*
 * agent_link_internal.h: what agent_link.c (the connection) and agent_order.c (what targets are asked
 * over it) share.
 */
#ifndef CU_CONTROL_AGENT_LINK_INTERNAL_H
#define CU_CONTROL_AGENT_LINK_INTERNAL_H
#include <jansson.h>
#include <pthread.h>
#include <sys/un.h>
#include <uv.h>

#include "control/agent_link.h"
#include "policy/targets.h"

/* An order that somebody waits for, on the stack of that thread. */
struct agent_order {
	char id[ID_TEXT_SIZE];
	const char *target;
	bool is_done, is_away;
	int code;
	uint64_t size;
	char fault[240];
	struct agent_order *next;
};

struct agent_link {
	struct daemon *daemon;
	struct agent_link_options options;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listener;
	uv_poll_t listening, talking;
	bool is_listening, is_talking;

	int leash;           /* of the process that the launcher started; -1: none */
	int64_t started_ms;  /* monotonic */
	int64_t again_ms;    /* monotonic: not before; after a failure */
	int64_t pause_ms;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed; /* of what orders wait for; by the monotonic clock */
	int fd;               /* -1: nobody is there */
	bool is_stopped;
	bool is_ending; /* it was told to end, and takes nothing more */
	struct agent_seen seen;
	uint64_t nready; /* how often an agent became ready */
	struct agent_order *orders;
	struct agent_away away[TARGETS_MAX_FAR]; /* outlives agents */
};

/* Loop: a packet of the agent's.  CU_EPROTO: the connection ends. */
int agent_link_take(struct agent_link *l, const char *bytes, size_t n, struct cu_err *err);

/* With the lock held: nobody answers any more. */
void agent_order_fail_all(struct agent_link *l);
/* Loop; "answer". */
int agent_order_on_answer(struct agent_link *l, const json_t *said, struct cu_err *err);

#endif
