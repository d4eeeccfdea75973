/* test_client.c: the client against a server that says what each test tells it to. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "wire/client.h"
#include "wire/frame.h"
#include "wire/message.h"

/* One connection: the thread reads calls, and answers each by the next script. */
struct server {
	int fd;
	pthread_t thread;
	const char *const *scripts; /* bytes to send for each call; ended by NULL; '~' is a NUL,
				     * '|' another pause */
	bool hangs_up;              /* closes when the scripts are used up, else waits for EOF */
	unsigned pause_ms;          /* before each answer */
	struct buf calls;           /* what was received, NULs included */
	int passed_fd;              /* a descriptor that came, or -1 */
	uint64_t passed_at;         /* the last frame that began in its read */
	size_t nfds;
};

static ssize_t receive(struct server *s, void *to, size_t n)
{
	struct iovec iov = { to, n };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	if (h && h->cmsg_type == SCM_RIGHTS) {
		memcpy(&s->passed_fd, CMSG_DATA(h), sizeof(int));
		s->nfds++;
	}
	return got;
}

static bool answer(struct server *s, const char *script)
{
	char *bytes = strdup(script);
	size_t n = strlen(bytes);
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		bytes[i] = bytes[i] == '~' ? '\0' : bytes[i];
	}
	for (size_t at = 0; ok && at < n;) {
		size_t len = 0;

		while (at + len < n && bytes[at + len] != '|') {
			len++;
		}
		usleep(s->pause_ms * 1000);
		ok = send(s->fd, bytes + at, len, MSG_NOSIGNAL) == (ssize_t)len;
		at += len + 1;
	}
	free(bytes);
	return ok;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct frame_reader r;
	char bytes[7]; /* small, so that calls come in pieces */
	ssize_t n;

	frame_init(&r, FRAME_MAX);
	while ((n = receive(s, bytes, sizeof(bytes))) > 0) {
		struct frame f;

		buf_put(&s->calls, bytes, (size_t)n);
		for (int code = frame_feed(&r, bytes, (size_t)n, &f, NULL); code == 1;
			code = frame_feed(&r, NULL, 0, &f, NULL)) {
			if (!*s->scripts || !answer(s, *s->scripts++)) {
				goto out;
			}
		}
		if (s->hangs_up && !*s->scripts) {
			break;
		}
	}
out:
	frame_done(&r);
	shutdown(s->fd, SHUT_RDWR);
	return NULL;
}

static struct client *start(struct server *s, int timeout_ms)
{
	struct client *c = NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s->fd = fds[0];
	s->passed_fd = -1;
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	assert_int_equal(client_of_fd(fds[1], timeout_ms, &c, NULL), 0);
	return c;
}

static void stop(struct server *s, struct client *c)
{
	client_close(c);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->fd);
	if (s->passed_fd >= 0) {
		close(s->passed_fd);
	}
	buf_done(&s->calls);
}

#define SCRIPT(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_call_is_sent_and_its_reply_returned(void **state)
{
	struct server s = { .scripts = SCRIPT("{\"parameters\":{\"proof\":\"x\"}}~") };
	struct client *c = start(&s, 5000);
	json_t *in = json_pack("{s:i}", "index", 7), *out = NULL;

	(void)state;
	assert_int_equal(client_call(c, "io.custos.log.Prove", in, -1, &out, NULL), 0);

	assert_string_equal(json_string_value(json_object_get(out, "proof")), "x");
	json_decref(in);
	json_decref(out);
	client_close(c);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	assert_string_equal((const char *)s.calls.p,
		"{\"method\":\"io.custos.log.Prove\",\"parameters\":{\"index\":7}}");
	close(s.fd);
	buf_done(&s.calls);
}

static void an_error_of_the_server_keeps_code_and_message_and_the_connection(void **state)
{
	struct server s = { .scripts = SCRIPT("{\"error\":\"io.custos.NotFound\",\"parameters\":"
					      "{\"message\":\"subject: unknown\"}}~",
				    "{\"error\":\"org.varlink.service.InvalidParameter\","
				    "\"parameters\":{\"parameter\":\"subject\"}}~",
				    "{}~") };
	struct client *c = start(&s, 5000);
	json_t *out = NULL;
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, &out, &err), CU_ENOENT);
	assert_int_equal(err.code, CU_ENOENT);
	assert_string_equal(err.msg, "subject: unknown");
	assert_null(out);

	assert_int_equal(client_call(c, "a.B", NULL, -1, &out, &err), CU_EINVAL);
	assert_string_equal(err.msg, "a parameter is not what the interface says: subject");

	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), 0);
	stop(&s, c);
}

static void a_stream_of_replies_is_read_to_its_end(void **state)
{
	struct server s = { .scripts = SCRIPT("{\"parameters\":{\"n\":1},\"continues\":true}~"
					      "{\"parameters\":{\"n\":2},\"continues\":true}~"
					      "{\"parameters\":{\"n\":3}}~",
				    "{\"parameters\":{\"n\":4},\"continues\":false}~") };
	struct client *c = start(&s, 5000);
	struct cu_err err;

	(void)state;
	assert_int_equal(client_start(c, "a.B", NULL, -1, NULL), 0);
	assert_int_equal(client_start(c, "a.C", NULL, -1, &err), CU_EBUSY);
	for (int i = 1; i <= 3; i++) {
		json_t *out = NULL;

		assert_int_equal(client_next(c, &out, NULL), i < 3 ? 1 : 0);
		assert_int_equal(json_integer_value(json_object_get(out, "n")), i);
		json_decref(out);
	}
	assert_int_equal(client_next(c, NULL, &err), CU_EINVAL);
	assert_string_equal(err.msg, "no call is open");
	assert_int_equal(client_start(c, "a.B", NULL, -1, NULL), 0);
	assert_int_equal(client_next(c, NULL, NULL), 0);
	stop(&s, c);
}

static void a_stream_may_end_with_an_error(void **state)
{
	struct server s = { .scripts = SCRIPT("{\"continues\":true}~"
					      "{\"error\":\"io.custos.NoSpace\"}~",
				    "{}~") };
	struct client *c = start(&s, 5000);

	(void)state;
	assert_int_equal(client_start(c, "a.B", NULL, -1, NULL), 0);
	assert_int_equal(client_next(c, NULL, NULL), 1);
	assert_int_equal(client_next(c, NULL, NULL), CU_ENOSPC);
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, NULL), 0);
	stop(&s, c);
}

static void a_descriptor_crosses_with_the_call(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~", "{}~") };
	struct client *c = start(&s, 5000);
	struct stat here, there;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fstat(fds[0], &here), 0);
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, NULL), 0);
	assert_int_equal(s.nfds, 0);

	assert_int_equal(client_call(c, "a.B", NULL, fds[0], NULL, NULL), 0);

	assert_int_equal(s.nfds, 1);
	assert_int_equal(fstat(s.passed_fd, &there), 0);
	assert_int_equal(here.st_ino, there.st_ino);
	assert_int_equal(fcntl(fds[0], F_GETFD), 0); /* still open here */
	close(fds[0]);
	close(fds[1]);
	stop(&s, c);
}

static void a_large_call_with_a_descriptor_sends_it_once(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~") };
	struct client *c = start(&s, 20000);
	char *text = malloc(600001);
	json_t *in;

	(void)state;
	memset(text, 'x', 600000); /* more than a socket holds */
	text[600000] = '\0';
	in = json_pack("{s:s}", "text", text);

	assert_int_equal(client_call(c, "a.B", in, 0, NULL, NULL), 0);

	assert_int_equal(s.nfds, 1);
	json_decref(in);
	free(text);
	stop(&s, c);
}

static const struct {
	const char *script, *message;
	int code;
} broken[] = {
	{ "nonsense~", "a message is not JSON at line 1, column 8", CU_EPROTO },
	{ "[]~", "a message is not a JSON object", CU_EPROTO },
	{ "~", "a message is empty", CU_EPROTO },
	{ "{\"continues\":true}~", "custosd replies more than was asked for", CU_EPROTO },
	{ "{\"surprise\":true}~", "a message has a member that Varlink does not know", CU_EPROTO },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "a message is nested deeper than 32", CU_ELIMIT },
	{ "{\"parameters\":", "custosd closed the connection within a reply", CU_EPROTO },
	{ "", "custosd closed the connection", CU_EUNAVAIL },
};

static void a_server_that_breaks_the_protocol_breaks_the_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct server s = { .scripts = SCRIPT(broken[i].script), .hangs_up = true };
		struct client *c = start(&s, 5000);
		struct cu_err err = { 0 };

		assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), broken[i].code);
		assert_string_equal(err.msg, broken[i].message);
		assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), broken[i].code);
		assert_string_equal(err.msg, "the connection to custosd is broken");
		assert_int_equal(client_next(c, NULL, &err), broken[i].code);
		stop(&s, c);
	}
}

static void a_reply_that_nobody_asked_for_is_not_taken_for_the_next(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~{\"parameters\":{\"forged\":1}}~", "{}~") };
	struct client *c = start(&s, 5000);
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, NULL), 0);

	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), CU_EPROTO);

	assert_string_equal(err.msg, "custosd spoke without being asked");
	stop(&s, c);
}

static void what_comes_between_two_calls_is_not_taken_for_a_reply(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~|{\"parameters\":{\"forged\":1}}~", "{}~"),
		.pause_ms = 20 };
	struct client *c = start(&s, 5000);
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, NULL), 0);
	usleep(300 * 1000);

	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), CU_EPROTO);

	assert_string_equal(err.msg, "custosd spoke without being asked");
	stop(&s, c);
}

static void a_server_that_left_between_two_calls_is_unavailable(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~"), .hangs_up = true };
	struct client *c = start(&s, 5000);
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, NULL), 0);
	assert_int_equal(pthread_join(s.thread, NULL), 0);

	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), CU_EUNAVAIL);

	assert_string_equal(err.msg, "custosd closed the connection");
	client_close(c);
	close(s.fd);
	buf_done(&s.calls);
}

static void a_silent_server_is_given_up_after_the_timeout(void **state)
{
	struct server s = { .scripts = SCRIPT("{}~"), .pause_ms = 400 };
	struct client *c = start(&s, 50);
	int64_t begin = clock_monotonic_ms();
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), CU_ETIMEDOUT);

	assert_string_equal(err.msg, "custosd did not answer in time");
	assert_true(clock_monotonic_ms() - begin < 390);
	stop(&s, c);
}

static void a_stream_may_last_longer_than_the_timeout_of_one_reply(void **state)
{
	struct server s = { .scripts = SCRIPT("{\"continues\":true}~|{\"continues\":true}~|"
					      "{\"continues\":true}~|{}~"),
		.pause_ms = 300 };
	struct client *c = start(&s, 900);

	(void)state;
	assert_int_equal(client_start(c, "a.B", NULL, -1, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(client_next(c, NULL, NULL), 1);
	}
	assert_int_equal(client_next(c, NULL, NULL), 0);
	stop(&s, c);
}

/* A byte now and then must not keep a caller waiting for ever. */
static void a_reply_in_drips_is_given_up_after_the_timeout(void **state)
{
	struct server s = { .scripts = SCRIPT("{|\"|c|o|n|t|i|n|u|e|s|\"|:|f|a|l|s|e|}|~"),
		.pause_ms = 50 };
	struct client *c = start(&s, 200);
	struct cu_err err;

	(void)state;
	assert_int_equal(client_call(c, "a.B", NULL, -1, NULL, &err), CU_ETIMEDOUT);
	stop(&s, c);
}

/* --- a real socket -------------------------------------------------------------------------- */

struct place {
	char dir[64], path[128];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/custos-client-XXXXXX");
	if (!mkdtemp(p->dir)) {
		return -1;
	}
	snprintf(p->path, sizeof(p->path), "%s/custos.sock", p->dir);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->dir);
	free(p);
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void a_socket_in_the_file_system_is_connected_to(void **state)
{
	struct place *p = *state;
	struct server s = { .scripts = SCRIPT("{\"parameters\":{\"x\":1}}~"), .passed_fd = -1 };
	int listening = listen_at(p->path);
	struct client *c = NULL;
	json_t *out = NULL;

	assert_int_equal(client_connect(p->path, 5000, &c, NULL), 0);
	s.fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);

	assert_int_equal(client_call(c, "io.custos.Status", NULL, -1, &out, NULL), 0);

	assert_int_equal(json_integer_value(json_object_get(out, "x")), 1);
	json_decref(out);
	stop(&s, c);
	close(listening);
}

static void nobody_at_the_socket_is_unavailable(void **state)
{
	struct place *p = *state;
	struct client *c = NULL;
	struct cu_err err;

	assert_int_equal(client_connect(p->path, 100, &c, &err), CU_EUNAVAIL);
	close(listen_at(p->path)); /* the file stays, the listener is gone */
	assert_int_equal(client_connect(p->path, 100, &c, &err), CU_EUNAVAIL);
	assert_string_equal(err.msg,
		"custosd does not answer: it is not running, or its socket is elsewhere");
	assert_null(c);
}

static void a_path_that_fits_no_address_is_refused(void **state)
{
	struct client *c = NULL;
	struct cu_err err;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';

	assert_int_equal(client_connect(path, 100, &c, &err), CU_EINVAL);

	assert_string_equal(err.msg, "the socket's path is longer than 107 bytes");
}

/* --- what frame.h says about descriptors ---------------------------------------------------- */

static void send_with_fd(int to, const char *p, size_t n, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	assert_int_equal(sendmsg(to, &m, 0), (ssize_t)n);
}

/* Three calls are waiting, the second with a descriptor: one read must not reach past it, and
 * the last frame that begins in that read must be the second. */
static void the_kernel_ends_a_read_behind_the_message_with_a_descriptor(void **state)
{
	struct server s = { .passed_fd = -1 };
	struct frame_reader r;
	char bytes[256];
	int fds[2];
	uint64_t last = 0;
	struct frame f;
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s.fd = fds[0];
	assert_int_equal(send(fds[1], "{\"a\":1}\0", 8, 0), 8);
	send_with_fd(fds[1], "{\"b\":2}\0", 8, 0);
	assert_int_equal(send(fds[1], "{\"c\":3}\0", 8, 0), 8);
	frame_init(&r, FRAME_MAX);

	while (s.nfds == 0) {
		uint64_t a = frame_fed(&r);

		n = receive(&s, bytes, sizeof(bytes));
		assert_true(n > 0);
		for (int code = frame_feed(&r, bytes, (size_t)n, &f, NULL); code == 1;
			code = frame_feed(&r, NULL, 0, &f, NULL)) {
			last = f.offset >= a ? f.offset : last;
		}
	}

	assert_int_equal(last, 8);
	assert_int_equal(frame_fed(&r), 16);
	frame_done(&r);
	close(s.passed_fd);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_sent_and_its_reply_returned),
		cmocka_unit_test(an_error_of_the_server_keeps_code_and_message_and_the_connection),
		cmocka_unit_test(a_stream_of_replies_is_read_to_its_end),
		cmocka_unit_test(a_stream_may_end_with_an_error),
		cmocka_unit_test(a_descriptor_crosses_with_the_call),
		cmocka_unit_test(a_large_call_with_a_descriptor_sends_it_once),
		cmocka_unit_test(a_server_that_breaks_the_protocol_breaks_the_connection),
		cmocka_unit_test(a_reply_that_nobody_asked_for_is_not_taken_for_the_next),
		cmocka_unit_test(what_comes_between_two_calls_is_not_taken_for_a_reply),
		cmocka_unit_test(a_server_that_left_between_two_calls_is_unavailable),
		cmocka_unit_test(a_silent_server_is_given_up_after_the_timeout),
		cmocka_unit_test(a_stream_may_last_longer_than_the_timeout_of_one_reply),
		cmocka_unit_test(a_reply_in_drips_is_given_up_after_the_timeout),
		cmocka_unit_test_setup_teardown(a_socket_in_the_file_system_is_connected_to,
			make_place, remove_place),
		cmocka_unit_test_setup_teardown(nobody_at_the_socket_is_unavailable, make_place,
			remove_place),
		cmocka_unit_test(a_path_that_fits_no_address_is_refused),
		cmocka_unit_test(the_kernel_ends_a_read_behind_the_message_with_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
