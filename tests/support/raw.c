#include "raw.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"

#define REPLY_MAX (64u << 20)
#define MAX_FDS   253 /* of one message, by the kernel: SCM_MAX_FD */

struct raw raw_of(int fd)
{
	struct raw r = { .fd = fd };

	frame_init(&r.reader, REPLY_MAX);
	return r;
}

void raw_done(struct raw *r)
{
	if (r->fd >= 0) {
		close(r->fd);
		r->fd = -1;
	}
	frame_done(&r->reader);
}

bool raw_send(struct raw *r, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(r->fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR) {
			continue;
		}
		if (sent < 0) {
			return false;
		}
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

bool raw_send_text(struct raw *r, const char *text)
{
	return raw_send(r, text, strlen(text) + 1);
}

static bool send_with(struct raw *r, struct span bytes, const int *fds, size_t nfds)
{
	union {
		char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec io = { (void *)(uintptr_t)bytes.p, bytes.n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(nfds * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	assert_true(nfds <= MAX_FDS);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	return sendmsg(r->fd, &m, MSG_NOSIGNAL) == (ssize_t)io.iov_len;
}

bool raw_send_fds(struct raw *r, const char *text, const int *fds, size_t nfds)
{
	return send_with(r, span_of(text, strlen(text) + 1), fds, nfds);
}

bool raw_send_piece(struct raw *r, const char *text, const int *fds, size_t nfds)
{
	return send_with(r, span_str(text), fds, nfds);
}

/* Bytes that came, 0 at the end, -1 when nothing came in time. */
static ssize_t receive(struct raw *r, char *bytes, size_t n, int timeout_ms)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t got;

	if (poll(&p, 1, timeout_ms) <= 0) {
		return -1;
	}
	got = recv(r->fd, bytes, n, 0);
	return got < 0 ? 0 : got; /* a reset is an end */
}

json_t *raw_next(struct raw *r)
{
	char bytes[65536];
	struct frame f;
	struct cu_err err;
	json_error_t at;
	json_t *reply;
	int n = frame_feed(&r->reader, NULL, 0, &f, &err);

	while (n == 0) {
		ssize_t got = receive(r, bytes, sizeof(bytes), RAW_TIMEOUT_MS);

		if (got < 0) {
			fail_msg("custosd was silent for %d s", RAW_TIMEOUT_MS / 1000);
		}
		if (got == 0) {
			r->is_over = true;
			return NULL;
		}
		n = frame_feed(&r->reader, bytes, (size_t)got, &f, &err);
	}
	assert_int_equal(n, 1);
	reply = json_loadb((const char *)f.text.p, f.text.n, JSON_REJECT_DUPLICATES, &at);
	if (!reply) {
		fail_msg("a reply is no JSON: %s", at.text);
	}
	return reply;
}

const char *raw_error(const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));

	return error ? error : "";
}

bool raw_is_closed_within(struct raw *r, int timeout_ms)
{
	int64_t end = clock_monotonic_ms() + timeout_ms;
	char bytes[65536];

	for (;;) {
		int64_t left = end - clock_monotonic_ms();
		ssize_t n = left > 0 ? receive(r, bytes, sizeof(bytes), (int)left) : -1;

		if (n <= 0) {
			return n == 0;
		}
	}
}
