/* The week in numbers, by mail; and a watchman who hears that jobs run. */
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

#include "stage.h"

#define WAIT_MS 20000
#define DAY     86400000LL

/* --- support ----------------------------------------------------------------------------- */

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, text);
	}
}

static void expect_none(const char *text, const char *with)
{
	if (strstr(text, with)) {
		fail_msg("\"%s\" stands in: %s", with, text);
	}
}

/* A server of tests/support in a directory of files/; its first port. */
static unsigned start_server(const char *program, const char *dir, struct job *ret)
{
	char path[256], *text;
	const char *argv[] = { "/usr/bin/python3", path, dir, NULL };
	unsigned port;

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

/* What was asked of the watchman, a path a line, as soon as this is the last of it. */
static char *wait_for_paths(const char *dir, const char *last)
{
	for (int ms = 0; ms < WAIT_MS; ms += 50) {
		char *text = run_shell("[ ! -e '%s/requests' ] || sed 's/^{\"path\": \"\\([^\"]*\\)\".*/\\1/' "
			"'%s/requests'", dir, dir);
		size_t n = strlen(text), length = strlen(last);

		if (n > length && strncmp(text + n - 1 - length, last, length) == 0) {
			return text;
		}
		free(text);
		run_sleep_ms(50);
	}
	fail_msg("nobody asked for %s", last);
	return NULL;
}

static char *wait_for_mail(const char *dir, const char *subject)
{
	for (int ms = 0; ms < WAIT_MS; ms += 100) {
		char *text = run_shell("/usr/bin/python3 -c 'import sys,glob,email,email.policy\n"
			"for n in sorted(glob.glob(sys.argv[1] + \"/mail-*[0-9]\")):\n"
			" m = email.message_from_bytes(open(n, \"rb\").read().split(b\"\\n\", 1)[1], "
			"policy=email.policy.default)\n"
			" if sys.argv[2] in m[\"Subject\"]: print(m[\"Subject\"], m.get_content(), sep=\"\\n\")' "
			"'%s' '%s'", dir, subject);

		if (*text) {
			return text;
		}
		free(text);
		run_sleep_ms(100);
	}
	fail_msg("no mail about %s", subject);
	return NULL;
}

/* From now to eight in the morning of the Monday after next, in UTC: custosd runs from one to the other. */
static int64_t until_monday(void)
{
	int64_t now = (int64_t)time(NULL) * 1000, day = now / DAY; /* day 0 was a Thursday */

	return ((day / 7 + 1) * 7 + 4 + 7) * DAY + 8 * 3600000LL - now;
}

/* --- stories ------------------------------------------------------------------------------- */

static void the_week_is_mailed_on_monday_and_names_nobody(void **state)
{
	static char ahead[64];
	struct stage *st = *state;
	char text[1024], dir[224], subject[33], *mail;
	struct job smtp;
	unsigned port;

	snprintf(dir, sizeof(dir), "%s/mails", st->files);
	port = start_server("smtp_server.py", dir, &smtp);
	stage_stop(st);
	free(run_shell("sed -i '/^time_zone/d' '%s/organisation.yaml' && "
		"echo 'time_zone: UTC' >> '%s/organisation.yaml'", st->policies, st->policies));
	snprintf(text, sizeof(text),
		"routes:\n  - route: dpo\n    plugin: smtp\n    digest: yes\n    alarms: no\n    settings:\n"
		"      {server: localhost, port: %u, user: custos, password: %s, ca_file: %s/cert.pem,\n"
		"       from: custos@example.com, to: dpo@example.com}\n",
		port, stage_text(st, "password", "geheim\n"), dir);
	stage_policy(st, "agent.yaml", text);
	free(run_shell("chmod 0400 '%s'", stage_path(st, "password")));
	if (stage_has_roles()) {
		assert_int_equal(chown(stage_path(st, "password"), stage_uid(AS_DAEMON), (gid_t)-1), 0);
	}
	stage_start(st);
	stage_add_person(st, "[{\"collection\": \"profile\", \"fields\": {\"family_name\": \"Ouyang\"}}]",
		subject);
	stage_stop(st);
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", (long long)until_monday());
	st->options[0] = ahead;
	stage_start(st);
	mail = wait_for_mail(dir, "the week to ");
	expect_text(mail, "What needs somebody now");
	expect_text(mail, "local: newest backup never, last drill never, last full restore never");
	expect_none(mail, "Ouyang");
	expect_none(mail, subject);
	free(mail);
	stage_ctl(st, AS_ADMIN, "job", "show", "digest");
	expect_text(st->last.out, "done");
	end_server(&smtp);
}

static void the_digest_counts_what_is_open_and_what_was_done(void **state)
{
	struct stage *st = *state;
	char subject[33], received[32];
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	strftime(received, sizeof(received), "--received=%Y-%m-%d", &t);
	stage_add_person(st, "[{\"collection\": \"profile\", \"fields\": {\"family_name\": \"Ouyang\"}}]",
		subject);
	stage_ctl_text(st, AS_PRIVACY, "I am Ouyang", "request", "open", "access", received, "--law=gdpr",
		"--channel=letter");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "I am Ouyang", "request", "open", "erasure", "--received=2026-01-05",
		"--law=gdpr", "--channel=letter");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);

	stage_ctl(st, AS_AUDITOR, "report", "digest");
	stage_expect(st, 0);
	expect_text(st->last.out, "data subject's request 2 is late");
	expect_text(st->last.out, "2026-02-05, LATE: answer to request 2");
	expect_text(st->last.out, "access: 1 (up to a week old: 1, up to 30 days: 0, older: 0)");
	expect_text(st->last.out, "erasure: 1 (up to a week old: 0, up to 30 days: 0, older: 1)");
	expect_text(st->last.out, "requests that came in the last seven days: 1");
	expect_text(st->last.out, "backups made: 1");
	expect_text(st->last.out, "last full restore never");
	expect_none(st->last.out, "Ouyang");
	expect_none(st->last.out, subject);
	stage_ctl(st, AS_PRIVACY, "report", "digest", "--language=zh");
	expect_text(st->last.out, "查阅、复制: 1");
	expect_text(st->last.out, "完成的备份: 1");
	stage_ctl(st, AS_ADMIN, "job", "run", "digest");
	stage_expect(st, 66);
	expect_text(st->last.err, "agent.yaml has no route with 'digest: yes'");
}

static void a_watchman_hears_that_a_job_began_ended_and_failed(void **state)
{
	struct stage *st = *state;
	char text[1024], dir[224], *paths;
	struct job http;
	unsigned port;

	snprintf(dir, sizeof(dir), "%s/hooks", st->files);
	port = start_server("hostile_http.py", dir, &http);
	stage_stop(st);
	snprintf(text, sizeof(text),
		"routes:\n"
		"  - {route: hc, plugin: ping, alarms: no, jobs: [backup],\n"
		"     settings: {url: 'https://localhost:%u/ping/1/?rid=7', ca_file: %s/cert.pem, internal: yes}}\n"
		"  - {route: kuma, plugin: ping, alarms: no, jobs: [residue],\n"
		"     settings: {url: 'https://localhost:%u/ping-2', style: plain, ca_file: %s/cert.pem, internal: yes}}\n",
		port, dir, port, dir);
	stage_policy(st, "agent.yaml", text);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "job", "run", "backup");
	stage_expect(st, 0);
	paths = wait_for_paths(dir, "/ping/1/?rid=7");
	assert_string_equal(paths, "/ping/1/start?rid=7\n/ping/1/?rid=7\n");
	free(paths);
	stage_ctl(st, AS_ADMIN, "job", "run", "residue");
	stage_expect(st, 0);
	paths = wait_for_paths(dir, "/ping-2");
	expect_none(paths, "/ping-2/");
	free(paths);
	free(run_shell("! grep -q '\"body\": \"[^\"]' '%s/requests'", dir)); /* nothing but the address */
	if (stage_has_roles()) { /* root writes anywhere */
		assert_int_equal(chmod(st->repo, 0), 0);
		stage_ctl(st, AS_ADMIN, "job", "run", "backup");
		free(wait_for_paths(dir, "/ping/1/fail?rid=7"));
		assert_int_equal(chmod(st->repo, 0700), 0);
	}
	stage_ctl(st, AS_ADMIN, "agent", "test", "kuma");
	expect_text(st->last.out, "has taken the test message");
	end_server(&http);
}

static void what_a_route_is_told_of_jobs_is_checked(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "agent.yaml", "routes:\n  - {route: a, plugin: ping, jobs: [backup, lunch]}\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_text(st->last.out, "agent.yaml:2: jobs: 'lunch' is no job of schedule.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(the_week_is_mailed_on_monday_and_names_nobody),
		T(the_digest_counts_what_is_open_and_what_was_done),
		T(a_watchman_hears_that_a_job_began_ended_and_failed),
		T(what_a_route_is_told_of_jobs_is_checked),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_digest", tests, NULL, NULL);
}
