/*
 * P2: the date by which the last copy of a key is gone is computed, and it is kept:
 * custosd deletes old vault objects by itself, and what is left in the repository opens
 * nothing of an erased person, with the identity in hand.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "stage.h"

#define DAY_MS 86400000LL
#define PYTHON "/usr/bin/python3" /* another one in PATH may lack PyNaCl */
#define NAME   "Zugvogel-Yw4"

static const char person[] =
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"" NAME "\"}}]";

static int64_t now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* Stops the daemon and starts it so many days later. */
static void go_ahead(struct stage *st, unsigned days)
{
	static char option[64];

	if (st->daemon) {
		stage_stop(st);
	}
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = option;
	stage_start(st);
}

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void put_person(struct stage *st, char id[33])
{
	stage_add_person(st, person, id);
	back_up(st);
}

static void erase_with(struct stage *st, const char *id, int status)
{
	stage_erase(st, "--json", "erase", id,
		"--purpose=erasure_request");
	stage_expect(st, status);
}

static void erase(struct stage *st, const char *id)
{
	erase_with(st, id, 0);
}

static const char *statement(struct stage *st)
{
	return json_string_value(json_object_get(
		json_object_get(stage_reply(st), "result"), "statement"));
}

/* The first file of vault/: the first object of the lowest generation. */
static char *oldest_object(struct stage *st)
{
	char *name = run_shell("ls '%s'/vault/* | head -1 | tr -d '\n'", st->repo);

	assert_true(strlen(name) > 0);
	return name;
}

static void wait_until_gone(struct stage *st, const char *path)
{
	for (int i = 0; i < 300 && access(path, F_OK) == 0; i++) {
		usleep(100000);
	}
	if (access(path, F_OK) == 0) {
		fail_msg("%s is still there: %s", path, stage_daemon_log(st));
	}
}

/* The duty has looked at the target since the daemon was started. */
static void wait_until_seen(struct stage *st, unsigned days)
{
	int64_t seen_ms = 0;

	for (int i = 0; i < 300 && seen_ms < now_ms() + (days - 1) * DAY_MS; i++) {
		usleep(100000);
		stage_ctl(st, AS_ADMIN, "--json", "status");
		stage_expect(st, 0);
		seen_ms = json_integer_value(json_object_get(
			json_array_get(json_object_get(stage_reply(st), "targets"), 0),
			"seen_ms"));
	}
	assert_true(seen_ms >= now_ms() + (days - 1) * DAY_MS);
}

/* How many files are in this state, as `backup prune --dry-run` tells. */
static unsigned count_state(struct stage *st, const char *state)
{
	unsigned n = 0;
	json_t *f;
	size_t i;

	stage_ctl(st, AS_ADMIN, "--json", "backup", "prune", "--dry-run");
	stage_expect(st, 0);
	json_array_foreach(json_object_get(stage_reply(st), "files"), i, f)
	{
		n += strcmp(json_string_value(json_object_get(f, "state")), state) == 0;
	}
	return n;
}

/* The text of the certificate of an erasure, parsed; and the file. */
static json_t *certify(struct stage *st, const char *erasure, char path[192])
{
	char *text;
	json_t *object;

	stage_ctl(st, AS_PRIVACY, "erase", "certificate", erasure);
	stage_expect(st, 0);
	snprintf(path, 192, "%s", stage_text(st, "certificate", st->last.out));
	text = run_shell("sed '/^$/,$d' '%s'", path); /* without the signature */
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	free(text);
	return object;
}

/* A program that shares nothing with custosd, and the log's key, which custosd shows. */
static void expect_verified(struct stage *st, const char *path)
{
	const char *argv[] = { CUSTOS_VERIFY, "certificate", NULL, path, NULL };
	char option[300];
	struct ran r;

	stage_ctl(st, AS_ADMIN, "--json", "log", "checkpoint");
	stage_expect(st, 0);
	snprintf(option, sizeof(option), "--key=%s", stage_reply_text(st, "key"));
	argv[2] = option;
	run(&(struct run_options){ .uid = RUN_SAME_UID }, argv, &r);
	if (r.status != 0) {
		fail_msg("%s %s", r.out, r.err);
	}
	ran_done(&r);
}

static void copy_erasure(struct stage *st, char erasure[33])
{
	snprintf(erasure, 33, "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
}

static const char *last_copy(const json_t *certificate, const char *member)
{
	return json_string_value(
		json_object_get(json_object_get(certificate, "last_copy"), member));
}

/* The statement names the day: seven days from now, and the hour in which the duty
 * runs. */
static void an_erasure_names_the_date_of_the_last_copy(void **state)
{
	struct stage *st = *state;
	char id[33], earliest[16], latest[16];
	time_t from = (time_t)((now_ms() + 7 * DAY_MS) / 1000), to;

	put_person(st, id);
	erase(st, id);

	to = (time_t)((now_ms() + 7 * DAY_MS + 2 * 3600000) / 1000);
	strftime(earliest, sizeof(earliest), "%Y-%m-%d", gmtime(&from));
	strftime(latest, sizeof(latest), "%Y-%m-%d", gmtime(&to));
	assert_non_null(strstr(statement(st), "Older vault objects still hold them"));
	assert_true(strstr(statement(st), earliest) || strstr(statement(st), latest));
}

static void custosd_deletes_old_copies_by_itself(void **state)
{
	struct stage *st = *state;
	char id[33], *old;

	put_person(st, id);
	old = oldest_object(st);
	erase(st, id);
	assert_int_equal(count_state(st, "within"), 1);

	go_ahead(st, 6);
	wait_until_seen(st, 6);
	assert_int_equal(access(old, F_OK), 0);
	assert_int_equal(stage_count_leaves(st, "act=backup.prune"), 0);

	go_ahead(st, 8);
	wait_until_gone(st, old);
	assert_int_equal(count_state(st, "newest"), 1);
	assert_int_equal(count_state(st, "old"), 0);
	assert_int_equal(stage_count_leaves(st, "act=backup.prune"), 1);
	stage_ctl(st, AS_ADMIN, "backup", "check", "--read-data");
	stage_expect(st, 0);
	free(old);
}

/* Else the newest would have to be older than anybody wants to go back to. */
static void every_half_bound_a_new_copy_is_made(void **state)
{
	struct stage *st = *state;
	char id[33];
	unsigned n;

	put_person(st, id);
	go_ahead(st, 2);
	wait_until_seen(st, 2);
	n = count_state(st, "within");
	go_ahead(st, 7);
	wait_until_seen(st, 7);
	assert_true(count_state(st, "within") > n);
}

static void need_reader(void)
{
	char *has = run_shell(
		PYTHON " -c 'import nacl.bindings' 2> /dev/null && echo yes || true");
	bool is_there = strcmp(has, "yes\n") == 0;

	free(has);
	if (!is_there || !run_has_program("age") || !run_has_program("zstd")) {
		print_message("python3-nacl, age or zstd is not installed\n");
		skip();
	}
}

/* What open_backup.py prints of this name from each backup. */
static char *find_in_all_backups(struct stage *st)
{
	return run_shell(
		"cd '%s'; for n in $(ls manifest | grep -v minisig | sed 's/^0*//'); "
		"do " PYTHON
		" open_backup.py --identity '%s' --backup $n . --find '%s' 2>&1 || "
		"true; done",
		st->repo, st->identity, NAME);
}

/* Vault objects of a generation below this one. */
static unsigned count_below(struct stage *st, uint64_t generation)
{
	char *n = run_shell("ls '%s/vault' | awk -F- '$1 < %llu' | wc -l", st->repo,
		(unsigned long long)generation);
	unsigned v = (unsigned)strtoul(n, NULL, 10);

	free(n);
	return v;
}

/* Whoever has the identity and all that is left in the repository: nothing. */
static void after_the_date_no_object_that_is_left_opens_the_erased_one(void **state)
{
	struct stage *st = *state;
	char id[33], to[192], from[192], identity[224], option[256], *found, *old;

	need_reader();
	put_person(st, id);
	found = find_in_all_backups(st);
	assert_non_null(strstr(found, NAME));
	free(found);
	old = oldest_object(st);
	erase(st, id);
	go_ahead(st, 8);
	wait_until_gone(st, old);
	free(old);
	assert_int_equal(count_below(st, 2), 0); /* 2: the generation of the erasure */
	stage_stop(st);

	/* the rows still are in the backup from before: noise */
	found = find_in_all_backups(st);
	assert_null(strstr(found, NAME));
	free(found);
	snprintf(to, sizeof(to), "%s/elsewhere", st->files);
	snprintf(option, sizeof(option), "--to=%s", to);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	free(run_shell("chmod 644 '%s'", st->identity));
	stage_restore(st, from, identity, option, "--sequence=1");
	stage_expect(st, 0);
	stage_use_state(st, to);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
}

static void a_dry_run_deletes_nothing_and_says_why(void **state)
{
	struct stage *st = *state;
	char id[33], stray[300], *old;

	put_person(st, id);
	back_up(st);
	go_ahead(st, 1);
	wait_until_seen(st, 1); /* its next look, which would find the stray, is in an hour */
	stage_ctl(st, AS_ADMIN, "backup", "prune", "--dry-run");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "stays: restores use it"));
	assert_non_null(strstr(st->last.out, "stays: within the bound"));
	assert_non_null(strstr(st->last.out, "Nothing was deleted."));
	snprintf(stray, sizeof(stray), "%s/vault/%020d-%064d", st->repo, 1, 0);
	old = oldest_object(st);
	free(run_shell("cp -p '%s' '%s'", old, stray));
	assert_int_equal(count_state(st, "stray"), 1);
	assert_int_equal(access(stray, F_OK), 0);

	stage_ctl(st, AS_ADMIN, "--json", "backup", "prune");
	stage_expect(st, 0);
	assert_int_equal(
		json_integer_value(json_object_get(stage_reply(st), "deleted")), 1);
	assert_int_equal(access(stray, F_OK), -1);
	assert_int_equal(access(old, F_OK), 0);
	free(old);
	stage_ctl(st, AS_PRIVACY, "backup", "prune");
	stage_expect(st, stage_has_roles() ? 77 : 0);
}

/* A target that is away cannot be made to forget, and nobody knows until when. */
static void without_its_target_no_date_is_given(void **state)
{
	struct stage *st = *state;
	char id[33];

	put_person(st, id);
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo));
	erase_with(st, id, 75);
	assert_non_null(strstr(st->last.out, "not confirmed at every target"));
	assert_null(strstr(st->last.out, "custosd deletes the last of these by"));
}

static void without_a_target_the_statement_is_about_this_host_only(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_stop(st);
	stage_policy(st, "backup.yaml", "vault_bound: 7d\n");
	stage_start(st);
	stage_add_person(st, person, id);
	erase_with(st, id, 75);
	assert_non_null(strstr(statement(st), "this host only"));
}

/* --- the certificate -------------------------------------------------------------- */

/* From the day of the erasure to the day after the date that the certificate names. */
static void the_certificate_says_by_when_and_then_gone(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], path[192];
	json_t *c;

	put_person(st, id);
	erase(st, id);
	copy_erasure(st, erasure);

	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "by");
	assert_non_null(last_copy(c, "date"));
	assert_string_equal(json_string_value(json_object_get(c, "subject")), id);
	assert_int_equal(json_array_size(json_object_get(c, "leaves")), 3);
	expect_verified(st, path);
	json_decref(c);

	go_ahead(st, 8); /* asking deletes what is due, and looks */
	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "gone");
	assert_null(last_copy(c, "date"));
	assert_int_equal(count_below(st, 2), 0);
	expect_verified(st, path);
	json_decref(c);
}

static void an_unreachable_target_makes_it_unbounded(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], path[192];
	json_t *c;

	put_person(st, id);
	erase(st, id);
	copy_erasure(st, erasure);
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo));

	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "unbounded");
	assert_non_null(last_copy(c, "since"));
	expect_verified(st, path);
	json_decref(c);
	free(run_shell("mv '%s.away' '%s'", st->repo, st->repo));
}

static void without_a_target_it_is_about_this_host_only(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], path[192];
	json_t *c;

	stage_add_person(st, person, id);
	erase(st, id);
	copy_erasure(st, erasure);

	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "this-host-only");
	expect_verified(st, path);
	json_decref(c);
}

/* Nobody knows what a copy of another name holds. */
static void a_file_that_custos_did_not_put_there_makes_it_unbounded(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], path[192], *old;
	json_t *c;

	put_person(st, id);
	erase(st, id);
	copy_erasure(st, erasure);
	old = oldest_object(st);
	free(run_shell("cp -p '%s' '%s/vault/copy.bak'", old, st->repo));
	free(old);
	go_ahead(st, 8);

	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "unbounded");
	json_decref(c);
}

/* The repository that it came from may have older objects, and the new lineage prunes
 * none there. */
static void a_restored_store_gives_no_date(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], path[192], to[192], from[192], identity[224],
		option[256];
	json_t *c;

	put_person(st, id);
	erase(st, id);
	copy_erasure(st, erasure);
	stage_stop(st);
	snprintf(to, sizeof(to), "%s/elsewhere", st->files);
	snprintf(option, sizeof(option), "--to=%s", to);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	free(run_shell("chmod 644 '%s'", st->identity));
	stage_restore(st, from, identity, option);
	stage_expect(st, 0);
	stage_use_state(st, to);
	stage_start(st);

	c = certify(st, erasure, path);
	assert_string_equal(last_copy(c, "state"), "unbounded");
	assert_non_null(strstr(json_string_value(json_object_get(c, "statement")),
		"This store came out of a backup"));
	assert_int_equal(json_array_size(json_object_get(c, "leaves")), 3);
	expect_verified(st, path);
	json_decref(c);

	stage_stop(st);
	stage_policy(st, "backup.yaml", "vault_bound: 7d\n");
	stage_start(st);
	c = certify(st, erasure, path); /* not "this host only": copies are elsewhere */
	assert_string_equal(last_copy(c, "state"), "unbounded");
	expect_verified(st, path);
	json_decref(c);
}

static void there_is_no_certificate_of_what_was_not_erased(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "erase", "certificate",
		"00112233445566778899aabbccddeeff");
	stage_expect(st, 66);
	stage_ctl(st, AS_PRIVACY, "erase", "certificate", "everything");
	stage_expect(st, 64);
	if (stage_has_roles()) {
		stage_ctl(st, AS_SUPPORT, "erase", "certificate",
			"00112233445566778899aabbccddeeff");
		stage_expect(st, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(an_erasure_names_the_date_of_the_last_copy),
		T(custosd_deletes_old_copies_by_itself),
		T(every_half_bound_a_new_copy_is_made),
		T(after_the_date_no_object_that_is_left_opens_the_erased_one),
		T(a_dry_run_deletes_nothing_and_says_why),
		T(without_its_target_no_date_is_given),
		T(without_a_target_the_statement_is_about_this_host_only),
		T(the_certificate_says_by_when_and_then_gone),
		T(an_unreachable_target_makes_it_unbounded),
		T(without_a_target_it_is_about_this_host_only),
		T(a_file_that_custos_did_not_put_there_makes_it_unbounded),
		T(a_restored_store_gives_no_date),
		T(there_is_no_certificate_of_what_was_not_erased),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("p2 old copies", tests, NULL, NULL);
}
