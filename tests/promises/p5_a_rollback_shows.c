/* P5: a state directory that is an older copy is noticed when a target knows more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE
#define ADA     "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"
#define BOB     "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Bob\"}}]"

static void ok(struct stage *st)
{
	stage_expect(st, 0);
}

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	ok(st);
}

/* The daemon is down meanwhile; the copy keeps owners and modes. */
static void copy_state(struct stage *st, const char *to)
{
	stage_stop(st);
	free(run_shell("rm -rf '%s/%s' && cp -a '%s' '%s/%s'", st->dir, to, st->state, st->dir, to));
	stage_start(st);
}

static void put_state_back(struct stage *st, const char *from)
{
	stage_stop(st);
	free(run_shell("rm -rf '%s' && cp -a '%s/%s' '%s'", st->state, st->dir, from, st->state));
	stage_start(st);
}

static const char *state_of(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	ok(st);
	return stage_reply_text(st, "state");
}

static char *fingerprint(const char *dir)
{
	return run_shell("cd '%s' && find . -type f -exec sha256sum {} + | sort", dir);
}

static void expect_refused(struct stage *st)
{
	stage_expect(st, 78);
	assert_non_null(strstr(st->last.err, "quarantine"));
}

static void nothing_may_be_done_about(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	expect_refused(st);
	stage_ctl_text(st, AS_PRIVACY, "x@example.org", "subject", "search", "email", PURPOSE);
	expect_refused(st);
	stage_ctl_text(st, AS_PRIVACY, BOB, "subject", "add", "--kind=person", PURPOSE);
	expect_refused(st);
	stage_ctl(st, AS_PRIVACY, "export", stage_path(st, "out.jsonl"), PURPOSE);
	expect_refused(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	expect_refused(st);
	assert_int_not_equal(stage_ctl(st, AS_ADMIN, "backup", "prune"), 0);
	if (stage_has_roles()) { /* a refusal would be a leaf elsewhere */
		stage_ctl(st, AS_AUDITOR, "subject", "get", id, PURPOSE);
		stage_expect(st, 77);
	}
}

/* --- the stories ------------------------------------------------------------------------------- */

static void an_older_copy_of_the_state_is_not_used(void **state)
{
	struct stage *st = *state;
	char ada[33], bob[33], *repo, *after;
	uint64_t size;

	stage_add_person(st, ADA, ada);
	back_up(st);
	copy_state(st, "old");
	stage_add_person(st, BOB, bob);
	back_up(st);
	repo = fingerprint(st->repo);

	put_state_back(st, "old");
	assert_string_equal(state_of(st), "quarantined");
	stage_ctl(st, AS_ADMIN, "status");
	ok(st);
	assert_non_null(strstr(st->last.out, "custosd restore --from="));
	size = stage_log_size(st);
	nothing_may_be_done_about(st, ada);

	assert_int_equal(stage_log_size(st), size);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	ok(st);
	after = fingerprint(st->repo);
	assert_string_equal(after, repo);
	free(after);
	free(repo);
}

static void the_newest_state_is_used_again(void **state)
{
	struct stage *st = *state;
	char ada[33], bob[33];

	stage_add_person(st, ADA, ada);
	back_up(st);
	copy_state(st, "old");
	stage_add_person(st, BOB, bob);
	back_up(st);
	copy_state(st, "new");
	put_state_back(st, "old");
	assert_string_equal(state_of(st), "quarantined");

	put_state_back(st, "new");
	assert_string_equal(state_of(st), "running");
	stage_ctl(st, AS_PRIVACY, "subject", "get", bob, PURPOSE);
	ok(st);
	back_up(st);
}

/* Whoever can write to the target may take its log away; the manifest is proof enough. */
static void a_newer_backup_shows_it_without_its_log(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ADA, id);
	back_up(st);
	copy_state(st, "old");
	stage_add_person(st, BOB, id);
	back_up(st);
	free(run_shell("rm -r '%s/log'", st->repo));

	put_state_back(st, "old");
	assert_string_equal(state_of(st), "quarantined");
	nothing_may_be_done_about(st, id);
}

/* The copy knows the erased person's keys. */
static void an_erasure_is_not_undone_by_an_older_copy(void **state)
{
	struct stage *st = *state;
	char ada[33];

	stage_add_person(st, ADA, ada);
	back_up(st);
	copy_state(st, "old");
	stage_erase(st, "erase", ada, PURPOSE);
	ok(st);

	put_state_back(st, "old");
	assert_string_equal(state_of(st), "quarantined");
	nothing_may_be_done_about(st, ada);
}

/* The old copy was used while the target was away, and grew longer than what the target has. */
static void a_log_that_went_on_in_another_way_is_noticed(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, ADA, id);
	back_up(st);
	copy_state(st, "old");
	stage_add_person(st, BOB, id);
	back_up(st);
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo));
	put_state_back(st, "old");
	assert_string_equal(state_of(st), "running");
	for (int i = 0; i < 6; i++) {
		stage_add_person(st, ADA, id);
	}

	stage_stop(st);
	free(run_shell("mv '%s.away' '%s'", st->repo, st->repo));
	stage_start(st);
	assert_string_equal(state_of(st), "quarantined");
	nothing_may_be_done_about(st, id);
}

/* Whoever may write to the target, and has no key of ours, stops nobody. */
static void what_this_store_did_not_sign_proves_nothing(void **state)
{
	struct stage *st = *state, *other = stage_new();
	char id[33];

	stage_add_person(st, ADA, id);
	back_up(st);
	stage_start(other);
	stage_init(other);
	for (int i = 0; i < 6; i++) {
		stage_add_person(other, BOB, id);
	}
	back_up(other);
	back_up(other);
	stage_stop(st);
	free(run_shell("rm -rf '%s' && cp -a '%s' '%s'; cd '%s/vault' && "
		       "cp -a $(ls | head -n 1) 00000000000000000099-"
		       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		st->repo, other->repo, st->repo, st->repo));
	stage_free(other);

	stage_start(st);
	assert_string_equal(state_of(st), "running");
}

static void a_target_that_cannot_be_read_stops_nobody(void **state)
{
	struct stage *st = *state;
	char id[33], *log;

	stage_add_person(st, ADA, id);
	back_up(st);
	stage_stop(st);
	free(run_shell("printf x > '%s/log/checkpoint'", st->repo));

	stage_start(st);
	assert_string_equal(state_of(st), "running");
	log = stage_daemon_log(st);
	assert_non_null(strstr(log, "cannot say whether this store was rolled back"));
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_older_copy_of_the_state_is_not_used, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(the_newest_state_is_used_again, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			a_newer_backup_shows_it_without_its_log, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			an_erasure_is_not_undone_by_an_older_copy, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			a_log_that_went_on_in_another_way_is_noticed, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			what_this_store_did_not_sign_proves_nothing, stage_up, stage_down),
		cmocka_unit_test_setup_teardown(
			a_target_that_cannot_be_read_stops_nobody, stage_up, stage_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
