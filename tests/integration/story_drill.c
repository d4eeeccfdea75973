/* Drills by custosctl: three levels, what fails them, and what they leave: a report and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "forge.h"
#include "stage.h"

#define ADA "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}," \
	    "{\"collection\":\"contact_point\",\"fields\":{\"email\":\"ada@example.org\"}}]"
#define BEN "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ben\"}}," \
	    "{\"collection\":\"contact_point\",\"fields\":{\"email\":\"ben@example.org\"}}]"

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

/* Two people with two records each, and a backup. */
static void begin(struct stage *st, char ada[33], char ben[33])
{
	stage_add_person(st, ADA, ada);
	stage_add_person(st, BEN, ben);
	back_up(st);
}

static int drill(struct stage *st, int level, const char *more)
{
	char level_option[32], identity[224];
	const char *args[8] = { "--json", "drill", "run", level_option };
	size_t n = 4;

	snprintf(level_option, sizeof(level_option), "--level=%d", level);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	if (level == 3) {
		args[n++] = identity;
	}
	args[n] = more;
	return stage_ctl_input(st, AS_ADMIN, NULL, 0, args);
}

static const json_t *result(struct stage *st)
{
	return json_object_get(stage_reply(st), "result");
}

static int64_t number(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	if (!json_is_integer(v)) {
		fail_msg("'%s' is not in the reply", name);
	}
	return (int64_t)json_integer_value(v);
}

static void assert_nothing_is_left(struct stage *st)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/drill.tmp", st->state);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void assert_passes(struct stage *st, int level, const char *more)
{
	drill(st, level, more);
	stage_expect(st, 0);
	assert_true(json_is_true(json_object_get(result(st), "passed")));
	assert_int_equal(number(result(st), "level"), level);
	assert_nothing_is_left(st);
}

/* It is loud: the exit status, the reply, the log, and status until a better one was held. */
static void assert_fails_saying(struct stage *st, int level, const char *text)
{
	unsigned before = stage_count_leaves(st, "act=drill.failed");

	drill(st, level, NULL);
	stage_expect(st, 65);
	assert_false(json_is_true(json_object_get(result(st), "passed")));
	if (!strstr(st->last.out, text)) {
		fail_msg("level %d does not say '%s': %s", level, text, st->last.out);
	}
	assert_nothing_is_left(st);
	assert_int_equal(stage_count_leaves(st, "act=drill.failed"), before + 1);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "The last drill of target local FAILED"));
}

/* --- what passes ------------------------------------------------------------------------- */

static void a_good_backup_passes_at_each_level(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);

	assert_passes(st, 1, NULL);
	assert_int_equal(number(result(st), "records"), 0); /* it is no restore test */
	assert_passes(st, 2, NULL);
	assert_int_equal(number(result(st), "subjects"), 2);
	assert_int_equal(number(result(st), "records"), 4);
	assert_int_equal(number(result(st), "collections"), 2);
	assert_int_equal(number(result(st), "opened"), 0);
	assert_true(json_is_true(json_object_get(result(st), "digests_compared")));
	assert_passes(st, 3, NULL);
	assert_int_equal(number(result(st), "records"), 4);
	assert_int_equal(number(result(st), "opened"), 4);
	assert_true(number(result(st), "recovery_ms") > 0);
	assert_int_equal(stage_count_leaves(st, "act=drill.done"), 3);
}

static void each_drill_is_listed_and_its_report_is_signed(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33], path[192];
	const json_t *list;

	begin(st, ada, ben);
	assert_passes(st, 1, NULL);
	assert_passes(st, 3, NULL);

	stage_ctl(st, AS_AUDITOR, "--json", "drill", "list");
	stage_expect(st, 0);
	list = json_object_get(stage_reply(st), "drills");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(number(json_array_get(list, 1), "level"), 3);
	stage_ctl(st, AS_AUDITOR, "drill", "show", "2");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "custos drill report v1\nnumber 2\n"));
	assert_non_null(strstr(st->last.out, "\nresult passed\n\n\xe2\x80\x94 custos/"));

	/* one that was changed on the disk is no report of ours any more */
	snprintf(path, sizeof(path), "%s/drills/0000000002.note", st->state);
	free(run_shell("sed -i 's/^level 3/level 2/' '%s'", path));
	stage_ctl(st, AS_ADMIN, "drill", "show", "2");
	stage_expect(st, 65);
}

/* What docs/formats/drill.md says is enough to read one, and to hold it against the target. */
static void a_stranger_s_program_reads_each_report(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33], key[256];

	begin(st, ada, ben);
	assert_passes(st, 1, NULL);
	assert_passes(st, 2, NULL);
	assert_passes(st, 3, NULL);
	stage_ctl(st, AS_ADMIN, "--json", "log", "checkpoint");
	snprintf(key, sizeof(key), "%s", stage_reply_text(st, "key"));
	stage_ctl(st, AS_ADMIN, "job", "run", "mirror");
	stage_expect(st, 0);
	for (int i = 1; i <= 3; i++) {
		free(run_shell("for i in $(seq 100); do grep -aqrs 'drill.done.* n=%d .*dig=' '%s/log/tile/entries' && break; sleep 0.1; done; "
			"/usr/bin/python3 '" SOURCE_DIR "/tests/support/read_drill.py' '%s' '%s' '%s/drills/%010d.note'",
			i, st->repo, key, st->repo, st->state, i));
	}
}

static void status_warns_until_a_backup_was_restored(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];
	const json_t *target;

	begin(st, ada, ben);
	assert_passes(st, 2, NULL);
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "was restored within 90 days"));

	assert_passes(st, 3, NULL);
	stage_ctl(st, AS_ADMIN, "status");
	assert_null(strstr(st->last.out, "was restored within 90 days"));
	stage_ctl(st, AS_ADMIN, "--json", "status");
	target = json_array_get(json_object_get(stage_reply(st), "targets"), 0);
	assert_true(number(target, "last_restore_ms") > 0);
	assert_int_equal(number(target, "last_drill_level"), 3);
}

static void an_erased_one_is_unreadable_in_an_older_backup(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	stage_erase(st, "erase", ada, "--purpose=erasure_request");
	stage_expect(st, 0);

	assert_passes(st, 3, "--sequence=1");
	assert_int_equal(number(result(st), "erased"), 1);
	assert_int_equal(number(result(st), "gone"), 2);   /* Ada's */
	assert_int_equal(number(result(st), "opened"), 2); /* Ben's */
	assert_int_equal(number(result(st), "records"), 4);
}

/* --- what fails -------------------------------------------------------------------------- */

static void change_object(struct stage *st, const char *folder)
{
	char *path = run_shell("find '%s/%s' -type f | sort | tail -1 | tr -d '\\n'", st->repo, folder);

	stage_change_byte(path);
	free(path);
}

static void a_flipped_byte_of_a_data_object_fails_every_level(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	change_object(st, "data");

	for (int level = 1; level <= 3; level++) {
		assert_fails_saying(st, level, "SHA-256");
	}
}

static void a_flipped_byte_of_the_vault_object_fails_every_level(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	change_object(st, "vault");

	for (int level = 1; level <= 3; level++) {
		assert_fails_saying(st, level, "vault/");
	}
}

static void a_missing_manifest_fails_the_drill(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	back_up(st);
	free(run_shell("rm '%s/manifest/0000000001'", st->repo));

	for (int level = 1; level <= 3; level++) {
		assert_fails_saying(st, level, "manifest");
	}
}

/* The manifest is validly signed and all hashes are right: only the rows are others. */
static void one_record_in_anothers_place_fails_the_drill(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	forge_backup(st, "UPDATE record SET sealed = (SELECT sealed FROM record r2 WHERE r2.collection ="
			 " record.collection AND r2.id <> record.id) WHERE collection = 'profile' AND rowid ="
			 " (SELECT min(rowid) FROM record WHERE collection = 'profile')");

	drill(st, 1, NULL);
	stage_expect(st, 0); /* hashes do not see it */
	assert_fails_saying(st, 2, "profile: the rows are not those that were backed up");
	assert_fails_saying(st, 3, "records are damaged");
}

static void a_dropped_collection_fails_the_drill(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	forge_backup(st, "DELETE FROM record WHERE collection = 'contact_point'");

	assert_fails_saying(st, 2, "contact_point: 0 rows are there instead of 2");
	assert_fails_saying(st, 3, "contact_point: 0 rows are there instead of 2");
}

/* --- keys -------------------------------------------------------------------------------- */

static void the_identity_never_touches_the_daemons_disk(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];
	char *secret;

	begin(st, ada, ben);
	secret = run_shell("grep -o 'AGE-SECRET-KEY-1[A-Z0-9]*' '%s' | head -1 | tr -d '\\n'",
		st->identity);
	assert_passes(st, 3, NULL);

	assert_true(strlen(secret) > 60);
	assert_false(stage_grep(st->state, secret));
	assert_false(stage_grep(st->repo, secret));
	assert_true(stage_grep(st->files, secret)); /* the search finds it where it is */
	free(secret);
}

static void without_a_window_only_the_identity_drills_the_data(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33], text[512];

	stage_stop(st);
	snprintf(text, sizeof(text),
		"drill_window: 0d\ntargets:\n  - {target: local, kind: directory, path: %s}\n", st->repo);
	stage_policy(st, "backup.yaml", text);
	stage_start(st);
	begin(st, ada, ben);

	drill(st, 2, NULL);
	stage_expect(st, 81);
	assert_passes(st, 1, NULL);
	assert_passes(st, 3, NULL);
}

static void another_stores_identity_drills_nothing(void **state)
{
	struct stage *st = *state;
	struct stage *other = stage_new();
	char ada[33], ben[33], own[192];

	begin(st, ada, ben);
	stage_start(other);
	stage_init(other);
	strcpy(own, st->identity);
	strcpy(st->identity, other->identity);

	assert_int_not_equal(drill(st, 3, NULL), 0);
	strcpy(st->identity, own);
	assert_nothing_is_left(st);
	stage_free(other);
}

static void what_level_and_identity_do_not_fit_is_refused(void **state)
{
	struct stage *st = *state;
	char identity[224];

	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=3");
	stage_expect(st, 64);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=2", identity);
	stage_expect(st, 64);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=4");
	stage_expect(st, 64);
	stage_ctl(st, AS_ADMIN, "drill", "show", "7");
	stage_expect(st, 66);
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "drill", "run");
		stage_expect(st, 77);
	}
}

/* --- ends before the end ----------------------------------------------------------------- */

/* A drill that waits for an identity that nobody types. */
static struct job start_drill(struct stage *st, int pipe_ends[2])
{
	const char *args[] = { "drill", "run", "--level=3", "--identity=-", NULL };
	struct job job;
	char path[192];

	assert_int_equal(pipe(pipe_ends), 0);
	job = stage_ctl_start(st, AS_ADMIN, pipe_ends[0], args);
	snprintf(path, sizeof(path), "%s/drill.tmp", st->state);
	for (int i = 0; i < 500 && access(path, F_OK) != 0; i++) {
		run_sleep_ms(10);
	}
	assert_int_equal(access(path, F_OK), 0);
	return job;
}

static void a_killed_drill_leaves_nothing_after_the_next_start(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];
	int ends[2];
	struct ran ran;
	struct job job;

	begin(st, ada, ben);
	job = start_drill(st, ends);
	free(run_shell("mkdir '%s/drill.tmp/.restored.restoring'; echo x > "
		       "'%s/drill.tmp/.restored.restoring/data.db'; chown -R --reference='%s' "
		       "'%s/drill.tmp'", st->state, st->state, st->state, st->state));
	stage_kill(st); /* and no process of it is left, which this looks for */
	run_wait(&job, &ran);
	ran_done(&ran);
	close(ends[0]);
	close(ends[1]);

	stage_start(st);
	assert_nothing_is_left(st);
	assert_passes(st, 3, NULL);
}

/* custosd writes the report, then its leaf: it may have died in between. */
static void a_report_that_no_leaf_names_is_no_drill(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33];

	begin(st, ada, ben);
	assert_passes(st, 1, NULL);
	stage_stop(st);
	free(run_shell("cp -p '%s/drills/0000000001.note' '%s/drills/0000000002.note'", st->state, st->state));
	stage_start(st);

	stage_ctl(st, AS_AUDITOR, "--json", "drill", "list");
	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "drills")), 1);
	stage_ctl(st, AS_AUDITOR, "drill", "show", "2");
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "there is no drill 2"));

	assert_passes(st, 2, NULL); /* in its place */
	stage_ctl(st, AS_AUDITOR, "drill", "show", "2");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "\nlevel 2\n"));
}

static void a_drill_whose_caller_goes_is_ended_and_cleared_away(void **state)
{
	struct stage *st = *state;
	char ada[33], ben[33], path[192];
	int ends[2];
	struct ran ran;
	struct job job;

	begin(st, ada, ben);
	job = start_drill(st, ends);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=1");
	stage_expect(st, 75); /* one at a time */
	free(run_shell("kill %d", (int)job.pid));
	run_wait(&job, &ran);
	ran_done(&ran);

	snprintf(path, sizeof(path), "%s/drill.tmp", st->state);
	for (int i = 0; i < 500 && access(path, F_OK) == 0; i++) {
		run_sleep_ms(10);
	}
	assert_nothing_is_left(st);
	close(ends[0]);
	close(ends[1]);
	assert_passes(st, 1, NULL);
}

#define staged(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		staged(a_good_backup_passes_at_each_level),
		staged(each_drill_is_listed_and_its_report_is_signed),
		staged(a_stranger_s_program_reads_each_report),
		staged(status_warns_until_a_backup_was_restored),
		staged(an_erased_one_is_unreadable_in_an_older_backup),
		staged(a_flipped_byte_of_a_data_object_fails_every_level),
		staged(a_flipped_byte_of_the_vault_object_fails_every_level),
		staged(a_missing_manifest_fails_the_drill),
		staged(one_record_in_anothers_place_fails_the_drill),
		staged(a_dropped_collection_fails_the_drill),
		staged(the_identity_never_touches_the_daemons_disk),
		staged(without_a_window_only_the_identity_drills_the_data),
		staged(another_stores_identity_drills_nothing),
		staged(what_level_and_identity_do_not_fit_is_refused),
		staged(a_killed_drill_leaves_nothing_after_the_next_start),
		staged(a_report_that_no_leaf_names_is_no_drill),
		staged(a_drill_whose_caller_goes_is_ended_and_cleared_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
