/*
 * talk.h: what custos-agent says to custosd, and how it reads what custosd says.
 *
 * docs/formats/agent.md.  Sending is for any thread.
 */
#ifndef CU_AGENT_TALK_H
#define CU_AGENT_TALK_H
#include <jansson.h>
#include <stdbool.h>

#include "agent/confine.h"
#include "agent/plugin.h"
#include "agent/route.h"
#include "agent/target.h"

struct cu_err;

/* Of a route of agent.yaml, or a target of backup.yaml: what is wrong with it, or "". */
struct route_report {
	char key[ROUTE_KEY_SIZE];
	char fault[240];
};

int talk_hello(int fd, const struct plugins *plugins, struct cu_err *err);
struct route_reports {
	struct route_report v[ROUTES_MAX > TARGETS_MAX ? ROUTES_MAX : TARGETS_MAX];
	size_t n;
};

int talk_ready(int fd, const struct confinement *c, const struct route_reports *routes,
	const struct route_reports *targets, struct cu_err *err);
int talk_outcome(int fd, const char *id, int32_t code, const char *fault, struct cu_err *err);

int talk_answer(int fd, const char *id, int32_t code, uint64_t size, const char *fault,
	struct cu_err *err);

/* The next message; waits.  1 and the JSON, with its descriptor or -1, both the caller's; 0: custosd
 * is gone.  CU_EPROTO. */
int talk_receive(int fd, json_t **ret, int *ret_passed, struct cu_err *err);

/* The message of "send" and its body, which is read from the descriptor.  CU_EPROTO. */
int talk_read_parcel(const json_t *send, int body, struct parcel *ret, struct cu_err *err);

/* What "order" says; passed, its descriptor or -1, is the order's from now on.  CU_EPROTO. */
int talk_read_order(const json_t *order, int passed, struct target_order *ret, struct cu_err *err);

#endif
