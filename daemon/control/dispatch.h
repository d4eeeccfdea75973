/*
 * dispatch.h: from a frame to a call that may be made.
 *
 * In this order: is it a call; does the method exist; are its parameters what the interface
 * says; may this caller do it, for this purpose; is the store in a state for it; was a
 * descriptor to come, and did it.  Only then a handler sees it.
 */
#ifndef CU_CONTROL_DISPATCH_H
#define CU_CONTROL_DISPATCH_H
#include "base/span.h"

struct caller;
struct cu_err;
struct daemon;
struct exchange;
struct peer;

/* Loop.  Takes fd (or -1).  An exchange that runs, or is answered already (a refusal, a
 * question about the service).  A code only when the peer broke the protocol, or memory ran
 * out: the connection is to be closed.  The caller sets on_ready before the loop goes on. */
int dispatch_call(struct daemon *d, const struct peer *peer, struct caller *caller, struct span text, int fd,
	struct exchange **ret, struct cu_err *err);

#endif
