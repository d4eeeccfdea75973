/* Letters and notices that leave by mail: to a real server, once, and what became of them is known. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define WAIT_MS 20000
#define ADA                                                                               \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"Ada Canary\"}},"            \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"ada@example.org\"}},"    \
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2026-01-02\",\"kind\":\"invoice\"," \
	"\"amount\":\"12.50\"}}]"
/* The carrier takes mail in its key, the adviser has no mailbox. */
#define WITH_RECIPIENTS                                                                   \
	"sed -i 's/^    basis: contract$/&\\n    recipients: [carrier, adviser]/; "          \
	"s/^recipients:$/&\\n  - {recipient: carrier, text: It carries parcels., "              \
	"mail: dpo@carrier.example, age: %s}\\n  - {recipient: adviser, text: It does the books., " \
	"mail: nobody@adviser.example}/' '%s/purposes.yaml'"

#define ctl(st, who, ...)                      \
	do {                                       \
		stage_ctl(st, who, __VA_ARGS__);   \
		stage_expect(st, 0);               \
	} while (0)

static char mails[224];
static struct job server;

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("no \"%s\" in: %s", with, text);
	}
}

/* With STARTTLS and a password; its port. */
static unsigned start_server(struct stage *st)
{
	char script[300], ports[260], *text;
	unsigned port = 0;

	snprintf(mails, sizeof(mails), "%.180s", stage_path(st, "mails"));
	assert_int_equal(mkdir(mails, 0755), 0);
	snprintf(script, sizeof(script), SOURCE_DIR "/tests/support/smtp_server.py");
	server = run_start(&(struct run_options){ .uid = RUN_SAME_UID },
		(const char *const[]){ "/usr/bin/python3", script, mails, NULL });
	snprintf(ports, sizeof(ports), "%s/ports", mails);
	for (int ms = 0; access(ports, R_OK) < 0; ms += 50) {
		assert_true(ms < WAIT_MS);
		run_sleep_ms(50);
	}
	text = run_shell("cat '%s'", ports);
	port = (unsigned)strtoul(text, NULL, 10);
	free(text);
	return port;
}

static void end_server(void)
{
	struct ran r;

	kill(server.pid, SIGKILL);
	run_wait(&server, &r);
	ran_done(&r);
}

static void put_route(struct stage *st, unsigned port)
{
	const char *password = stage_text(st, "password", "geheim\n");
	char text[1024];

	assert_int_equal(chmod(password, 0400), 0);
	if (stage_has_roles()) {
		assert_int_equal(chown(password, stage_uid(AS_DAEMON), (gid_t)-1), 0);
	}
	snprintf(text, sizeof(text),
		"routes:\n  - route: mail\n    plugin: smtp\n    alarms: no\n    personal: yes\n    settings:\n"
		"      {server: localhost, port: %u, user: custos, password: %s, ca_file: %s/cert.pem,\n"
		"       from: custos@example.com}\n", port, password, mails);
	stage_policy(st, "agent.yaml", text);
}

static const char *next_of(struct stage *st, const char *name)
{
	ctl(st, AS_PRIVACY, "--json", "request", "next", "1");
	return json_string_value(json_object_get(json_object_get(stage_reply(st), "step"), name));
}

static const char *state_of(struct stage *st)
{
	(void)next_of(st, "what");
	return json_string_value(
		json_object_get(json_object_get(stage_reply(st), "request"), "state"));
}

static void wait_for_state(struct stage *st, const char *state)
{
	for (int ms = 0; strcmp(state_of(st), state) != 0; ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("it is %s, not %s", state_of(st), state);
		}
		run_sleep_ms(50);
	}
}

/* 'request show' says so, soon. */
static void wait_for_shown(struct stage *st, const char *text)
{
	for (int ms = 0;; ms += 50) {
		ctl(st, AS_PRIVACY, "request", "show", "1");
		if (strstr(st->last.out, text)) {
			return;
		}
		if (ms > WAIT_MS) {
			fail_msg("no \"%s\" in: %s", text, st->last.out);
		}
		run_sleep_ms(50);
	}
}

/* Somebody is erased by request number 1, as far as nothing live is left. */
static void erase_somebody(struct stage *st)
{
	char id[33], approval[33], received[32] = "--received=";

	civil_format_day((int32_t)(time(NULL) / 86400) - 2, received + strlen(received));
	stage_add_person(st, ADA, id);
	stage_ctl_text(st, AS_PRIVACY, "Please.", "request", "open", "erasure", received,
		"--channel=email", "--law=gdpr");
	stage_expect(st, 0);
	ctl(st, AS_PRIVACY, "request", "identify", "1", id);
	ctl(st, AS_PRIVACY, "request", "verify", "1", "--method=document");
	stage_ctl(st, AS_PRIVACY, "request", "send", "1", "fulfil");
	stage_expect(st, 75); /* not yet */
	ctl(st, AS_PRIVACY, "--json", "request", "approve", "1");
	snprintf(approval, sizeof(approval), "%s", json_string_value(json_object_get(
		json_object_get(stage_reply(st), "request"), "approval")));
	ctl(st, AS_SECOND, "approval", "grant", approval);
	ctl(st, AS_PRIVACY, "request", "execute", "1");
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=345600000"; /* four days: the grace period is over */
	stage_start(st);
	wait_for_state(st, "live_done");
}

static void expect_mail(const char *to, const char *form, const char *with)
{
	char *text = run_shell(
		"cd '%s' && for m in mail-?; do grep -q '\"%s\"' $m || continue; "
		"sed '1,/^\\r*$/d' $m | base64 -di | %s; done", mails, to, form);

	expect_text(text, with);
	free(text);
}

static void what_a_request_has_to_tell_leaves_by_mail_and_is_known_to_have_left(void **state)
{
	struct stage *st = *state;
	unsigned port;
	char *key;

	if (!stage_has_roles()) {
		skip();
	}
	port = start_server(st);
	stage_stop(st);
	free(run_shell("age-keygen -o '%s/key' 2>/dev/null", mails));
	key = run_shell("age-keygen -y '%s/key' | tr -d '\\n'", mails);
	free(run_shell(WITH_RECIPIENTS, key, st->policies));
	free(key);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "request", "send", "1", "acknowledge");
	stage_expect(st, 66);
	expect_text(st->last.err, "no route of agent.yaml has 'personal: yes'");
	put_route(st, port);
	stage_stop(st);
	stage_start(st);
	erase_somebody(st);

	/* to a recipient, in its key */
	expect_text(next_of(st, "command"), "request send 1 notice --recipient=adviser");
	ctl(st, AS_PRIVACY, "request", "send", "1", "notice", "--recipient=carrier");
	expect_text(st->last.out, "encrypted to its recipient's key");
	wait_for_shown(st, "notice to carrier: sent");
	expect_mail("dpo@carrier.example", "cat", "-----BEGIN AGE ENCRYPTED FILE-----");
	{
		char form[300];

		snprintf(form, sizeof(form), "age -d -i '%s/key'", mails);
		expect_mail("dpo@carrier.example", form, "Ada Canary");
	}
	stage_ctl(st, AS_PRIVACY, "request", "send", "1", "notice", "--recipient=carrier");
	stage_expect(st, 75);
	expect_text(st->last.err, "it was sent already");
	assert_int_equal(stage_count_leaves(st, "act=request.send"), 1);
	assert_int_equal(stage_count_leaves(st, "why=mail.taken"), 1);

	/* one that the other side refuses is to be sent again, or explained */
	ctl(st, AS_PRIVACY, "request", "send", "1", "notice", "--recipient=adviser");
	wait_for_shown(st, "notice to adviser: failed");
	assert_int_equal(stage_count_leaves(st, "why=mail.failed"), 1);
	expect_text(next_of(st, "command"), "request send 1 notice --recipient=adviser");
	ctl(st, AS_PRIVACY, "request", "send", "1", "notice", "--recipient=adviser");
	wait_for_shown(st, "notice to adviser: failed");
	stage_ctl_text(st, AS_PRIVACY, "They are bankrupt.", "request", "untold", "1",
		"--recipient=adviser", "--because=impossible");
	stage_expect(st, 0);
	assert_null(strstr(next_of(st, "what"), "adviser"));

	/* to the person, whose address is gone from the store by now */
	ctl(st, AS_PRIVACY, "request", "send", "1", "fulfil", "--language=en");
	expect_text(st->last.out, "It is on its way by route mail.");
	for (int ms = 0; stage_count_leaves(st, "act=message.sent") < 2; ms += 50) {
		assert_true(ms < WAIT_MS);
		run_sleep_ms(50);
	}
	expect_mail("ada@example.org", "cat", "your data was erased");
	assert_false(stage_grep(st->state, "Ada Canary"));
	end_server();
}

static int down(void **state)
{
	if (server.pid > 0) {
		kill(server.pid, SIGKILL);
	}
	return stage_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_a_request_has_to_tell_leaves_by_mail_and_is_known_to_have_left, stage_up,
			down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
