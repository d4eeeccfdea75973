/*
 * agent_link.h: custos-agent at the other end of agent.sock.
 *
 * custosd listens; one agent at a time connects, and must be of the user that is the agent's.  Where
 * custosd was not told that something else does, the launcher starts one, and again when it ends.
 * Whole packets (base/packet.h); docs/formats/agent.md.  Loop, unless said otherwise.
 */
#ifndef CU_CONTROL_AGENT_LINK_H
#define CU_CONTROL_AGENT_LINK_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/id.h"
#include "base/span.h"
#include "policy/agent.h"
#include "policy/rows.h"
#include "policy/targets.h"

struct agent_link;
struct cu_err;
struct daemon;
struct far_order;

struct agent_link_options {
	const char *socket;  /* a path */
	bool is_launched;    /* by our launcher */
	bool has_uid;        /* then only this user is the agent, else it is our own */
	uid_t uid;
};

/* Listens, and starts the agent if that is ours to do.  Only with routes or
 * targets for it in the policy. */
int agent_link_open(struct daemon *d, const struct agent_link_options *o, struct agent_link **ret,
	struct cu_err *err);
/* Each second. NULL is fine, as for the next two. */
void agent_link_tick(struct agent_link *l);
/* The agent ends; the loop has nothing left of it. */
void agent_link_stop(struct agent_link *l);
/* After the loop has ended. */
void agent_link_free(struct agent_link *l);

/* Hands a packet and a descriptor (borrowed) over.  Any thread; does not wait.  CU_EUNAVAIL: no agent
 * is ready; CU_EBUSY. */
int agent_link_send(struct agent_link *l, struct span packet, int body, struct cu_err *err);
/* Ends this connection: an agent that does not answer.  Any thread. */
void agent_link_cut(struct agent_link *l);

/* Asks a target of this key (backup/repo_far.h): waits until there is an agent, until nobody else asks it,
 * and for the answer, each no longer than some minutes.  CU_EUNAVAIL; CU_ENOENT, CU_EEXIST; CU_EDENIED:
 * the plugin will never do it.  Worker threads; NULL is CU_EUNAVAIL. */
int agent_link_order(struct agent_link *l, const char *key, struct far_order *order,
	struct cu_err *err);

/* A target whose last order failed.  Any thread. */
struct agent_away {
	char key[ROWS_KEY_SIZE];
	char fault[240];
};
bool agent_link_is_away(struct agent_link *l, const char *key, struct agent_away *ret);

/* What is known of the agent and its routes, for status.  Any thread. */
struct agent_seen_route {
	char key[ROWS_KEY_SIZE];
	char fault[240]; /* why it cannot be used; "" */
};
struct agent_seen {
	bool is_ready, is_other_user, has_landlock, has_seccomp;
	uid_t uid;
	pid_t pid;
	char version[32];
	struct agent_seen_route routes[AGENT_MAX_ROUTES];
	size_t nroutes;
	struct agent_seen_route targets[TARGETS_MAX_FAR]; /* of backup.yaml */
	size_t ntargets;
};
void agent_link_look(struct agent_link *l, struct agent_seen *ret); /* NULL: zeros */

#endif
