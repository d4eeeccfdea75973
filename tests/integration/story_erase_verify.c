/* `erase verify`: who was erased is looked for in every object that lies at a target, by a process
 * that has the identity; and what proves nothing says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define ADA "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}," \
	    "{\"collection\":\"contact_point\",\"fields\":{\"email\":\"ada@example.org\"}}]"
#define BEN "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ben\"}}]"

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void erase(struct stage *st, const char *id, char erasure[33])
{
	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	snprintf(erasure, 33, "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
}

/* Ada and Ben in a backup, then Ada is erased. */
static void begin(struct stage *st, char erasure[33])
{
	char ada[33], ben[33];

	stage_add_person(st, ADA, ada);
	stage_add_person(st, BEN, ben);
	back_up(st);
	erase(st, ada, erasure);
}

/* What a vault object of a generation is called below the repository. */
static char *vault_object(struct stage *st, unsigned generation)
{
	return run_shell("cd '%s'; ls vault/%020u-* | tr -d '\n'", st->repo, generation);
}

/* As if its time were over and custosd had deleted it. */
static void remove_vault_object(struct stage *st, unsigned generation)
{
	free(run_shell("rm '%s'/vault/%020u-*", st->repo, generation));
}

static int verify(struct stage *st, const char *erasure)
{
	char identity[224];

	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	return stage_ctl(st, AS_PRIVACY, "--json", "erase", "verify", identity, erasure);
}

static const json_t *result(struct stage *st)
{
	return json_object_get(stage_reply(st), "result");
}

static const char *text(const json_t *from, const char *name)
{
	const char *s = json_string_value(json_object_get(from, name));

	if (!s) {
		fail_msg("'%s' is not in the reply", name);
	}
	return s;
}

static int64_t number(const json_t *from, const char *name)
{
	assert_true(json_is_integer(json_object_get(from, name)));
	return (int64_t)json_integer_value(json_object_get(from, name));
}

static const json_t *object(struct stage *st, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach(json_object_get(result(st), "objects"), i, o) {
		if (strcmp(text(o, "object"), name) == 0) {
			return o;
		}
	}
	fail_msg("nothing is said of %s: %s", name, st->last.out);
	return NULL;
}

#define assert_outcome(from, outcome) assert_string_equal(text(from, "outcome"), outcome)

/* The process removed it, or custosd did. */
static void assert_nothing_is_left(struct stage *st)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/drill.tmp", st->state);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* --- absent --------------------------------------------------------------------------- */

static void whoever_was_erased_is_absent_from_old_data_with_the_newest_keys(void **state)
{
	struct stage *st = *state;
	char erasure[33], *newest;
	const json_t *o;

	begin(st, erasure);
	remove_vault_object(st, 1);
	verify(st, erasure);
	stage_expect(st, 0);

	assert_outcome(result(st), "opened_and_absent");
	o = object(st, "manifest/0000000002"); /* the erasure's, which names the data of the first */
	assert_outcome(o, "opened_and_absent");
	assert_int_equal(number(o, "tried_records"), 2); /* they are there, and nothing opens them */
	assert_int_equal(number(o, "opened_records"), 0);
	newest = vault_object(st, 2);
	assert_outcome(object(st, newest), "opened_and_absent");
	assert_int_equal(json_array_size(json_object_get(result(st), "objects")), 2);
	assert_nothing_is_left(st);
	free(newest);
}

static void without_an_id_all_erasures_of_late_are_looked_for(void **state)
{
	struct stage *st = *state;
	char cid[33], first[33], second[33];

	begin(st, first);
	stage_add_person(st, ADA, cid);
	back_up(st);
	erase(st, cid, second);
	remove_vault_object(st, 1);
	free(run_shell("cd '%s/vault'; for f in $(ls | sed '$d'); do rm \"$f\"; done", st->repo));
	verify(st, NULL);
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(result(st), "erasures")), 2);
	assert_int_equal(json_array_size(json_object_get(result(st), "objects")), 3);
}

/* The note is the log's, and the log has its hash. */
static void the_result_is_signed_and_in_the_log(void **state)
{
	struct stage *st = *state;
	char erasure[33], leaf[300], *hash;

	begin(st, erasure);
	remove_vault_object(st, 1);
	verify(st, erasure);
	stage_expect(st, 0);
	assert_non_null(strstr(text(result(st), "note"), "\n\n\xe2\x80\x94 custos/"));
	stage_text(st, "note", text(result(st), "note"));
	hash = run_shell("sha256sum < '%s/note' | cut -c1-64 | tr -d '\n'", st->files);
	snprintf(leaf, sizeof(leaf), "obj=%s why=opened_and_absent n=2 dig=%s", erasure, hash);
	assert_int_equal(stage_count_leaves(st, "act=erase.verify"), 1);
	assert_int_equal(stage_count_leaves(st, leaf), 1);
	free(hash);
	hash = run_shell("sed '/^$/,$d' '%s/note'", st->files);
	assert_non_null(strstr(hash, "\"custos_verification\": 1"));
	free(hash);
}

/* --- found ---------------------------------------------------------------------------- */

/* Until its time is over, the object from before the erasure is the way back. */
static void an_older_vault_object_is_found_to_hold_the_keys(void **state)
{
	struct stage *st = *state;
	char erasure[33], *old, *newest;

	begin(st, erasure);
	old = vault_object(st, 1);
	newest = vault_object(st, 2);
	verify(st, erasure);
	stage_expect(st, 65);

	assert_outcome(result(st), "found");
	assert_outcome(object(st, old), "found");
	assert_int_equal(number(object(st, old), "opened_records"), 2);
	assert_outcome(object(st, newest), "opened_and_absent");
	assert_outcome(object(st, "manifest/0000000002"), "opened_and_absent");
	stage_ctl(st, AS_PRIVACY, "erase", "verify", erasure, "--identity", st->identity);
	stage_expect(st, 65);
	assert_non_null(strstr(st->last.out, "FOUND"));
	free(old);
	free(newest);
}

/* Put back by hand after custosd has deleted it. */
static void an_old_vault_object_that_somebody_kept_is_found(void **state)
{
	struct stage *st = *state;
	char erasure[33], *old;

	begin(st, erasure);
	old = vault_object(st, 1);
	free(run_shell("mv '%s/%s' '%s/kept'", st->repo, old, st->files));
	verify(st, erasure);
	stage_expect(st, 0);
	free(run_shell("mv '%s/kept' '%s/%s'", st->files, st->repo, old));
	verify(st, erasure);
	stage_expect(st, 65);
	assert_outcome(object(st, old), "found");
	free(old);
}

/* --- neither -------------------------------------------------------------------------- */

static void a_damaged_object_could_not_be_opened(void **state)
{
	struct stage *st = *state;
	char erasure[33], path[400], *file, *newest;

	begin(st, erasure);
	remove_vault_object(st, 1);
	file = run_shell("find '%s/data' -type f | tr -d '\n'", st->repo);
	stage_change_byte(file);
	newest = vault_object(st, 2);
	verify(st, erasure);
	stage_expect(st, 65);
	assert_outcome(result(st), "could_not_open");
	assert_outcome(object(st, "manifest/0000000002"), "could_not_open");
	assert_true(strlen(text(object(st, "manifest/0000000002"), "why")) > 0);
	/* no data to try it with: nobody was opened by it either */
	assert_outcome(object(st, newest), "proves_nothing");
	stage_change_byte(file); /* back again */

	snprintf(path, sizeof(path), "%s/%s", st->repo, newest);
	stage_change_byte(path);
	verify(st, erasure);
	stage_expect(st, 65);
	assert_outcome(object(st, newest), "could_not_open");
	assert_outcome(object(st, "manifest/0000000002"), "could_not_open");
	assert_nothing_is_left(st);
	free(newest);
	free(file);
}

/* Nothing opens, but nobody is there who could. */
static void without_somebody_who_is_remembered_nothing_is_proven(void **state)
{
	struct stage *st = *state;
	char ada[33], erasure[33];

	stage_add_person(st, ADA, ada);
	back_up(st);
	erase(st, ada, erasure);
	remove_vault_object(st, 1);
	verify(st, erasure);
	stage_expect(st, 65);
	assert_outcome(result(st), "proves_nothing");
	assert_outcome(object(st, "manifest/0000000002"), "proves_nothing");
}

static void a_file_that_no_manifest_names_could_not_be_opened(void **state)
{
	struct stage *st = *state;
	char erasure[33], *old;

	begin(st, erasure);
	old = vault_object(st, 1);
	free(run_shell("mv '%s/%s' '%s/vault/copy.bak'", st->repo, old, st->repo));
	verify(st, erasure);
	stage_expect(st, 65);
	assert_outcome(result(st), "could_not_open");
	assert_outcome(object(st, "vault/copy.bak"), "could_not_open");
	free(old);
}

static void another_identity_opens_nothing(void **state)
{
	struct stage *st = *state;
	char erasure[33];

	begin(st, erasure);
	free(run_shell("cp '%s' '%s.ours'; "
		       "sed -i 's/^AGE-SECRET-KEY-1\\(.\\)/AGE-SECRET-KEY-1q/' '%s'",
		st->identity, st->identity, st->identity));
	verify(st, erasure);
	stage_expect(st, 64);
	assert_null(strstr(st->last.err, "AGE-SECRET"));
	assert_nothing_is_left(st);
	free(run_shell("mv '%s.ours' '%s'", st->identity, st->identity));
}

static void what_cannot_be_verified_is_refused(void **state)
{
	struct stage *st = *state;
	char identity[224];

	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_ctl(st, AS_PRIVACY, "erase", "verify", "00112233445566778899aabbccddeeff");
	stage_expect(st, 64);
	verify(st, "00112233445566778899aabbccddeeff");
	stage_expect(st, 66);
	verify(st, NULL);
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "nobody was erased"));
	stage_ctl(st, AS_PRIVACY, "erase", "verify", identity, "--target=nowhere");
	stage_expect(st, 66);
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "erase", "verify", identity);
		stage_expect(st, 77);
	}
}

/* Whoever verifies was lent the identity for it. */
static int up(void **state)
{
	stage_up(state);
	free(run_shell("chmod 644 '%s'", ((struct stage *)*state)->identity));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up, stage_down)
		T(whoever_was_erased_is_absent_from_old_data_with_the_newest_keys),
		T(without_an_id_all_erasures_of_late_are_looked_for),
		T(the_result_is_signed_and_in_the_log),
		T(an_older_vault_object_is_found_to_hold_the_keys),
		T(an_old_vault_object_that_somebody_kept_is_found),
		T(a_damaged_object_could_not_be_opened),
		T(without_somebody_who_is_remembered_nothing_is_proven),
		T(a_file_that_no_manifest_names_could_not_be_opened),
		T(another_identity_opens_nothing),
		T(what_cannot_be_verified_is_refused),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_erase_verify", tests, NULL, NULL);
}
