#include "control/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "control/caller.h"
#include "control/daemon.h"
#include "control/dispatch.h"
#include "control/exchange.h"
#include "wire/frame.h"

#define READ_SIZE 65536

/* A descriptor waits for its message: the last frame that begins within these bytes. */
struct passed_fd {
	int fd; /* -1: none */
	uint64_t from, to;
};

struct session {
	session_fn *on_gone; /* the owner's */
	void *owner;
	struct daemon *daemon;
	struct peer peer;
	struct caller *caller;
	size_t unread, held; /* what it counts there */
	int fd;
	uv_poll_t poll;
	uv_timer_t idle;
	int watched;    /* the events for which poll runs; 0: it does not */
	unsigned nopen; /* handles that libuv still has */
	struct frame_reader frames;
	struct passed_fd passed;
	struct buf out; /* on its way; wiped */
	size_t out_sent;
	struct exchange *first, *last; /* calls in order */
	unsigned ncalls;
	struct turn_item turn; /* replies may leave, calls may start */
	bool has_frames; /* the reader may hold whole ones */
	bool is_late; /* they wait for the next turn: their user has had its part of this one */
	bool is_ending;  /* reads no more; ends when nothing is under way */
	bool is_closed;
};

static void on_event(uv_poll_t *poll, int status, int events);
static void on_end_of_turn(struct turn_item *item);
static void on_idle(uv_timer_t *timer);

/* The peer, or we, did something: it has the idle time again. */
static void expect_life(struct session *s)
{
	uint64_t ms = s->daemon->idle_ms;

	if (s->daemon->is_stopping && ms > SESSION_STOP_MS) {
		ms = SESSION_STOP_MS;
	}
	uv_timer_start(&s->idle, on_idle, ms, 0);
}

/* --- end -------------------------------------------------------------------------- */

static void free_if_over(struct session *s)
{
	if (s->nopen > 0 || s->first || s->turn.is_put) {
		return; /* libuv, a worker, or the turn still has something of it */
	}
	frame_done(&s->frames);
	buf_done(&s->out);
	s->caller->unread -= s->unread;
	s->caller->held -= s->held;
	caller_leave(&s->daemon->callers, s->caller);
	s->on_gone(s->owner, s);
	free(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct session *s = handle->data;

	s->nopen--;
	free_if_over(s);
}

/* Jobs, and what may wait for a file of the peer's. */
static void cancel_long(struct session *s)
{
	for (struct exchange *x = s->first; x; x = x->next) {
		if (x->slots || x->fd >= 0) {
			atomic_store(&x->work.cancel, true);
		}
	}
}

/* No more bytes in either direction.  Exchanges that run keep the memory. */
static void close_now(struct session *s)
{
	if (s->is_closed) {
		return;
	}
	s->is_closed = s->is_ending = true;
	cancel_long(s);
	if (s->passed.fd >= 0) {
		close(s->passed.fd);
	}
	uv_poll_stop(&s->poll);
	close(s->fd);
	uv_close((uv_handle_t *)&s->poll, on_handle_closed);
	uv_close((uv_handle_t *)&s->idle, on_handle_closed);
}

static void close_if_answered(struct session *s)
{
	if (!s->first && s->out.n == s->out_sent) {
		close_now(s);
	}
}

void session_stop(struct session *s)
{
	s->is_ending = true;
	cancel_long(s);
	expect_life(s);
	close_if_answered(s);
}

/* No more calls will come.  Who only shut down its side still wants its replies; who is gone
 * does not, and its jobs are cancelled. */
static void on_end_of_calls(struct session *s)
{
	struct pollfd p = { .fd = s->fd };

	if (poll(&p, 1, 0) < 0 || (p.revents & (POLLHUP | POLLERR))) {
		close_now(s);
		return;
	}
	s->is_ending = true;
	close_if_answered(s);
}

static void break_off(struct session *s, const struct cu_err *why)
{
	log_limited(&s->daemon->broken_off, LOG_LEVEL_INFO, "uid %u: connection closed: %s",
		(unsigned)s->peer.uid, why->msg);
	close_now(s);
}

/* --- begin ------------------------------------------------------------------------ */

int session_new(struct daemon *d, int fd, const struct peer *peer, struct caller *caller,
	session_fn *on_gone, void *owner, struct session **ret, struct cu_err *err)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		close(fd);
		caller_leave(&d->callers, caller);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	s->on_gone = on_gone;
	s->owner = owner;
	s->daemon = d;
	s->peer = *peer;
	s->caller = caller;
	s->fd = fd;
	s->passed.fd = -1;
	s->out = (struct buf)BUF_INIT_WIPE;
	s->turn.run = on_end_of_turn;
	frame_init(&s->frames, FRAME_MAX);
	if (uv_poll_init(d->loop, &s->poll, fd) < 0) {
		close(fd);
		frame_done(&s->frames);
		free(s);
		caller_leave(&d->callers, caller);
		return cu_err_set(err, CU_EIO, "the connection cannot be watched");
	}
	uv_timer_init(d->loop, &s->idle); /* cannot fail */
	s->poll.data = s->idle.data = s;
	s->nopen = 2;
	s->watched = UV_READABLE;
	uv_poll_start(&s->poll, s->watched, on_event);
	expect_life(s);
	*ret = s;
	return 0;
}

/* The peer was silent, or sent a message so slowly that it was never whole, or read nothing of
 * what lies ready for it. */
static void on_idle(uv_timer_t *timer)
{
	struct session *s = timer->data;

	if (s->first && s->out.n == s->out_sent) {
		expect_life(s); /* it waits for us */
		return;
	}
	close_now(s);
}

/* --- replies ---------------------------------------------------------------------- */

/* Who has little unread goes on, whatever the caller's other connections do: so each is woken by
 * what is its own. */
static bool can_take(const struct session *s)
{
	return !s->is_ending && s->ncalls < SESSION_MAX_CALLS && s->out.n < SESSION_MAX_OUT &&
		(s->out.n < CALLER_LITTLE || s->caller->unread < CALLER_MAX_UNREAD);
}

static void count_unread(struct session *s)
{
	size_t now = s->is_closed ? 0 : s->out.n - s->out_sent;

	s->caller->unread += now - s->unread;
	s->unread = now;
}

static int count_held(struct session *s, struct cu_err *err)
{
	size_t now = frame_held(&s->frames);

	s->caller->held += now - s->held;
	s->held = now;
	return now > CALLER_LITTLE && s->caller->held > CALLER_MAX_HELD ?
		cu_err_set(err, CU_ELIMIT, "its user has sent over %u MiB of messages that are not whole",
			CALLER_MAX_HELD >> 20) :
		0;
}

/* Moves what is ready, in the order of the calls, and frees calls that are answered. */
static void collect(struct session *s)
{
	struct exchange *x;

	while ((x = s->first) != NULL) {
		buf_put_span(&s->out, buf_span(&x->out));
		s->out.is_failed |= x->out.is_failed;
		buf_clear(&x->out);
		if (!x->is_done) {
			return;
		}
		s->first = x->next;
		if (!s->first) {
			s->last = NULL;
		}
		s->ncalls--;
		exchange_free(x);
	}
}

static void send_some(struct session *s)
{
	while (s->out_sent < s->out.n) {
		ssize_t n = send(s->fd, s->out.p + s->out_sent, s->out.n - s->out_sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			if (errno != EAGAIN) {
				close_now(s);
			}
			return;
		}
		s->out_sent += (size_t)n;
		if (!s->daemon->is_stopping) {
			expect_life(s); /* a slow reader is no dead one */
		}
	}
	if (s->out.cap > CALLER_LITTLE) {
		buf_done(&s->out); /* many connections would keep much */
		s->out = (struct buf)BUF_INIT_WIPE;
	}
	buf_clear(&s->out);
	s->out_sent = 0;
}

/* Who writes many replies (exchange_wait_for_reader) waits while too many lie unread. */
static void tell_writers(struct session *s)
{
	for (struct exchange *x = s->first; x; x = x->next) {
		size_t unread = x == s->first ? s->out.n - s->out_sent : x->out.n;

		atomic_store(&x->is_unread, !s->is_closed && unread >= SESSION_MAX_OUT);
	}
}

static void watch(struct session *s)
{
	int events = 0;

	tell_writers(s);
	count_unread(s);
	if (s->is_closed) {
		return;
	}
	if (can_take(s) && !s->has_frames) { /* else an end could be read before them */
		events |= UV_READABLE;
	}
	if (s->out_sent < s->out.n) {
		events |= UV_WRITABLE;
	}
	if (events == 0 && s->is_ending && !s->first) {
		close_now(s);
		return;
	}
	if (events == s->watched) {
		return;
	}
	s->watched = events;
	if (events == 0) {
		uv_poll_stop(&s->poll); /* the end of a call wakes it */
	} else {
		uv_poll_start(&s->poll, events, on_event);
	}
}

static void take_frames(struct session *s);

/* Whatever can go on without waiting goes on: a reply that is sent may make room for the next
 * call, and nothing else would wake us for a frame that is here already. */
static void pump(struct session *s)
{
	/* a reply is lost, the order of replies with it; who waits for it is told by the end */
	static const struct cu_err lost = { CU_ENOMEM, "there is no memory for a reply" };
	bool goes_on = true;

	while (goes_on) {
		collect(s);
		if (s->has_frames && !s->is_ending) {
			take_frames(s);
		}
		if (!s->is_closed && s->out.is_failed) {
			break_off(s, &lost);
		}
		if (!s->is_closed) {
			send_some(s);
		}
		goes_on = s->has_frames && can_take(s) && !s->is_late;
	}
	if (s->has_frames && can_take(s)) {
		turn_put_later(&s->daemon->turn, &s->turn);
	}
	watch(s);
}

/* Several replies leave in one write. */
static void on_ready(struct exchange *x)
{
	struct session *s = x->owner;

	if (!s->is_closed) {
		expect_life(s);
	}
	turn_put(&s->daemon->turn, &s->turn);
}

static void on_end_of_turn(struct turn_item *item)
{
	struct session *s = (struct session *)((char *)item - offsetof(struct session, turn));

	if (s->is_closed) {
		collect(s);
		buf_clear(&s->out);
		count_unread(s);
		free_if_over(s);
		return;
	}
	pump(s);
}

/* --- calls ------------------------------------------------------------------------ */

static int take_fd_for(struct session *s, const struct frame *f, struct cu_err *err)
{
	struct passed_fd p = s->passed;
	uint64_t end = f->offset + f->text.n + 1;

	if (p.fd < 0 || f->offset < p.from) {
		return -1;
	}
	if (f->offset >= p.to) {
		return cu_err_set(err, CU_EPROTO, "a descriptor came without a message");
	}
	if (end < p.to) {
		return -1; /* another frame begins within the same bytes */
	}
	s->passed.fd = -1;
	return p.fd;
}

/* Of calls that are not answered: an answered one has closed its own. */
static unsigned count_fds(const struct session *s)
{
	unsigned n = 0;

	for (const struct exchange *x = s->first; x; x = x->next) {
		n += x->fd >= 0;
	}
	return n;
}

static void start_call(struct session *s, const struct frame *f)
{
	struct cu_err err;
	struct exchange *x = NULL;
	int fd = take_fd_for(s, f, &err), r;

	if (fd >= 0 && count_fds(s) >= SESSION_MAX_FDS) {
		close(fd);
		fd = cu_err_set(&err, CU_EPROTO, "over %d calls with a descriptor at a time", SESSION_MAX_FDS);
	}
	r = fd < -1 ? fd : dispatch_call(s->daemon, &s->peer, s->caller, f->text, fd, &x, &err);
	if (r < 0) {
		break_off(s, &err);
		return;
	}
	x->on_ready = on_ready;
	x->owner = s;
	expect_life(s);
	if (s->last) {
		s->last->next = x;
	} else {
		s->first = x;
	}
	s->last = x;
	s->ncalls++;
}

static bool has_time(const struct session *s)
{
	struct caller *c = s->caller;

	if (c->turn != s->daemon->turn.number) {
		c->turn = s->daemon->turn.number;
		c->spent_us = 0;
	}
	return c->spent_us < CALLER_TURN_US;
}

/* One, and more while there is time. */
static void take_frames(struct session *s)
{
	struct frame f;
	struct cu_err err;

	s->is_late = false;
	while (can_take(s) && !s->is_late) {
		int64_t began_us = clock_monotonic_us();
		int r = frame_feed(&s->frames, NULL, 0, &f, &err);

		if (r < 0) {
			break_off(s, &err);
			return;
		}
		if (r == 0) {
			s->has_frames = false;
			return;
		}
		start_call(s, &f);
		collect(s); /* what was answered at once makes room */
		s->is_late = !has_time(s);
		s->caller->spent_us += clock_monotonic_us() - began_us;
	}
}

static int take_passed(struct session *s, struct msghdr *m, uint64_t from, uint64_t to,
	struct cu_err *err)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		bool is_second = s->passed.fd >= 0;

		if (is_second) {
			close(s->passed.fd);
		}
		memcpy(&s->passed.fd, CMSG_DATA(c), sizeof(s->passed.fd));
		s->passed.from = from;
		s->passed.to = to;
		if (is_second) {
			return cu_err_set(err, CU_EPROTO, "a second descriptor came before its message");
		}
	}
	return m->msg_flags & MSG_CTRUNC ?
		cu_err_set(err, CU_EPROTO, "more than one descriptor at a time") :
		0;
}

/* One read: bytes, and perhaps one descriptor. */
static void receive(struct session *s)
{
	static uint8_t bytes[READ_SIZE]; /* the loop is one thread */
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		/* CMSG_LEN, not CMSG_SPACE: the padding has room for a second descriptor, which the
		 * kernel would put there and nobody would ever close */
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	uint64_t from = frame_fed(&s->frames);
	struct frame f;
	struct cu_err err;
	ssize_t n = recvmsg(s->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int r;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			close_now(s);
		}
		return;
	}
	if (n == 0) {
		on_end_of_calls(s);
		return;
	}
	r = take_passed(s, &m, from, from + (uint64_t)n, &err);
	if (r == 0) {
		r = frame_feed(&s->frames, bytes, (size_t)n, &f, &err);
	}
	explicit_bzero(bytes, (size_t)n);
	if (r == 0) {
		r = count_held(s, &err);
	}
	if (r < 0) {
		break_off(s, &err);
		return;
	}
	if (r > 0) {
		start_call(s, &f);
		s->has_frames = true;
	}
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct session *s = poll->data;

	if (status < 0) {
		close_now(s);
		return;
	}
	if (events & UV_READABLE) {
		receive(s);
	}
	turn_put(&s->daemon->turn, &s->turn);
}
