/*
 * session.h: one connection to the control socket.
 *
 * Calls may be pipelined; their replies come in the order of the calls.  A session reads no
 * more while SESSION_MAX_CALLS are under way or the peer does not read its replies.  It ends
 * when the peer does, breaks the protocol, is silent, or reads nothing; its running calls then
 * finish without an audience, jobs are cancelled.  A peer that shut down only its side gets
 * all its replies.  All on the loop.
 */
#ifndef CU_CONTROL_SESSION_H
#define CU_CONTROL_SESSION_H
#include <stdbool.h>

#include "control/peer.h"

struct caller;
struct cu_err;
struct daemon;
struct session;

#define SESSION_MAX_CALLS 64
#define SESSION_MAX_FDS   2          /* of calls under way, and one that waits for its message */
#define SESSION_MAX_OUT   (4u << 20) /* bytes of replies that the peer has not read */
#define SESSION_IDLE_MS   60000      /* no whole message, or no byte read, for this long */
#define SESSION_STOP_MS   5000       /* the same, while custosd is stopping */

/* Told to its owner when a session is about to be freed. */
typedef void session_fn(void *owner, struct session *s);

/* Takes fd, and the place that the caller entered; it leaves when the session is freed, or cannot be made. */
int session_new(struct daemon *d, int fd, const struct peer *peer, struct caller *caller,
	session_fn *on_gone, void *owner, struct session **ret, struct cu_err *err);

/* Ends it when what is under way has been answered; jobs are cancelled. */
void session_stop(struct session *s);

#endif
