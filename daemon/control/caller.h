/*
 * caller.h: what each user has of custosd at a time, so that there is always some left for others.
 *
 * A caller is a user who has a role, or root.  All others together are one: they may do next to nothing, and
 * a user namespace gives thousands of uids to anybody.  Decided when a connection is made.  All on the loop.
 *
 *	connections     CALLERS_MAX_SESSIONS in all, 3/8 of them for one caller, 1/16 for those without a role
 *	descriptors     SESSION_MAX_FDS for a connection; there are fewer connections where RLIMIT_NOFILE is small
 *	unread replies  CALLER_MAX_UNREAD and a little for each connection
 *	half a message  CALLER_MAX_HELD, likewise
 *	threads         CALLER_MAX_RUNNING, without brief calls (brief.h), which take turns; further calls wait
 *	the loop        CALLER_TURN_US in each of its turns
 *	long calls      three quarters of what there may be
 */
#ifndef CU_CONTROL_CALLER_H
#define CU_CONTROL_CALLER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cu_err;
struct exchange;

#define CALLERS_MAX_SESSIONS 1024
#define CALLER_MAX_UNREAD    (32u << 20)
#define CALLER_MAX_HELD      (32u << 20)
#define CALLER_LITTLE        (64u << 10) /* of either, which each connection may have anyway */
#define CALLER_MAX_RUNNING   32
#define CALLER_TURN_US       2000 /* of the loop's time in a turn; each connection has one call anyway */

struct caller {
	uid_t uid;
	bool is_stranger; /* all of them */
	unsigned nsessions;
	unsigned njobs, nwaiting; /* long calls, of both kinds (daemon.h) */
	unsigned nrunning;        /* calls that have a thread of their own */
	struct exchange *first, *last; /* that wait for one */
	size_t unread, held;      /* bytes */
	uint64_t turn;            /* the loop's, in which it has spent: */
	int64_t spent_us;
	struct caller *next;
};

struct callers {
	struct caller *first;
	unsigned nsessions, max;
};

/* Looks at RLIMIT_NOFILE. */
void callers_init(struct callers *all);

/* One connection more; CU_EBUSY says which limit, CU_ENOMEM. */
int caller_enter(struct callers *all, uid_t uid, bool has_role, struct caller **ret, struct cu_err *err);
void caller_leave(struct callers *all, struct caller *c);

/* How many of max long calls this caller may have. */
unsigned caller_share(unsigned max);

#endif
