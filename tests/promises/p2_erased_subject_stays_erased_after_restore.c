/*
 * P2: nothing erased comes back.  A backup is made, somebody is erased, the machine is lost; the
 * backup from before the erasure and the newest vault, on another machine with nothing but the
 * repository and the identity, bring everybody back but that one.
 */
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

#define CANARY_NAME  "Kanarienvogel-Qx7"
#define CANARY_EMAIL "canary-qx7@example.org"
#define CANARY_NOTE  "needle-4f1c in a haystack"

static const char canary[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"" CANARY_NAME "\","
	"\"note\":\"" CANARY_NOTE "\"}},"
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"" CANARY_EMAIL "\"}},"
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"" CANARY_NOTE "\"}},"
	"{\"collection\":\"document\",\"fields\":{\"title\":\"" CANARY_NOTE "\"}},"
	"{\"collection\":\"order\",\"fields\":{\"date\":\"2024-01-02\",\"number\":\"N-1\"}},"
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2024-01-03\",\"amount\":\"9.90\"}},"
	"{\"collection\":\"interaction\",\"fields\":{\"date\":\"2024-01-04\",\"summary\":\"" CANARY_NOTE
	"\"}},"
	"{\"collection\":\"behaviour\",\"fields\":{\"date\":\"2024-01-05\",\"event\":\"visit\"}},"
	"{\"collection\":\"feedback\",\"fields\":{\"date\":\"2024-01-06\",\"text\":\"" CANARY_NOTE "\"}},"
	"{\"collection\":\"identifier\",\"fields\":{\"scheme\":\"crm\",\"value\":\"C-4711\"}}]";

static const char chinese[] =
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.cn\","
	"\"city\":\"北京市\"}}]";

struct people {
	char erased[33], other[33];
	char *before; /* the export from before the erasure, without the line of the erased */
};

static char *export_all(struct stage *st, const char *name)
{
	const char *path = stage_path(st, name);

	stage_ctl(st, AS_PRIVACY, "export", path, "--purpose=access_request");
	stage_expect(st, 0);
	return run_shell("cat '%s'", path);
}

/* Cuts the line of this subject out; there is one. */
static void cut_line(char *lines, const char *id)
{
	char begin[64], *from, *end;

	snprintf(begin, sizeof(begin), "{\"subject\":\"%s\"", id);
	from = strstr(lines, begin);
	assert_non_null(from);
	assert_true(from == lines || from[-1] == '\n');
	end = strchr(from, '\n') + 1;
	memmove(from, end, strlen(end) + 1);
	assert_null(strstr(lines, id));
}

static void put_people_and_back_up(struct stage *st, struct people *p)
{
	chinook_import(st);
	stage_add_person(st, canary, p->erased);
	stage_add_person(st, chinese, p->other);
	p->before = export_all(st, "before.jsonl");
	assert_non_null(strstr(p->before, CANARY_NAME));
	assert_non_null(strstr(p->before, "王小明"));
	cut_line(p->before, p->erased);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void erase(struct stage *st, const char *id)
{
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "newest vault object at every target"));
}

static void lose_the_machine(struct stage *st)
{
	stage_stop(st);
	free(run_shell("rm -rf '%s'", st->state));
}

/* On what is left: the repository, and the identity file.  The exit status. */
static int try_restore(struct stage *st, const char *sequence)
{
	char from[192], identity[224], option[256];

	snprintf(option, sizeof(option), "--to=%s/elsewhere", st->files);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	free(run_shell("chmod 644 '%s'", st->identity)); /* the administrator hands it over */
	return stage_restore(st, from, identity, option, sequence ? sequence : "--sequence=0");
}

static void serve_elsewhere(struct stage *st)
{
	stage_use_state(st, stage_path(st, "elsewhere"));
	stage_start(st);
}

static void restore_elsewhere(struct stage *st, const char *sequence)
{
	try_restore(st, sequence);
	stage_expect(st, 0);
	assert_null(strstr(st->last.out, "RESTRICTED"));
	serve_elsewhere(st);
}

static void expect_absent(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	stage_ctl_text(st, AS_PRIVACY, CANARY_EMAIL, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	stage_ctl_text(st, AS_PRIVACY, "C-4711", "subject", "search", "external-id", "--scheme=crm",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	assert_false(stage_grep(st->state, CANARY_NAME));
	assert_false(stage_grep(st->state, CANARY_EMAIL));
	assert_false(stage_grep(st->state, CANARY_NOTE));
	assert_false(stage_grep(st->repo, CANARY_NAME));
	assert_false(stage_grep(st->repo, CANARY_EMAIL));
	assert_false(stage_grep(st->repo, CANARY_NOTE));
}

static void expect_others_whole(struct stage *st, const struct people *p)
{
	char *after = export_all(st, "after.jsonl");

	if (strcmp(p->before, after) != 0) {
		fail_msg("the others are not what they were: see the exports in %s", st->files);
	}
	assert_null(strstr(after, CANARY_NAME));
	free(after);
	stage_ctl_text(st, AS_PRIVACY, "wang@example.cn", "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, p->other));
	stage_ctl_text(st, AS_PRIVACY, CHINOOK_SOMEONE, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
}

static void restored_from(struct stage *st, const char *sequence)
{
	struct people p;

	put_people_and_back_up(st, &p);
	erase(st, p.erased);
	expect_absent(st, p.erased);
	lose_the_machine(st);

	restore_elsewhere(st, sequence);

	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	stage_ctl(st, AS_ADMIN, "--json", "status");
	assert_string_equal(stage_reply_text(st, "state"), "restored");
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
	free(p.before);
}

static void everybody_returns_but_the_erased_one(void **state)
{
	restored_from(*state, NULL);
}

static void so_it_is_with_the_first_backup_by_its_number(void **state)
{
	restored_from(*state, "--sequence=1");
}

/* Whoever was added after the backup cannot return; whoever was erased must not. */
static void later_backups_do_not_matter_for_who_is_erased(void **state)
{
	struct stage *st = *state;
	struct people p;
	char late[33];

	put_people_and_back_up(st, &p);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	erase(st, p.erased);
	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Late\"}}]",
		late);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	lose_the_machine(st);

	restore_elsewhere(st, "--sequence=1");

	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	stage_ctl(st, AS_PRIVACY, "subject", "get", late, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	free(p.before);
}

/* The shred is in the log's copy even when the target got no vault object any more. */
static void an_erasure_that_only_the_log_tells_is_done_again(void **state)
{
	struct stage *st = *state;
	struct people p;

	put_people_and_back_up(st, &p);
	erase(st, p.erased);
	lose_the_machine(st);
	/* the manifest of the erasure, its signature and its vault object never arrived */
	free(run_shell("cd '%s'; rm manifest/0000000002*; rm $(ls -d vault/* | tail -1)", st->repo));

	restore_elsewhere(st, NULL);

	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	free(p.before);
}

/* Two who share a month's cohort keys: one goes, the other stays. */
static void an_erased_one_takes_nobody_else_along(void **state)
{
	struct stage *st = *state;
	struct people p;
	char twin[33];
	char *before;

	put_people_and_back_up(st, &p);
	stage_add_person(st, canary, twin);
	before = export_all(st, "twins.jsonl");
	cut_line(before, p.erased);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_erase(st, "erase", p.erased, "--purpose=erasure_request");
	stage_expect(st, 0);
	lose_the_machine(st);

	restore_elsewhere(st, NULL);

	free(p.before);
	p.before = export_all(st, "after.jsonl");
	assert_string_equal(p.before, before);
	stage_ctl_text(st, AS_PRIVACY, CANARY_EMAIL, "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, twin));
	assert_null(strstr(st->last.out, p.erased));
	free(p.before);
	free(before);
}

/* --- a part of a person ----------------------------------------------------------------- */

/* Whether this person is shown with this text, after the restore. */
static bool shows(struct stage *st, const char *id, const char *text)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	return strstr(st->last.out, text) != NULL;
}

static void set_grace(struct stage *st, const char *text)
{
	stage_stop(st);
	stage_policy(st, "erasure.yaml", text);
	stage_start(st);
}

static void an_erased_collection_does_not_return_and_the_rest_does(void **state)
{
	struct stage *st = *state;
	struct people p;

	set_grace(st, "grace: 0s\n");
	put_people_and_back_up(st, &p);
	stage_ctl(st, AS_PRIVACY, "erase", p.other, "--collection=contact_point", "--wait",
		"--purpose=erasure_request");
	stage_expect(st, 0);
	lose_the_machine(st);

	restore_elsewhere(st, "--sequence=1");

	assert_true(shows(st, p.other, "王小明"));
	assert_false(shows(st, p.other, "北京市"));
	stage_ctl_text(st, AS_PRIVACY, "wang@example.cn", "subject", "search", "email",
		"--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	/* and what is written now has a key that lives */
	stage_ctl_text(st, AS_PRIVACY, "{\"city\":\"Xi'an\"}", "subject", "update", p.other,
		"--collection=contact_point", "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_true(shows(st, p.other, "Xi'an"));
	free(p.before);
}

#define NEEDS                                                                   \
	"[{\"collection\":\"need\",\"fields\":{\"topic\":\"stays-7\"}},"             \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"goes-9\"}}]"

/* The record of "goes-9". */
static void erase_one_record(struct stage *st, const char *id)
{
	char option[48] = "";
	json_t *record;
	size_t i;

	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	json_array_foreach(json_object_get(stage_reply(st), "records"), i, record) {
		const char *topic = json_string_value(
			json_object_get(json_object_get(record, "fields"), "topic"));

		if (topic && strcmp(topic, "goes-9") == 0) {
			snprintf(option, sizeof(option), "--record=%s",
				json_string_value(json_object_get(record, "record")));
		}
	}
	stage_ctl(st, AS_PRIVACY, "erase", id, option, "--wait", "--purpose=erasure_request");
	stage_expect(st, 0);
}

/* A backup from after the re-key holds what remains under the fresh key; an older one held it
 * under the key that was shredded, and what remains comes from the newest. */
static void an_erased_record_does_not_return_from_any_backup(void **state)
{
	static const char *const sequences[] = { "--sequence=1", "--sequence=3" };
	struct stage *st = *state;
	char id[33];

	set_grace(st, "grace: 0s\n");
	stage_add_person(st, NEEDS, id);
	stage_ctl(st, AS_ADMIN, "backup", "run"); /* 1 */
	stage_expect(st, 0);
	erase_one_record(st, id); /* 2: the vault without the old key */
	stage_ctl(st, AS_ADMIN, "backup", "run"); /* 3 */
	stage_expect(st, 0);
	lose_the_machine(st);

	for (int i = 0; i < 2; i++) {
		restore_elsewhere(st, sequences[i]);
		assert_false(shows(st, id, "goes-9"));
		assert_true(shows(st, id, "stays-7"));
		stage_ctl_text(st, AS_PRIVACY, "{\"topic\":\"new\"}", "subject", "update", id,
			"--collection=need", "--purpose=" STAGE_PURPOSE);
		stage_expect(st, 0);
		lose_the_machine(st);
	}
}

/* --- one that waits ------------------------------------------------------------------------ */

/* Nobody is erased by a restore whose time has not come, and nobody escapes it. */
static void an_erasure_that_waited_waits_on_after_a_restore(void **state)
{
	struct stage *st = *state;
	struct people p;
	char erasure[33];

	set_grace(st, "grace: 72h\n");
	put_people_and_back_up(st, &p);
	stage_ctl(st, AS_PRIVACY, "--json", "erase", p.erased, "--purpose=erasure_request");
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
	stage_ctl(st, AS_PRIVACY, "--json", "erase", p.other, "--purpose=erasure_request");
	stage_ctl(st, AS_PRIVACY, "erase", "cancel",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	lose_the_machine(st);

	restore_elsewhere(st, "--sequence=1"); /* which knows nothing of it */

	stage_ctl(st, AS_PRIVACY, "subject", "get", p.erased, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 77);
	assert_true(shows(st, p.other, "王小明"));
	stage_ctl(st, AS_PRIVACY, "erase", "show", erasure);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "cooling_off"));
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	assert_true(shows(st, p.erased, CANARY_NAME));
	free(p.before);
}

/* "erase --now" has returned, and in the same second there is no machine any more. */
static void what_returned_is_true_even_if_the_machine_burns_at_once(void **state)
{
	struct stage *st = *state;
	struct people p;

	put_people_and_back_up(st, &p);
	stage_erase(st, "erase", p.erased, "--purpose=erasure_request");
	free(run_shell("rm -rf '%s'", st->state)); /* under its feet */
	stage_expect(st, 0);
	stage_kill(st);

	restore_elsewhere(st, "--sequence=1");

	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	free(p.before);
}

/* Nothing was restored, and the reason is clear. */
static void expect_refused(struct stage *st, int status, const char *what)
{
	stage_expect(st, status);
	assert_non_null(strstr(st->last.err, what));
	free(run_shell("! ls -A '%s' | grep elsewhere", st->files));
}

/* The vault object that does not know the erased one is the newest: without it, or with one that
 * is not what was signed, there is no restore, for an older one would bring everybody back. */
static void without_the_newest_vault_object_nobody_returns(void **state)
{
	struct stage *st = *state;
	struct people p;
	char *newest;

	put_people_and_back_up(st, &p);
	erase(st, p.erased);
	lose_the_machine(st);
	newest = run_shell("ls -d '%s'/vault/* | tail -1 | tr -d '\n'", st->repo);

	free(run_shell("mv '%s' '%s.away'", newest, st->repo));
	try_restore(st, NULL);
	expect_refused(st, 66, "erased people would return");
	free(run_shell("cp -p '%s.away' '%s'", st->repo, newest));
	stage_change_byte(newest);
	try_restore(st, NULL);
	expect_refused(st, 65, "vault/");
	free(run_shell("cp -p '%s.away' '%s'", st->repo, newest));

	restore_elsewhere(st, NULL);
	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	free(newest);
	free(p.before);
}

/* The mirror of the log ends before the erasure: nobody is shown to anybody, till two users have
 * answered for it; the erased one is not there then, either. */
static void with_a_log_that_lags_nobody_is_shown_until_two_users_accept_it(void **state)
{
	struct stage *st = *state;
	struct people p;
	char approval[33];

	if (!stage_has_roles()) {
		skip();
	}
	put_people_and_back_up(st, &p);
	free(run_shell("cp -a '%s/log' '%s.log'", st->repo, st->repo));
	erase(st, p.erased);
	lose_the_machine(st);
	free(run_shell("rm -r '%s/log'; mv '%s.log' '%s/log'", st->repo, st->repo, st->repo));

	try_restore(st, "--sequence=1");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "RESTRICTED"));
	serve_elsewhere(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", p.other, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	stage_ctl(st, AS_ADMIN, "--json", "log", "accept-gap");
	stage_expect(st, 0);
	snprintf(approval, sizeof(approval), "%s", stage_reply_text(st, "approval"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", p.other, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 78);
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);

	expect_others_whole(st, &p);
	expect_absent(st, p.erased);
	free(p.before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(everybody_returns_but_the_erased_one),
		T(so_it_is_with_the_first_backup_by_its_number),
		T(later_backups_do_not_matter_for_who_is_erased),
		T(an_erasure_that_only_the_log_tells_is_done_again),
		T(an_erased_one_takes_nobody_else_along),
		T(an_erased_collection_does_not_return_and_the_rest_does),
		T(an_erased_record_does_not_return_from_any_backup),
		T(an_erasure_that_waited_waits_on_after_a_restore),
		T(what_returned_is_true_even_if_the_machine_burns_at_once),
		T(without_the_newest_vault_object_nobody_returns),
		T(with_a_log_that_lags_nobody_is_shown_until_two_users_accept_it),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p2", tests, NULL, NULL);
}
