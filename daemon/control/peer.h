/*
 * peer.h: who is at the other end of a socket: numbers that the kernel vouches for.
 *
 * Taken once, at accept, as numbers only.  Whatever cannot be read is refused, and so are the
 * uids that stand for "somebody whom this user namespace does not know".
 */
#ifndef CU_CONTROL_PEER_H
#define CU_CONTROL_PEER_H
#include <sys/types.h>

struct cu_err;

#define PEER_MAX_GROUPS 256
#define PEER_OVERFLOW   65534 /* "nobody": what a foreign user namespace shows */

struct peer {
	uid_t uid;
	gid_t gids[PEER_MAX_GROUPS + 1]; /* the primary one first */
	size_t ngids;
};

/* CU_EDENIED with the reason. */
int peer_of(int fd, struct peer *ret, struct cu_err *err);

#endif
