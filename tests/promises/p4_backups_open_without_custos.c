/*
 * P4: backups open without custos: age, zstd, sqlite3, minisign and sha256sum are enough for the
 * containers, and open_backup.py, which lies beside them, opens the sealed values.
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
	assert_non_null(strstr(text, "python3 open_backup.py --identity FILE"));
	free(text);
}

/* --- open_backup.py --------------------------------------------------------------------- */

#define PYTHON      "/usr/bin/python3" /* another one in PATH may lack PyNaCl */
#define SOMEONE     "Luís Gonçalves"
#define HIS_PHONE   "\"phone\": \"+55 (12) 3923-5555\""
#define OTHER_PHONE "\"phone\": \"+49 0711 2842222\""

static void need_reader(void)
{
	char *has = run_shell(PYTHON " -c 'import nacl.bindings' 2> /dev/null && echo yes || true");
	bool is_there = strcmp(has, "yes\n") == 0;

	free(has);
	need_tools();
	if (!is_there) {
		print_message("python3-nacl is not installed\n");
		skip();
	}
}

/* The daemon is gone, its state too: what is left is the repository and the identity. */
static void lose_the_machine(struct stage *st)
{
	stage_stop(st);
	free(run_shell("rm -rf '%s'", st->state));
}

/* The program that lies in the repository, without custos anywhere near. */
static void read_backup(struct stage *st, const char *const options[3], struct ran *ret)
{
	char program[192];
	const char *argv[] = { PYTHON, program, "--identity", st->identity, options[0], options[1],
		options[2], NULL };

	snprintf(program, sizeof(program), "%s/open_backup.py", st->repo);
	/* what is asked for, if it is asked for */
	run(&(struct run_options){ .uid = RUN_SAME_UID, .input = SOMEONE "\n",
		    .ninput = sizeof(SOMEONE) },
		argv, ret);
}
#define READ_BACKUP(st, ret, ...) read_backup(st, (const char *const[3]){ __VA_ARGS__ }, ret)

static void expect_nothing(struct ran *r)
{
	assert_int_equal(r->status, 1);
	assert_string_equal(r->out, "");
	ran_done(r);
}

static void erase_someone(struct stage *st, char id[33])
{
	chinook_find(st, CHINOOK_SOMEONE, id);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
}

static void a_named_customer_s_phone_is_read_without_custos(void **state)
{
	struct stage *st = *state;
	struct ran r;

	need_reader();
	back_up_chinook(st);
	lose_the_machine(st);

	READ_BACKUP(st, &r, "--find", "-");

	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, HIS_PHONE));
	assert_null(strstr(r.out, OTHER_PHONE));
	ran_done(&r);
}

static void an_erased_customer_is_in_no_backup_of_before(void **state)
{
	struct stage *st = *state;
	char id[33];
	struct ran r;

	need_reader();
	back_up_chinook(st);
	erase_someone(st, id);
	lose_the_machine(st);

	READ_BACKUP(st, &r, "--backup=1", "--find", SOMEONE);
	expect_nothing(&r);
	READ_BACKUP(st, &r, "--backup=1", st->repo, id);
	assert_non_null(strstr(r.err, "0 records printed; "));
	assert_null(strstr(r.err, "; 0 others have no key")); /* his rows are there, and closed */
	expect_nothing(&r);
	READ_BACKUP(st, &r, "--backup=1");
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, OTHER_PHONE));
	assert_null(strstr(r.out, HIS_PHONE));
	ran_done(&r);
}

/* With and without cohorts: as many as the manifest counts. */
static void every_record_is_read(void **state)
{
	struct stage *st = *state;
	struct ran r;
	char expected[32];
	unsigned nlines = 0;

	need_reader();
	back_up_chinook(st);
	READ_BACKUP(st, &r, NULL);
	assert_int_equal(r.status, 0);
	for (const char *p = r.out; (p = strchr(p, '\n')); p++) {
		nlines++;
	}
	snprintf(expected, sizeof(expected), "%u\n", nlines);
	ran_done(&r);
	expect_text(run_shell("sed -n 's/^counts .* records //p' '%s/manifest/0000000001'", st->repo),
		expected);
}

static void expect_refused(struct stage *st, const char *why)
{
	struct ran r;

	READ_BACKUP(st, &r, "--find", SOMEONE);
	assert_non_null(strstr(r.err, why));
	expect_nothing(&r);
}

static void what_was_changed_is_not_read(void **state)
{
	struct stage *st = *state;
	char *name;

	need_reader();
	back_up_chinook(st);
	name = run_shell("cd '%s'; cp -r . ../whole; printf %%s \"$PWD/$(ls data/*/* | head -1)\"",
		st->repo);
	stage_change_byte(name);
	free(name);
	expect_refused(st, "was changed");

	free(run_shell("cd '%s'; cp -r ../whole/data .; "
		       "sed -i 's/^counts subjects 59/counts subjects 58/' manifest/0000000001",
		st->repo));
	expect_refused(st, "BadSignatureError");

	free(run_shell("cd '%s'; cp -r ../whole/manifest .; mv manifest/0000000001 manifest/0000000002; "
		       "mv manifest/0000000001.minisig manifest/0000000002.minisig",
		st->repo));
	expect_refused(st, "breaks the chain");
	free(run_shell("cd '%s'; rm manifest/*; cp -r ../whole/manifest .; rm -r ../whole", st->repo));
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
		T(a_named_customer_s_phone_is_read_without_custos),
		T(an_erased_customer_is_in_no_backup_of_before),
		T(every_record_is_read),
		T(what_was_changed_is_not_read),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p4", tests, NULL, NULL);
}
