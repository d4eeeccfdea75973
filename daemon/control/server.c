#include "control/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/session.h"
#include "policy/access.h"
#include "policy/policy.h"
#include "wire/message.h"

#define BACKLOG  128
#define PAUSE_MS 100 /* before accept() is tried again, when custosd has no descriptor left */

struct server {
	struct daemon *daemon;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	uv_poll_t poll;
	uv_timer_t pause;
	bool is_stopped;
	struct session *sessions[CALLERS_MAX_SESSIONS];
	unsigned n;
};

/* --- listening -------------------------------------------------------------------- */

static bool answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 &&
		connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0) {
		close(fd);
	}
	return yes;
}

/* What lies at the path and is a dead socket goes; anything else stays and is an error. */
static int make_way(const struct sockaddr_un *address, struct cu_err *err)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "%s", address->sun_path);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return cu_err_set(err, CU_EEXIST, "%s is there and is no socket", address->sun_path);
	}
	if (answers(address)) {
		return cu_err_set(err, CU_EBUSY, "another custosd answers at %s", address->sun_path);
	}
	return unlink(address->sun_path) == 0 ? 0 :
						cu_err_errno(err, errno, "%s", address->sun_path);
}

static int listen_at(struct server *s, const char *path, struct cu_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return cu_err_set(err, CU_EINVAL, "the socket's path is over %zu bytes long",
			sizeof(address.sun_path) - 1);
	}
	strcpy(address.sun_path, path);
	r = make_way(&address, err);
	if (r < 0) {
		return r;
	}
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return cu_err_errno(err, errno, "socket %s", path);
	}
	strcpy(s->path, path);
	/* who may do what is decided call by call; the directory says who may try */
	if (chmod(path, 0666) < 0 || listen(s->fd, BACKLOG) < 0) {
		return cu_err_errno(err, errno, "socket %s", path);
	}
	return 0;
}

/* --- accepting -------------------------------------------------------------------- */

static void forget(void *owner, struct session *session)
{
	struct server *s = owner;

	for (unsigned i = 0; i < s->n; i++) {
		if (s->sessions[i] == session) {
			s->sessions[i] = s->sessions[--s->n];
			return;
		}
	}
}

/* The answer to the call that the peer is about to make.  It has room for that; who does not look, does not
 * learn it. */
static void refuse(int fd, const struct cu_err *why)
{
	struct buf frame = BUF_INIT;

	reply_error(&frame, why);
	if (buf_check(&frame, NULL) == 0) {
		(void)send(fd, frame.p, frame.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	buf_done(&frame);
	close(fd);
}

static bool has_role(const struct daemon *d, const struct peer *peer)
{
	struct policy *p = policy_ref(d->policy);
	bool has = peer->uid == 0 || policy_access(p, peer->uid, peer->gids, peer->ngids).roles != 0;

	policy_unref(p);
	return has;
}

static void take_caller(struct server *s, int fd)
{
	struct daemon *d = s->daemon;
	struct peer peer;
	struct caller *caller;
	struct session *session;
	struct cu_err err;
	int r = peer_of(fd, &peer, &err);

	if (r == 0) {
		r = caller_enter(&d->callers, peer.uid, has_role(d, &peer), &caller, &err);
	}
	if (r < 0) {
		refuse(fd, &err);
	} else {
		r = session_new(d, fd, &peer, caller, forget, s, &session, &err);
	}
	if (r < 0) {
		log_limited(&d->refused, LOG_LEVEL_WARN, "a connection was refused: %s", err.msg);
		return;
	}
	s->sessions[s->n++] = session;
}

static void on_connect(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct server *s = timer->data;

	uv_poll_start(&s->poll, UV_READABLE, on_connect);
}

/* Whoever waits stays waiting, and would be told again and again. */
static void pause_accepting(struct server *s)
{
	uv_poll_stop(&s->poll);
	uv_timer_start(&s->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_connect(uv_poll_t *poll, int status, int events)
{
	struct server *s = poll->data;

	(void)events;
	if (status < 0) {
		return;
	}
	for (unsigned i = 0; i < BACKLOG; i++) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
				log_limited(&s->daemon->refused, LOG_LEVEL_WARN,
					"connections wait: %s", strerror(errno));
				pause_accepting(s);
			}
			return; /* else nobody waits */
		}
		take_caller(s, fd);
	}
}

int server_open(struct daemon *d, const char *path, int fd, struct server **ret, struct cu_err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	s->daemon = d;
	s->fd = fd > 0 ? fd : -1;
	s->is_stopped = true;
	r = fd > 0 ? 0 : listen_at(s, path, err);
	if (r == 0 && uv_poll_init(d->loop, &s->poll, s->fd) < 0) {
		r = cu_err_set(err, CU_EIO, "the socket cannot be watched");
	}
	if (r < 0) {
		server_free(s);
		return r;
	}
	s->is_stopped = false;
	s->poll.data = s->pause.data = s;
	uv_timer_init(d->loop, &s->pause); /* cannot fail */
	uv_poll_start(&s->poll, UV_READABLE, on_connect);
	*ret = s;
	return 0;
}

/* --- the end ---------------------------------------------------------------------- */

void server_stop(struct server *s)
{
	if (s->is_stopped) {
		return;
	}
	s->is_stopped = true;
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, NULL);
	uv_close((uv_handle_t *)&s->pause, NULL);
	for (unsigned i = s->n; i-- > 0;) { /* from the end: none is freed before its turn */
		session_stop(s->sessions[i]);
	}
}

void server_free(struct server *s)
{
	if (!s) {
		return;
	}
	if (s->fd >= 0) {
		close(s->fd);
	}
	if (s->path[0]) {
		unlink(s->path);
	}
	free(s);
}
