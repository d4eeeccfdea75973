/* Jobs: what custosd does by itself, when its time has come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "stage.h"

#define DAY_MS 86400000LL

#define NIGHTLY "backup: \"30 1 * * *\"\nmirror: never\ndrill: \"0 5 * * *\"\nresidue: never\n"

/* From now on the clock is so many days ahead of where the story began. */
static void restart(struct stage *st, int days)
{
	static char ahead[64];

	stage_stop(st);
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = ahead;
	stage_start(st);
}

static const json_t *job_of(struct stage *st, const char *job)
{
	stage_ctl(st, AS_ADMIN, "--json", "job", "show", job);
	stage_expect(st, 0);
	return stage_reply(st);
}

static size_t count_runs(struct stage *st, const char *job)
{
	return json_array_size(json_object_get(job_of(st, job), "runs"));
}

/* Within some seconds it has run so often. */
static const json_t *wait_for_runs(struct stage *st, const char *job, size_t n)
{
	for (int i = 0; i < 200 && count_runs(st, job) < n; i++) {
		run_sleep_ms(50);
	}
	assert_int_equal(count_runs(st, job), n);
	return json_array_get(json_object_get(stage_reply(st), "runs"), n - 1);
}

static size_t count_backups(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "backup", "list");
	stage_expect(st, 0);
	return json_array_size(json_object_get(stage_reply(st), "backups"));
}

static int up_nightly(void **state)
{
	struct stage *st = stage_new();

	*state = st;
	stage_policy(st, "schedule.yaml", NIGHTLY);
	stage_start(st);
	stage_init(st);
	return 0;
}

static void what_was_missed_while_the_machine_was_off_is_done_once(void **state)
{
	struct stage *st = *state;
	const json_t *run;

	assert_int_equal(count_runs(st, "backup"), 0);
	assert_int_equal(count_backups(st), 0);
	restart(st, 3);
	run = wait_for_runs(st, "backup", 1);
	assert_null(json_object_get(run, "error"));
	assert_non_null(json_object_get(run, "due_ms"));
	assert_int_equal(count_backups(st), 1);
	/* and the drill of that backup the next night */
	restart(st, 4);
	assert_null(json_object_get(wait_for_runs(st, "backup", 2), "error"));
	run_sleep_ms(1500);
	assert_int_equal(count_backups(st), 2);
	restart(st, 5);
	assert_null(json_object_get(wait_for_runs(st, "drill", 1), "error"));
	stage_ctl(st, AS_ADMIN, "drill", "list");
	assert_non_null(strstr(st->last.out, "passed"));
	stage_ctl(st, AS_ADMIN, "job", "list");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "30 1 * * *"));
	assert_non_null(strstr(st->last.out, "done"));
	assert_non_null(strstr(st->last.out, "off"));
}

static void without_catching_up_it_waits_for_its_next_time(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "schedule.yaml", NIGHTLY "catch_up: no\n");
	restart(st, 3);
	run_sleep_ms(2500);
	assert_int_equal(count_runs(st, "backup"), 0);
	assert_int_equal(count_backups(st), 0);
}

static void a_clock_that_was_put_back_is_followed(void **state)
{
	struct stage *st = *state;
	int64_t next;

	restart(st, 300);
	wait_for_runs(st, "backup", 1);
	restart(st, 0);
	run_sleep_ms(1500);
	next = (int64_t)json_integer_value(
		json_object_get(json_object_get(job_of(st, "backup"), "job"), "next_ms"));
	assert_true(next < (int64_t)time(NULL) * 1000 + 2 * DAY_MS);
	restart(st, 2);
	wait_for_runs(st, "backup", 2);
}

static void a_job_that_fails_is_said_and_tried_again(void **state)
{
	struct stage *st = *state;
	const json_t *run;

	if (!stage_has_roles()) {
		skip(); /* root writes anywhere */
	}
	chmod(st->repo, 0);
	restart(st, 1);
	run = wait_for_runs(st, "backup", 1);
	assert_string_equal(json_string_value(json_object_get(run, "error")), "Denied");
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "The job backup failed, 1 times"));
	chmod(st->repo, 0700);
	stage_ctl(st, AS_ADMIN, "job", "run", "backup");
	stage_expect(st, 0);
	assert_null(json_object_get(wait_for_runs(st, "backup", 2), "error"));
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "The job backup failed"));
}

static void a_job_is_run_by_hand_and_comes_again_at_its_time(void **state)
{
	struct stage *st = *state;
	const json_t *run;

	stage_ctl(st, AS_ADMIN, "job", "run", "backup");
	stage_expect(st, 0);
	run = wait_for_runs(st, "backup", 1);
	assert_null(json_object_get(run, "due_ms"));
	assert_int_equal(count_backups(st), 1);
	stage_ctl(st, AS_ADMIN, "job", "show", "backup");
	assert_non_null(strstr(st->last.out, "asked for"));
	restart(st, 1);
	assert_non_null(json_object_get(wait_for_runs(st, "backup", 2), "due_ms"));
	stage_ctl(st, AS_ADMIN, "job", "cancel", "backup");
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "job", "run", "retention");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "job", "run", "backup");
	stage_expect(st, 77);
}

/* How many entries the target's copy of the log has. */
static uint64_t mirrored(const struct stage *st)
{
	char *text = run_shell("sed -n 2p '%s/log/checkpoint'", st->repo);
	uint64_t size = strtoull(text, NULL, 10);

	free(text);
	return size;
}

static void the_log_is_mirrored_between_backups(void **state)
{
	struct stage *st = *state;
	uint64_t before;
	char id[33];

	stage_stop(st);
	stage_policy(st, "schedule.yaml", "backup: never\nmirror: \"*/15 * * * *\"\ndrill: never\n");
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]", id);
	before = stage_log_size(st);
	assert_true(mirrored(st) < before);
	restart(st, 1);
	assert_null(json_object_get(wait_for_runs(st, "mirror", 1), "error"));
	assert_true(mirrored(st) >= before);
	assert_int_equal(count_backups(st), 1);
}

static void policy_check_warns_of_backups_that_are_rarer_than_weekly(void **state)
{
	struct stage *st = *state;

	stage_policy(st, "schedule.yaml", "backup: \"0 3 1,15 * *\"\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out,
		"warning: schedule.yaml:1: backup: '0 3 1,15 * *' is rarer than weekly"));
	stage_policy(st, "schedule.yaml", "backup: \"0 3 * * 0\"\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	assert_null(strstr(st->last.out, "warning"));
	stage_policy(st, "schedule.yaml", "retention: never\ndrill: \"0 25 * * *\"\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "schedule.yaml:1: retention: 'never'"));
	assert_non_null(strstr(st->last.out, "schedule.yaml:2: drill: '0 25 * * *' the hour is not"));
}

static void without_a_target_no_backup_is_said_to_be_done(void **state)
{
	struct stage *st = *state;

	stage_stop(st);
	stage_policy(st, "backup.yaml", "vault_bound: 7d\n");
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "job", "run", "backup");
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "names no target"));
	stage_ctl(st, AS_ADMIN, "job", "run", "drill");
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "job", "run", "residue");
	stage_expect(st, 0);
	wait_for_runs(st, "residue", 1);
	assert_int_equal(count_runs(st, "backup"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define STORY(f) cmocka_unit_test_setup_teardown(f, up_nightly, stage_down)
		STORY(what_was_missed_while_the_machine_was_off_is_done_once),
		STORY(without_catching_up_it_waits_for_its_next_time),
		STORY(a_clock_that_was_put_back_is_followed),
		STORY(a_job_that_fails_is_said_and_tried_again),
		STORY(a_job_is_run_by_hand_and_comes_again_at_its_time),
		STORY(without_a_target_no_backup_is_said_to_be_done),
		STORY(the_log_is_mirrored_between_backups),
		STORY(policy_check_warns_of_backups_that_are_rarer_than_weekly),
#undef STORY
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
