#include "wire/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "wire/frame.h"
#include "wire/message.h"

#define READ_SIZE (16 * 1024)

struct client {
	int fd;
	int timeout_ms;
	struct frame_reader reader;
	bool in_call;      /* replies are awaited */
	bool expects_more; /* of that call several may come */
	int broken;        /* the code of the failure that ended the connection */
	const volatile sig_atomic_t *heeded; /* NULL: none */
	char merged[ID_TEXT_SIZE], subject[ID_TEXT_SIZE]; /* of the last reply; "" */
};

/* --- connecting ------------------------------------------------------------------- */

/* Connecting to a Unix socket blocks while its queue is full; SO_SNDTIMEO bounds that. */
static void bound_connect(int fd, int timeout_ms)
{
	struct timeval t = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	if (timeout_ms > 0) {
		/* should it fail, there is no bound: no reason not to connect */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	}
}

static int connect_failed(int e, struct cu_err *err)
{
	switch (e) {
	case ENOENT:
	case ECONNREFUSED:
		return cu_err_set(err, CU_EUNAVAIL,
			"custosd does not answer: it is not running, or its socket is "
			"elsewhere");
	case EACCES:
	case EPERM:
		return cu_err_set(
			err, CU_EDENIED, "this user may not connect to custosd");
	case EAGAIN:
		return cu_err_set(
			err, CU_ETIMEDOUT, "custosd does not accept the connection");
	default: return cu_err_errno(err, e, "connect to custosd");
	}
}

static int open_socket(
	const char *path, int timeout_ms, int *ret_fd, struct cu_err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		return cu_err_set(err, CU_EINVAL,
			"the socket's path is longer than %zu bytes",
			sizeof(to.sun_path) - 1);
	}
	strcpy(to.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) {
		return cu_err_errno(err, errno, "socket");
	}
	bound_connect(fd, timeout_ms);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		int saved = errno;

		close(fd);
		return connect_failed(saved, err);
	}
	*ret_fd = fd;
	return 0;
}

int client_of_fd(int fd, int timeout_ms, struct client **ret, struct cu_err *err)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return cu_err_set(err, CU_ENOMEM, "no memory for the connection");
	}
	c->fd = fd;
	c->timeout_ms = timeout_ms;
	frame_init(&c->reader, CLIENT_FRAME_MAX);
	*ret = c;
	return 0;
}

int client_connect(
	const char *path, int timeout_ms, struct client **ret, struct cu_err *err)
{
	int fd = -1, r = open_socket(path, timeout_ms, &fd, err);

	return r < 0 ? r : client_of_fd(fd, timeout_ms, ret, err);
}

void client_close(struct client *c)
{
	if (c) {
		frame_done(&c->reader);
		close(c->fd);
		free(c);
	}
}

void client_heed(struct client *c, const volatile sig_atomic_t *flag)
{
	c->heeded = flag;
}

/* --- waiting ---------------------------------------------------------------------- */

static int broke(struct client *c, int code)
{
	c->broken = code;
	c->in_call = false;
	return code;
}

static int64_t deadline_of(const struct client *c)
{
	return c->timeout_ms > 0 ? clock_monotonic_ms() + c->timeout_ms : INT64_MAX;
}

static int wait_for(
	const struct client *c, short events, int64_t deadline, struct cu_err *err)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t left =
			deadline == INT64_MAX ? -1 : deadline - clock_monotonic_ms();
		int n;

		if (deadline != INT64_MAX && left <= 0) {
			return cu_err_set(
				err, CU_ETIMEDOUT, "custosd did not answer in time");
		}
		if (c->heeded && *c->heeded) {
			return cu_err_set(err, CU_ECANCELED, "interrupted");
		}
		n = poll(&p, 1, (int)left);
		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return cu_err_errno(err, errno, "poll");
		}
	}
}

/* --- sending ---------------------------------------------------------------------- */

/* Sends a part of the message; the descriptor goes with its first byte. */
static ssize_t send_some(const struct client *c, struct span left, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)left.p, left.n };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *h;

		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	return sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int send_failed(int e, struct cu_err *err)
{
	if (e == EPIPE || e == ECONNRESET) {
		return cu_err_set(err, CU_EUNAVAIL, "custosd closed the connection");
	}
	return cu_err_errno(err, e, "send to custosd");
}

static int send_all(
	const struct client *c, struct span left, int fd, struct cu_err *err)
{
	int64_t deadline = deadline_of(c);

	while (left.n > 0) {
		ssize_t n = send_some(c, left, fd);
		int r;

		if (n > 0) {
			left.p += n;
			left.n -= (size_t)n;
			fd = -1;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return send_failed(errno, err);
		} else if ((r = wait_for(c, POLLOUT, deadline, err)) < 0) {
			return r;
		}
	}
	return 0;
}

/* Between calls the server has nothing to say: what it said anyway would be taken for the
 * reply to the next call. */
static int check_silence(const struct client *c, struct cu_err *err)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0 || !frame_is_idle(&c->reader)) {
		return cu_err_set(err, CU_EPROTO, "custosd spoke without being asked");
	}
	return 0;
}

static int read_reply(struct client *c, struct reply *ret_reply, struct cu_err *err);

/* A server that has no room says so before it is asked, and hangs up. */
static int heed_refusal(struct client *c, int *r, struct cu_err *err)
{
	struct reply reply = { 0 };

	if ((*r == CU_EPROTO || *r == CU_EUNAVAIL) && read_reply(c, &reply, NULL) == 0 && reply.error) {
		*r = reply_to_err(&reply, err);
	}
	reply_done(&reply);
	return *r;
}

static int start(struct client *c, const char *method, const json_t *parameters, int fd,
	bool expects_more, struct cu_err *err)
{
	struct buf frame = BUF_INIT_WIPE;
	int r;

	if (c->broken < 0) {
		return cu_err_set(
			err, c->broken, N_("the connection to custosd is broken"));
	}
	if (c->in_call) {
		return cu_err_set(err, CU_EBUSY, "the call before is not over");
	}
	call_write(&frame, method, parameters, expects_more ? CALL_MORE : 0);
	if ((r = buf_check(&frame, err)) < 0) {
		goto out;
	}
	if ((r = check_silence(c, err)) < 0 ||
		(r = send_all(c, buf_span(&frame), fd, err)) < 0) {
		broke(c, heed_refusal(c, &r, err));
		goto out;
	}
	c->in_call = true;
	c->expects_more = expects_more;
out:
	buf_done(&frame);
	return r;
}

int client_start(struct client *c, const char *method, const json_t *parameters, int fd,
	struct cu_err *err)
{
	return start(c, method, parameters, fd, true, err);
}

/* --- receiving -------------------------------------------------------------------- */

static int receive_failed(ssize_t n, int e, const struct client *c, struct cu_err *err)
{
	if (n == 0 && !frame_is_idle(&c->reader)) {
		return cu_err_set(
			err, CU_EPROTO, "custosd closed the connection within a reply");
	}
	if (n == 0 || e == ECONNRESET) {
		return cu_err_set(err, CU_EUNAVAIL, "custosd closed the connection");
	}
	return cu_err_errno(err, e, "receive from custosd");
}

/* 1: *ret_frame is the next.  recv() offers no room for descriptors, so the kernel closes any
 * that come. */
static int receive(struct client *c, struct frame *ret_frame, struct cu_err *err)
{
	int64_t deadline = deadline_of(c);
	int r = frame_feed(&c->reader, NULL, 0, ret_frame, err);

	while (r == 0) {
		uint8_t bytes[READ_SIZE];
		ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0) {
			r = frame_feed(&c->reader, bytes, (size_t)n, ret_frame, err);
			explicit_bzero(bytes, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			r = receive_failed(n, errno, c, err);
		} else {
			r = wait_for(c, POLLIN, deadline, err);
		}
	}
	return r;
}

/* The reply in a frame: <0 broken, 0 *ret_reply is filled. */
static int read_reply(struct client *c, struct reply *ret_reply, struct cu_err *err)
{
	struct frame frame;
	int r = receive(c, &frame, err);

	if (r < 0) {
		return r;
	}
	if ((r = reply_parse(frame.text, ret_reply, err)) < 0) {
		return r;
	}
	if (ret_reply->continues && !c->expects_more) {
		reply_done(ret_reply);
		return cu_err_set(
			err, CU_EPROTO, "custosd replies more than was asked for");
	}
	return 0;
}

/* An id of the reply's note, or "". */
static void take_id(const struct reply *reply, const char *name, char to[ID_TEXT_SIZE])
{
	const char *text = json_string_value(
		json_object_get(json_object_get(reply->root, MESSAGE_VENDOR), name));
	struct id id;

	to[0] = '\0';
	if (text && id_parse(text, &id)) {
		id_format(&id, to);
	}
}

bool client_merged(const struct client *c, const char **ret_old, const char **ret_subject)
{
	*ret_old = c->merged;
	*ret_subject = c->subject;
	return c->merged[0] && c->subject[0];
}

int client_next(struct client *c, json_t **ret_parameters, struct cu_err *err)
{
	struct reply reply = { 0 };
	int r;

	if (c->broken < 0 || !c->in_call) {
		return cu_err_set(err, c->broken < 0 ? c->broken : CU_EINVAL,
			c->broken < 0 ? "the connection to custosd is broken"
				      : N_("no call is open"));
	}
	if ((r = read_reply(c, &reply, err)) < 0) {
		return broke(c, r);
	}
	c->in_call = reply.continues;
	take_id(&reply, "merged", c->merged);
	take_id(&reply, "subject", c->subject);
	if (reply.error) {
		r = reply_to_err(&reply, err);
	} else {
		r = reply.continues ? 1 : 0;
		if (ret_parameters) {
			*ret_parameters = json_incref(reply.parameters);
		}
	}
	reply_done(&reply);
	return r;
}

int client_call(struct client *c, const char *method, const json_t *parameters, int fd,
	json_t **ret_parameters, struct cu_err *err)
{
	int r = start(c, method, parameters, fd, false, err);

	return r < 0 ? r : client_next(c, ret_parameters, err);
}
