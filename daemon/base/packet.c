#include "base/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int packet_send(int fd, struct span bytes, int passed, bool waits, struct cu_err *err)
{
	struct iovec io = { (void *)(uintptr_t)bytes.p, bytes.n };
	union control control = { 0 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	ssize_t n;

	if (bytes.n > PACKET_MAX_BYTES) {
		return cu_err_set(err, CU_ELIMIT, "a message is over %d bytes", PACKET_MAX_BYTES);
	}
	if (passed >= 0) {
		struct cmsghdr *c;

		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &passed, sizeof(int));
	}
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == EAGAIN ? cu_err_set(err, CU_EBUSY, "the other side does not read") :
					 cu_err_set(err, CU_EUNAVAIL, "the other side is gone");
	}
	return 0;
}

static int take_passed(struct msghdr *m, int *ret, struct cu_err *err)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		memcpy(ret, CMSG_DATA(c), sizeof(*ret));
	}
	if (m->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*ret >= 0) {
			close(*ret);
			*ret = -1;
		}
		return cu_err_set(err, CU_EPROTO, "a message is too long, or has several descriptors");
	}
	return 1;
}

int packet_receive(int fd, void *to, size_t cap, bool waits, size_t *ret_n, int *ret_passed,
	struct cu_err *err)
{
	struct iovec io = { to, cap };
	union control control;
	/* CMSG_LEN, not CMSG_SPACE: the padding has room for a second descriptor */
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n;
	int passed = -1, r;

	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == EAGAIN ? cu_err_set(err, CU_EBUSY, "nothing is there") :
					 cu_err_set(err, CU_EUNAVAIL, "the other side is gone");
	}
	r = take_passed(&m, &passed, err);
	if (r < 0) {
		return r;
	}
	if (n == 0 && passed >= 0) { /* no message of ours is empty */
		close(passed);
		passed = -1;
	}
	*ret_n = (size_t)n;
	*ret_passed = passed;
	return n > 0;
}
