/* custos-agent: what is sent, what is tried again, and what outlives a kill; with the plugin null. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define WAIT_MS 20000

/* --- support ----------------------------------------------------------------------------- */

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, text);
	}
}

/* A file that the agent may write, whoever it is. */
static const char *out_file(struct stage *st)
{
	const char *path = stage_text(st, "out", "");

	chmod(path, 0666);
	return path;
}

/* agent.yaml with one route "alarms" of the plugin null, and these settings behind its file. */
static void use_route(struct stage *st, const char *settings)
{
	char text[512];

	snprintf(text, sizeof(text),
		"retry: 1s\nroutes:\n  - route: alarms\n    plugin: null\n    settings: {file: %s%s}\n",
		out_file(st), settings);
	stage_policy(st, "agent.yaml", text);
}

static void set_route(struct stage *st, const char *settings)
{
	stage_stop(st);
	use_route(st, settings);
	stage_start(st);
}

static unsigned count_lines(struct stage *st, const char *with)
{
	char *text = run_shell("grep -c -e '%s' '%s/out' || true", with, st->files);
	unsigned n = (unsigned)atoi(text);

	free(text);
	return n;
}

static void wait_for_lines(struct stage *st, const char *with, unsigned n)
{
	for (int ms = 0; count_lines(st, with) < n; ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("%u lines with %s, not %u:\n%s", count_lines(st, with), with, n,
				stage_daemon_log(st));
		}
		run_sleep_ms(50);
	}
}

static json_t *status(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "agent", "status", "--json");
	stage_expect(st, 0);
	return (json_t *)(uintptr_t)stage_reply(st);
}

static const char *route_text(struct stage *st, const char *name)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(status(st), "routes"), 0), name));
}

static void wait_for_agent(struct stage *st)
{
	for (int ms = 0; !json_is_true(json_object_get(status(st), "connected")); ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("no agent:\n%s", stage_daemon_log(st));
		}
		run_sleep_ms(50);
	}
}

static pid_t agent_pid(struct stage *st)
{
	wait_for_agent(st);
	return (pid_t)json_integer_value(json_object_get(status(st), "pid"));
}

/* "agent test alarms": its id. */
static void test_route(struct stage *st, const char *outcome, char ret_id[33])
{
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms", "--json");
	stage_expect(st, 0);
	assert_string_equal(stage_reply_text(st, "outcome"), outcome);
	snprintf(ret_id, 33, "%s", stage_reply_text(st, "message"));
}

static const char *state_of(struct stage *st, const char *id)
{
	stage_ctl(st, AS_ADMIN, "message", "show", id, "--json");
	stage_expect(st, 0);
	return json_string_value(json_object_get(json_object_get(stage_reply(st), "message"), "state"));
}

static void wait_for_state(struct stage *st, const char *id, const char *state)
{
	for (int ms = 0; strcmp(state_of(st, id), state) != 0; ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("the message is %s, not %s", state_of(st, id), state);
		}
		run_sleep_ms(50);
	}
}

/* --- stories ----------------------------------------------------------------------------- */

static void without_routes_no_process_has_a_network(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "no process has one");
	stage_ctl(st, AS_ADMIN, "agent", "status");
	expect_text(st->last.out, "agent.yaml has no routes");
	stage_ctl(st, AS_ADMIN, "agent", "test", "nowhere");
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "message", "list");
	expect_text(st->last.out, "No messages wait");
	assert_int_equal(run_count_session(st->daemon), 2);
}

static void a_test_message_arrives_once_and_is_in_the_log(void **state)
{
	struct stage *st = *state;
	char id[33], with[64];

	set_route(st, "");
	wait_for_agent(st);
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms");
	stage_expect(st, 0);
	expect_text(st->last.out, "has taken the test message");
	test_route(st, "sent", id);
	snprintf(with, sizeof(with), "%s test", id);
	assert_int_equal(count_lines(st, with), 1);
	assert_string_equal(state_of(st, id), "sent");
	snprintf(with, sizeof(with), "obj=%s", id);
	assert_int_equal(stage_count_leaves(st, with), 2);
	assert_int_equal(stage_count_leaves(st, "act=message.sent"), 2);
	stage_ctl(st, AS_ADMIN, "message", "drop", id);
	stage_expect(st, 75);
	stage_ctl(st, AS_ADMIN, "message", "list");
	expect_text(st->last.out, "No messages wait");
	stage_ctl(st, AS_ADMIN, "message", "list", "--all");
	expect_text(st->last.out, id);
	stage_ctl(st, AS_SUPPORT, "message", "list");
	stage_expect(st, stage_has_roles() ? 77 : 0);
}

static void what_is_not_taken_is_tried_again_until_it_is_dropped(void **state)
{
	struct stage *st = *state;
	char id[33];

	set_route(st, ", answer: later");
	wait_for_agent(st);
	test_route(st, "waiting", id);
	stage_ctl(st, AS_ADMIN, "agent", "status");
	expect_text(st->last.out, "not now, as agent.yaml says");
	stage_ctl(st, AS_ADMIN, "message", "show", id, "--json");
	for (int ms = 0; ms < WAIT_MS &&
		json_integer_value(json_object_get(
			json_object_get(stage_reply(st), "message"), "attempts")) < 2; ms += 50) {
		run_sleep_ms(50);
		stage_ctl(st, AS_ADMIN, "message", "show", id, "--json");
	}
	stage_ctl(st, AS_ADMIN, "message", "show", id);
	expect_text(st->last.out, "not now, as agent.yaml says");
	stage_ctl(st, AS_ADMIN, "message", "drop", id);
	stage_expect(st, 0);
	assert_string_equal(state_of(st, id), "dropped");
	stage_ctl(st, AS_ADMIN, "message", "retry", id);
	stage_expect(st, 75);
}

static void what_is_refused_is_given_up_and_status_says_so(void **state)
{
	struct stage *st = *state;
	char id[33];

	set_route(st, ", answer: refused");
	wait_for_agent(st);
	test_route(st, "given_up", id);
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "1 messages could not be sent");
	set_route(st, "");
	wait_for_agent(st);
	stage_ctl(st, AS_ADMIN, "message", "retry", id);
	stage_expect(st, 0);
	wait_for_state(st, id, "sent");
	assert_int_equal(count_lines(st, id), 1);
}

static void a_killed_agent_comes_back_and_sends_what_it_had(void **state)
{
	struct stage *st = *state;
	struct job ctl;
	struct ran r;
	pid_t pid;

	set_route(st, ", delay_ms: 1500");
	pid = agent_pid(st);
	ctl = stage_ctl_start(st, AS_ADMIN, 0,
		(const char *const[]){ "agent", "test", "alarms", NULL });
	run_sleep_ms(700);
	assert_int_equal(kill(pid, SIGKILL), 0);
	run_wait(&ctl, &r);
	ran_done(&r);
	wait_for_lines(st, "test", 1);
	assert_int_not_equal(agent_pid(st), pid);
}

static void a_message_outlives_a_killed_custosd(void **state)
{
	struct stage *st = *state;
	struct job ctl;
	struct ran r;

	set_route(st, ", delay_ms: 1500");
	wait_for_agent(st);
	ctl = stage_ctl_start(st, AS_ADMIN, 0,
		(const char *const[]){ "agent", "test", "alarms", NULL });
	run_sleep_ms(700);
	stage_kill(st);
	run_wait(&ctl, &r);
	ran_done(&r);
	assert_int_equal(count_lines(st, "test"), 0);
	stage_start(st);
	wait_for_lines(st, "test", 1);
	run_sleep_ms(300);
	assert_int_equal(count_lines(st, "test"), 1);
}

static void an_alarm_is_said_once_and_again_after_a_day(void **state)
{
	struct stage *st = *state;

	set_route(st, "");
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	for (int i = 0; i < 2; i++) { /* a start looks at once */
		stage_stop(st);
		stage_start(st);
		wait_for_lines(st, "alarm.drill_missing", 1);
		run_sleep_ms(1200);
		assert_int_equal(count_lines(st, "alarm.drill_missing"), 1);
	}
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=90000000";
	stage_start(st);
	wait_for_lines(st, "alarm.drill_missing", 2);
}

static void a_backup_that_fails_by_itself_is_told(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		skip(); /* root writes anywhere */
	}
	set_route(st, "");
	stage_stop(st);
	stage_policy(st, "schedule.yaml", "backup: \"30 1 * * *\"\nmirror: never\ndrill: never\n");
	stage_start(st);
	stage_stop(st);
	assert_int_equal(chmod(st->repo, 0), 0);
	st->options[0] = "--clock-ahead-ms=86400000";
	stage_start(st);
	wait_for_lines(st, "alarm.job_failed", 1);
	assert_int_equal(chmod(st->repo, 0700), 0);
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "The job backup failed, 1 times");
}

static void a_route_with_a_fault_is_named_and_leaves_the_others_alone(void **state)
{
	struct stage *st = *state;
	char text[512];

	stage_stop(st);
	snprintf(text, sizeof(text),
		"routes:\n  - {route: broken, plugin: null, settings: {colour: red}}\n"
		"  - {route: absent, plugin: nosuch}\n"
		"  - {route: alarms, plugin: null, settings: {file: %s}}\n", out_file(st));
	stage_policy(st, "agent.yaml", text);
	stage_start(st);
	wait_for_agent(st);
	assert_string_equal(route_text(st, "fault"), "colour: the plugin null has no such setting");
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "Route broken of agent.yaml cannot be used: colour:");
	expect_text(st->last.out, "Route absent of agent.yaml cannot be used: plugin:");
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms");
	expect_text(st->last.out, "has taken the test message");
	stage_ctl(st, AS_ADMIN, "agent", "test", "broken");
	expect_text(st->last.out, "NOT taken: the route cannot be used: 'custosctl agent status' says why");
}

static void agent_yaml_is_checked_with_the_other_policies(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "agent.yaml",
		"give_up: 1s\nroutes:\n  - {route: a, plugin: null}\n  - {route: a, plugin: null}\n"
		"  - {route: b, plugin: null, settings: {to: [x, y]}}\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_text(st->last.out, "agent.yaml:1: give_up:");
	expect_text(st->last.out, "agent.yaml:4: route: 'a' stands twice; first in line 3");
	expect_text(st->last.out, "agent.yaml:5: settings: each is one text");
}

/* As systemd does it: somebody else starts it, as a user of its own. */
static void an_agent_of_another_user_is_taken_and_of_a_third_is_not(void **state)
{
	struct stage *st = *state;
	char option[64];
	struct job agent;
	struct ran r;

	if (!stage_has_roles()) {
		print_message("needs root: other users\n");
		skip();
	}
	stage_stop(st);
	snprintf(option, sizeof(option), "--agent-user=%u", (unsigned)stage_uid(AS_AGENT));
	st->options[0] = "--agent=";
	st->options[1] = option;
	use_route(st, "");
	stage_start(st);
	agent = stage_agent_start(st);
	wait_for_agent(st);
	assert_true(json_is_true(
		json_object_get(json_object_get(status(st), "separation"), "uid")));
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms");
	expect_text(st->last.out, "has taken the test message");
	stage_stop(st);
	run_wait(&agent, &r); /* with custosd's connection */
	assert_int_equal(r.status, 0);
	ran_done(&r);

	st->options[1] = "--agent-user=20042";
	stage_start(st);
	agent = stage_agent_start(st);
	run_wait(&agent, &r);
	assert_int_equal(r.status, 77);
	expect_text(r.err, "does not speak with this user");
	ran_done(&r);
}

/* --- the real plugins, in the confined process --------------------------------------------- */

#define KEY "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="

/* A server of tests/support in a directory of files/; its first port. */
static unsigned start_server(struct stage *st, const char *program, const char *name, char dir[224],
	struct job *ret)
{
	char path[256], *text;
	const char *argv[] = { "/usr/bin/python3", path, dir, NULL };
	unsigned port;

	snprintf(dir, 224, "%s/%s", st->files, name);
	assert_int_equal(mkdir(dir, 0755), 0);
	snprintf(path, sizeof(path), SOURCE_DIR "/tests/support/%s", program);
	*ret = run_start(&(struct run_options){ .uid = RUN_SAME_UID }, argv);
	text = run_shell("cd '%s'; for i in $(seq 600); do [ -e ports ] && break; sleep 0.05; done; "
		"cut -d' ' -f1 ports", dir);
	port = (unsigned)atoi(text);
	free(text);
	assert_true(port > 0);
	return port;
}

static void end_server(struct job *server)
{
	struct ran r;

	kill(server->pid, SIGKILL);
	run_wait(server, &r);
	ran_done(&r);
}

/* A file that the agent alone can read: here it is custosd's user. */
static const char *put_secret(struct stage *st, const char *name, const char *text)
{
	const char *path = stage_text(st, name, text);

	assert_int_equal(chmod(path, 0400), 0);
	if (stage_has_roles()) {
		assert_int_equal(chown(path, stage_uid(AS_DAEMON), (gid_t)-1), 0);
	}
	return path;
}

static void a_mail_and_a_webhook_leave_the_confined_process(void **state)
{
	struct stage *st = *state;
	char text[2048], mails[224], hooks[224];
	struct job smtp, http;
	unsigned smtp_port = start_server(st, "smtp_server.py", "mails", mails, &smtp);
	unsigned http_port = start_server(st, "hostile_http.py", "hooks", hooks, &http);

	stage_stop(st);
	snprintf(text, sizeof(text),
		"routes:\n"
		"  - route: alarms\n    plugin: smtp\n    settings:\n"
		"      {server: localhost, port: %u, user: custos, password: %s, ca_file: %s/cert.pem,\n"
		"       from: custos@example.com, to: dpo@example.com}\n"
		"  - route: hook\n    plugin: webhook\n    settings:\n"
		"      {url: 'https://localhost:%u/200', key: %s, ca_file: %s/cert.pem, internal: yes}\n",
		smtp_port, put_secret(st, "password", "geheim\n"), mails, http_port,
		put_secret(st, "key", KEY "\n"), hooks);
	stage_policy(st, "agent.yaml", text);
	stage_start(st);
	wait_for_agent(st);
	stage_ctl(st, AS_ADMIN, "agent", "test", "alarms");
	expect_text(st->last.out, "has taken the test message");
	stage_ctl(st, AS_ADMIN, "agent", "test", "hook");
	expect_text(st->last.out, "has taken the test message");
	free(run_shell("grep -q 'Message-ID: <' '%s/mail-1' && grep -q webhook-signature '%s/requests'",
		mails, hooks));
	end_server(&smtp);
	end_server(&http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(without_routes_no_process_has_a_network),
		T(a_test_message_arrives_once_and_is_in_the_log),
		T(what_is_not_taken_is_tried_again_until_it_is_dropped),
		T(what_is_refused_is_given_up_and_status_says_so),
		T(a_killed_agent_comes_back_and_sends_what_it_had),
		T(a_message_outlives_a_killed_custosd),
		T(an_alarm_is_said_once_and_again_after_a_day),
		T(a_backup_that_fails_by_itself_is_told),
		T(a_route_with_a_fault_is_named_and_leaves_the_others_alone),
		T(agent_yaml_is_checked_with_the_other_policies),
		T(an_agent_of_another_user_is_taken_and_of_a_third_is_not),
		T(a_mail_and_a_webhook_leave_the_confined_process),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_agent", tests, NULL, NULL);
}
