/*
 * The post office with a custosd in this process and an agent made of packets: what is addressed to a
 * person goes only where it may, after a leaf, and is gone when it was sent.
 */
#include "check.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/path.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "store/reader_message.h"

#define ADDRESS "erika-canary-9f@example.org"

static struct daemon d;
static uv_loop_t loop;
static const char *dir;
static char policies[PATH_SIZE], state_dir[PATH_SIZE], control[PATH_SIZE], agent_socket[PATH_SIZE];

/* --- a daemon ---------------------------------------------------------------------------- */

static void put_policies(void)
{
	static const char agent_yaml[] =
		"retry: 1s\nroutes:\n"
		"  - {route: mail, plugin: p, personal: yes, settings: {a: b}}\n"
		"  - {route: hook, plugin: q}\n";
	char line[PATH_SIZE * 3];

	assert_int_equal(path_make_dir(policies, 0700, NULL), 0);
	snprintf(line, sizeof(line), "cp policies/schema.yaml policies/purposes.yaml '%s'", policies);
	assert_int_equal(system(line), 0);
	assert_int_equal(path_put_file(policies, "roles.yaml",
		span_str("roles:\n  - {role: a, operations: [status]}\n"), 0600, NULL), 0);
	assert_int_equal(path_put_file(policies, "agent.yaml", span_str(agent_yaml), 0600, NULL), 0);
}

static int begin(void **state)
{
	struct agent_link_options agent = { .socket = agent_socket, .has_uid = true, .uid = geteuid() };
	const struct daemon_options options = { .state_dir = state_dir, .policy_dir = policies,
		.socket = control, .agent = &agent };
	int identity = memfd_create("identity", MFD_CLOEXEC);
	struct cu_err err = { 0 };

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	dir = fresh_dir();
	assert_int_equal(path_join(policies, dir, "policies", NULL), 0);
	assert_int_equal(path_join(state_dir, dir, "state", NULL), 0);
	assert_int_equal(path_join(control, dir, "s", NULL), 0);
	assert_int_equal(path_join(agent_socket, dir, "a", NULL), 0);
	put_policies();
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_ok(daemon_init(&d, &loop, &options, NULL, &err), &err);
	assert_ok(daemon_make_store(&d, identity, KEYRING_FILE, (struct span){ 0 }, &err), &err);
	close(identity);
	return 0;
}

static int end(void **state)
{
	(void)state;
	daemon_stop(&d);
	uv_run(&loop, UV_RUN_DEFAULT);
	daemon_done(&d);
	uv_loop_close(&loop);
	return 0;
}

/* --- an agent ---------------------------------------------------------------------------- */

static int connect_agent(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", agent_socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void say(int fd, const char *json)
{
	assert_int_equal(packet_send(fd, span_str(json), -1, true, NULL), 0);
}

/* Turns the loop until a packet is there, or rounds are over: NULL. */
static json_t *hear(int fd, int *ret_body)
{
	static char bytes[PACKET_MAX_BYTES];
	size_t n = 0;
	int r = CU_EBUSY;

	*ret_body = -1;
	for (int i = 0; i < 200 && r == CU_EBUSY; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(10000);
		r = packet_receive(fd, bytes, sizeof(bytes), false, &n, ret_body, NULL);
	}
	return r == 1 ? json_loadb(bytes, n, 0, NULL) : NULL;
}

static int introduce(void)
{
	int fd = connect_agent(), body;
	json_t *said;
	const json_t *routes;

	say(fd, "{\"hello\":{\"version\":\"t\",\"plugins\":[]}}");
	said = hear(fd, &body);
	routes = json_object_get(json_object_get(said, "configure"), "routes");
	assert_int_equal(json_array_size(routes), 2);
	assert_true(json_is_true(json_object_get(json_array_get(routes, 0), "is_personal")));
	assert_string_equal(json_string_value(json_object_get(
		json_object_get(json_array_get(routes, 0), "settings"), "a")), "b");
	json_decref(said);
	say(fd, "{\"ready\":{\"landlock\":true,\"seccomp\":false,\"routes\":["
		"{\"route\":\"mail\",\"fault\":\"\"},{\"route\":\"hook\",\"fault\":\"\"}]}}");
	return fd;
}

static const char *id_of(const json_t *said)
{
	return json_string_value(json_object_get(json_object_get(said, "send"), "id"));
}

static void answer(int fd, const json_t *said, const char *came)
{
	char text[200];

	snprintf(text, sizeof(text), "{\"outcome\":{\"id\":\"%s\",\"came\":\"%s\",\"fault\":\"f\"}}",
		id_of(said), came);
	say(fd, text);
}

/* --- messages ---------------------------------------------------------------------------- */

static const struct message_text letter = { { (const uint8_t *)ADDRESS, sizeof(ADDRESS) - 1 },
	{ (const uint8_t *)"Subject", 7 }, { (const uint8_t *)"Text", 4 } };

struct submitting {
	struct row_message row;
	const struct message_text *text;
	int code;
};

/* A worker would: the loop may not wait for the store. */
static void *run_submit(void *ctx)
{
	static const struct id nobody;
	struct submitting *s = ctx;

	s->code = post_office_submit(&d, &nobody, &s->row, s->text, NULL);
	return NULL;
}

static struct submitting submit(const char *kind, const char *route, const struct message_text *text)
{
	struct submitting s = { .text = text };
	pthread_t thread;

	snprintf(s.row.kind, sizeof(s.row.kind), "%s", kind);
	snprintf(s.row.route, sizeof(s.row.route), "%s", route);
	assert_int_equal(pthread_create(&thread, NULL, run_submit, &s), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return s;
}

static struct row_message row_of(const struct id *id)
{
	struct reader *rd = store_reader_take(d.house.store);
	struct row_message row = { .state = 0 };

	assert_int_equal(reader_message(rd, id, &row, NULL), 1);
	store_reader_give(d.house.store, rd);
	return row;
}

static void wait_for_state(const struct id *id, enum message_state state)
{
	for (int i = 0; i < 500 && row_of(id).state != state; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	assert_int_equal(row_of(id).state, state);
}

static void what_is_addressed_to_a_person_goes_only_where_it_may(void **state)
{
	(void)state;
	assert_int_equal(submit("letter", "hook", &letter).code, CU_EDENIED);
	assert_int_equal(submit("letter", "nowhere", &letter).code, CU_ENOENT);
}

static void its_text_is_in_a_sealed_descriptor_and_not_in_the_packet(void **state)
{
	struct submitting s;
	struct buf text = BUF_INIT;
	json_t *said;
	char *packet;
	int fd = introduce(), body;
	struct row_message row;

	(void)state;
	s = submit("letter", "mail", &letter);
	assert_int_equal(s.code, 0);
	said = hear(fd, &body);
	assert_non_null(said);
	packet = json_dumps(said, 0);
	assert_null(strstr(packet, ADDRESS));
	assert_non_null(strstr(packet, "\"is_personal\": true"));
	free(packet);
	assert_true(body >= 0);
	assert_int_equal(write(body, "x", 1), -1);
	assert_int_equal(path_read_fd(body, 10000, &text, NULL), 0);
	assert_string_equal(buf_cstr(&text),
		"{\"to\":\"" ADDRESS "\",\"subject\":\"Subject\",\"text\":\"Text\"}");
	close(body);
	answer(fd, said, "sent");
	wait_for_state(&s.row.id, MESSAGE_SENT);
	row = row_of(&s.row.id);
	assert_true(id_is_nil(&row.kase)); /* shredded */
	json_decref(said);
	buf_done(&text);
	close(fd);
}

static void an_alarm_says_what_to_do_and_names_nobody(void **state)
{
	struct submitting s;
	struct buf text = BUF_INIT;
	json_t *said;
	int fd = introduce(), body;

	(void)state;
	s = submit("alarm.request_late", "hook", NULL);
	said = hear(fd, &body);
	assert_non_null(said);
	assert_int_equal(path_read_fd(body, 10000, &text, NULL), 0);
	assert_non_null(strstr(buf_cstr(&text), "custosctl request next"));
	assert_null(strstr(buf_cstr(&text), "\"to\""));
	close(body);
	answer(fd, said, "refused");
	wait_for_state(&s.row.id, MESSAGE_GIVEN_UP);
	json_decref(said);
	buf_done(&text);
	close(fd);
}

static void what_a_lost_agent_had_comes_again_under_the_same_id(void **state)
{
	json_t *first, *second;
	int fd = introduce(), body;
	struct submitting s;

	(void)state;
	s = submit("test", "hook", NULL);
	first = hear(fd, &body);
	assert_non_null(first);
	close(body);
	close(fd);
	for (int i = 0; i < 300 && row_of(&s.row.id).nattempts == 0; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	fd = introduce();
	second = hear(fd, &body);
	assert_non_null(second);
	close(body);
	assert_string_equal(id_of(first), id_of(second));
	assert_int_equal(row_of(&s.row.id).nattempts, 1);
	answer(fd, second, "sent");
	wait_for_state(&s.row.id, MESSAGE_SENT);
	json_decref(first);
	json_decref(second);
	close(fd);
}

static void an_agent_that_talks_nonsense_is_hung_up_on(void **state)
{
	static const char *const words[] = { "{", "[]", "{\"outcome\":{}}", "{\"who\":1}",
		"{\"outcome\":{\"id\":\"x\",\"came\":\"sent\"}}" };
	int body;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int fd = connect_agent();

		say(fd, words[i]);
		assert_null(hear(fd, &body));
		assert_int_equal(packet_send(fd, span_str("{}"), -1, true, NULL), CU_EUNAVAIL);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(what_is_addressed_to_a_person_goes_only_where_it_may),
		T(its_text_is_in_a_sealed_descriptor_and_not_in_the_packet),
		T(an_alarm_says_what_to_do_and_names_nobody),
		T(what_a_lost_agent_had_comes_again_under_the_same_id),
		T(an_agent_that_talks_nonsense_is_hung_up_on),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
