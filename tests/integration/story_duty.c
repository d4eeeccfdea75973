/* The calendar of duties: what is due when, who says that it was done, what stays of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "stage.h"

#define DAY_MS   86400000LL
#define EVIDENCE "canary-evidence-7e: Ming and Li lost the role support. 撤销了两人的权限。\n"

static int days_ahead;

static void restart(struct stage *st, int days)
{
	static char ahead[64];

	stage_stop(st);
	days_ahead = days;
	snprintf(ahead, sizeof(ahead), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = ahead;
	stage_start(st);
}

/* The day so many after today, as custosd sees it; of UTC, as organisation.yaml. */
static const char *in_days(const char *option, int days, char to[64])
{
	time_t at = time(NULL) + (time_t)(days_ahead + days) * 86400;
	struct tm tm;

	gmtime_r(&at, &tm);
	snprintf(to, 64, "%s", option);
	strftime(to + strlen(to), 64 - strlen(to), "%Y-%m-%d", &tm);
	return to;
}

static const json_t *duty_of(struct stage *st, const char *duty)
{
	stage_ctl(st, AS_PRIVACY, "--json", "duty", "show", duty);
	stage_expect(st, 0);
	return json_object_get(stage_reply(st), "result");
}

static void expect_state(struct stage *st, const char *duty, const char *state)
{
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(duty_of(st, duty), "duty"), "state")), state);
}

static void expect_status(struct stage *st, const char *text, bool is_there)
{
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	if (!strstr(st->last.out, text) == is_there) {
		fail_msg("%s\"%s\" in: %s", is_there ? "no " : "", text, st->last.out);
	}
}

static int up_with_duties(void **state)
{
	struct stage *st = stage_new();

	*state = st;
	days_ahead = 0;
	free(run_shell("cp '" SOURCE_DIR "/policies/duties.yaml' '%s' && chmod 644 '%s'/duties.yaml",
		st->policies, st->policies));
	stage_start(st);
	stage_init(st);
	return 0;
}

static void a_duty_is_told_until_somebody_has_done_it(void **state)
{
	struct stage *st = *state;
	char day[64];

	stage_ctl(st, AS_PRIVACY, "duty", "list");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "access-review"));
	expect_status(st, "The duty", false);
	expect_state(st, "access-review", "open");
	restart(st, 80);
	expect_status(st, "The duty access-review is due in ", true);
	restart(st, 120);
	expect_status(st, "The duty access-review is late: it was due 30 days ago", true);
	expect_state(st, "access-review", "late");

	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "access-review",
		in_days("--on=", 0, day));
	stage_expect(st, 0);
	expect_state(st, "access-review", "open");
	expect_status(st, "access-review", false);
	stage_ctl(st, AS_PRIVACY, "duty", "history", "access-review");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "canary-evidence-7e: Ming and Li"));
	assert_non_null(strstr(st->last.out, "LATE"));
	assert_int_equal(stage_count_leaves(st, "act=duty.done"), 1);
	assert_int_equal(stage_count_leaves(st, "act=duty.read"), 1);
	assert_int_equal(stage_count_leaves(st, "canary"), 0);
	stage_ctl(st, AS_PRIVACY, "report", "compliance", "--format=csv");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "calendar,"));
	assert_non_null(strstr(st->last.out, "duty_late"));
	stage_stop(st);
	assert_false(stage_grep(st->state, "canary-evidence-7e"));
	stage_start(st);

	/* the clock goes back: what was done is not undone */
	restart(st, 10);
	expect_state(st, "access-review", "open");
}

static void only_the_role_that_it_is_of_says_that_it_was_done(void **state)
{
	struct stage *st = *state;
	char day[64];

	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "identity-check");
	stage_expect(st, stage_has_roles() ? 77 : 0);
	if (stage_has_roles()) {
		assert_non_null(strstr(st->last.err, "is of the role 'admin'"));
		stage_ctl_text(st, AS_SUPPORT, EVIDENCE, "duty", "done", "training");
		stage_expect(st, 77);
		stage_ctl(st, AS_ADMIN, "duty", "history", "training");
		stage_expect(st, 77);
	}
	stage_ctl_text(st, AS_ADMIN, EVIDENCE, "duty", "done", "identity-check");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, " \n", "duty", "done", "training");
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "'duty show training' says what belongs into it"));
	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "training",
		in_days("--on=", 1, day));
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "in the future"));
	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "sleeping");
	stage_expect(st, 66);
	assert_int_equal(stage_count_leaves(st, "act=duty.done"), stage_has_roles() ? 1 : 2);
}

static void the_review_of_access_shows_who_may_and_who_was_there(void **state)
{
	struct stage *st = *state;
	const json_t *allowed;
	json_t *e;
	size_t i;
	int n = 0;

	if (!stage_has_roles()) {
		skip();
	}
	allowed = json_object_get(duty_of(st, "access-review"), "allowed");
	assert_int_equal(json_array_size(allowed), 6);
	duty_of(st, "access-review"); /* the first call is in the log by now, if any is */
	stage_ctl(st, AS_PRIVACY, "log", "query", "--count=1");
	stage_expect(st, 0);
	allowed = json_object_get(duty_of(st, "access-review"), "allowed");
	json_array_foreach((json_t *)(uintptr_t)allowed, i, e) {
		bool is_me = json_integer_value(json_object_get(e, "uid")) == stage_uid(AS_PRIVACY);

		n += json_object_get(e, "last_ms") && is_me;
	}
	assert_int_equal(n, 1);
	stage_ctl(st, AS_PRIVACY, "duty", "show", "access-review");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Who may call, by roles.yaml:"));
	assert_non_null(strstr(st->last.out, "never"));
}

static void what_is_not_in_the_file_any_more_keeps_its_history(void **state)
{
	struct stage *st = *state;

	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "training");
	stage_expect(st, 0);
	stage_policy(st, "duties.yaml", "duties: []\n");
	restart(st, 500);
	stage_ctl(st, AS_PRIVACY, "duty", "list");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "There are no duties"));
	expect_status(st, "The duty", false);
	stage_ctl(st, AS_PRIVACY, "duty", "list", "--all");
	assert_non_null(strstr(st->last.out, "training"));
	expect_state(st, "training", "gone");
	stage_ctl(st, AS_PRIVACY, "duty", "history", "training");
	assert_non_null(strstr(st->last.out, "canary-evidence-7e"));
	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "training");
	stage_expect(st, 64);
	stage_policy(st, "duties.yaml", "duties:\n  - {duty: training, months: 3}\n");
	stage_ctl(st, AS_PRIVACY, "policy", "check");
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "duties.yaml:2: "));
}

static void what_was_done_since_a_backup_stays_done_when_that_is_restored(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, EVIDENCE, "duty", "done", "training");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_serve_first(st);
	stage_ctl(st, AS_PRIVACY, "duty", "history", "training");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "canary-evidence-7e"));
	expect_state(st, "training", "open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_duty_is_told_until_somebody_has_done_it, up_with_duties, stage_down),
		cmocka_unit_test_setup_teardown(only_the_role_that_it_is_of_says_that_it_was_done,
			up_with_duties, stage_down),
		cmocka_unit_test_setup_teardown(the_review_of_access_shows_who_may_and_who_was_there,
			up_with_duties, stage_down),
		cmocka_unit_test_setup_teardown(what_is_not_in_the_file_any_more_keeps_its_history,
			up_with_duties, stage_down),
		cmocka_unit_test_setup_teardown(
			what_was_done_since_a_backup_stays_done_when_that_is_restored, up_with_duties,
			stage_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
