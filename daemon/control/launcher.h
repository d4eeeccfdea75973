/*
 * launcher.h: a small process, forked before any key is loaded, that starts others: custos-intake
 * for an import, custosd itself, afresh, for a drill or a search for residue, and custos-agent.
 *
 * custosd itself never calls execve: what it hands over is a plan, a file and a pipe, as
 * descriptors.  The launcher holds no keys, and each process that it starts dies with it.
 */
#ifndef CU_CONTROL_LAUNCHER_H
#define CU_CONTROL_LAUNCHER_H

#include <stdbool.h>
#include <sys/types.h>

struct cu_err;
struct launcher;

#define LAUNCHER_MAX 16 /* well above DAEMON_MAX_JOBS */

/* Paths, borrowed while the launcher lives. */
struct launcher_programs {
	const char *intake;
	const char *agent, *agent_socket, *plugins; /* custos-agent, and what it is told */
	bool has_agent_uid;       /* started by root, the agent becomes this user */
	uid_t agent_uid;
	gid_t agent_gid;
};

/* Forks.  Before threads, keys and sockets.  In the child it does not return. */
int launcher_start(const struct launcher_programs *programs, struct launcher **ret,
	struct cu_err *err);
void launcher_stop(struct launcher *l); /* NULL is fine */

enum launcher_what { LAUNCHER_INTAKE, LAUNCHER_DRILL, LAUNCHER_RESIDUE, LAUNCHER_AGENT };

/* Starts one: plan becomes its descriptor 0, out its 1, file its 3; all are borrowed.  What
 * it has to say comes through out.  It lives until it has ended and *ret_leash is closed, and
 * not longer: closing kills it, even where it waits for a file that is a pipe.  At most
 * LAUNCHER_MAX at a time.  Any thread.  CU_EUNAVAIL. */
int launcher_run(struct launcher *l, enum launcher_what what, int plan, int file, int out,
	int *ret_leash, struct cu_err *err);

#endif
