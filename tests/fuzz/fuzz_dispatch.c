/*
 * Connections to a live custosd, in this very process: all that somebody may say to it
 * who may do everything.  Frames, dispatch, access, handlers, store, vault, log and
 * repository are the real ones; so are its threads.
 *
 * The bits of the first byte: 1: a descriptor comes with the first message; 2: each message has a
 * connection of its own, after the reply to the one before, and 4 and so on: it is the second user's.
 * What follows is the stream, in which marks stand for ids of what is there (shape.h).  It is changed so that it
 * stays calls (calls.h).  Now and then the daemon is stopped and another begins with an empty store.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "calls.h"
#include "control/daemon.h"
#include "control/session.h"
#include "fuzz.h"
#include "shape.h"
#include "wire/message.h"

#define CALLER      20002
#define SECOND      20003 /* who confirms what the first one wants */
#define PATIENCE_MS 300   /* then what waits for somebody is asked to end */
#define STREAM_MAX  65536
#define INPUTS_EACH 1500 /* for one daemon: its store grows */

static struct daemon house;
static uv_loop_t loop;
static char dir[PATH_SIZE], policies[PATH_SIZE], state[PATH_SIZE], listen_at[PATH_SIZE];
static uv_timer_t patience;
static bool has_person;
static unsigned ninputs;

/* --- one daemon ------------------------------------------------------------------- */

static void put_text(const char *name, const char *text)
{
	fuzz_must(path_put_file(policies, name, span_str(text), 0600, NULL) == 0,
		"a file can be written");
}

static void put_shipped(const char *name)
{
	struct buf text = BUF_INIT;
	char path[PATH_SIZE];

	fuzz_must(path_join(path, SOURCE_DIR "/policies", name, NULL) == 0 &&
			  path_read_file(path, 1u << 20, &text, NULL) == 0,
		"the shipped policies are there");
	put_text(name, buf_cstr(&text));
	buf_done(&text);
}

static void put_policies(void)
{
	static const char *const shipped[] = { "schema.yaml", "purposes.yaml", "retention.yaml",
		"erasure.yaml", "duties.yaml", "organisation.yaml", "schedule.yaml", "agent.yaml" };
	static const char *const folders[] = { "law", "letters", "notices" };
	char text[PATH_SIZE + 512], path[PATH_SIZE], to[PATH_SIZE];

	fuzz_must(path_make_dir(policies, 0700, NULL) == 0, "a directory can be made");
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		put_shipped(shipped[i]);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		fuzz_must(path_join(path, SOURCE_DIR "/policies", folders[i], NULL) == 0 &&
				  path_join(to, policies, folders[i], NULL) == 0 && symlink(path, to) == 0,
			"the shipped policies are there");
	}
	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n"
		"  - {target: local, kind: directory, path: %s/repo}\n",
		dir);
	put_text("backup.yaml", text);
	snprintf(text, sizeof(text),
		"roles:\n"
		"  - role: admin\n"
		"    operations: [status, doctor, metrics, init, adopt, seal, unseal, key.list, policy.*, "
		"approval.*, backup.*, drill.*, job.*, log.*, report.*, erase.scan, agent.*, message.*, duty.*]\n"
		"  - role: privacy\n"
		"    operations: [subject.*, record.*, import, export, consent.*, restriction.*, "
		"erase.*, request.*, retention.*, hold.*, incident.*]\n"
		"    purposes: '*'\n"
		"operators:\n"
		"  - {uid: %u, roles: [admin, privacy]}\n"
		"  - {uid: %u, roles: [admin, privacy]}\n",
		CALLER, SECOND);
	put_text("roles.yaml", text);
}

static void begin_daemon(void)
{
	const struct daemon_options options = { state, policies, listen_at };
	struct cu_err err = { 0 };

	fuzz_empty_dir(dir);
	put_policies();
	fuzz_must(uv_loop_init(&loop) == 0, "a loop is made");
	if (daemon_init(&house, &loop, &options, NULL, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	if (daemon_make_store(&house, memfd_create("identity", MFD_CLOEXEC), KEYRING_FILE,
		    (struct span){ 0 }, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	uv_timer_init(&loop, &patience);
	calls_forget_ids();
	has_person = false;
}

static void end_daemon(void)
{
	daemon_stop(&house);
	uv_close((uv_handle_t *)&patience, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	daemon_done(&house);
	uv_loop_close(&loop);
	fuzz_must(house.exit_status == 0, "no caller stops the daemon");
}

/* --- one connection --------------------------------------------------------------- */

static void on_gone(void *owner, struct session *s)
{
	(void)s;
	*(bool *)owner = true;
	uv_stop(&loop); /* it waits for nothing more */
}

/* It waits for a person, or for an hour: custosd is asked as when it is to stop. */
static void on_patience_over(uv_timer_t *timer)
{
	session_stop(timer->data);
}

static void drain(int fd, struct buf *to)
{
	uint8_t part[16384];
	ssize_t n;

	while ((n = recv(fd, part, sizeof(part), MSG_DONTWAIT)) > 0) {
		if (to) {
			buf_put(to, part, (size_t)n);
		}
	}
}

static void send_all(int fd, struct span in, bool with_fd)
{
	static const char rows[] = "id,First\n1,Ada\n2,Grace\n";
	int file = with_fd ? memfd_create("file", MFD_CLOEXEC) : -1;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec io = { (void *)(uintptr_t)in.p, in.n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (with_fd) {
		fuzz_must(pwrite(file, rows, sizeof(rows) - 1, 0) > 0, "a file has room");
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&m) =
			(struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &file, sizeof(file));
	}
	fuzz_must(in.n == 0 || sendmsg(fd, &m, 0) == (ssize_t)in.n,
		"the stream fits the socket");
	shutdown(fd, SHUT_WR);
	if (file >= 0) {
		close(file);
	}
}

static void talk(struct span in, unsigned uid, bool with_fd, struct buf *replies)
{
	struct peer peer = { .uid = uid, .gids = { uid }, .ngids = 1 };
	struct caller *caller = NULL;
	struct session *s = NULL;
	struct cu_err err;
	bool is_gone = false;
	int fds[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0,
		"a pair of sockets");
	send_all(fds[1], in, with_fd);
	fuzz_must(caller_enter(&house.callers, uid, true, &caller, &err) == 0 &&
			  session_new(&house, fds[0], &peer, caller, on_gone, &is_gone, &s, &err) == 0,
		"a session is made");
	patience.data = s;
	uv_update_time(&loop); /* it may be long ago that the loop looked */
	uv_timer_start(&patience, on_patience_over, PATIENCE_MS, 0);
	while (!is_gone) {
		uv_run(&loop, UV_RUN_ONCE);
		drain(fds[1], replies);
	}
	uv_timer_stop(&patience);
	drain(fds[1], replies);
	close(fds[1]);
	calls_learn_ids(buf_span(replies));
}

/* Each frame alone. */
static void talk_step_by_step(uint8_t *p, size_t n, uint8_t how)
{
	for (unsigned i = 0; n > 0; i++) {
		uint8_t *end = memchr(p, '\0', n);
		size_t length = end ? (size_t)(end - p) + 1 : n;
		unsigned uid = how >> (2 + i % 6) & 1 ? SECOND : CALLER;
		struct buf replies = BUF_INIT;

		calls_put_ids(p, length);
		talk(span_of(p, length), uid, i == 0 && how & 1, &replies);
		calls_count(span_of(p, length - (end != NULL)), buf_span(&replies));
		buf_done(&replies);
		p += length;
		n -= length;
	}
}

static void add_person(void)
{
	static const char call[] =
		"{\"method\":\"io.custos.subject.Add\",\"parameters\":{\"purpose\":"
		"\"customer_service\",\"kind\":\"person\",\"records\":[{\"collection\":"
		"\"contact_point\",\"fields\":{\"email\":\"ada@example.org\"}},{"
		"\"collection\":"
		"\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]}}";
	struct buf replies = BUF_INIT;

	talk(span_of(call, sizeof(call)), CALLER, false, &replies);
	fuzz_must(replies.n > 0 && !memmem(replies.p, replies.n, "\"error\"", 7), buf_cstr(&replies));
	buf_done(&replies);
	has_person = true;
}

static void make_ready(void)
{
	if (!dir[0]) {
		log_set_level(LOG_LEVEL_ERROR);
		message_wipe_json();
		work_init();
		fuzz_make_dir(dir);
		fuzz_must(path_join(policies, dir, "policies", NULL) == 0 &&
				  path_join(state, dir, "state", NULL) == 0 &&
				  path_join(listen_at, dir, "s", NULL) == 0,
			"paths are short");
		begin_daemon();
	} else if (++ninputs % INPUTS_EACH == 0 || atomic_load(&house.state) != DAEMON_RUNNING) {
		end_daemon(); /* somebody may have sealed it */
		begin_daemon();
	}
	if (!has_person) {
		add_person();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	uint8_t how = fuzz_take(&in), *stream;
	struct buf replies = BUF_INIT;

	if (in.n == 0 || in.n > STREAM_MAX) {
		return 0;
	}
	make_ready();
	stream = malloc(in.n);
	fuzz_must(stream != NULL, "there is memory");
	memcpy(stream, in.p, in.n);
	if (how & 2) {
		talk_step_by_step(stream, in.n, how);
	} else {
		calls_put_ids(stream, in.n);
		talk(span_of(stream, in.n), CALLER, how & 1, &replies);
		calls_count_all(span_of(stream, in.n));
	}
	if (memmem(stream, in.n, "rase", 4) || memmem(stream, in.n, "Merge", 5)) {
		has_person = false; /* perhaps */
	}
	free(stream);
	buf_done(&replies);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return calls_change(data, size, max, seed);
}
