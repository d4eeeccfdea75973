/* Backups by custosctl: run, list, check; and what an erasure does at the targets. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define SOMEBODY "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static const json_t *backups(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "backup", "list");
	stage_expect(st, 0);
	return json_object_get(stage_reply(st), "backups");
}

static int64_t number(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

static void use_targets(struct stage *st, const char *second)
{
	char text[768];

	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n"
		"  - {target: local, kind: directory, path: %s}\n"
		"  - {target: second, kind: directory, path: %s}\n",
		st->repo, second);
	stage_policy(st, "backup.yaml", text);
}

/* --- run, list, check -------------------------------------------------------------------------- */

static void before_the_first_backup_the_list_is_empty(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "backup", "list");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "no backup yet"));
}

static void every_backup_is_listed_with_its_figures(void **state)
{
	struct stage *st = *state;
	const json_t *list;
	char id[33];

	back_up(st);
	stage_add_person(st, SOMEBODY, id);
	back_up(st);

	list = backups(st);
	assert_int_equal(json_array_size(list), 2);
	for (size_t i = 0; i < 2; i++) { /* the newest last */
		assert_int_equal(number(json_array_get(list, i), "sequence"), i + 1);
		assert_int_equal(number(json_array_get(list, i), "subjects"), i);
		assert_true(number(json_array_get(list, i), "bytes") > 0);
	}
	stage_ctl(st, AS_ADMIN, "--json", "status");
	list = json_array_get(json_object_get(stage_reply(st), "targets"), 0);
	assert_int_equal(number(list, "last_sequence"), 2);
	assert_true(number(list, "last_backup_ms") > 0);
	assert_int_equal(stage_count_leaves(st, "act=backup.done"), 2);
}

static void a_whole_repository_passes_the_check(void **state)
{
	struct stage *st = *state;

	back_up(st);
	back_up(st);
	stage_ctl(st, AS_ADMIN, "backup", "check", "--read-data");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "not a restore test"));
}

static void the_check_finds_what_is_missing_and_what_was_changed(void **state)
{
	struct stage *st = *state;

	char *path, *end;

	back_up(st);
	path = run_shell("ls -d '%s'/data/*/* | head -1", st->repo);
	end = strchr(path, '\n');
	*end = '\0';
	stage_change_byte(path);
	free(path);

	stage_ctl(st, AS_ADMIN, "backup", "check");
	stage_expect(st, 0); /* it is there, and as long */
	stage_ctl(st, AS_ADMIN, "backup", "check", "--read-data");
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "! data/"));

	free(run_shell("rm '%s'/data/*/*", st->repo));
	stage_ctl(st, AS_ADMIN, "backup", "check");
	stage_expect(st, 65);
}

static void an_unknown_target_is_refused(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "backup", "run", "--target=elsewhere");
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "backup", "list", "--target=elsewhere");
	stage_expect(st, 66);
}

static void a_target_that_cannot_be_written_is_an_error_with_its_name(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		print_message("needs root: somebody else's directory\n");
		skip();
	}
	free(run_shell("chown 0:0 '%s'; chmod 700 '%s'", st->repo, st->repo));

	stage_ctl(st, AS_ADMIN, "backup", "run");

	assert_int_not_equal(st->last.status, 0);
	assert_non_null(strstr(st->last.err, "target local"));
}

/* Two machines must not continue one chain: an older copy of the state shows. */
static void a_store_that_was_rolled_back_does_not_write_into_its_repository(void **state)
{
	struct stage *st = *state;
	char *before, *after;
	char id[33];

	back_up(st);
	stage_stop(st);
	free(run_shell("cp -a '%s' '%s.old'", st->state, st->state));
	stage_start(st);
	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	stage_stop(st);
	free(run_shell("rm -rf '%s'; mv '%s.old' '%s'", st->state, st->state, st->state));
	stage_start(st);
	before = run_shell("cd '%s'; find . -type f | sort | xargs sha256sum", st->repo);

	stage_ctl(st, AS_ADMIN, "backup", "run");

	assert_int_not_equal(st->last.status, 0);
	after = run_shell("cd '%s'; find . -type f | sort | xargs sha256sum", st->repo);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* --- erasures ---------------------------------------------------------------------------------- */

static void an_erasure_brings_its_vault_object_to_every_target(void **state)
{
	struct stage *st = *state;
	const json_t *list, *newest;
	char id[33], second[192];

	snprintf(second, sizeof(second), "%s", stage_path(st, "second"));
	stage_stop(st);
	use_targets(st, second);
	stage_start(st);
	stage_add_person(st, SOMEBODY, id);
	back_up(st);

	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);

	for (unsigned i = 0; i < 2; i++) {
		stage_ctl(st, AS_ADMIN, "--json", "backup", "list",
			i == 0 ? "--target=local" : "--target=second");
		list = json_object_get(stage_reply(st), "backups");
		assert_int_equal(json_array_size(list), 2);
		newest = json_array_get(list, 1);
		assert_true(json_is_true(json_object_get(newest, "is_vault_only")));
		assert_true(number(newest, "vault_generation") >
			number(json_array_get(list, 0), "vault_generation"));
	}
}

/* It held a backup, with this person's key in it: nothing about it may be called confirmed. */
static void an_erasure_is_not_confirmed_while_a_target_is_away(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo)); /* a stick was pulled out */

	stage_erase(st, "erase", id, "--purpose=erasure_request");

	stage_expect(st, 75);
	assert_non_null(strstr(st->last.out, "not confirmed at every target"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66); /* here, it is done */
}

static void an_erasure_before_the_first_backup_has_nothing_to_confirm(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	back_up(st);
	assert_false(json_is_true(
		json_object_get(json_array_get(backups(st), 0), "is_vault_only")));
}

static void without_a_target_the_statement_is_about_this_host(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_stop(st);
	stage_policy(st, "backup.yaml", "vault_bound: 7d\n");
	stage_start(st);
	stage_add_person(st, SOMEBODY, id);

	stage_erase(st, "erase", id, "--purpose=erasure_request");

	assert_non_null(strstr(st->last.out, "this host only"));
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "No backup target"));
}

static bool newest_is_vault_only(struct stage *st)
{
	const json_t *list = backups(st);

	return json_is_true(json_object_get(
		json_array_get(list, json_array_size(list) - 1), "is_vault_only"));
}

/* What a target missed, by a crash or by being away, it gets at the next start. */
static void what_a_target_missed_it_gets_at_the_next_start(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	back_up(st);
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo));
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 75);
	stage_kill(st);
	free(run_shell("mv '%s.away' '%s'", st->repo, st->repo));

	stage_start(st);

	for (int i = 0; i < 100 && !newest_is_vault_only(st); i++) {
		run_sleep_ms(100);
	}
	assert_true(newest_is_vault_only(st));
	stage_stop(st);
	stage_start(st); /* and not again and again */
	run_sleep_ms(1500);
	assert_int_equal(json_array_size(backups(st)), 2);
}

/* custosd ends when the manifest is there, mostly before it has written that down. */
static void a_backup_that_custosd_died_behind_is_in_the_log(void **state)
{
	struct stage *st = *state;
	char manifest[200], leaf[32];

	stage_add_person(st, SOMEBODY, (char[33]){ 0 });
	for (unsigned n = 1; n <= 4; n++) {
		const char *const args[] = { "backup", "run", NULL };
		struct job ctl = stage_ctl_start(st, AS_ADMIN, 0, args);
		struct ran ran;

		snprintf(manifest, sizeof(manifest), "%.160s/manifest/%010u", st->repo, n);
		while (access(manifest, F_OK) < 0) {
			sched_yield();
		}
		stage_kill(st);
		run_wait(&ctl, &ran);
		ran_done(&ran);
		stage_start(st);
		snprintf(leaf, sizeof(leaf), "act=backup.done why=local n=%u ", n);
		for (int i = 0; i < 100 && stage_count_leaves(st, leaf) == 0; i++) {
			run_sleep_ms(100);
		}
		assert_int_equal(stage_count_leaves(st, leaf), 1);
	}
	assert_int_equal(json_array_size(backups(st)), 4);
	stage_ctl(st, AS_ADMIN, "backup", "check");
	stage_expect(st, 0);
}

/* A retry, as after a lost connection, is answered like the first. */
static void an_erasure_that_is_asked_for_twice_is_answered_twice(void **state)
{
	static const char request[] = "--request=00112233445566778899aabbccddeeff";
	struct stage *st = *state;
	char id[33], *first;

	stage_add_person(st, SOMEBODY, id);
	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request",
		request);
	stage_expect(st, 0);
	first = json_dumps(json_object_get(stage_reply(st), "result"), JSON_SORT_KEYS);

	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request",
		request);

	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "act=erase.begin"), 1);
	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request",
		request);
	{
		char *again = json_dumps(json_object_get(stage_reply(st), "result"), JSON_SORT_KEYS);

		assert_string_equal(first, again);
		free(again);
	}
	free(first);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 66); /* another request is about nobody */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(before_the_first_backup_the_list_is_empty),
		T(every_backup_is_listed_with_its_figures),
		T(a_whole_repository_passes_the_check),
		T(the_check_finds_what_is_missing_and_what_was_changed),
		T(an_unknown_target_is_refused),
		T(a_target_that_cannot_be_written_is_an_error_with_its_name),
		T(a_store_that_was_rolled_back_does_not_write_into_its_repository),
		T(an_erasure_brings_its_vault_object_to_every_target),
		T(an_erasure_is_not_confirmed_while_a_target_is_away),
		T(an_erasure_before_the_first_backup_has_nothing_to_confirm),
		T(without_a_target_the_statement_is_about_this_host),
		T(what_a_target_missed_it_gets_at_the_next_start),
		T(a_backup_that_custosd_died_behind_is_in_the_log),
		T(an_erasure_that_is_asked_for_twice_is_answered_twice),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_backup", tests, NULL, NULL);
}
