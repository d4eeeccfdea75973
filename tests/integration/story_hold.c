/* Legal holds: what they stop, what waits for them, and that they outlive a restore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define WANG                                                                                  \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                     \
	"{\"collection\":\"order\",\"fields\":{\"date\":\"2020-03-03\",\"number\":\"A-1\"}}]"
#define PURPOSE "--purpose=erasure_request"
#define WHY     "case 4711 canary-hold-9b, asked for by Mr. Zhang\n"

static void place(struct stage *st, const char *id, const char *option, char hold[33])
{
	stage_ctl_text(st, AS_PRIVACY, WHY, "hold", "place", id, option);
	stage_expect(st, 0);
	snprintf(hold, 33, "%.32s", st->last.out);
}

static void release(struct stage *st, const char *hold)
{
	stage_ctl(st, AS_PRIVACY, "hold", "release", hold);
	stage_expect(st, 0);
}

static void expect_order(struct stage *st, const char *id, bool is_there)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	if ((strstr(st->last.out, "2020-03-03") != NULL) != is_there) {
		fail_msg("the order is %s: %s", is_there ? "gone" : "there", st->last.out);
	}
}

static void an_erasure_is_refused_and_one_that_was_begun_waits(void **state)
{
	struct stage *st = *state;
	char id[33], hold[33], other[33];

	stage_add_person(st, WANG, id);
	place(st, id, "--review=2027-01-31", hold);
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, "--dry-run");
	stage_expect(st, 77);
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE);
	stage_expect(st, 77);
	assert_non_null(strstr(st->last.err, hold));
	assert_null(strstr(st->last.err, "canary"));
	stage_ctl(st, AS_PRIVACY, "hold", "show", hold);
	assert_non_null(strstr(st->last.out, "canary-hold-9b, asked for by Mr. Zhang"));
	assert_non_null(strstr(st->last.out, "case                 case 4711"));
	assert_non_null(strstr(st->last.out, "owner                you, uid"));
	assert_non_null(strstr(st->last.out, "2027-01-31"));
	assert_non_null(strstr(st->last.out, "deletions stopped    1"));
	assert_int_equal(stage_count_leaves(st, "act=hold.read"), 1);
	assert_int_equal(stage_count_leaves(st, "act=hold.block"), 1);
	assert_false(stage_grep(st->state, "canary-hold-9b"));
	stage_ctl(st, AS_ADMIN, "hold", "show", hold);
	stage_expect(st, 77);
	stage_ctl(st, AS_SUPPORT, "hold", "release", hold);
	stage_expect(st, 77);
	release(st, hold);

	/* one that waits for its grace period */
	stage_stop(st);
	stage_policy(st, "erasure.yaml", "grace: 1s\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE);
	stage_expect(st, 0);
	place(st, id, "--collection=order", other);
	run_sleep_ms(1500);
	stage_ctl(st, AS_PRIVACY, "--json", "erase", "list");
	assert_non_null(strstr(st->last.out, "it waits for the legal hold"));
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 0);
	release(st, other);
	for (int i = 0; i < 100 && stage_count_leaves(st, "act=erase.done") == 0; i++) {
		run_sleep_ms(100);
	}
	assert_int_equal(stage_count_leaves(st, "act=erase.done"), 1);
	stage_ctl(st, AS_PRIVACY, "hold", "list");
	assert_non_null(strstr(st->last.out, "There are no holds."));
}

static void drill(struct stage *st)
{
	char identity[240];

	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=3", identity);
	stage_expect(st, 0);
}

/* The order is of 2020; the rule was there before it came. */
static void a_held_record_survives_its_cohort(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], hold[33];

	stage_stop(st);
	stage_policy(st, "retention.yaml", "rules:\n  - {collection: order, keep: 1y, reason: x}\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "retention", "plan");
	stage_expect(st, 0);
	stage_add_person(st, WANG, id);
	stage_add_person(st, WANG, other);
	place(st, id, "--collection=order", hold);

	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 0);
	expect_order(st, other, true); /* the month waits for a backup of what is held */
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "Months that are over wait"));
	drill(st);
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 0);
	expect_order(st, other, false);
	expect_order(st, id, true);
	release(st, hold);
	stage_ctl(st, AS_PRIVACY, "retention", "run");
	stage_expect(st, 0);
	expect_order(st, id, false);
	stage_ctl(st, AS_PRIVACY, "retention", "plan", "--months=48");
	assert_non_null(strstr(st->last.out, "custos.holds: 1")); /* the hold's own time */
	assert_int_equal(stage_count_leaves(st, "act=hold.reseal"), 1);
}

/* The hold is not in the backup whose data is restored. */
static void a_hold_survives_the_restore_of_an_older_backup(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], hold[33], released[33];

	stage_add_person(st, WANG, id);
	stage_add_person(st, WANG, other);
	place(st, other, "--review=2027-01-31", released);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	place(st, id, "--collection=order", hold);
	release(st, released);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_serve_first(st);

	stage_ctl(st, AS_PRIVACY, "hold", "list");
	assert_non_null(strstr(st->last.out, hold));
	assert_null(strstr(st->last.out, released));
	stage_ctl(st, AS_PRIVACY, "hold", "show", hold);
	assert_non_null(strstr(st->last.out, "canary-hold-9b")); /* from the newest data */
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE);
	stage_expect(st, 77);
	stage_ctl(st, AS_PRIVACY, "erase", other, PURPOSE, "--dry-run");
	stage_expect(st, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(an_erasure_is_refused_and_one_that_was_begun_waits),
		T(a_held_record_survives_its_cohort),
		T(a_hold_survives_the_restore_of_an_older_backup),
	};

	if (!stage_has_roles()) {
		print_message("skipped: who may place a hold takes a uid of its own, so root\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
