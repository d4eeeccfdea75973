/*
 * A connection to a live custosd, in this very process: all that somebody may say to it
 * who may do everything.  Frames, dispatch, access, handlers, store, vault, log and
 * repository are the real ones; so are its threads.
 *
 * The first byte says whether a descriptor comes with the first message; what follows
 * is the stream, in which SUBJECT stands for the id of a person who is there.  Now and
 * then the daemon is stopped and another begins with an empty store.
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
#include "control/daemon.h"
#include "control/session.h"
#include "fuzz.h"
#include "wire/message.h"

#define CALLER      20002
#define SUBJECT     "subjectsubjectsubjectsubject0000" /* as long as an id */
#define STREAM_MAX  65536
#define INPUTS_EACH 1500 /* for one daemon: its store grows */

static struct daemon house;
static uv_loop_t loop;
static char dir[PATH_SIZE], policies[PATH_SIZE], state[PATH_SIZE], listen_at[PATH_SIZE];
static char subject[33];
static unsigned ninputs;

/* --- one daemon
 * ----------------------------------------------------------------------- */

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
	char text[PATH_SIZE + 256];

	fuzz_must(path_make_dir(policies, 0700, NULL) == 0, "a directory can be made");
	put_shipped("schema.yaml");
	put_shipped("purposes.yaml");
	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n"
		"  - {target: local, kind: directory, path: %s/repo}\n",
		dir);
	put_text("backup.yaml", text);
	snprintf(text, sizeof(text),
		"roles:\n"
		"  - role: all\n"
		"    operations: [status, init, policy.check, backup.*, log.*, "
		"subject.*, consent.*, report.*, import,"
		" export, erase]\n"
		"    purposes: '*'\n"
		"operators:\n"
		"  - {uid: %u, roles: [all]}\n",
		CALLER);
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
	subject[0] = '\0';
}

static void end_daemon(void)
{
	daemon_stop(&house);
	uv_run(&loop, UV_RUN_DEFAULT);
	daemon_done(&house);
	uv_loop_close(&loop);
	fuzz_must(house.exit_status == 0, "no caller stops the daemon");
}

/* --- one connection
 * ------------------------------------------------------------------- */

static void on_gone(void *owner, struct session *s)
{
	(void)s;
	*(bool *)owner = true;
	uv_stop(&loop); /* it waits for nothing more */
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
	int file = with_fd ? memfd_create("file", MFD_CLOEXEC) : -1;
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec io = { (void *)(uintptr_t)in.p, in.n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (with_fd) {
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

static void talk(struct span in, bool with_fd, struct buf *replies)
{
	struct peer peer = { .uid = CALLER, .gids = { CALLER }, .ngids = 1 };
	struct session *s = NULL;
	struct cu_err err;
	bool is_gone = false;
	int fds[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0,
		"a pair of sockets");
	send_all(fds[1], in, with_fd);
	fuzz_must(session_new(&house, fds[0], &peer, on_gone, &is_gone, &s, &err) == 0,
		"a session is made");
	while (!is_gone) {
		uv_run(&loop, UV_RUN_ONCE);
		drain(fds[1], replies);
	}
	drain(fds[1], replies);
	close(fds[1]);
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
	json_t *reply;
	const char *id;

	talk(span_of(call, sizeof(call)), false, &replies);
	reply = json_loads(buf_cstr(&replies), 0, NULL);
	id = json_string_value(
		json_object_get(json_object_get(reply, "parameters"), "subject"));
	fuzz_must(id && strlen(id) == 32, "a person can be added");
	strcpy(subject, id);
	json_decref(reply);
	buf_done(&replies);
}

static void put_ids(uint8_t *p, size_t n)
{
	uint8_t *at;

	while ((at = memmem(p, n, SUBJECT, strlen(SUBJECT))) != NULL) {
		memcpy(at, subject, strlen(SUBJECT));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	bool with_fd = fuzz_take(&in) & 1;
	uint8_t *stream;

	if (in.n == 0 || in.n > STREAM_MAX) {
		return 0;
	}
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
	} else if (++ninputs % INPUTS_EACH == 0) {
		end_daemon();
		begin_daemon();
	}
	if (!subject[0]) {
		add_person();
	}
	stream = malloc(in.n);
	fuzz_must(stream != NULL, "there is memory");
	memcpy(stream, in.p, in.n);
	put_ids(stream, in.n);
	talk(span_of(stream, in.n), with_fd, NULL);
	if (memmem(stream, in.n, "erase", 5)) {
		subject[0] = '\0'; /* perhaps */
	}
	free(stream);
	return 0;
}
