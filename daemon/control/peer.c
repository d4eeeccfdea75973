#include "control/peer.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"

int peer_of(int fd, struct peer *ret, struct cu_err *err)
{
	struct peer p = { 0 };
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0 || n != sizeof(cred)) {
		return cu_err_set(err, CU_EDENIED, "the kernel does not say who calls");
	}
	if (cred.uid == (uid_t)-1 || cred.uid == PEER_OVERFLOW || cred.gid == (gid_t)-1) {
		return cu_err_set(err, CU_EDENIED, "uid %u is nobody here", (unsigned)cred.uid);
	}
	p.uid = cred.uid;
	p.gids[p.ngids++] = cred.gid;
	n = (socklen_t)(PEER_MAX_GROUPS * sizeof(gid_t));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p.gids + 1, &n) < 0) {
		return cu_err_set(err, CU_EDENIED, "the groups of uid %u cannot be read",
			(unsigned)cred.uid);
	}
	p.ngids += n / sizeof(gid_t);
	*ret = p;
	return 0;
}
