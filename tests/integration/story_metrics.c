/* Figures for Prometheus: over the socket, and as a file for node_exporter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "stage.h"

#define WAIT_MS 20000

/* The page, held against the format; borrowed until the next run. */
static const char *metrics(struct stage *st, enum who who)
{
	const char *path;

	stage_ctl(st, who, "metrics");
	stage_expect(st, 0);
	path = stage_text(st, "page", st->last.out);
	free(run_shell("/usr/bin/python3 " SOURCE_DIR "/tests/support/check_metrics.py '%s'", path));
	return st->last.out;
}

static void expect_line(const char *page, const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(page, whole)) {
		fail_msg("there is no line \"%s\" in: %s", line, page);
	}
}

static void expect_none(const char *page, const char *text)
{
	if (strstr(page, text)) {
		fail_msg("\"%s\" stands in: %s", text, page);
	}
}

static void the_page_says_what_is_kept_and_how_old_backups_are(void **state)
{
	struct stage *st = *state;
	char subject[33];
	const char *page;

	stage_add_person(st, "[{\"collection\": \"profile\", \"fields\": {\"family_name\": \"Ouyang\"}}]",
		subject);
	page = metrics(st, AS_ADMIN);
	expect_line(page, "custos_state{state=\"running\"} 1");
	expect_line(page, "custos_state{state=\"sealed\"} 0");
	expect_line(page, "custos_subjects 1");
	expect_line(page, "custos_requests{state=\"received\"} 0");
	expect_line(page, "custos_job_failures{job=\"backup\"} 0");
	expect_none(page, "custos_recovery_point_age_seconds{");
	expect_none(page, "Ouyang");
	expect_none(page, subject);

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=1");
	stage_expect(st, 0);
	page = metrics(st, AS_ADMIN);
	expect_line(page, "custos_drill_last_passed{target=\"local\"} 1");
	expect_line(page, "custos_target_keys_behind{target=\"local\"} 0");
	expect_line(page, "custos_alarms{kind=\"drill_missing\",severity=\"warning\"} 1");
	expect_line(page, "custos_calls_total{method=\"io.custos.backup.Run\",outcome=\"ok\"} 1");
	assert_non_null(strstr(page, "\ncustos_recovery_point_age_seconds{target=\"local\"} "));
	assert_non_null(strstr(page, "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(page, "\nprocess_open_fds "));
}

static void calls_are_counted_by_what_became_of_them(void **state)
{
	struct stage *st = *state;
	const char *page;

	stage_ctl(st, AS_ADMIN, "job", "cancel", "backup");
	stage_expect(st, 66);
	stage_ctl(st, AS_SUPPORT, "job", "list");
	page = metrics(st, AS_ADMIN);
	expect_line(page, "custos_calls_total{method=\"io.custos.job.Cancel\",outcome=\"NotFound\"} 1");
	expect_line(page, stage_has_roles() ?
		"custos_calls_total{method=\"io.custos.job.List\",outcome=\"Denied\"} 1" :
		"custos_calls_total{method=\"io.custos.job.List\",outcome=\"ok\"} 1");
	expect_line(page, "custos_call_duration_seconds_count{method=\"io.custos.job.Cancel\"} 1");
	stage_ctl(st, AS_SUPPORT, "metrics");
	stage_expect(st, stage_has_roles() ? 77 : 0);
}

static void a_sealed_store_tells_so_and_of_its_process(void **state)
{
	struct stage *st = *state;
	const char *page;

	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	page = metrics(st, AS_ADMIN);
	expect_line(page, "custos_state{state=\"sealed\"} 1");
	expect_line(page, "custos_state{state=\"running\"} 0");
	assert_non_null(strstr(page, "\nprocess_open_fds "));
	expect_none(page, "custos_subjects");
}

static void the_file_for_node_exporter_is_whole_and_readable(void **state)
{
	struct stage *st = *state;
	const char *path = stage_path(st, "custos.prom");
	char text[256];
	struct stat found;

	stage_stop(st);
	snprintf(text, sizeof(text), "metrics_file: %s\n", path);
	stage_policy(st, "agent.yaml", text);
	stage_start(st);
	for (int ms = 0; stat(path, &found) < 0; ms += 50) {
		assert_true(ms < WAIT_MS);
		run_sleep_ms(50);
	}
	assert_int_equal(found.st_mode & 07777, 0644);
	free(run_shell("/usr/bin/python3 " SOURCE_DIR "/tests/support/check_metrics.py '%s' && "
		"grep -qx 'custos_state{state=\"running\"} 1' '%s'", path, path));

	stage_policy(st, "agent.yaml", "metrics_file: custos.prom\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "agent.yaml:1: metrics_file: 'custos.prom' is not an absolute path"));
	stage_policy(st, "agent.yaml", "metrics_file: /run/custos/metrics\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	assert_non_null(strstr(st->last.out, "ends in .prom"));
}

static void a_file_that_cannot_be_written_is_told_once(void **state)
{
	struct stage *st = *state;
	char *log;

	stage_stop(st);
	stage_policy(st, "agent.yaml", "metrics_file: /nowhere/custos.prom\n");
	stage_start(st);
	for (int ms = 0; ms < WAIT_MS; ms += 50) {
		log = stage_daemon_log(st);
		if (strstr(log, "metrics_file of agent.yaml: create /nowhere/custos.prom.new")) {
			free(log);
			return;
		}
		free(log);
		run_sleep_ms(50);
	}
	fail_msg("nothing was said");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(the_page_says_what_is_kept_and_how_old_backups_are),
		T(calls_are_counted_by_what_became_of_them),
		T(a_sealed_store_tells_so_and_of_its_process),
		T(the_file_for_node_exporter_is_whole_and_readable),
		T(a_file_that_cannot_be_written_is_told_once),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_metrics", tests, NULL, NULL);
}
