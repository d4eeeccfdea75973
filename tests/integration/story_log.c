/* The audit log by custosctl, and by a program that shares nothing with custos. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE
#define ADA     "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

static void make_entries(struct stage *st, unsigned n)
{
	char id[33];

	stage_add_person(st, ADA, id);
	for (unsigned i = 0; i < n; i++) {
		stage_ctl(st, AS_PRIVACY, "subject", "get", id, PURPOSE);
		stage_expect(st, 0);
	}
}

/* The line of this entry, without its number; static. */
static const char *leaf(struct stage *st, unsigned index)
{
	static char text[1024];
	char from[32], *at;

	snprintf(from, sizeof(from), "--from=%u", index);
	stage_ctl(st, AS_ADMIN, "log", "show", from, "--count=1");
	stage_expect(st, 0);
	at = strchr(st->last.out, ' ');
	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	return text;
}

/* Into files/proof. */
static void prove(struct stage *st, unsigned index)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", index);
	stage_ctl(st, AS_ADMIN, "log", "prove", number);
	stage_expect(st, 0);
	stage_file(st, "proof", st->last.out, st->last.nout);
}

/* The status of the independent check; key may be NULL. */
static int check(struct stage *st, const char *text, const char *key)
{
	struct run_options o = { .uid = RUN_SAME_UID };
	struct ran r;
	int status;

	run(&o,
		(const char *const[]){ "/usr/bin/python3", SOURCE_DIR "/tests/support/check_proof.py",
			stage_path(st, "proof"), text, key, NULL },
		&r);
	status = r.status;
	ran_done(&r);
	return status;
}

static void log_key(struct stage *st, char key[256])
{
	stage_ctl(st, AS_ADMIN, "--json", "log", "checkpoint");
	stage_expect(st, 0);
	snprintf(key, 256, "%s", stage_reply_text(st, "key"));
}

/* --- proofs ------------------------------------------------------------------------------------ */

static void every_entry_is_proven_to_somebody_else(void **state)
{
	struct stage *st = *state;
	uint64_t n;

	make_entries(st, 20);
	n = stage_log_size(st);
	assert_true(n >= 23);
	for (unsigned i = 0; i < n; i++) {
		prove(st, i);
		assert_int_equal(check(st, leaf(st, i), NULL), 0);
	}
}

static void a_proof_is_of_one_entry_only(void **state)
{
	struct stage *st = *state;
	char text[1024];

	make_entries(st, 5);
	prove(st, 4);
	snprintf(text, sizeof(text), "%s", leaf(st, 4));
	assert_int_equal(check(st, text, NULL), 0);
	assert_int_not_equal(check(st, leaf(st, 5), NULL), 0);
	text[strlen(text) - 1] ^= 1;
	assert_int_not_equal(check(st, text, NULL), 0);
}

static void the_signature_is_that_of_the_key_that_init_printed(void **state)
{
	struct stage *st = *state;
	char key[256], *has;

	has = run_shell("/usr/bin/python3 -c 'import nacl.signing' 2>/dev/null && echo yes || true");
	if (!*has) {
		free(has);
		print_message("python3-nacl is not installed: signatures are not checked\n");
		skip();
	}
	free(has);
	make_entries(st, 3);
	log_key(st, key);
	prove(st, 2);
	assert_int_equal(check(st, leaf(st, 2), key), 0);
	stage_stop(st);
	stage_start(st);
	make_entries(st, 3);
	prove(st, 2);
	assert_int_equal(check(st, leaf(st, 2), key), 0);
	free(run_shell("cd '%s'; sed 's/^\\(.* [A-Za-z0-9+/]\\{20\\}\\)\\(.\\)/\\1A/' proof > p2; "
		       "sed 's/^\\(.* [A-Za-z0-9+/]\\{20\\}\\)\\(.\\)/\\1B/' proof > p3; "
		       "cmp -s proof p2 && mv p3 proof || mv p2 proof",
		st->files));
	assert_int_not_equal(check(st, leaf(st, 2), key), 0);
}

static void what_is_not_there_cannot_be_proven(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "log", "prove", "1000");
	stage_expect(st, 66);
	stage_ctl(st, AS_ADMIN, "log", "prove", "-1");
	stage_expect(st, 64);
}

/* --- show -------------------------------------------------------------------------------------- */

static void entries_are_shown_from_an_index_or_the_newest(void **state)
{
	struct stage *st = *state;

	make_entries(st, 10);
	stage_ctl(st, AS_ADMIN, "log", "show", "--from=0", "--count=2");
	stage_expect(st, 0);
	assert_int_equal(strncmp(st->last.out, "0 v=1 ", 6), 0);
	assert_non_null(strstr(st->last.out, "act=store.init"));
	assert_non_null(strstr(st->last.out, "\n1 v=1 "));
	assert_null(strstr(st->last.out, "\n2 v=1 "));
	stage_ctl(st, AS_ADMIN, "log", "show", "--count=1");
	assert_non_null(strstr(st->last.out, "act=subject.read"));
	stage_ctl(st, AS_ADMIN, "log", "show", "--from=5000");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "log", "show", "--count=1001");
	stage_expect(st, 64);
}

static void nothing_that_somebody_typed_stands_in_the_log(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st,
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Needle\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"needle@example.org\"}}]",
		id);
	stage_ctl_text(st, AS_PRIVACY, "needle@example.org", "subject", "search", "email", PURPOSE);
	stage_erase(st, "erase", id, PURPOSE);
	assert_int_equal(stage_count_leaves(st, "Needle"), 0);
	assert_int_equal(stage_count_leaves(st, "needle"), 0);
	assert_false(stage_grep(st->state, "eedle@example"));
	assert_false(stage_grep(st->log, "eedle"));
}

/* --- verify ------------------------------------------------------------------------------------ */

static void a_whole_log_verifies_also_after_a_restart(void **state)
{
	struct stage *st = *state;
	uint64_t before, checked;

	make_entries(st, 5);
	before = stage_log_size(st);
	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_ADMIN, "--json", "log", "verify");
	stage_expect(st, 0);
	checked = (uint64_t)json_integer_value(json_object_get(stage_reply(st), "checked"));
	assert_int_equal(checked, before);
}

/* With a running daemon, and at its next start. */
static void a_changed_entry_does_not_verify(void **state)
{
	struct stage *st = *state;

	make_entries(st, 300); /* more than a tile */
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
	free(run_shell("cd '%s/log'; for f in $(grep -rl 'act=subject.add' .); do "
		       "sed -i 's/act=subject.add/act=subject.odd/' \"$f\"; done",
		st->state));
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 65);
}

static void a_log_that_was_cut_is_found_at_the_start(void **state)
{
	struct stage *st = *state;
	char *files;

	make_entries(st, 5);
	stage_stop(st);
	files = run_shell("ls '%s/log'", st->state);
	free(run_shell("cd '%s/log'; find journal -type f -exec truncate -s 0 {} +", st->state));
	stage_custosd(st, (const char *const[]){ "--policies", st->policies, "--state", st->state,
				  "--socket", st->socket, NULL });
	if (st->last.status != 65) {
		fail_msg("status %d with a journal that was emptied; log/ has:\n%s%s",
			st->last.status, files, st->last.err);
	}
	free(files);
}

/* The checkpoint lies outside: what is there now must extend it. */
static void a_checkpoint_is_signed_within_a_second(void **state)
{
	struct stage *st = *state;
	char *size = NULL;

	make_entries(st, 3);
	for (int i = 0; i < 50; i++) {
		free(size);
		size = run_shell("sed -n 2p '%s/log/checkpoint' 2>/dev/null || true", st->state);
		if ((uint64_t)atol(size) == stage_log_size(st)) {
			break;
		}
		run_sleep_ms(100);
	}
	assert_int_equal(atol(size), stage_log_size(st));
	free(size);
}

/* --- query ------------------------------------------------------------------------------------- */

/* How many entries of the last reply fit. */
static unsigned entries(struct stage *st, const char *act)
{
	const json_t *all = json_object_get(json_object_get(stage_reply(st), "result"), "entries");
	json_t *entry;
	unsigned n = 0;
	size_t i;

	assert_true(json_is_array(all));
	json_array_foreach((json_t *)(uintptr_t)all, i, entry) {
		n += !act || strcmp(json_string_value(json_object_get(entry, "act")), act) == 0;
	}
	return n;
}

#define query(st, who, ...) stage_ctl(st, who, "--json", "log", "query", __VA_ARGS__)

static void uid_text(enum who who, char out[32])
{
	snprintf(out, 32, "--actor=%u", (unsigned)stage_uid(who));
}

static void who_did_what_is_found_by_subject_operator_purpose_and_day(void **state)
{
	struct stage *st = *state;
	char ada[33], bob[33], subject[64], actor[32];

	stage_add_person(st, ADA, ada);
	stage_add_person(st, ADA, bob);
	for (int i = 0; i < 3; i++) {
		stage_ctl(st, AS_PRIVACY, "subject", "get", ada, PURPOSE);
		stage_expect(st, 0);
	}
	stage_ctl(st, AS_PRIVACY, "subject", "get", ada, "--purpose=legal_obligation");
	stage_expect(st, 0);
	stage_ctl(st, AS_SUPPORT, "subject", "get", bob, PURPOSE);
	stage_expect(st, 0);

	snprintf(subject, sizeof(subject), "--subject=%s", ada);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.read"), 4);
	assert_int_equal(entries(st, "subject.add"), 1);
	assert_int_equal(entries(st, NULL), 6); /* and its record */
	query(st, AS_AUDITOR, subject, "--purpose=legal_obligation");
	stage_expect(st, 0);
	assert_int_equal(entries(st, NULL), 1);
	if (stage_has_roles()) {
		uid_text(AS_SUPPORT, actor);
		query(st, AS_AUDITOR, actor);
		stage_expect(st, 0);
		assert_int_equal(entries(st, "subject.read"), 1);
		assert_int_equal(entries(st, NULL), 1);
	}
	query(st, AS_AUDITOR, subject, "--from=2000-01-01", "--to=2000-12-31");
	stage_expect(st, 0);
	assert_int_equal(entries(st, NULL), 0);
	query(st, AS_AUDITOR, subject, "--from=2000-01-01", "--to=9998-12-31");
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.read"), 4);
}

static void a_query_is_an_entry_and_says_what_was_asked(void **state)
{
	struct stage *st = *state;
	char ada[33], subject[64];
	const char *last;

	stage_add_person(st, ADA, ada);
	snprintf(subject, sizeof(subject), "--subject=%s", ada);
	query(st, AS_AUDITOR, subject, PURPOSE);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "log.query"), 0);

	last = leaf(st, (unsigned)stage_log_size(st) - 1);
	assert_non_null(strstr(last, "act=log.query"));
	assert_non_null(strstr(last, ada));
	assert_non_null(strstr(last, "for=" STAGE_PURPOSE));
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "log.query"), 1);
}

static void a_long_answer_is_read_in_parts(void **state)
{
	struct stage *st = *state;
	char after[40];
	const json_t *next;
	unsigned n = 0, rounds = 0;
	json_int_t at = 0, size;

	make_entries(st, 700); /* more than two tiles, and some not yet published */
	size = (json_int_t)stage_log_size(st);
	do {
		snprintf(after, sizeof(after), "--after=%" JSON_INTEGER_FORMAT, at);
		query(st, AS_AUDITOR, "--purpose=" STAGE_PURPOSE, "--count=99", after);
		stage_expect(st, 0);
		n += entries(st, "subject.read");
		next = json_object_get(json_object_get(stage_reply(st), "result"), "next");
		at = next ? json_integer_value(next) : size;
		rounds++;
	} while (next && rounds < 50);
	assert_int_equal(n, 700);
	assert_int_equal(rounds, 8);
}

static void a_query_without_a_hit_says_so(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_AUDITOR, "log", "query", "--actor=4000000000");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "No entry fits."));
	stage_ctl(st, AS_AUDITOR, "log", "query", "--subject=00112233445566778899aabbccddeeff");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "No entry fits."));
	stage_ctl(st, AS_AUDITOR, "log", "query", "--from=2026-13-01");
	stage_expect(st, 64);
	stage_ctl(st, AS_AUDITOR, "log", "query", "--count=0");
	stage_expect(st, 64);
	stage_ctl(st, AS_AUDITOR, "log", "query", "--count=1001");
	stage_expect(st, 64);
}

static void only_those_who_may_query(void **state)
{
	struct stage *st = *state;

	if (!stage_has_roles()) {
		skip();
	}
	stage_ctl(st, AS_ADMIN, "log", "query");
	stage_expect(st, 77);
	stage_ctl(st, AS_SUPPORT, "log", "query");
	stage_expect(st, 77);
	stage_ctl(st, AS_SELF, "log", "query"); /* root */
	stage_expect(st, 77);
	stage_ctl(st, AS_PRIVACY, "log", "query");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "store.init"));
}

/* --- bulk reads -------------------------------------------------------------------------------- */

static void export_all(struct stage *st, const char *name)
{
	stage_ctl(st, AS_PRIVACY, "export", stage_path(st, name), PURPOSE);
	stage_expect(st, 0);
}

static json_int_t unknown(struct stage *st)
{
	return json_integer_value(
		json_object_get(json_object_get(stage_reply(st), "result"), "unknown"));
}

static void an_export_is_found_by_whom_it_showed(void **state)
{
	struct stage *st = *state;
	char ada[33], bob[33], subject[64], *log;

	stage_add_person(st, ADA, ada);
	export_all(st, "one");
	stage_add_person(st, ADA, bob);
	export_all(st, "two");
	log = stage_log(st);
	assert_non_null(strstr(log, "act=subject.export"));
	free(log);
	assert_int_equal(stage_count_leaves(st, "act=subject.export"), 2);

	snprintf(subject, sizeof(subject), "--subject=%s", ada);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.export"), 2);
	snprintf(subject, sizeof(subject), "--subject=%s", bob);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.export"), 1);
	query(st, AS_AUDITOR, "--subject=00112233445566778899aabbccddeeff");
	stage_expect(st, 0);
	assert_int_equal(entries(st, NULL), 0);
	assert_int_equal(unknown(st), 0);
	stage_ctl(st, AS_AUDITOR, "log", "query", subject);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "subject.export"));
}

static void a_search_with_several_hits_names_nobody_and_is_found_by_each(void **state)
{
	static const char *const same =
		"[{\"collection\":\"contact_point\",\"fields\":{\"email\":\"family@example.org\"}}]";
	struct stage *st = *state;
	char a[33], b[33], subject[64];
	const char *last;

	stage_add_person(st, same, a);
	stage_add_person(st, same, b);
	stage_ctl_text(st, AS_PRIVACY, "family@example.org", "subject", "search", "email", PURPOSE);
	stage_expect(st, 0);
	last = leaf(st, (unsigned)stage_log_size(st) - 1);
	assert_non_null(strstr(last, "act=subject.search"));
	assert_non_null(strstr(last, " n=2 "));
	assert_non_null(strstr(last, " dig="));
	assert_null(strstr(last, a));
	assert_null(strstr(last, b));
	snprintf(subject, sizeof(subject), "--subject=%s", a);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.search"), 1);
	snprintf(subject, sizeof(subject), "--subject=%s", b);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.search"), 1);
}

/* A backup of before does not know it either: the key of the day is gone. */
static void whom_an_export_showed_is_forgotten_when_its_time_is_over(void **state)
{
	struct stage *st = *state;
	char ada[33], subject[64], approval[33];
	unsigned shreds = 0;

	stage_policy(st, "retention.yaml", "access_journal: 200d\n");
	stage_stop(st);
	stage_start(st);
	stage_add_person(st, ADA, ada);
	export_all(st, "one");
	stage_stop(st);
	st->options[0] = "--clock-ahead-ms=17452800000"; /* 202 days */
	stage_start(st);
	stage_approval(st, approval); /* the clock has jumped */
	assert_int_equal(stage_count_leaves(st, "in=access_journal"), 0);
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
	for (int i = 0; i < 200 && shreds == 0; i++) {
		run_sleep_ms(100);
		shreds = stage_count_leaves(st, "in=access_journal");
	}
	assert_int_equal(shreds, 1);

	snprintf(subject, sizeof(subject), "--subject=%s", ada);
	query(st, AS_AUDITOR, subject);
	stage_expect(st, 0);
	assert_int_equal(entries(st, "subject.export"), 0);
	assert_int_equal(unknown(st), 1);
	assert_int_equal(stage_count_leaves(st, "act=subject.export"), 1);
	stage_ctl(st, AS_AUDITOR, "log", "query", subject);
	assert_non_null(strstr(st->last.err, "not known any more whom"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(every_entry_is_proven_to_somebody_else),
		T(a_proof_is_of_one_entry_only),
		T(the_signature_is_that_of_the_key_that_init_printed),
		T(what_is_not_there_cannot_be_proven),
		T(entries_are_shown_from_an_index_or_the_newest),
		T(nothing_that_somebody_typed_stands_in_the_log),
		T(a_whole_log_verifies_also_after_a_restart),
		T(a_changed_entry_does_not_verify),
		T(a_log_that_was_cut_is_found_at_the_start),
		T(a_checkpoint_is_signed_within_a_second),
		T(who_did_what_is_found_by_subject_operator_purpose_and_day),
		T(a_query_is_an_entry_and_says_what_was_asked),
		T(a_long_answer_is_read_in_parts),
		T(a_query_without_a_hit_says_so),
		T(only_those_who_may_query),
		T(an_export_is_found_by_whom_it_showed),
		T(a_search_with_several_hits_names_nobody_and_is_found_by_each),
		T(whom_an_export_showed_is_forgotten_when_its_time_is_over),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_log", tests, NULL, NULL);
}
