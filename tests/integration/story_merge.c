/* Two ids of one person: merged, found by both, restored from before, and forgotten as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define WANG                                                                                    \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                 \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\"}}]"
#define XIAOMING                                                                                \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"Wang Xiaoming\"}},"          \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"xiaoming@example.org\"}},"  \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"bicycles\"}}]"
#define FOR    "--purpose=" STAGE_PURPOSE
#define MAIL   "--purpose=marketing_email"
#define POST   "--purpose=marketing_post"
#define DENIED 77

static void ctl_back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void expect_says(struct stage *st, const char *text)
{
	if (!strstr(st->last.out, text) && !strstr(st->last.err, text)) {
		fail_msg("'%s' is not in: %s%s", text, st->last.out, st->last.err);
	}
}

/* Whoever has this address is that subject, or nobody. */
static void expect_found(struct stage *st, const char *email, const char *id)
{
	stage_ctl_text(st, AS_PRIVACY, email, "subject", "search", "email", FOR);
	stage_expect(st, id ? 0 : 66);
	if (id) {
		assert_non_null(strstr(st->last.out, id));
		assert_int_equal(strlen(st->last.out), 33);
	}
}

/* By both names; the old one is told about. */
static void expect_one(struct stage *st, const char *old, const char *id)
{
	const char *const names[] = { old, id };

	for (size_t i = 0; i < 2; i++) {
		stage_ctl(st, AS_PRIVACY, "subject", "get", names[i], FOR);
		stage_expect(st, 0);
		expect_says(st, "王小明");
		expect_says(st, "Wang Xiaoming");
		assert_int_equal(strstr(st->last.err, "was merged") != NULL, i == 0);
	}
	expect_found(st, "wang@example.org", id);
	expect_found(st, "xiaoming@example.org", id);
}

/* An objection of the one, a consent of the other. */
static void expect_objection(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, POST);
	expect_says(st, "objected");
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, POST);
	stage_expect(st, DENIED);
}

static void merge(struct stage *st, const char *old, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "subject", "merge", old, id, FOR, "--yes");
	stage_expect(st, 0);
}

static void add_both(struct stage *st, char old[33], char id[33])
{
	stage_add_person(st, WANG, old);
	stage_add_person(st, XIAOMING, id);
	stage_ctl(st, AS_PRIVACY, "consent", "object", old, POST);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox", "--language=en");
	stage_expect(st, 0);
}

static void serve_the_first(struct stage *st)
{
	stage_serve_first(st);
	assert_null(strstr(st->last.out, "RESTRICTED"));
}

/* What is asked of all records of an old id is asked of the person's. */
static void expect_same_count(struct stage *st, const char *old, const char *id)
{
	char is[48], *by_id;

	snprintf(is, sizeof(is), "--is=%s", id);
	stage_ctl(st, AS_PRIVACY, "record", "count", FOR, "--where=subject", is);
	stage_expect(st, 0);
	by_id = strdup(st->last.out);
	snprintf(is, sizeof(is), "--is=%s", old);
	stage_ctl(st, AS_PRIVACY, "record", "count", FOR, "--where=subject", is);
	stage_expect(st, 0);
	assert_string_equal(st->last.out, by_id);
	assert_true(atoi(by_id) > 0);
	free(by_id);
}

/* --- stories ------------------------------------------------------------------------------- */

static void both_names_reach_the_same_person_and_what_forbids_holds(void **state)
{
	struct stage *st = *state;
	char old[33], id[33];

	add_both(st, old, id);
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", old, MAIL);
	stage_expect(st, 0);

	stage_ctl(st, AS_PRIVACY, "subject", "merge", old, id, FOR, "--dry-run");
	stage_expect(st, 0);
	expect_says(st, "王**");
	expect_says(st, "W*** X***");
	expect_says(st, "cannot be undone");
	assert_null(strstr(st->last.out, "王小明"));
	assert_int_equal(stage_count_leaves(st, "why=merge.preview"), 2);
	assert_int_equal(stage_count_leaves(st, "act=subject.merge"), 0);
	merge(st, old, id);
	expect_says(st, "records moved");
	expect_says(st, "shredded"); /* at once: nothing is backed up */
	expect_same_count(st, old, id);

	expect_one(st, old, id);
	expect_objection(st, old);
	expect_objection(st, id);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	assert_null(strstr(st->last.out, "yes")); /* the one had withdrawn it */
	stage_ctl(st, AS_PRIVACY, "subject", "merge", old, id, FOR, "--yes"); /* again */
	stage_expect(st, 64);
	expect_says(st, "of one data subject already");
	stage_ctl(st, AS_PRIVACY, "log", "query", "--subject", id);
	stage_expect(st, 0);
	expect_says(st, old); /* entries from before */
	stage_ctl(st, AS_PRIVACY, "subject", "dossier", old, stage_path(st, "dossier"), FOR);
	stage_expect(st, 0);
}

static void a_merge_is_for_those_who_work_on_people_and_refused_with_the_remedy(void **state)
{
	static const enum who none[] = { AS_ADMIN, AS_SUPPORT, AS_AUDITOR, AS_STRANGER };
	struct stage *st = *state;
	char old[33], id[33];

	if (!stage_has_roles()) {
		skip();
	}
	add_both(st, old, id);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		stage_ctl(st, none[i], "subject", "merge", old, id, FOR, "--yes");
		stage_expect(st, DENIED);
	}
	stage_ctl(st, AS_PRIVACY, "erase", old, "--purpose=erasure_request");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "merge", old, id, FOR, "--yes");
	stage_expect(st, 75);
	expect_says(st, "erase cancel");
	stage_ctl_text(st, AS_PRIVACY, "case 12\n", "hold", "place", id);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "merge", id, old, FOR, "--yes", "--dry-run");
	assert_int_not_equal(st->last.status, 0);
	assert_int_equal(stage_count_leaves(st, "act=subject.merge"), 0);
}

/* The keys of the old id die with the next backup, and the backup from before brings one person. */
static void an_old_backup_brings_one_person_and_the_objection_of_either(void **state)
{
	struct stage *st = *state;
	char old[33], id[33];

	add_both(st, old, id);
	ctl_back_up(st); /* 1 */
	merge(st, old, id);
	expect_says(st, "next backup");
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 0);
	ctl_back_up(st);
	stage_stop(st);
	stage_start(st); /* upkeep begins with a start */
	for (int i = 0; i < 100 && stage_count_leaves(st, "why=merge") == 0; i++) {
		usleep(100 * 1000);
	}
	assert_int_equal(stage_count_leaves(st, "why=merge"), 1);
	expect_one(st, old, id);
	ctl_back_up(st); /* the vault without them */

	serve_the_first(st);

	expect_one(st, old, id);
	expect_objection(st, old);
	stage_ctl(st, AS_PRIVACY, "consent", "check", old, MAIL);
	expect_says(st, "yes");
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

/* The machine is lost after the merge and before a backup of it: the log tells it. */
static void a_merge_that_only_the_log_tells_is_done_again(void **state)
{
	struct stage *st = *state;
	char old[33], id[33], other[33];

	add_both(st, old, id);
	stage_add_person(st, "[]", other);
	ctl_back_up(st); /* 1 */
	merge(st, old, id);
	stage_erase(st, "erase", other, "--purpose=erasure_request"); /* brings the log there */

	serve_the_first(st);

	expect_one(st, old, id);
	expect_objection(st, old);
}

static void who_is_erased_is_so_under_both_names_in_every_backup(void **state)
{
	struct stage *st = *state;
	char old[33], id[33];
	const char *const names[] = { old, id };

	add_both(st, old, id);
	ctl_back_up(st); /* 1 */
	merge(st, old, id);
	ctl_back_up(st); /* 2: old keys live still */
	stage_erase(st, "erase", old, "--purpose=erasure_request"); /* by the old name */

	for (int restored = 0; restored < 2; restored++) {
		for (size_t i = 0; i < 2; i++) {
			stage_ctl(st, AS_PRIVACY, "subject", "get", names[i], FOR);
			stage_expect(st, 66);
		}
		expect_found(st, "wang@example.org", NULL);
		expect_found(st, "xiaoming@example.org", NULL);
		if (!restored) {
			serve_the_first(st);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(both_names_reach_the_same_person_and_what_forbids_holds),
		T(a_merge_is_for_those_who_work_on_people_and_refused_with_the_remedy),
		T(an_old_backup_brings_one_person_and_the_objection_of_either),
		T(a_merge_that_only_the_log_tells_is_done_again),
		T(who_is_erased_is_so_under_both_names_in_every_backup),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_merge", tests, NULL, NULL);
}
