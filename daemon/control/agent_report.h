/*
 * agent_report.h: what `status` says of custos-agent: what holds it back, and what does not arrive.
 *
 * Worker thread.
 */
#ifndef CU_CONTROL_AGENT_REPORT_H
#define CU_CONTROL_AGENT_REPORT_H
#include "control/post_office.h"

struct cu_err;
struct daemon;
struct json;

struct agent_figures {
	unsigned waiting, given_up;
	char fault[OFFICE_FAULT_SIZE]; /* why the last attempt failed; "" */
};

/* For each route of agent.yaml, in its order. */
int agent_report_count(struct daemon *d, struct agent_figures ret[AGENT_MAX_ROUTES],
	struct cu_err *err);

/* Writes the member agent; nothing without routes. */
int agent_report_status(struct daemon *d, struct json *out, struct cu_err *err);

/* What is wrong: attention_put into an open array. */
int agent_report_attention(struct daemon *d, struct json *lines, struct cu_err *err);

#endif
