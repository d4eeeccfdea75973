/* Alarms: what needs a person is told once, to whom it concerns, at an hour that suits, and when it is over. */
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
#define HOUR    3600000LL
#define DAY     (24 * HOUR)

/* --- support ----------------------------------------------------------------------------- */

static char ahead[64];

static void expect_text(const char *text, const char *with)
{
	if (!strstr(text, with)) {
		fail_msg("there is no \"%s\" in: %s", with, text);
	}
}

/* What the plugin null writes for a route: a file that the agent may write, whoever it is. */
static const char *out_file(struct stage *st, const char *name)
{
	const char *path = stage_text(st, name, "");

	assert_int_equal(chmod(path, 0666), 0);
	return path;
}

static unsigned count(struct stage *st, const char *name, const char *with)
{
	char *text = run_shell("grep -c -e ' %s$' '%s/%s' || true", with, st->files, name);
	unsigned n = (unsigned)atoi(text);

	free(text);
	return n;
}

static void wait_for(struct stage *st, const char *name, const char *with, unsigned n)
{
	for (int ms = 0; count(st, name, with) < n; ms += 50) {
		if (ms > WAIT_MS) {
			fail_msg("%u times %s on %s, not %u", count(st, name, with), with, name, n);
		}
		run_sleep_ms(50);
	}
	assert_int_equal(count(st, name, with), n);
}

/* Another start, so much later: custosd looks at once. */
static void start_at(struct stage *st, int64_t ahead_ms)
{
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", (long long)ahead_ms);
	st->options[0] = ahead;
	stage_start(st);
}

static void restart_at(struct stage *st, int64_t ahead_ms)
{
	stage_stop(st);
	start_at(st, ahead_ms);
}

/* custosd has looked: it measures the room then, and what it made by then has had time to be sent. */
static void wait_for_look(struct stage *st)
{
	int ms = 0;

	do {
		assert_true(ms < WAIT_MS);
		run_sleep_ms(50);
		ms += 50;
		stage_ctl(st, AS_ADMIN, "metrics");
	} while (!strstr(st->last.out, "\ncustos_filesystem_avail_bytes{"));
	run_sleep_ms(700);
}

/* From now to the next time that clocks show this hour, in UTC. */
static int64_t until_hour(int64_t hour)
{
	int64_t now = (int64_t)time(NULL) * 1000;

	return (hour * HOUR - now % DAY + DAY) % DAY;
}

/* Today, for 'request open'. */
static const char *received(void)
{
	static char text[32];
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	strftime(text, sizeof(text), "--received=%Y-%m-%d", &t);
	return text;
}

static void set_targets(struct stage *st, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "%stargets:\n  - {target: local, kind: directory, path: %s}\n", more,
		st->repo);
	stage_policy(st, "backup.yaml", text);
}

/* --- stories ------------------------------------------------------------------------------ */

static void a_missed_backup_is_told_once_and_again_and_that_it_is_over(void **state)
{
	struct stage *st = *state;
	char text[512];

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_stop(st);
	set_targets(st, "recovery_point: 26h\n");
	snprintf(text, sizeof(text), "retry: 1s\nroutes:\n"
		"  - {route: all, plugin: null, settings: {file: %s}, kinds: [backup_late]}\n",
		out_file(st, "all"));
	stage_policy(st, "agent.yaml", text);

	start_at(st, 25 * HOUR); /* nothing is missed yet */
	wait_for_look(st);
	restart_at(st, 27 * HOUR); /* custosd did not run when it became late */
	wait_for(st, "all", "alarm.backup_late", 1);
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "The newest backup at target local is 27 hours old, more than is allowed");
	restart_at(st, 28 * HOUR);
	wait_for_look(st);
	assert_int_equal(count(st, "all", "alarm.backup_late"), 1);
	restart_at(st, 52 * HOUR); /* `remind` is a day */
	wait_for(st, "all", "alarm.backup_late", 2);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	for (int i = 1; count(st, "all", "clear.backup_late") == 0; i++) { /* two looks: it might come back */
		assert_true(i < 10);
		restart_at(st, 52 * HOUR + i * 15 * 60000);
		wait_for_look(st);
		assert_true(i > 1 || count(st, "all", "clear.backup_late") == 0);
	}
	restart_at(st, 55 * HOUR);
	wait_for_look(st);
	assert_int_equal(count(st, "all", "clear.backup_late"), 1);
	assert_int_equal(count(st, "all", "alarm.backup_late"), 2);
}

static void a_job_that_never_starts_is_missed_by_the_schedule(void **state)
{
	struct stage *st = *state;
	char text[512];

	stage_stop(st);
	stage_policy(st, "schedule.yaml",
		"backup: \"30 1 * * *\"\ncatch_up: no\nmirror: never\ndrill: never\n");
	snprintf(text, sizeof(text),
		"routes:\n  - {route: all, plugin: null, settings: {file: %s}, least: urgent}\n",
		out_file(st, "all"));
	stage_policy(st, "agent.yaml", text);
	start_at(st, 25 * HOUR);
	wait_for_look(st);
	restart_at(st, 27 * HOUR); /* a day, two hours and a bit: there never was one */
	wait_for(st, "all", "alarm.backup_late", 1);
}

/* --- the real plugin, for what people read -------------------------------------------------- */

static unsigned start_smtp(struct stage *st, const char *dir, struct job *ret)
{
	const char *argv[] = { "/usr/bin/python3", SOURCE_DIR "/tests/support/smtp_server.py", dir, NULL };
	unsigned port;
	char *text;

	(void)st;
	assert_int_equal(mkdir(dir, 0755), 0);
	*ret = run_start(&(struct run_options){ .uid = RUN_SAME_UID }, argv);
	text = run_shell("cd '%s'; for i in $(seq 600); do [ -e ports ] && break; sleep 0.05; done; "
		"cut -d' ' -f1 ports", dir);
	port = (unsigned)atoi(text);
	free(text);
	assert_true(port > 0);
	return port;
}

/* The decoded text of the only mail with this in its subject. */
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

static void what_is_not_urgent_waits_for_the_morning_and_comes_as_one(void **state)
{
	struct stage *st = *state;
	int64_t night = until_hour(23) + 2 * DAY;
	char text[1024], dir[224], *mail;
	struct ran ended;
	struct job smtp;
	unsigned port;

	stage_ctl(st, AS_ADMIN, "backup", "run"); /* never restored: a warning */
	stage_expect(st, 0);
	snprintf(dir, sizeof(dir), "%s/mails", st->files);
	port = start_smtp(st, dir, &smtp);
	stage_stop(st);
	free(run_shell("sed -i '/^time_zone/d' '%s/organisation.yaml' && "
		"echo 'time_zone: UTC' >> '%s/organisation.yaml'", st->policies, st->policies));
	set_targets(st, "recovery_point: 26h\n");
	snprintf(text, sizeof(text),
		"disk_low: 99\nrequest_soon: 40d\nretry: 1s\nroutes:\n"
		"  - route: mail\n    plugin: smtp\n    quiet: '22:00-07:00'\n    settings:\n"
		"      {server: localhost, port: %u, user: custos, password: %s, ca_file: %s/cert.pem,\n"
		"       from: custos@example.com, to: dpo@example.com}\n"
		"  - {route: boss, plugin: null, settings: {file: %s}, after: 8h, kinds: [drill_missing]}\n",
		port, stage_text(st, "password", "geheim\n"), dir, out_file(st, "boss"));
	stage_policy(st, "agent.yaml", text);
	if (stage_has_roles()) {
		free(run_shell("chmod 0400 '%s'", stage_path(st, "password")));
		assert_int_equal(chown(stage_path(st, "password"), stage_uid(AS_DAEMON), (gid_t)-1), 0);
	}
	start_at(st, night);
	stage_ctl_text(st, AS_PRIVACY, "my letter", "request", "open", "access", received(), "--channel=letter");
	mail = wait_for_mail(dir, "too old"); /* urgent: at once */
	expect_text(mail, "custosctl job show backup");
	free(mail);
	wait_for_look(st);
	free(run_shell("test $(ls '%s' | grep -c '^mail-[0-9]*$') = 1", dir));

	restart_at(st, night + 9 * HOUR);
	mail = wait_for_mail(dir, "things need somebody");
	expect_text(mail, "no backup at target local was restored within 90 days (since ");
	expect_text(mail, "the newest backup at target local is too old (since ");
	free(mail);
	wait_for(st, "boss", "alarm.drill_missing", 1); /* nobody acted for eight hours */
	free(run_shell("test $(ls '%s' | grep -c '^mail-[0-9]*$') = 2", dir));
	kill(smtp.pid, SIGKILL);
	run_wait(&smtp, &ended);
	ran_done(&ended);
}

static void a_request_is_told_by_its_number_before_and_after_its_day(void **state)
{
	struct stage *st = *state;
	char text[512];

	stage_ctl_text(st, AS_PRIVACY, "my letter", "request", "open", "access", received(), "--channel=letter");
	stage_expect(st, 0);
	stage_stop(st);
	snprintf(text, sizeof(text),
		"routes:\n  - {route: dpo, plugin: null, settings: {file: %s}, kinds: [request_soon, request_late]}\n",
		out_file(st, "dpo"));
	stage_policy(st, "agent.yaml", text);
	start_at(st, 20 * DAY);
	wait_for_look(st);
	assert_int_equal(count(st, "dpo", "alarm.request_soon"), 0);
	restart_at(st, 28 * DAY);
	wait_for(st, "dpo", "alarm.request_soon", 1);
	restart_at(st, 40 * DAY);
	wait_for(st, "dpo", "alarm.request_late", 1);
	stage_ctl(st, AS_ADMIN, "message", "list", "--all", "--json");
	expect_text(st->last.out, "\"about\":\"1\"");
	stage_ctl(st, AS_ADMIN, "status");
	expect_text(st->last.out, "Data subject's request 1 is late by ");
}

static void a_store_that_stays_sealed_is_told_without_a_row(void **state)
{
	struct stage *st = *state;
	char text[512];

	stage_stop(st);
	snprintf(text, sizeof(text),
		"sealed_for: 1s\nroutes:\n  - {route: all, plugin: null, settings: {file: %s}}\n"
		"  - {route: none, plugin: null, settings: {file: %s}, alarms: no}\n",
		out_file(st, "all"), out_file(st, "none"));
	stage_policy(st, "agent.yaml", text);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	wait_for(st, "all", "alarm.sealed", 1);
	run_sleep_ms(2200);
	assert_int_equal(count(st, "all", "alarm.sealed"), 1);
	assert_int_equal(count(st, "none", "alarm.sealed"), 0);
}

static void who_is_told_of_what_is_checked_with_the_other_policies(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "agent.yaml",
		"disk_low: 100\nroutes:\n  - {route: a, plugin: null, kinds: [backup_late, nonsense]}\n"
		"  - {route: b, plugin: null, quiet: '22:00-25:00'}\n"
		"  - {route: c, plugin: null, quiet: '22:00-22:00'}\n"
		"  - {route: d, plugin: null, least: loud}\n");
	set_targets(st, "recovery_point: 1s\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_text(st->last.out, "agent.yaml:1: disk_low:");
	expect_text(st->last.out, "agent.yaml:3: kinds: 'nonsense' is no kind of alarm");
	expect_text(st->last.out, "agent.yaml:4: quiet: '22:00-25:00' is no time of the day like 22:00-07:00");
	expect_text(st->last.out, "agent.yaml:5: quiet:");
	expect_text(st->last.out, "agent.yaml:6: least:");
	expect_text(st->last.out, "backup.yaml:1: recovery_point:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_missed_backup_is_told_once_and_again_and_that_it_is_over),
		T(a_job_that_never_starts_is_missed_by_the_schedule),
		T(what_is_not_urgent_waits_for_the_morning_and_comes_as_one),
		T(a_request_is_told_by_its_number_before_and_after_its_day),
		T(a_store_that_stays_sealed_is_told_without_a_row),
		T(who_is_told_of_what_is_checked_with_the_other_policies),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_alarms", tests, NULL, NULL);
}
