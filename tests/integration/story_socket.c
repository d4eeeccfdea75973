/* What happens on the socket: framing, order, limits, descriptors, ends. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "stage.h"

#define SESSION_MAX_OUT (4u << 20) /* of control/session.h */

#define GET_INFO "{\"method\":\"org.varlink.service.GetInfo\"}"
#define STATUS   "{\"method\":\"io.custos.Status\"}"

static int up_impatient(void **state)
{
	struct stage *st = stage_new();

	st->options[0] = "--idle-ms=700";
	stage_start(st);
	stage_init(st);
	*state = st;
	return 0;
}

/* One call on a connection of its own; the reply is a new reference. */
static json_t *ask(struct stage *st, enum who who, const char *text)
{
	struct raw r = stage_raw(st, who);
	json_t *reply;

	assert_true(raw_send_text(&r, text));
	reply = raw_next(&r);
	assert_non_null(reply);
	raw_done(&r);
	return reply;
}

static void expect_error(struct stage *st, enum who who, const char *text, const char *error,
	const char *parameter, const char *value)
{
	json_t *reply = ask(st, who, text), *given = json_object_get(reply, "parameters");

	assert_string_equal(raw_error(reply), error);
	if (parameter) {
		assert_string_equal(json_string_value(json_object_get(given, parameter)), value);
	}
	json_decref(reply);
}

/* The service is as it was: it answers somebody else. */
static void expect_answering(struct stage *st)
{
	json_t *reply = ask(st, AS_ADMIN, STATUS);

	assert_string_equal(raw_error(reply), "");
	json_decref(reply);
}

static unsigned count_fds(const struct stage *st)
{
	char path[64];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)st->daemon);
	d = opendir(path);
	if (!d) {
		return 0; /* it is not dumpable, and we are not root */
	}
	while ((e = readdir(d)) != NULL) {
		n++;
	}
	closedir(d);
	return n;
}

/* --- by hand ----------------------------------------------------------------------------------- */

static json_t *by_hand(struct stage *st, const char *method, const char *parameters)
{
	char *text = run_shell("/usr/bin/python3 '" SOURCE_DIR
			       "/tests/support/call_by_hand.py' '%s' %s '%s'",
		st->socket, method, parameters);
	json_error_t at;
	json_t *reply = json_loads(text, 0, &at);

	assert_non_null(reply);
	free(text);
	return reply;
}

static void a_call_typed_by_hand_is_answered(void **state)
{
	json_t *reply = by_hand(*state, "org.varlink.service.GetInfo", "{}");
	const json_t *given = json_object_get(reply, "parameters");

	assert_string_equal(json_string_value(json_object_get(given, "product")), "custosd");
	assert_true(json_array_size(json_object_get(given, "interfaces")) >= 7);
	json_decref(reply);

	reply = by_hand(*state, "org.varlink.service.GetInterfaceDescription",
		"{\"interface\":\"io.custos.subject\"}");
	given = json_object_get(reply, "parameters");
	assert_non_null(strstr(json_string_value(json_object_get(given, "description")),
		"\ninterface io.custos.subject\n"));
	json_decref(reply);

	reply = by_hand(*state, "io.custos.Status", "{}");
	given = json_object_get(reply, "parameters");
	assert_string_equal(json_string_value(json_object_get(given, "state")), "running");
	json_decref(reply);
}

static void what_is_not_there_is_an_error_with_its_name(void **state)
{
	expect_error(*state, AS_ADMIN, "{\"method\":\"io.custos.Frobnicate\"}",
		"org.varlink.service.MethodNotFound", "method", "io.custos.Frobnicate");
	expect_error(*state, AS_ADMIN, "{\"method\":\"com.example.Ping\"}",
		"org.varlink.service.InterfaceNotFound", "interface", "com.example");
	expect_error(*state, AS_ADMIN,
		"{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		"\"parameters\":{\"interface\":\"com.example\"}}",
		"org.varlink.service.InterfaceNotFound", "interface", "com.example");
	expect_error(*state, AS_ADMIN,
		"{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		"\"parameters\":{\"interfaces\":\"io.custos\"}}",
		"org.varlink.service.InvalidParameter", NULL, NULL);
	expect_error(*state, AS_ADMIN, "{\"method\":\"io.custos.log.Prove\",\"parameters\":{}}",
		"io.custos.Invalid", "message", "parameters.index: is missing");
	expect_error(*state, AS_ADMIN,
		"{\"method\":\"io.custos.log.Prove\",\"parameters\":{\"index\":\"1\"}}",
		"io.custos.Invalid", "message", "parameters.index: expected an integer");
	expect_error(*state, AS_ADMIN,
		"{\"method\":\"io.custos.Status\",\"parameters\":{\"verbose\":true}}",
		"io.custos.Invalid", "message", "parameters: has a field that is not declared");
	expect_error(*state, AS_ADMIN, "{\"method\":\"io.custos.Status\",\"upgrade\":true}",
		"org.varlink.service.MethodNotImplemented", "method", "io.custos.Status");
}

/* --- order ------------------------------------------------------------------------------------- */

static void hundreds_of_calls_in_one_write_are_answered_in_order(void **state)
{
	enum { N = 300 };
	struct raw r = stage_raw(*state, AS_ADMIN);
	char *all = calloc(N, 128), *at = all;

	for (int i = 0; i < N; i++) { /* by turns slow and at once */
		at += 1 + (i % 3 == 0 ? sprintf(at, STATUS) :
						sprintf(at,
							"{\"method\":\"org.varlink.service."
							"GetInterfaceDescription\","
							"\"parameters\":{\"interface\":\"x.n%d\"}}",
							i));
	}
	assert_true(raw_send(&r, all, (size_t)(at - all)));

	for (int i = 0; i < N; i++) {
		json_t *reply = raw_next(&r), *given = json_object_get(reply, "parameters");
		char name[16];

		assert_non_null(reply);
		snprintf(name, sizeof(name), "x.n%d", i);
		if (i % 3 == 0) {
			assert_non_null(json_object_get(given, "state"));
		} else {
			assert_string_equal(json_string_value(json_object_get(given, "interface")),
				name);
		}
		json_decref(reply);
	}
	raw_done(&r);
	free(all);
}

/* Brief calls share threads: with those that fail, and with a write that waits for a sync. */
static void brief_calls_are_answered_in_order_each_with_its_leaf(void **state)
{
	enum { N = 200 };
	static const char *const methods[] = { "subject.Get", "consent.Check", "subject.Get",
		"subject.Add" };
	static const char *const shows[] = { "records", "allowed", "message", "subject" };
	struct stage *st = *state;
	struct raw r = stage_raw(st, AS_PRIVACY);
	char who[33], whom[64], call[512];

	stage_add_person(st, "[]", who);
	for (int i = 0; i < N; i++) {
		snprintf(whom, sizeof(whom), "\"subject\":\"%s\"", i % 4 == 2 ? "no id" : who);
		snprintf(call, sizeof(call),
			"{\"method\":\"io.custos.%s\",\"parameters\":{%s%s,"
			"\"purpose\":\"" STAGE_PURPOSE "\"}}",
			methods[i % 4], i % 4 == 3 ? "\"kind\":\"person\",\"records\":[]" : whom,
			i % 4 == 1 ? ",\"explain\":false" : "");
		assert_true(raw_send_text(&r, call));
	}

	for (int i = 0; i < N; i++) {
		json_t *reply = raw_next(&r), *given = json_object_get(reply, "parameters");

		assert_non_null(reply);
		assert_non_null(json_object_get(given, shows[i % 4]));
		assert_string_equal(raw_error(reply), i % 4 == 2 ? "io.custos.Invalid" : "");
		json_decref(reply);
	}
	raw_done(&r);
	assert_int_equal(stage_count_leaves(st, "act=subject.read"), N / 4);
	assert_int_equal(stage_count_leaves(st, "act=consent.check"), N / 4);
}

/* These replies are more than may wait unread; calls that wait behind them, and were all sent
 * before the first reply is read, are answered too. */
static void replies_that_pile_up_are_all_sent_once_they_are_read(void **state)
{
	static const char call[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				   "\"parameters\":{\"interface\":\"io.custos\"}}";
	json_t *one = ask(*state, AS_ADMIN, call);
	size_t n = SESSION_MAX_OUT / json_dumpb(one, NULL, 0, JSON_COMPACT) + 12;
	struct raw r = stage_raw(*state, AS_ADMIN);
	char *all = malloc(n * sizeof(call));

	for (size_t i = 0; i < n; i++) {
		memcpy(all + i * sizeof(call), call, sizeof(call));
	}
	assert_true(raw_send(&r, all, n * sizeof(call)));
	run_sleep_ms(500); /* nothing is read while they pile up */

	for (size_t i = 0; i < n; i++) {
		json_t *reply = raw_next(&r);

		assert_non_null(reply);
		assert_string_equal(raw_error(reply), "");
		json_decref(reply);
	}
	raw_done(&r);
	json_decref(one);
	free(all);
}

static void calls_before_the_peer_shut_its_side_are_all_answered(void **state)
{
	enum { N = 200 };
	struct raw r = stage_raw(*state, AS_ADMIN);

	for (int i = 0; i < N; i++) {
		assert_true(raw_send_text(&r, i % 2 ? STATUS : GET_INFO));
	}
	shutdown(r.fd, SHUT_WR);

	for (int i = 0; i < N; i++) {
		json_t *reply = raw_next(&r);

		assert_non_null(reply);
		assert_string_equal(raw_error(reply), "");
		json_decref(reply);
	}
	assert_null(raw_next(&r));
	raw_done(&r);
}

static void a_oneway_call_has_no_reply(void **state)
{
	struct raw r = stage_raw(*state, AS_ADMIN);
	json_t *reply;

	raw_send_text(&r, "{\"method\":\"io.custos.Status\",\"oneway\":true}");
	raw_send_text(&r, "{\"method\":\"com.example.Nothing\",\"oneway\":true}");
	raw_send_text(&r, GET_INFO);

	reply = raw_next(&r);
	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "product"));
	json_decref(reply);
	shutdown(r.fd, SHUT_WR);
	assert_null(raw_next(&r));
	raw_done(&r);
}

static void a_call_with_more_continues_until_its_last_reply(void **state)
{
	struct stage *st = *state;
	struct raw r = stage_raw(st, AS_ADMIN);
	bool continues = true;
	json_t *reply = NULL;

	raw_send_text(&r,
		"{\"method\":\"io.custos.backup.Run\",\"parameters\":{},\"more\":true}");
	while (continues) {
		json_decref(reply);
		reply = raw_next(&r);
		assert_string_equal(raw_error(reply), "");
		continues = json_is_true(json_object_get(reply, "continues"));
	}
	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "result"));
	json_decref(reply);

	raw_send_text(&r, "{\"method\":\"io.custos.backup.Run\",\"parameters\":{}}");
	reply = raw_next(&r); /* without more: one reply */
	assert_null(json_object_get(reply, "continues"));
	assert_non_null(json_object_get(json_object_get(reply, "parameters"), "result"));
	json_decref(reply);
	raw_done(&r);
}

/* --- what is refused --------------------------------------------------------------------------- */

static void expect_closed(struct stage *st, const void *bytes, size_t n)
{
	struct raw r = stage_raw(st, AS_ADMIN);

	raw_send(&r, bytes, n); /* it may be closed before all is sent */
	assert_true(raw_is_closed_within(&r, 10000));
	raw_done(&r);
	expect_answering(st);
}

static void a_frame_over_the_limit_closes_the_connection(void **state)
{
	size_t n = FRAME_MAX + 2;
	char *big = malloc(n);

	memset(big, ' ', n);
	big[0] = '{';
	expect_closed(*state, big, n);
	free(big);
}

static void a_frame_at_the_limit_is_read(void **state)
{
	static const char head[] = "{\"method\":\"org.varlink.service.GetInfo\"";
	struct raw r = stage_raw(*state, AS_ADMIN);
	char *big = malloc(FRAME_MAX + 1);
	json_t *reply;

	memset(big, ' ', FRAME_MAX);
	memcpy(big, head, sizeof(head) - 1);
	big[FRAME_MAX - 1] = '}';
	big[FRAME_MAX] = '\0';
	assert_true(raw_send(&r, big, FRAME_MAX + 1));
	reply = raw_next(&r);
	assert_string_equal(raw_error(reply), "");
	json_decref(reply);
	raw_done(&r);
	free(big);
}

static void nesting_over_the_limit_closes_the_connection(void **state)
{
	char text[256] = "{\"method\":\"io.custos.Status\",\"parameters\":";

	memset(text + strlen(text), '[', FRAME_DEPTH_MAX);
	expect_closed(*state, text, strlen(text)); /* before its NUL */
}

static void garbage_closes_the_connection(void **state)
{
	static const char *const all[] = { "GET / HTTP/1.1\r\n\r\n", "{\"method\":", "[]", "{}",
		"\"x\"", "", "}", "{\"method\":7}", "{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"more\":true,\"oneway\":true}", "{\"method\":\"a.B\"}x",
		"{\"method\":\"a.B\",\"method\":\"a.B\"}", "{\"method\":\"\xff\xfe\"}" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		expect_closed(*state, all[i], strlen(all[i]) + 1);
	}
}

static void a_message_that_never_ends_is_not_waited_for(void **state)
{
	struct raw r = stage_raw(*state, AS_ADMIN);
	int64_t began = clock_monotonic_ms();

	raw_send(&r, GET_INFO, strlen(GET_INFO)); /* without its NUL */

	assert_true(raw_is_closed_within(&r, 5000));
	assert_true(clock_monotonic_ms() - began >= 500);
	raw_done(&r);
}

/* A byte now and then is no message. */
static void a_message_that_trickles_is_not_waited_for(void **state)
{
	struct raw r = stage_raw(*state, AS_ADMIN);
	int64_t began = clock_monotonic_ms();
	bool is_open = true;

	while (is_open && clock_monotonic_ms() - began < 10000) {
		is_open = raw_send(&r, " ", 1) && !raw_is_closed_within(&r, 100);
	}
	assert_false(is_open);
	assert_true(clock_monotonic_ms() - began < 5000);
	raw_done(&r);
}

static void a_silent_connection_is_closed(void **state)
{
	struct raw r = stage_raw(*state, AS_ADMIN);

	assert_true(raw_is_closed_within(&r, 5000));
	raw_done(&r);
}

/* custosd reads no more calls, then gives the peer up. */
static void a_peer_that_never_reads_its_replies_is_given_up(void **state)
{
	static const char call[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				   "\"parameters\":{\"interface\":\"io.custos\"}}";
	struct raw r = stage_raw(*state, AS_ADMIN);
	int64_t began = clock_monotonic_ms();
	size_t sent = 0;

	while (clock_monotonic_ms() - began < 15000) {
		ssize_t n = send(r.fd, call, sizeof(call), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0 && n < (ssize_t)sizeof(call)) {
			n = raw_send(&r, call + n, sizeof(call) - (size_t)n) ? (ssize_t)sizeof(call) : -2;
		}
		if (n < 0 && (n == -2 || errno == EPIPE || errno == ECONNRESET)) {
			break;
		}
		sent += n > 0;
		if (n < 0) {
			run_sleep_ms(20);
		}
	}
	assert_true(clock_monotonic_ms() - began < 15000); /* it was closed */
	assert_true(sent < 20000); /* some MiB of replies, not all */
	raw_done(&r);
	expect_answering(*state);
}

/* --- descriptors ------------------------------------------------------------------------------- */

static void expect_fd_refused(struct stage *st, const char *text, const int *fds, size_t nfds)
{
	struct raw r = stage_raw(st, AS_ADMIN);
	json_t *reply;

	assert_true(raw_send_fds(&r, text, fds, nfds));
	reply = raw_next(&r);
	assert_string_equal(raw_error(reply), "io.custos.Protocol");
	json_decref(reply);
	raw_done(&r);
}

static void descriptors_are_taken_only_where_one_is_declared(void **state)
{
	struct stage *st = *state;
	struct raw r;
	json_t *reply;
	int null[3];
	unsigned before = count_fds(st), after;

	for (int i = 0; i < 3; i++) {
		null[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	expect_fd_refused(st, STATUS, null, 1);
	for (int i = 0; i < 20; i++) { /* two, and three, at a time */
		for (size_t n = 2; n <= 3; n++) {
			r = stage_raw(st, AS_ADMIN);
			raw_send_fds(&r, STATUS, null, n);
			assert_true(raw_is_closed_within(&r, 10000));
			raw_done(&r);
		}
		r = stage_raw(st, AS_ADMIN); /* one after the other, before the message is whole */
		assert_true(raw_send_piece(&r, "{\"method\"", null, 1));
		raw_send_piece(&r, ":\"io", null + 1, 1);
		assert_true(raw_is_closed_within(&r, 10000));
		raw_done(&r);
	}
	reply = ask(st, AS_PRIVACY,
		"{\"method\":\"io.custos.data.Export\",\"parameters\":{\"purpose\":\"access_request\"}}");
	assert_string_equal(raw_error(reply), "io.custos.Protocol");
	json_decref(reply);

	expect_answering(st);
	run_sleep_ms(100); /* the last connections are being closed */
	after = count_fds(st);
	if (after > before + 2) {
		fail_msg("custosd keeps %u descriptors more than before", after - before);
	}
	for (int i = 0; i < 3; i++) {
		close(null[i]);
	}
}

static void a_descriptor_belongs_to_the_message_it_came_with(void **state)
{
	struct stage *st = *state;
	struct raw r = stage_raw(st, AS_PRIVACY);
	int out = open(stage_path(st, "out"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	json_t *reply;

	assert_true(raw_send_text(&r, GET_INFO)); /* not with this one */
	assert_true(raw_send_fds(&r,
		"{\"method\":\"io.custos.data.Export\",\"parameters\":{\"purpose\":\"access_request\"}}", &out,
		1));
	assert_true(raw_send_text(&r, STATUS)); /* nor with this one */

	for (int i = 0; i < 3; i++) {
		reply = raw_next(&r);
		assert_non_null(reply);
		assert_string_equal(raw_error(reply), "");
		json_decref(reply);
	}
	close(out);
	raw_done(&r);
}

/* --- many, and the end ------------------------------------------------------------------------- */

static void three_hundred_connections_are_served_at_once(void **state)
{
	enum { N = 300 };
	static struct raw all[N];

	for (int i = 0; i < N; i++) {
		all[i] = stage_raw(*state, AS_ADMIN);
		assert_true(raw_send_text(&all[i], STATUS));
	}
	for (int i = N; i-- > 0;) {
		json_t *reply = raw_next(&all[i]);

		assert_string_equal(raw_error(reply), "");
		json_decref(reply);
	}
	for (int i = 0; i < N; i++) {
		raw_done(&all[i]);
	}
	expect_answering(*state);
}

static void sigterm_ends_idle_connections_at_once(void **state)
{
	struct stage *st = *state;
	struct raw a = stage_raw(st, AS_ADMIN), b = stage_raw(st, AS_STRANGER);
	int64_t began;

	json_decref(ask(st, AS_ADMIN, STATUS));
	raw_send_text(&a, STATUS);
	json_decref(raw_next(&a)); /* one has spoken, one has not */
	began = clock_monotonic_ms();

	stage_stop(st);

	assert_true(clock_monotonic_ms() - began < 5000);
	assert_true(raw_is_closed_within(&a, 1000));
	assert_true(raw_is_closed_within(&b, 1000));
	raw_done(&a);
	raw_done(&b);
}

/* A peer that does not read cannot keep custosd from ending. */
static void sigterm_does_not_wait_for_a_peer_that_reads_nothing(void **state)
{
	static const char call[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				   "\"parameters\":{\"interface\":\"io.custos\"}}";
	struct stage *st = *state;
	struct raw r = stage_raw(st, AS_ADMIN);
	int64_t began;

	for (int i = 0; i < 200; i++) {
		raw_send_text(&r, call);
	}
	run_sleep_ms(200);
	began = clock_monotonic_ms();

	stage_stop(st);

	assert_true(clock_monotonic_ms() - began < 15000);
	raw_done(&r);
}

static void expect_second_refused(struct stage *st, const char *state, const char *socket)
{
	char s[192], l[192], p[192];

	snprintf(s, sizeof(s), "--state=%s", state);
	snprintf(l, sizeof(l), "--socket=%s", socket);
	snprintf(p, sizeof(p), "--policies=%s", st->policies);
	stage_custosd(st, (const char *const[]){ s, l, p, NULL });
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "another custosd"));
	expect_answering(st);
}

static void a_second_custosd_on_the_same_state_or_socket_is_refused(void **state)
{
	struct stage *st = *state;
	char other[192];

	snprintf(other, sizeof(other), "%s/run/other", st->dir);
	expect_second_refused(st, st->state, other);
	snprintf(other, sizeof(other), "%s/other", st->files);
	expect_second_refused(st, other, st->socket);
}

static void a_socket_that_a_killed_custosd_left_is_replaced(void **state)
{
	struct stage *st = *state;

	stage_kill(st);
	assert_int_equal(access(st->socket, F_OK), 0);
	stage_start(st);
	expect_answering(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
#define IMPATIENT(f) cmocka_unit_test_setup_teardown(f, up_impatient, stage_down)
		T(a_call_typed_by_hand_is_answered),
		T(what_is_not_there_is_an_error_with_its_name),
		T(hundreds_of_calls_in_one_write_are_answered_in_order),
		T(brief_calls_are_answered_in_order_each_with_its_leaf),
		T(replies_that_pile_up_are_all_sent_once_they_are_read),
		T(calls_before_the_peer_shut_its_side_are_all_answered),
		T(a_oneway_call_has_no_reply),
		T(a_call_with_more_continues_until_its_last_reply),
		T(a_frame_over_the_limit_closes_the_connection),
		T(a_frame_at_the_limit_is_read),
		T(nesting_over_the_limit_closes_the_connection),
		T(garbage_closes_the_connection),
		IMPATIENT(a_message_that_never_ends_is_not_waited_for),
		IMPATIENT(a_message_that_trickles_is_not_waited_for),
		IMPATIENT(a_silent_connection_is_closed),
		IMPATIENT(a_peer_that_never_reads_its_replies_is_given_up),
		T(descriptors_are_taken_only_where_one_is_declared),
		T(a_descriptor_belongs_to_the_message_it_came_with),
		T(three_hundred_connections_are_served_at_once),
		T(sigterm_ends_idle_connections_at_once),
		T(sigterm_does_not_wait_for_a_peer_that_reads_nothing),
		T(a_second_custosd_on_the_same_state_or_socket_is_refused),
		T(a_socket_that_a_killed_custosd_left_is_replaced),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_socket", tests, NULL, NULL);
}
