/*
 * P4: backups open without custos: age, zstd, sqlite3, minisign and sha256sum are enough for the
 * containers.  (The sealed values inside are for the reader that lies beside them, once there is
 * one.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chinook.h"
#include "stage.h"

/* All tools are there, or the test is skipped by name. */
static void need_tools(void)
{
	static const char *const tools[] = { "age", "zstd", "sqlite3", "minisign", "sha256sum" };

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!run_has_program(tools[i])) {
			print_message("%s is not installed\n", tools[i]);
			skip();
		}
	}
}

static void back_up_chinook(struct stage *st)
{
	chinook_import(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void expect_text(char *text, const char *wanted)
{
	assert_string_equal(text, wanted);
	free(text);
}

static void page_ranges_in_manifest_order_give_the_database(void **state)
{
	struct stage *st = *state;

	need_tools();
	back_up_chinook(st);
	free(run_shell("cd '%s'; grep '^range ' manifest/0000000001 | sort -k2n | "
		       "while read -r _ _ _ _ _ object _; do "
		       "age -d -i '%s' data/${object%%${object#??}}/$object | zstd -dq; "
		       "done > '%s/data.db'",
		st->repo, st->identity, st->files));

	expect_text(run_shell("sqlite3 '%s/data.db' 'pragma integrity_check'", st->files), "ok\n");
	expect_text(run_shell("sqlite3 '%s/data.db' 'select count(*) from subject'", st->files),
		"59\n");
	expect_text(run_shell("cd '%s'; test \"$(sed -n 's/^data .* //p' manifest/0000000001)\" = "
			      "\"$(sha256sum < '%s/data.db' | cut -d' ' -f1)\" && echo same",
			    st->repo, st->files),
		"same\n");
	/* what opens so still shows nobody */
	assert_false(stage_grep(stage_path(st, "data.db"), "embraer.com.br"));
	assert_false(stage_grep(stage_path(st, "data.db"), "Luís"));
}

static void objects_are_named_by_their_hash(void **state)
{
	struct stage *st = *state;

	need_tools();
	back_up_chinook(st);
	expect_text(run_shell("cd '%s'; for f in data/*/* vault/*; do n=${f##*/}; "
			      "test \"${n#*-}\" = \"$(sha256sum < $f | cut -d' ' -f1)\" || "
			      "echo \"$f\"; done",
			    st->repo),
		"");
}

static void the_vault_object_holds_a_database(void **state)
{
	struct stage *st = *state;

	need_tools();
	back_up_chinook(st);
	free(run_shell("cd '%s'; age -d -i '%s' $(ls -d vault/* | tail -1) | zstd -dq > "
		       "'%s/vault.db'",
		st->repo, st->identity, st->files));
	expect_text(run_shell("sqlite3 '%s/vault.db' 'pragma integrity_check'", st->files), "ok\n");
}

/* The key is printed by init and stands in the identity file. */
static void minisign_checks_every_manifest(void **state)
{
	struct stage *st = *state;

	need_tools();
	back_up_chinook(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	expect_text(run_shell("cd '%s'; key=$(sed -n 's/^# custos-manifest-key: //p' '%s'); "
			      "for m in manifest/*[0-9]; do "
			      "minisign -Vm $m -P $key > /dev/null && echo $m; done",
			    st->repo, st->identity),
		"manifest/0000000001\nmanifest/0000000002\n");
	free(run_shell("cd '%s'; sed -i 's/^counts subjects 59/counts subjects 58/' "
		       "manifest/0000000001",
		st->repo));
	expect_text(run_shell("cd '%s'; key=$(sed -n 's/^# custos-manifest-key: //p' '%s'); "
			      "minisign -Vm manifest/0000000001 -P $key > /dev/null 2>&1 || echo no",
			    st->repo, st->identity),
		"no\n");
}

static void the_key_that_init_prints_is_the_one_in_the_identity(void **state)
{
	struct stage *st = *state;
	char *key;

	stage_start(st);
	stage_ctl(st, AS_ADMIN, "--json", "init", st->identity);
	stage_expect(st, 0);
	key = run_shell("sed -n 's/^# custos-manifest-key: //p' '%s' | tr -d '\\n'", st->identity);
	assert_string_equal(stage_reply_text(st, "manifest_key"), key);
	free(key);
}

/* The text that lies beside the backups is right: its lines are done as they stand there. */
static void the_readme_beside_the_backups_tells_how(void **state)
{
	struct stage *st = *state;
	char *text;

	back_up_chinook(st);
	text = run_shell("cat '%s/README.txt'", st->repo);
	assert_non_null(strstr(text, "custosd restore --from="));
	assert_non_null(strstr(text, "age -d -i"));
	assert_non_null(strstr(text, "zstd -d"));
	assert_non_null(strstr(text, "minisign -V"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(page_ranges_in_manifest_order_give_the_database),
		T(objects_are_named_by_their_hash),
		T(the_vault_object_holds_a_database),
		T(minisign_checks_every_manifest),
		cmocka_unit_test_setup_teardown(
			the_key_that_init_prints_is_the_one_in_the_identity, stage_up_bare, stage_down),
		T(the_readme_beside_the_backups_tells_how),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p4", tests, NULL, NULL);
}
