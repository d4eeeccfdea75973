/*
 * agent.h: custos-agent from its first packet to its last: one connection to custosd, then the end.
 */
#ifndef CU_AGENT_AGENT_H
#define CU_AGENT_AGENT_H

struct cu_err;

struct agent_options {
	const char *socket;      /* of custosd */
	const char *plugins_dir;
	const char *credentials_dir; /* NULL: there is none */
};

/* Loads the plugins, waits until custosd is there, opens its routes, gives up what is not needed, and
 * sends what custosd hands over until it is gone: 0.  CU_EPROTO, CU_EDENIED, CU_ENOENT. */
int agent_run(const struct agent_options *o, struct cu_err *err);

#endif
