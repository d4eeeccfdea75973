/* What one user asks for and a second one confirms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define WANG                                                                                  \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                     \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"a\"}},"                             \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"b\"}}]"
#define PURPOSE "--purpose=erasure_request"

/* Somebody asks to erase Wang at once, and waits. */
static struct job ask(struct stage *st, char id[33], char approval[33])
{
	struct job call;

	stage_add_person(st, WANG, id);
	call = stage_ctl_start(st, AS_PRIVACY, 0,
		(const char *const[]){ "erase", id, PURPOSE, "--now", NULL });
	stage_approval(st, approval);
	return call;
}

static int end_of(struct stage *st, struct job *call)
{
	ran_done(&st->last);
	run_wait(call, &st->last);
	return st->last.status;
}

static void expect_there(struct stage *st, const char *id, bool is_there)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, is_there ? 0 : 66);
}

static void a_second_user_confirms_and_then_it_happens(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33];
	struct job call = ask(st, id, approval);

	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 77); /* denied from the beginning on */
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);

	assert_int_equal(end_of(st, &call), 0);
	assert_non_null(strstr(st->last.out, "The keys are gone from this host"));
	assert_non_null(strstr(st->last.err, approval)); /* whom to ask was said */
	expect_there(st, id, false);
	assert_int_equal(stage_count_leaves(st, "why=erase.now"), 3); /* ask, grant, use */
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 75); /* once */
}

static void neither_who_asked_nor_root_nor_a_stranger_confirms(void **state)
{
	static const enum who others[] = { AS_PRIVACY, AS_SUPPORT, AS_AUDITOR, AS_ADMIN,
		AS_STRANGER, AS_SELF };
	struct stage *st = *state;
	char id[33], approval[33];
	struct job call = ask(st, id, approval);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		stage_ctl(st, others[i], "approval", "grant", approval);
		stage_expect(st, 77);
	}
	assert_int_equal(stage_count_leaves(st, "act=approval.grant"), 0);
	stage_ctl(st, AS_ADMIN, "approval", "list"); /* that there is something, they may see */
	assert_non_null(strstr(st->last.out, approval));
	stage_ctl(st, AS_ADMIN, "approval", "show", approval);
	stage_expect(st, 77);
	stage_ctl(st, AS_PRIVACY, "approval", "deny", approval); /* taken back */
	stage_expect(st, 0);
	assert_true(end_of(st, &call) != 0);
	expect_there(st, id, true);
}

static void what_will_happen_is_said_in_words_with_the_name_masked(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33], leaf[128];
	struct job call = ask(st, id, approval);

	stage_ctl(st, AS_SECOND, "approval", "show", approval);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "All that is known about 王** ("));
	assert_non_null(strstr(st->last.out, id));
	assert_non_null(strstr(st->last.out, "need: records: 2"));
	assert_non_null(strstr(st->last.out, "profile: records: 1"));
	assert_non_null(strstr(st->last.out, "Keys that are shredded: 8."));
	assert_non_null(strstr(st->last.out, "as soon as a second user confirms"));
	assert_null(strstr(st->last.out, "小"));
	/* which is a read of the person's data, and in the log */
	snprintf(leaf, sizeof(leaf), "for=erasure_request sub=%s in=profile why=erase.preview", id);
	assert_int_equal(stage_count_leaves(st, leaf), 1);
	stage_ctl(st, AS_PRIVACY, "approval", "show", approval);
	assert_non_null(strstr(st->last.out, "You asked for it"));
	stage_ctl(st, AS_SECOND, "approval", "deny", approval);
	end_of(st, &call);
}

static void what_is_denied_is_cancelled_and_everything_is_as_before(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33];
	struct job call = ask(st, id, approval);

	stage_ctl(st, AS_SECOND, "approval", "deny", approval);
	stage_expect(st, 0);

	assert_int_equal(end_of(st, &call), 82);
	assert_non_null(strstr(st->last.out, "cancelled"));
	expect_there(st, id, true);
	assert_non_null(strstr(st->last.out, "王小明"));
	assert_int_equal(stage_count_leaves(st, "act=erase.cancel"), 1);
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 0);
}

static void it_waits_on_when_the_caller_goes_away_and_custosd_dies(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33];
	struct job call = ask(st, id, approval);

	run_kill_session(call.pid);
	stage_kill(st);
	end_of(st, &call);
	stage_start(st);

	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 77);
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
	for (int i = 0; i < 100 && stage_count_leaves(st, "act=erase.done") == 0; i++) {
		run_sleep_ms(100);
	}
	expect_there(st, id, false);
}

static void what_nobody_confirms_in_time_is_cancelled(void **state)
{
	struct stage *st = *state;
	char id[33], approval[33];
	struct job call;

	stage_stop(st);
	stage_policy(st, "erasure.yaml", "approval_expires: 2s\n");
	stage_start(st);
	call = ask(st, id, approval);

	assert_int_equal(end_of(st, &call), 82);
	expect_there(st, id, true);
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 75);
	assert_int_equal(stage_count_leaves(st, "why=approval.expire"), 1);
}

/* A person has 8 keys: two may be erased in a day, the third needs a second user as well. */
static void above_the_cap_a_second_user_confirms(void **state)
{
	struct stage *st = *state;
	char ids[3][33], approval[33];

	stage_stop(st);
	stage_policy(st, "erasure.yaml", "grace: 0s\ndaily_slots: 16\n");
	stage_start(st);
	for (int i = 0; i < 3; i++) {
		stage_add_person(st, WANG, ids[i]);
	}
	for (int i = 0; i < 2; i++) {
		stage_ctl(st, AS_PRIVACY, "erase", ids[i], PURPOSE, "--wait");
		stage_expect(st, 0);
	}
	stage_ctl(st, AS_PRIVACY, "erase", ids[2], PURPOSE, "--dry-run");
	assert_non_null(strstr(st->last.out, "exceeds the daily cap"));
	stage_ctl(st, AS_PRIVACY, "erase", ids[2], PURPOSE);
	stage_expect(st, 0);
	stage_approval(st, approval);
	stage_ctl(st, AS_SECOND, "approval", "show", approval);
	assert_non_null(strstr(st->last.out, "erase.cap"));
	assert_non_null(strstr(st->last.out, "16 of 16 keys"));
	run_sleep_ms(2500); /* nothing happens by itself */
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 2);
	stage_ctl(st, AS_PRIVACY, "approval", "grant", approval);
	stage_expect(st, 77);

	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);

	for (int i = 0; i < 100 && stage_count_leaves(st, "act=erase.done") < 3; i++) {
		run_sleep_ms(100);
	}
	expect_there(st, ids[2], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_second_user_confirms_and_then_it_happens),
		T(neither_who_asked_nor_root_nor_a_stranger_confirms),
		T(what_will_happen_is_said_in_words_with_the_name_masked),
		T(what_is_denied_is_cancelled_and_everything_is_as_before),
		T(it_waits_on_when_the_caller_goes_away_and_custosd_dies),
		T(what_nobody_confirms_in_time_is_cancelled),
		T(above_the_cap_a_second_user_confirms),
	};

	if (!stage_has_roles()) {
		print_message("skipped: a second user takes a second uid, so root\n");
		return 0;
	}
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
