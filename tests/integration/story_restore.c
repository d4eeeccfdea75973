/* What a restore does when the repository is not as it should be, and what comes after one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "chinook.h"
#include "stage.h"

/* A store whose machine is lost: 59 customers, a backup, the first of them erased, and a copy
 * of the repository from before the erasure in repo.before. */
struct lost {
	struct stage *st;
	char erased[33], other[33];
};

static int up_lost(void **state)
{
	struct lost *l = calloc(1, sizeof(*l));
	struct stage *st = stage_new();

	l->st = st;
	stage_start(st);
	stage_init(st);
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	chinook_find(st, CHINOOK_SOMEONE, l->erased);
	chinook_find(st, "leonekohler@surfeu.de", l->other);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	free(run_shell("cp -a '%s' '%s.before'", st->repo, st->repo));
	stage_erase(st, "erase", l->erased, "--purpose=erasure_request");
	stage_expect(st, 0);
	stage_stop(st);
	free(run_shell("rm -rf '%s'; chmod 644 '%s'", st->state, st->identity));
	*state = l;
	return 0;
}

static int down_lost(void **state)
{
	struct lost *l = *state;

	stage_free(l->st);
	free(l);
	return 0;
}

/* Into files/elsewhere; the exit status. */
static int restore(struct stage *st, const char *option)
{
	char to[192], from[192], identity[224];

	snprintf(to, sizeof(to), "--to=%s/elsewhere", st->files);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	return stage_restore(st, from, identity, to, option ? option : "--sequence=0");
}

static void serve_restored(struct stage *st)
{
	stage_use_state(st, stage_path(st, "elsewhere"));
	stage_start(st);
}

/* It says what is wrong, and leaves nothing behind: not even a hidden directory. */
static void expect_refused(struct stage *st, int status, const char *what)
{
	char *left;

	stage_expect(st, status);
	if (!strstr(st->last.err, what)) {
		fail_msg("no word of '%s' in: %s", what, st->last.err);
	}
	left = run_shell("ls -A '%s' | grep elsewhere || true", st->files);
	assert_string_equal(left, "");
	free(left);
}

/* The newest, by name. */
static void newest_of(const struct stage *st, const char *pattern, char path[256])
{
	char *text = run_shell("ls -d '%s'/%s | tail -1", st->repo, pattern);

	snprintf(path, 256, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

/* --- damage ------------------------------------------------------------------------------------ */

static void without_the_newest_vault_object_nothing_is_restored(void **state)
{
	struct lost *l = *state;
	char path[256];

	newest_of(l->st, "vault/*", path);
	assert_int_equal(unlink(path), 0);

	restore(l->st, NULL);

	expect_refused(l->st, 66, "erased people would return");
}

static void a_vault_object_that_is_not_what_was_signed_is_refused(void **state)
{
	struct lost *l = *state;
	char path[256];

	newest_of(l->st, "vault/*", path);
	stage_change_byte(path);

	restore(l->st, NULL);

	expect_refused(l->st, 65, "vault/");
}

static void a_data_object_that_is_not_what_was_signed_is_refused(void **state)
{
	struct lost *l = *state;
	char path[256];

	newest_of(l->st, "data/*/*", path);
	stage_change_byte(path);

	restore(l->st, NULL);

	expect_refused(l->st, 65, "data/");
}

static void a_manifest_that_was_changed_is_refused(void **state)
{
	struct lost *l = *state;
	char path[256];

	newest_of(l->st, "manifest/*1", path);
	stage_change_byte(path);

	restore(l->st, NULL);

	expect_refused(l->st, 65, "manifest/");
}

static void an_old_vault_object_under_the_new_name_is_refused(void **state)
{
	struct lost *l = *state;
	char path[256];

	newest_of(l->st, "vault/*", path);
	free(run_shell("cd '%s'/vault; cp $(ls | head -1) '%s'", l->st->repo, path));

	restore(l->st, NULL);

	expect_refused(l->st, 65, "vault/");
}

static void a_changed_log_is_refused(void **state)
{
	struct lost *l = *state;

	free(run_shell("cd '%s'/log; f=$(grep -rl 'act=erase.begin' . | head -1); "
		       "sed -i 's/act=erase.begin/act=erase.bagin/' \"$f\"",
		l->st->repo));

	restore(l->st, NULL);

	expect_refused(l->st, 65, "log");
}

static void with_the_identity_of_another_store_nothing_opens(void **state)
{
	struct lost *l = *state;
	struct stage *other = stage_new();
	struct stage *st = l->st;

	stage_start(other);
	stage_init(other);
	stage_stop(other);
	free(run_shell("cat '%s' > '%s'", other->identity, st->identity));
	stage_free(other);

	restore(st, NULL);

	expect_refused(st, 81, "identity file");
}

static void garbage_is_no_identity(void **state)
{
	struct lost *l = *state;

	stage_text(l->st, "identity.garbage", "AGE-SECRET-KEY-1NOTREALLY\n");
	free(run_shell("cat '%s/identity.garbage' > '%s'", l->st->files, l->st->identity));

	restore(l->st, NULL);

	expect_refused(l->st, 64, "identity");
	assert_null(strstr(l->st->last.err, "NOTREALLY"));
}

static void an_empty_directory_is_no_repository(void **state)
{
	struct lost *l = *state;

	free(run_shell("rm -rf '%s'/*", l->st->repo));

	restore(l->st, NULL);

	expect_refused(l->st, 66, "repository");
}

static void a_number_that_no_backup_has_is_refused(void **state)
{
	struct lost *l = *state;

	restore(l->st, "--sequence=7");
	expect_refused(l->st, 64, "there is no backup 7");
	restore(l->st, "--sequence=first");
	expect_refused(l->st, 64, "--sequence");
	restore(l->st, "--sequence=-1");
	expect_refused(l->st, 64, "--sequence");
}

/* --- as of a time ------------------------------------------------------------------------------- */

static void a_time_that_no_backup_is_as_old_as_is_refused_with_what_there_is(void **state)
{
	struct lost *l = *state;

	restore(l->st, "--at=2026-01-01 00:00");

	expect_refused(l->st, 66, "there is no backup of");
	assert_non_null(strstr(l->st->last.err, "There is, in UTC:"));
	assert_non_null(strstr(l->st->last.err, "backup 1 "));
	assert_null(strstr(l->st->last.err, "backup 2 ")); /* the erasure renewed the keys only */
}

static void what_is_no_time_is_refused_with_an_example(void **state)
{
	static const char *const none[] = { "--at=yesterday", "--at=2026-11-21", "--at=",
		"--at=2026-11-21 25:00", "--at=1795298944" };
	struct lost *l = *state;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		restore(l->st, none[i]);
		expect_refused(l->st, 64, "2026-11-21 13:05");
	}
}

/* What 'backup list' has shown is taken as it is, and the erased one is not back. */
static void as_of_a_time_the_erased_stay_erased_and_the_report_says_how_old_it_is(void **state)
{
	struct lost *l = *state;
	struct stage *st = l->st;
	time_t now = time(NULL) + 2; /* has not come */
	char option[64];

	strftime(option, sizeof(option), "--at=%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
	restore(st, option);

	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "  backup              1 of "));
	assert_non_null(strstr(st->last.out, "  asked for           2"));
	assert_non_null(strstr(st->last.out, "before that; it is 0 min old"));
	serve_restored(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", l->other, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", l->erased, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
}

static void a_directory_with_something_in_it_is_left_alone(void **state)
{
	struct lost *l = *state;
	char *left;

	free(run_shell("mkdir -m 777 '%s/elsewhere'; echo mine > '%s/elsewhere/precious'",
		l->st->files, l->st->files));

	restore(l->st, NULL);

	stage_expect(l->st, 73);
	left = run_shell("ls -A '%s/elsewhere'; cat '%s/elsewhere/precious'", l->st->files,
		l->st->files);
	assert_string_equal(left, "precious\nmine\n");
	free(left);
}

static void a_new_identity_is_never_written_over_an_old_file(void **state)
{
	struct lost *l = *state;
	char option[256];

	snprintf(option, sizeof(option), "--new-identity=%s", l->st->identity);

	restore(l->st, option);

	expect_refused(l->st, 73, "is there already");
}

/* --- a gap in the log -------------------------------------------------------------------------- */

static void lag_behind(struct stage *st)
{
	free(run_shell("rm -rf '%s/log'; cp -a '%s.before/log' '%s/log'", st->repo, st->repo,
		st->repo));
}

static void expect_restricted(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	stage_ctl_text(st, AS_PRIVACY, CHINOOK_SOMEONE, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	stage_ctl(st, AS_PRIVACY, "export", stage_path(st, "none"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	assert_int_not_equal(access(stage_path(st, "none"), F_OK), 0);
	stage_ctl(st, AS_PRIVACY, "erase", "list");
	stage_expect(st, 78);
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_string_equal(stage_reply_text(st, "state"), "restricted");
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

static void with_a_gap_in_the_log_the_store_is_restricted(void **state)
{
	struct lost *l = *state;

	lag_behind(l->st);

	restore(l->st, NULL);

	stage_expect(l->st, 0);
	assert_non_null(strstr(l->st->last.out, "RESTRICTED"));
	serve_restored(l->st);
	expect_restricted(l->st, l->other);
	stage_stop(l->st); /* and it stays so */
	stage_start(l->st);
	expect_restricted(l->st, l->other);
}

/* Somebody asks that the gap be accepted; the approval that it takes. */
static void ask_to_accept(struct stage *st, enum who who, char ret[33])
{
	stage_ctl(st, who, "--json", "log", "accept-gap");
	stage_expect(st, 0);
	snprintf(ret, 33, "%s", stage_reply_text(st, "approval"));
}

static void a_gap_is_accepted_by_two_users_and_the_log_says_so(void **state)
{
	static const enum who others[] = { AS_ADMIN, AS_SUPPORT, AS_AUDITOR, AS_STRANGER };
	struct lost *l = *state;
	struct stage *st = l->st;
	char approval[33], again[33];

	if (!stage_has_roles()) {
		skip();
	}
	lag_behind(st);
	restore(st, NULL);
	stage_expect(st, 0);
	serve_restored(st);

	ask_to_accept(st, AS_ADMIN, approval);
	ask_to_accept(st, AS_SELF, again);
	assert_string_equal(approval, again); /* one question */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		stage_ctl(st, others[i], "approval", "grant", approval);
		stage_expect(st, 77);
	}
	expect_restricted(st, l->other);
	stage_stop(st);
	stage_start(st);
	expect_restricted(st, l->other);
	stage_ctl(st, AS_SECOND, "approval", "show", approval);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "The restored log lacks"));
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);

	for (int i = 0; i < 2; i++) { /* at once, and after another start */
		stage_ctl(st, AS_ADMIN, "--json", "status");
		assert_string_equal(stage_reply_text(st, "state"), "restored");
		stage_ctl(st, AS_PRIVACY, "subject", "get", l->other, "--purpose=" STAGE_PURPOSE);
		stage_expect(st, 0);
		stage_ctl(st, AS_PRIVACY, "subject", "get", l->erased, "--purpose=" STAGE_PURPOSE);
		stage_expect(st, 66); /* the vault object knows, whatever the log says */
		stage_stop(st);
		stage_start(st);
	}
	assert_int_equal(stage_count_leaves(st, "act=log.gap"), 1);
	assert_int_equal(stage_count_leaves(st, "why=log.gap"), 3); /* ask, grant, use */
	stage_ctl(st, AS_ADMIN, "log", "accept-gap");
	stage_expect(st, 66);
}

static void a_gap_that_is_denied_stays_and_may_be_asked_about_again(void **state)
{
	struct lost *l = *state;
	struct stage *st = l->st;
	char approval[33], another[33];

	if (!stage_has_roles()) {
		skip();
	}
	lag_behind(st);
	restore(st, NULL);
	stage_expect(st, 0);
	serve_restored(st);
	ask_to_accept(st, AS_ADMIN, approval);

	stage_ctl(st, AS_SECOND, "approval", "deny", approval);
	stage_expect(st, 0);

	expect_restricted(st, l->other);
	assert_int_equal(stage_count_leaves(st, "act=log.gap"), 0);
	ask_to_accept(st, AS_ADMIN, another);
	assert_string_not_equal(approval, another);
}

/* --- life after -------------------------------------------------------------------------------- */

static void a_restored_store_lives_on(void **state)
{
	struct lost *l = *state;
	struct stage *st = l->st;
	char id[33];

	restore(st, NULL);
	stage_expect(st, 0);
	serve_restored(st);

	assert_int_equal(stage_count_leaves(st, "act=store.restore"), 1);
	stage_add_person(st,
		"[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"new@example.org\"}}]", id);
	stage_ctl_text(st, AS_PRIVACY, "new@example.org", "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), "--purpose=" STAGE_PURPOSE, "--json");
	stage_expect(st, 0);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(stage_reply(st), "result"), "subjects_new")),
		1); /* the file still names the erased one; the others are known again */
	stage_erase(st, "erase", l->other, "--purpose=erasure_request");
	stage_ctl(st, AS_PRIVACY, "subject", "get", l->other, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

static const char *state_word(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "--json", "status");
	stage_expect(st, 0);
	return stage_reply_text(st, "state");
}

static void a_restored_store_waits_until_it_is_adopted_once(void **state)
{
	struct lost *l = *state;
	struct stage *st = l->st;

	restore(st, NULL);
	stage_expect(st, 0);
	serve_restored(st);
	assert_string_equal(state_word(st), "restored");
	stage_ctl(st, AS_ADMIN, "status");
	assert_non_null(strstr(st->last.out, "custosctl adopt"));
	stage_ctl(st, AS_ADMIN, "adopt");
	stage_expect(st, 0);
	assert_string_equal(state_word(st), "running");
	assert_int_equal(stage_count_leaves(st, "act=store.adopt"), 1);
	stage_ctl(st, AS_ADMIN, "adopt");
	stage_expect(st, 66);
	stage_stop(st);
	stage_start(st);
	assert_string_equal(state_word(st), "running");
}

/* Another place under the same name, as people would. */
static void put_target(struct stage *st, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n  - {target: local, kind: directory, path: %s}\n", path);
	stage_policy(st, "backup.yaml", text);
}

/* The new lineage does not write into the old one's repository, and needs a new identity. */
static void a_restored_store_is_backed_up_into_a_fresh_target(void **state)
{
	struct lost *l = *state;
	struct stage *st = l->st;
	char option[256], *before, *after;

	snprintf(option, sizeof(option), "--new-identity=%s/identity.new", st->files);
	restore(st, option);
	stage_expect(st, 0);
	before = run_shell("cd '%s'; find . -type f | sort | xargs sha256sum", st->repo);
	serve_restored(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	assert_int_not_equal(st->last.status, 0); /* into the old repository */
	after = run_shell("cd '%s'; find . -type f | sort | xargs sha256sum", st->repo);
	assert_string_equal(before, after);
	free(before);
	free(after);
	stage_stop(st);

	free(run_shell("cp -a '%s' '%s.old'", st->repo, st->repo));
	put_target(st, stage_path(st, "fresh"));
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "backup", "check", "--read-data");
	stage_expect(st, 0);
	stage_stop(st);

	/* and that one is restored again, with the new identity */
	free(run_shell("rm -rf '%s/elsewhere'; chmod 644 '%s/identity.new'", st->files, st->files));
	snprintf(st->identity, sizeof(st->identity), "%s/identity.new", st->files);
	snprintf(st->repo, sizeof(st->repo), "%s/fresh", st->files);
	restore(st, NULL);
	stage_expect(st, 0);
	serve_restored(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", l->other, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", l->erased, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
}

/* A backup that only the old identity could open would be one that nobody can restore. */
static void without_a_new_identity_the_report_says_what_that_means(void **state)
{
	struct lost *l = *state;

	restore(l->st, NULL);

	stage_expect(l->st, 0);
	assert_non_null(strstr(l->st->last.out, "--new-identity"));
}

static void the_new_identity_is_for_its_owner_only(void **state)
{
	struct lost *l = *state;
	char option[256];
	struct stat st;

	snprintf(option, sizeof(option), "--new-identity=%s/identity.new", l->st->files);
	restore(l->st, option);
	stage_expect(l->st, 0);

	assert_int_equal(stat(stage_path(l->st, "identity.new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(stage_path(l->st, "elsewhere"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up_lost, down_lost)
		T(without_the_newest_vault_object_nothing_is_restored),
		T(a_vault_object_that_is_not_what_was_signed_is_refused),
		T(a_data_object_that_is_not_what_was_signed_is_refused),
		T(a_manifest_that_was_changed_is_refused),
		T(an_old_vault_object_under_the_new_name_is_refused),
		T(a_changed_log_is_refused),
		T(with_the_identity_of_another_store_nothing_opens),
		T(garbage_is_no_identity),
		T(an_empty_directory_is_no_repository),
		T(a_number_that_no_backup_has_is_refused),
		T(a_time_that_no_backup_is_as_old_as_is_refused_with_what_there_is),
		T(what_is_no_time_is_refused_with_an_example),
		T(as_of_a_time_the_erased_stay_erased_and_the_report_says_how_old_it_is),
		T(a_directory_with_something_in_it_is_left_alone),
		T(a_new_identity_is_never_written_over_an_old_file),
		T(with_a_gap_in_the_log_the_store_is_restricted),
		T(a_gap_is_accepted_by_two_users_and_the_log_says_so),
		T(a_gap_that_is_denied_stays_and_may_be_asked_about_again),
		T(a_restored_store_lives_on),
		T(a_restored_store_waits_until_it_is_adopted_once),
		T(a_restored_store_is_backed_up_into_a_fresh_target),
		T(without_a_new_identity_the_report_says_what_that_means),
		T(the_new_identity_is_for_its_owner_only),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_restore", tests, NULL, NULL);
}
