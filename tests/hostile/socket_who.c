/* Whoever pretends to be somebody else. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "socket.h"

/* What children say by their exit status. */
enum said { SAID_YES, SAID_DENIED, SAID_CLOSED, SAID_OTHER, SAID_CANNOT };

static bool is_possible(struct play *p)
{
	play_scene(p, WHO);
	if (!stage_has_roles()) {
		print_message("needs root: to be several users\n");
		skip();
	}
	return stage_has_roles();
}

/* The log: an auditor and an administrator may see it. */
static int ask(int fd)
{
	char said[512];

	play_ask(fd, "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":0,\"count\":1}}", said);
	return !*said                                ? SAID_YES :
		strncmp(said, "io.custos.Denied", 16) == 0 ? SAID_DENIED :
		strcmp(said, "closed") == 0                ? SAID_CLOSED :
							     SAID_OTHER;
}

static int connect_and_ask(struct play *p, uint64_t seed, void *ctx)
{
	int fd = play_connect(p);

	(void)seed;
	(void)ctx;
	return fd < 0 ? SAID_CLOSED : ask(fd);
}

static int said_to(struct play *p, uid_t uid, play_fn *fn, void *ctx)
{
	return play_wait(play_start(p, uid, fn, 1, ctx));
}

/* The control of all below: the same call, by somebody who may. */
static void expect_the_right_one_may(struct play *p)
{
	assert_int_equal(said_to(p, stage_uid(AS_AUDITOR), connect_and_ask, NULL), SAID_YES);
	assert_int_equal(said_to(p, stage_uid(AS_STRANGER), connect_and_ask, NULL), SAID_DENIED);
}

void the_overflow_user_is_nobody(void **state)
{
	struct play *p = *state;

	if (is_possible(p)) {
		expect_the_right_one_may(p);
		/* it is told so, or it is not heard at all */
		assert_int_not_equal(said_to(p, 65534, connect_and_ask, NULL), SAID_YES);
		play_check(p, WHO);
	}
}

/* --- user namespaces ------------------------------------------------------------------- */

struct mapped {
	const char *map; /* of uids, and of gids; NULL: none, so all are 65534 inside */
};

static bool write_map(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

/* A stranger's process in a namespace of its own, in which it has these uids. */
static int said_inside(struct play *p, const char *map)
{
	int ready[2], go[2], status;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(go, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		uid_t uid = stage_uid(AS_STRANGER);
		bool ok = setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 && unshare(CLONE_NEWUSER) == 0;

		(void)!write(ready[1], &ok, 1);
		(void)!read(go[0], &byte, 1);
		_exit(ok ? connect_and_ask(p, 0, NULL) : SAID_CANNOT);
	}
	(void)!read(ready[0], &byte, 1);
	if (byte && map) {
		assert_true(write_map(pid, "uid_map", map));
	}
	(void)!write(go[1], &byte, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	return WEXITSTATUS(status);
}

void a_user_namespace_makes_nobody_somebody_else(void **state)
{
	struct play *p = *state;
	char as_root[64], as_auditor[64];
	int said;

	if (!is_possible(p)) {
		return;
	}
	said = said_inside(p, NULL);
	if (said == SAID_CANNOT) {
		print_message("here are no user namespaces for users\n");
		skip();
		return;
	}
	snprintf(as_root, sizeof(as_root), "0 %u 1\n", stage_uid(AS_STRANGER));
	snprintf(as_auditor, sizeof(as_auditor), "%u %u 1\n", stage_uid(AS_AUDITOR), stage_uid(AS_STRANGER));
	assert_int_equal(said, SAID_DENIED);
	assert_int_equal(said_inside(p, as_root), SAID_DENIED);
	assert_int_equal(said_inside(p, as_auditor), SAID_DENIED);
	play_check(p, WHO);
}

/* --- credentials that are sent --------------------------------------------------------- */

static int claim(struct play *p, uint64_t seed, void *ctx)
{
	static const char call[] = "{\"method\":\"io.custos.log.Show\",\"parameters\":{\"from\":0,\"count\":1}}";
	struct ucred cred = { .pid = getpid(), .uid = stage_uid(AS_AUDITOR), .gid = stage_uid(AS_AUDITOR) };
	union {
		char room[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec io = { (void *)(uintptr_t)call, sizeof(call) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int *fd = ctx, mine = fd ? *fd : play_connect(p);

	(void)seed;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	if (sendmsg(mine, &m, MSG_NOSIGNAL) < 0) {
		return SAID_CANNOT; /* the kernel may let only root do so */
	}
	return ask(mine); /* the answer to one of the two */
}

void credentials_that_are_sent_count_for_nothing(void **state)
{
	struct play *p = *state;
	int fd;

	if (!is_possible(p)) {
		return;
	}
	assert_int_not_equal(said_to(p, stage_uid(AS_STRANGER), claim, NULL), SAID_YES);
	fd = stage_connect(p->stage, AS_STRANGER);
	assert_int_equal(said_to(p, 0, claim, &fd), SAID_DENIED);
	close(fd);
	play_check(p, WHO);
}

/* --- connections that change hands ----------------------------------------------------- */

static int ask_with(struct play *p, uint64_t seed, void *ctx)
{
	(void)p;
	(void)seed;
	return ask(*(int *)ctx);
}

/* Rights are a connection's, of whoever opened it, as with a file: DESIGN.md, part 2. */
void who_connected_counts_and_not_who_calls(void **state)
{
	struct play *p = *state;
	int strangers, auditors;

	if (!is_possible(p)) {
		return;
	}
	strangers = stage_connect(p->stage, AS_STRANGER);
	auditors = stage_connect(p->stage, AS_AUDITOR);
	/* inherited, by a process that became somebody else after connect() */
	assert_int_equal(said_to(p, stage_uid(AS_AUDITOR), ask_with, &strangers), SAID_DENIED);
	assert_int_equal(said_to(p, 0, ask_with, &strangers), SAID_DENIED);
	assert_int_equal(said_to(p, stage_uid(AS_STRANGER), ask_with, &auditors), SAID_YES);
	assert_int_equal(ask(strangers), SAID_DENIED);
	close(strangers);
	close(auditors);
	play_check(p, WHO);
}

/* --- pids ------------------------------------------------------------------------------ */

/* A process with this pid, which must be free; -1: not to be had here. */
static pid_t take_pid(pid_t pid)
{
	struct clone_args a = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long r;

	fflush(NULL);
	r = syscall(SYS_clone3, &a, sizeof(a));
	if (r == 0) {
		uid_t uid = stage_uid(AS_AUDITOR);

		_exit(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 && pause() ? 0 : 1);
	}
	return (pid_t)r;
}

/* The connection comes through a socket, and whoever opened it is gone. */
static int hand_over(struct play *p, uint64_t seed, void *ctx)
{
	struct raw to = raw_of(*(int *)ctx);
	int fd = play_connect(p);

	(void)seed;
	return raw_send_fds(&to, "", &fd, 1) ? 0 : 1;
}

static int take_fd(int from)
{
	char byte;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	int fd;

	assert_int_equal(recvmsg(from, &m, MSG_CMSG_CLOEXEC), 1);
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

void a_pid_that_is_another_process_by_now_changes_nothing(void **state)
{
	struct play *p = *state;
	int pair[2], fd;
	pid_t opener, taker;

	if (!is_possible(p)) {
		return;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	opener = play_start(p, stage_uid(AS_STRANGER), hand_over, 1, &pair[1]);
	fd = take_fd(pair[0]);
	assert_int_equal(play_wait(opener), 0);
	taker = take_pid(opener); /* an auditor's process has the number now */
	if (taker < 0) {
		print_message("a pid cannot be chosen here: %s\n", strerror(errno));
	}
	assert_int_equal(ask(fd), SAID_DENIED);
	if (taker > 0) {
		assert_int_equal(taker, opener);
		kill(taker, SIGKILL);
		(void)play_wait(taker);
	}
	close(fd);
	close(pair[0]);
	close(pair[1]);
	play_check(p, WHO);
}

/* --- other ways to the socket ---------------------------------------------------------- */

struct way {
	int flags; /* of unshare() */
	uid_t uid;
	bool is_bound; /* through a bind mount of its directory */
};

static int go_there(struct play *p, uint64_t seed, void *ctx)
{
	const struct way *w = ctx;
	char dir[224], at[224];
	pid_t pid;

	(void)seed;
	if (unshare(w->flags) < 0) {
		return SAID_CANNOT;
	}
	if (w->is_bound) {
		snprintf(dir, sizeof(dir), "%s", p->stage->socket);
		*strrchr(dir, '/') = '\0';
		snprintf(at, sizeof(at), "%.200s", p->stage->repo);
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount(dir, at, NULL, MS_BIND, NULL) < 0 ||
			chmod(at, 0755) < 0) {
			return SAID_CANNOT;
		}
		snprintf(p->stage->socket, sizeof(p->stage->socket), "%.150s/s", at); /* this process's copy */
	}
	pid = fork(); /* of a new pid namespace: its first */
	if (pid == 0) {
		_exit(setresgid(w->uid, w->uid, w->uid) == 0 && setresuid(w->uid, w->uid, w->uid) == 0 ?
				connect_and_ask(p, 0, NULL) :
				SAID_CANNOT);
	}
	return play_wait(pid);
}

void namespaces_and_other_paths_lead_to_the_same_rights(void **state)
{
	struct play *p = *state;
	const struct way ways[] = { { CLONE_NEWNET, 0, false }, { CLONE_NEWPID, 0, false },
		{ CLONE_NEWNS, 0, true }, { CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC, 0, true } };

	if (!is_possible(p)) {
		return;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct way w = ways[i];
		int said;

		w.uid = stage_uid(AS_STRANGER);
		said = said_to(p, 0, go_there, &w);
		if (said == SAID_CANNOT) {
			print_message("namespaces of kind %x cannot be had here\n", (unsigned)w.flags);
			continue;
		}
		assert_int_equal(said, SAID_DENIED);
		w.uid = stage_uid(AS_AUDITOR);
		assert_int_equal(said_to(p, 0, go_there, &w), SAID_YES);
	}
	play_check(p, WHO);
}

/* One of those everybody could reach from any directory, mount namespace or container of this network. */
void there_is_no_abstract_socket(void **state)
{
	struct play *p = *state;
	char *all;

	play_scene(p, WHO);
	all = run_shell("ls -l /proc/%d/fd 2>/dev/null | sed -n 's/.*socket:.\\([0-9]*\\).*/\\1/p' |"
			"while read n; do grep \" $n @\" /proc/net/unix || true; done | wc -l",
		(int)p->stage->daemon);
	assert_int_equal(strtoul(all, NULL, 10), 0);
	free(all);
	play_check(p, WHO);
}

/* custosd neither takes over what is no socket of its own nor follows a link to it. */
void what_lies_in_the_place_of_the_socket_is_not_used(void **state)
{
	struct play *p = *state;
	struct stage *other = stage_new();
	const char *decoy = stage_text(other, "decoy", "not a socket");
	struct ran r;

	play_scene(p, WHO);
	assert_int_equal(symlink(p->stage->socket, other->socket), 0); /* to a socket that answers */
	stage_launch(other);
	assert_true(run_try_wait(&other->job, 60000, &r));
	other->daemon = 0;
	assert_int_not_equal(r.status, 0);
	ran_done(&r);
	assert_int_equal(unlink(other->socket), 0);

	assert_int_equal(symlink(decoy, other->socket), 0);
	stage_launch(other);
	assert_true(run_try_wait(&other->job, 60000, &r));
	other->daemon = 0;
	assert_int_not_equal(r.status, 0);
	ran_done(&r);
	assert_int_equal(access(decoy, F_OK), 0);

	stage_free(other);
	play_check(p, WHO);
}

/* --- roles ----------------------------------------------------------------------------- */

void a_role_that_is_taken_away_is_gone_at_the_next_call(void **state)
{
	struct play *p = *state;
	char path[224], *line;
	int64_t end = clock_monotonic_ms() + 30000;
	int fd, said = SAID_YES;

	if (!is_possible(p)) {
		return;
	}
	fd = stage_connect(p->stage, AS_AUDITOR);
	assert_int_equal(ask(fd), SAID_YES);
	snprintf(path, sizeof(path), "%s/roles.yaml", p->stage->policies);
	line = run_shell("sed -i '/uid: %u,/d' '%s'", stage_uid(AS_AUDITOR), path);
	free(line);
	kill(p->stage->daemon, SIGHUP);
	while (said == SAID_YES && clock_monotonic_ms() < end) {
		run_sleep_ms(50);
		said = ask(fd); /* the same connection */
	}
	assert_int_equal(said, SAID_DENIED);
	close(fd);
	play_check(p, WHO);
}
