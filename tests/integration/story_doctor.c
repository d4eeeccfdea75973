/* What an administrator asks when something is wrong: doctor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define WARNINGS 1
#define ERRORS   2

static void expect(const char *text, const char *what)
{
	if (!strstr(text, what)) {
		fail_msg("no '%s' in:\n%s", what, text);
	}
}

static const char *ask(struct stage *st, enum who who)
{
	stage_ctl(st, who, "doctor");
	return st->last.out;
}

/* The first finding whose text has this; NULL. */
static const json_t *find(struct stage *st, const char *text)
{
	json_t *all, *f;
	size_t i;

	stage_ctl(st, AS_ADMIN, "doctor", "--json");
	all = json_object_get(stage_reply(st), "findings");
	assert_true(json_array_size(all) > 0);
	json_array_foreach(all, i, f) {
		if (strstr(json_string_value(json_object_get(f, "text")), text)) {
			return f;
		}
	}
	return NULL;
}

static void expect_finding(struct stage *st, const char *text, const char *level, const char *remedy)
{
	const json_t *f = find(st, text);

	if (!f) {
		fail_msg("no finding '%s' in:\n%s", text, st->last.out);
	}
	assert_string_equal(json_string_value(json_object_get(f, "level")), level);
	if (remedy) {
		expect(json_string_value(json_object_get(f, "remedy")), remedy);
	}
}

/* --- before there is anything --------------------------------------------------------- */

static void expect_elsewhere(const char *option, const char *what)
{
	const struct run_options o = { .uid = RUN_SAME_UID };
	char path[192];
	const char *argv[] = { stage_program("custosctl", path), "doctor", option, NULL };
	struct ran r;

	run(&o, argv, &r);
	assert_int_equal(r.status, ERRORS);
	expect(r.out, what);
	ran_done(&r);
}

static void without_custosd_it_says_what_is_missing(void **state)
{
	struct stage *st = *state;

	expect(ask(st, AS_ADMIN), "custosd does not run");
	stage_expect(st, ERRORS);
	expect(st->last.out, "-> systemctl start custosd");
	expect_elsewhere("--socket=/nowhere/at/all/s", "/nowhere/at/all does not exist");
	expect_elsewhere("--socket=/etc/passwd", "/etc/passwd is no socket");
}

static void a_socket_that_was_left_behind_is_told_from_none(void **state)
{
	struct stage *st = *state;

	stage_kill(st);
	expect(ask(st, AS_ADMIN), "is there, and nobody listens");
	stage_expect(st, ERRORS);
}

static void before_there_is_a_store_init_is_the_remedy(void **state)
{
	struct stage *st = *state;

	stage_start(st);
	expect(ask(st, AS_ADMIN), "There is no store yet");
	stage_expect(st, ERRORS);
	expect(st->last.out, "-> custosctl init identity.txt");
}

static void who_may_not_ask_is_told_so_and_still_learns_of_the_host(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		print_message("skipped: needs several users\n");
		skip();
	}
	expect(ask(st, AS_STRANGER), "custosd does not tell this user");
	expect(st->last.out, "Linux ");
	assert_true(st->last.status == WARNINGS || st->last.status == ERRORS);
}

/* --- a store that runs ----------------------------------------------------------------- */

static void a_target_without_a_backup_is_an_error_until_there_is_one(void **state)
{
	struct stage *st = *state;

	expect_finding(st, "Target local holds no backup yet", "error", "custosctl backup run --target=local");
	stage_expect(st, ERRORS);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	assert_null(find(st, "holds no backup yet"));
	expect_finding(st, "The newest data at target local", "ok", NULL);
	expect_finding(st, "No drill of target local", "warning", "custosctl drill run --target=local");
	expect_finding(st, "on the same file system", "warning", NULL);
	expect_finding(st, "Both root blocks open", "ok", NULL);
	expect_finding(st, "key file can be read by its owner alone", "ok", NULL);
	expect_finding(st, "The identity alone opens the backups", "note", "drill run --identity");
	expect_finding(st, "No core dump", "ok", NULL);
}

static void a_target_that_is_gone_is_an_error_with_its_reason(void **state)
{
	struct stage *st = *state;
	char away[200];

	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	snprintf(away, sizeof(away), "%s.away", st->repo);
	assert_int_equal(rename(st->repo, away), 0);
	expect_finding(st, "Target local cannot be reached", "error", "mount it");
	assert_int_equal(rename(away, st->repo), 0);
	assert_null(find(st, "cannot be reached"));
}

static void a_root_block_that_is_damaged_is_found(void **state)
{
	struct stage *st = *state;
	char path[224];

	snprintf(path, sizeof(path), "%s/vault.root.b", st->state);
	stage_change_byte(path);
	expect_finding(st, "A root block does not open", "error", "custosctl backup run");
	stage_change_byte(path);
	expect_finding(st, "Both root blocks open", "ok", NULL);
}

static void a_key_file_that_others_may_read_is_found(void **state)
{
	struct stage *st = *state;

	free(run_shell("chmod 0444 '%s'/keys/*/root.key", st->state));
	expect_finding(st, "can be read by others than its owner (mode 0444)", "error", "chmod 0400");
	free(run_shell("chmod 0400 '%s'/keys/*/root.key", st->state));
}

/* --- policies -------------------------------------------------------------------------- */

static void policies_on_disk_that_are_newer_or_wrong_are_told_apart(void **state)
{
	struct stage *st = *state;

	expect_finding(st, "The policies in force are those on disk", "ok", NULL);
	run_sleep_ms(20); /* the file's time must not be the start's */
	stage_policy(st, "erasure.yaml", "grace: 5d\n");
	expect_finding(st, "erasure.yaml was changed after the policies in force were read", "warning",
		"systemctl reload custosd");
	stage_policy(st, "erasure.yaml", "grace: 5 apples\n");
	expect_finding(st, "erasure.yaml:1: grace", "error", "custosctl policy check");
	stage_expect(st, ERRORS);
}

static void a_sealed_store_is_a_warning_and_the_rest_is_looked_at(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	expect_finding(st, "The store is sealed", "warning", "custosctl unseal");
	expect_finding(st, "The policies in force are those on disk", "ok", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f)    cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
#define BARE(f) cmocka_unit_test_setup_teardown(f, stage_up_bare, stage_down)
		BARE(without_custosd_it_says_what_is_missing),
		T(a_socket_that_was_left_behind_is_told_from_none),
		BARE(before_there_is_a_store_init_is_the_remedy),
		T(who_may_not_ask_is_told_so_and_still_learns_of_the_host),
		T(a_target_without_a_backup_is_an_error_until_there_is_one),
		T(a_target_that_is_gone_is_an_error_with_its_reason),
		T(a_root_block_that_is_damaged_is_found),
		T(a_key_file_that_others_may_read_is_found),
		T(policies_on_disk_that_are_newer_or_wrong_are_told_apart),
		T(a_sealed_store_is_a_warning_and_the_rest_is_looked_at),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_doctor", tests, NULL, NULL);
}
