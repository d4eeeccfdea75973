/* custosctl as people and scripts meet it: help, suggestions, statuses, JSON, safe output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "chinook.h"
#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE

static void expect_words(const char *text, const char *const words[])
{
	for (size_t i = 0; words[i]; i++) {
		if (!strstr(text, words[i])) {
			fail_msg("no '%s' in:\n%s", words[i], text);
		}
	}
}

/* --- help -------------------------------------------------------------------------------------- */

static void help_is_there_at_every_level(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "help");
	stage_expect(st, 0);
	expect_words(st->last.out,
		(const char *const[]){ "subject", "backup", "log", "import", "erase", NULL });
	stage_ctl(st, AS_ADMIN, "help", "backup");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "run", "list", "check", NULL });
	stage_ctl(st, AS_ADMIN, "help", "backup", "run");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "Back up now.", "--target", NULL });
	stage_ctl(st, AS_ADMIN, "backup", "run", "--help");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "Back up now.", NULL });
	stage_ctl(st, AS_ADMIN, "help", "nothing");
	assert_int_not_equal(st->last.status, 0);
	stage_ctl(st, AS_ADMIN, "version");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "custosctl ", NULL });
}

static void a_word_that_is_nearly_right_is_suggested(void **state)
{
	static const char *const wrong[][3] = { { "bakcup", "run", "backup" },
		{ "backup", "rnu", "run" }, { "subjct", "get", "subject" },
		{ "statsu", NULL, "status" }, { "log", "verfy", "verify" } };
	struct stage *st = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		stage_ctl(st, AS_ADMIN, wrong[i][0], wrong[i][1]);
		stage_expect(st, 64);
		expect_words(st->last.err, (const char *const[]){ wrong[i][2], NULL });
	}
	stage_ctl(st, AS_ADMIN, "backup", "run", "--tarqet=local");
	stage_expect(st, 64);
	expect_words(st->last.err, (const char *const[]){ "--target", NULL });
}

/* --- statuses ---------------------------------------------------------------------------------- */

static void the_exit_status_says_what_went_wrong(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "frobnicate");
	stage_expect(st, 64);
	stage_ctl(st, AS_PRIVACY, "subject", "get", "00112233445566778899aabbccddeeff", PURPOSE);
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "init", stage_path(st, "second"));
	stage_expect(st, 73);
	stage_ctl(st, AS_ADMIN, "log", "prove", "999999");
	stage_expect(st, 66);
	stage_ctl(st, AS_PRIVACY, "import", stage_path(st, "absent.csv"),
		"--map=" CHINOOK_MAP("customers"), PURPOSE);
	stage_expect(st, 66);
	stage_stop(st);
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 84);
	expect_words(st->last.err, (const char *const[]){ "custosd does not answer", NULL });
}

static void a_store_that_is_not_there_yet_says_how_to_make_one(void **state)
{
	struct stage *st = *state;

	stage_start(st);
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "uninitialised", NULL });
	stage_ctl(st, AS_PRIVACY, "subject", "get", "00112233445566778899aabbccddeeff", PURPOSE);
	stage_expect(st, 66);
	expect_words(st->last.err, (const char *const[]){ "custosctl init", NULL });
}

static void the_policies_are_checked_without_being_applied(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 0);
	stage_policy(st, "roles.yaml", "roles:\n  - role: a\n    operatoins: [status]\n"
				       "operators:\n  - {uid: x, roles: [b]}\n");
	stage_policy(st, "backup.yaml", "vault_bound: soon\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_words(st->last.out, (const char *const[]){ "roles.yaml:3: ", "roles.yaml:5: ",
					   "backup.yaml:1: ", NULL });
	stage_ctl(st, AS_ADMIN, "status"); /* the old ones are still in force */
	stage_expect(st, 0);
	stage_stop(st);
	stage_custosd(st, (const char *const[]){ "--policies", st->policies, "--state", st->state,
				  "--socket", st->socket, NULL });
	assert_int_not_equal(st->last.status, 0);
	expect_words(st->last.err, (const char *const[]){ "roles.yaml:3: ", "roles.yaml:5: ",
					   "backup.yaml:1: ", NULL });
}

/* --- init -------------------------------------------------------------------------------------- */

static void the_identity_is_for_its_owner_and_never_written_over(void **state)
{
	struct stage *st = *state;
	struct stat file;
	char *before, *after;

	assert_int_equal(stat(st->identity, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	before = run_shell("cat '%s'", st->identity);
	assert_non_null(strstr(before, "AGE-SECRET-KEY-1"));
	assert_false(stage_grep(st->state, "AGE-SECRET-KEY-1"));
	stage_ctl(st, AS_ADMIN, "init", st->identity);
	stage_expect(st, 73);
	after = run_shell("cat '%s'", st->identity);
	assert_string_equal(before, after);
	free(before);
	free(after);

	/* one that could not be used leaves no empty file that looks like one */
	stage_ctl(st, AS_ADMIN, "init", stage_path(st, "second"));
	stage_expect(st, 73);
	assert_int_not_equal(access(stage_path(st, "second"), F_OK), 0);
}

static void a_state_that_lost_its_root_key_is_sealed(void **state)
{
	struct stage *st = *state;

	stage_stop(st);
	free(run_shell("mv '%s'/keys/1/root.key '%s'/root.key; chmod 600 '%s'/root.key", st->state,
		st->dir, st->dir));
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "status");
	stage_expect(st, 0);
	expect_words(st->last.out, (const char *const[]){ "sealed", NULL });
	stage_ctl(st, AS_PRIVACY, "subject", "get", "00112233445566778899aabbccddeeff", PURPOSE);
	stage_expect(st, 69);
	stage_ctl(st, AS_ADMIN, "init", stage_path(st, "second"));
	stage_expect(st, 73);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 69);
	stage_stop(st);

	free(run_shell("mv '%s'/root.key '%s'/keys/1/root.key", st->dir, st->state));
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "status");
	expect_words(st->last.out, (const char *const[]){ "running", NULL });
}

/* --- JSON -------------------------------------------------------------------------------------- */

/* Every line is one text. */
static unsigned expect_json_lines(struct stage *st)
{
	char *rest = st->last.out, *line;
	json_error_t at;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && rest) {
		json_t *text = json_loads(line, JSON_REJECT_DUPLICATES, &at);

		if (!json_is_object(text)) {
			fail_msg("no JSON: %s", line);
		}
		json_decref(text);
		n++;
	}
	assert_string_equal(line ? line : "", "");
	return n;
}

static void with_json_every_reply_is_one_line(void **state)
{
	static const char *const one[][4] = { { "status" }, { "policy", "check" },
		{ "backup", "list" }, { "log", "show" }, { "log", "verify" }, { "log", "checkpoint" },
		{ "log", "prove", "0" } };
	struct stage *st = *state;

	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		stage_ctl(st, AS_ADMIN, "--json", one[i][0], one[i][1], one[i][2]);
		stage_expect(st, 0);
		assert_int_equal(expect_json_lines(st), 1);
	}
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), PURPOSE, "--json");
	stage_expect(st, 0);
	assert_true(expect_json_lines(st) >= 1);
	stage_ctl(st, AS_ADMIN, "backup", "run", "--json");
	stage_expect(st, 0);
	assert_true(expect_json_lines(st) >= 1);
}

static void nothing_moves_a_cursor_where_there_is_no_terminal(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), PURPOSE);
	stage_expect(st, 0);
	assert_null(strchr(st->last.err, '\r'));
	assert_null(strchr(st->last.err, 033));
	assert_string_equal(st->last.err, "");
}

/* --- what people typed ------------------------------------------------------------------------- */

static void names_cannot_move_the_cursor_of_who_reads_them(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_ctl_text(st, AS_PRIVACY,
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":"
		"\"A\\u001b[2J\\u001b]0;owned\\u0007da\"}}]",
		"subject", "add", "--kind=person", PURPOSE);
	stage_expect(st, 64);
	assert_null(strchr(st->last.err, 033));
	stage_add_person(st,
		"[{\"collection\":\"profile\",\"fields\":{\"family_name\":\"\\u202etxt.exe\","
		"\"note\":\"one\\ntwo\",\"full_name\":\"Zoë 王小明\"}}]",
		id);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	assert_null(strchr(st->last.out, 033));
	assert_null(strstr(st->last.out, "\xe2\x80\xae"));
	assert_null(strstr(st->last.out, "one\ntwo"));
	expect_words(st->last.out, (const char *const[]){ "\\xe2\\x80\\xaetxt.exe", "one\\x0atwo", "Zoë 王小明", NULL });

	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	assert_null(strchr(st->last.out, 033)); /* JSON escapes it */
	expect_json_lines(st);
}

static void output_that_could_not_be_written_is_a_failure(void **state)
{
	struct stage *st = *state;
	char *out = run_shell("d='%s'; \"$d\"/../bin/custosctl --socket=\"$d\"/run/s help "
			      "2>&1 > /dev/full || echo $?",
		st->dir);

	assert_non_null(strstr(out, "could not be written"));
	assert_non_null(strstr(out, "74\n"));
	free(out);
}

/* --- export ------------------------------------------------------------------------------------ */

static void an_export_is_for_its_owner_and_never_over_a_file(void **state)
{
	struct stage *st = *state;
	const char *path = stage_path(st, "out.jsonl");
	struct stat file;

	stage_ctl(st, AS_PRIVACY, "export", path, PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	stage_ctl(st, AS_PRIVACY, "export", path, PURPOSE);
	stage_expect(st, 73);
	stage_ctl(st, AS_PRIVACY, "export", "-", PURPOSE);
	stage_expect(st, 0);
}

static void an_export_that_was_refused_leaves_no_file(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		print_message("needs root: another user\n");
		skip();
	}
	stage_ctl(st, AS_ADMIN, "export", stage_path(st, "out.jsonl"), PURPOSE);
	stage_expect(st, 77);
	assert_int_not_equal(access(stage_path(st, "out.jsonl"), F_OK), 0);
}

static void an_export_holds_only_the_collections_that_were_named(void **state)
{
	struct stage *st = *state;

	chinook_import(st);
	stage_ctl(st, AS_PRIVACY, "export", "-", PURPOSE, "--collection=transaction");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "\"transaction\""));
	assert_null(strstr(st->last.out, "\"profile\""));
	assert_null(strstr(st->last.out, "\"email\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
#define BARE(f) cmocka_unit_test_setup_teardown(f, stage_up_bare, stage_down)
		BARE(help_is_there_at_every_level),
		BARE(a_word_that_is_nearly_right_is_suggested),
		T(the_exit_status_says_what_went_wrong),
		BARE(a_store_that_is_not_there_yet_says_how_to_make_one),
		T(the_policies_are_checked_without_being_applied),
		T(the_identity_is_for_its_owner_and_never_written_over),
		T(a_state_that_lost_its_root_key_is_sealed),
		T(with_json_every_reply_is_one_line),
		T(nothing_moves_a_cursor_where_there_is_no_terminal),
		T(names_cannot_move_the_cursor_of_who_reads_them),
		BARE(output_that_could_not_be_written_is_a_failure),
		T(an_export_is_for_its_owner_and_never_over_a_file),
		T(an_export_that_was_refused_leaves_no_file),
		T(an_export_holds_only_the_collections_that_were_named),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_ctl", tests, NULL, NULL);
}
