/* What custos published, before two programs that share no code with it: custos-verify, and
 * forty lines of Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"

#define PURPOSE "--purpose=" STAGE_PURPOSE
#define ADA     "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

/* --- the two programs ----------------------------------------------------------------- */

/* custos-verify; its status, and what it said in st->last. */
static int verify_with(struct stage *st, const char *const args[])
{
	static const struct run_options o = { .uid = RUN_SAME_UID };
	const char *argv[12] = { CUSTOS_VERIFY };

	for (size_t i = 0; args[i]; i++) {
		assert_true(i < 10);
		argv[i + 1] = args[i];
	}
	ran_done(&st->last);
	run(&o, argv, &st->last);
	return st->last.status;
}

#define verify(st, ...) verify_with(st, (const char *const[]){ __VA_ARGS__, NULL })

static bool has_python(void)
{
	char *has = run_shell("/usr/bin/python3 -c 'import nacl.signing' 2>/dev/null && echo yes || true");
	bool is_there = *has != '\0';

	free(has);
	if (!is_there) {
		print_message("python3-nacl is not installed\n");
	}
	return is_there;
}

/* A script of tests/support; its status. */
static int python(struct stage *st, const char *script, const char *key, const char *path,
	const char *more)
{
	static const struct run_options o = { .uid = RUN_SAME_UID };
	char file[256];

	snprintf(file, sizeof(file), SOURCE_DIR "/tests/support/%s", script);
	ran_done(&st->last);
	run(&o, (const char *const[]){ "/usr/bin/python3", file, key, path, more, NULL },
		&st->last);
	return st->last.status;
}

/* --- a log ---------------------------------------------------------------------------- */

static void add_entries(struct stage *st, unsigned n)
{
	struct client *c = stage_client(st, AS_PRIVACY);
	char id[33];

	stage_add_person(st, ADA, id);
	for (unsigned i = 0; i < n; i++) {
		json_t *p = json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE), *reply;
		struct cu_err err;

		if (client_call(c, "io.custos.subject.Get", p, -1, &reply, &err) < 0) {
			fail_msg("%s", err.msg);
		}
		json_decref(reply);
		json_decref(p);
	}
	client_close(c);
}

/* All there is is published; within a second, they say. */
static void wait_for_checkpoint(struct stage *st)
{
	uint64_t want = stage_log_size(st), got = 0;

	for (int i = 0; got < want && i < 100; i++) {
		char *size = run_shell("sed -n 2p '%s/log/checkpoint' 2>/dev/null || true", st->state);

		got = (uint64_t)atoll(size);
		free(size);
		run_sleep_ms(50);
	}
	assert_true(got >= want);
}

/* A copy of the published log; kept until stage_free. */
static const char *copy_log(struct stage *st, const char *name)
{
	const char *to = stage_path(st, name);

	wait_for_checkpoint(st);
	free(run_shell("mkdir '%s' && cp -r '%s/log/tile' '%s/log/checkpoint' '%s'", to, st->state,
		st->state, to));
	return to;
}

/* "--key=<the key that the daemon shows>"; static. */
static const char *key_option(struct stage *st)
{
	static char option[300];

	stage_ctl(st, AS_ADMIN, "--json", "log", "checkpoint");
	stage_expect(st, 0);
	snprintf(option, sizeof(option), "--key=%s", stage_reply_text(st, "key"));
	return option;
}

static const char *key_of(const char *option)
{
	return option + strlen("--key=");
}

/* --- logs ----------------------------------------------------------------------------- */

static void a_real_log_is_valid_to_both(void **state)
{
	struct stage *st = *state;
	const char *key, *log;

	add_entries(st, 300);
	log = copy_log(st, "log");
	key = key_option(st);
	assert_int_equal(verify(st, "log", key, log), 0);
	assert_non_null(strstr(st->last.out, "valid: log"));
	assert_non_null(strstr(st->last.out, "not proven by this"));
	assert_int_equal(verify(st, "--json", "log", key, log), 0);
	assert_true(json_is_true(json_object_get(stage_reply(st), "valid")));
	if (has_python()) {
		assert_int_equal(python(st, "verify.py", key_of(key), log, NULL), 0);
	}
}

/* ALL_BITS=1: every bit; see ./dev bits.  custos-verify's own campaign is test_published. */
static void python_refuses_every_changed_bit(void **state)
{
	const char *all = getenv("ALL_BITS"), *log, *key;
	struct stage *st = *state;

	if (!has_python()) {
		skip();
	}
	add_entries(st, 290);
	log = copy_log(st, "log");
	key = key_option(st);
	if (python(st, "flip_bits.py", key_of(key), log, all && *all ? "1" : "499") != 0) {
		fail_msg("%s", st->last.err);
	}
	print_message("%d bits flipped one at a time: 0 accepted\n", atoi(st->last.out));
	assert_true(atoi(st->last.out) > 100);
}

static void a_log_that_goes_on_extends_the_checkpoint_that_somebody_kept(void **state)
{
	struct stage *st = *state;
	const char *key, *old, *older, *from;
	char option[300];

	add_entries(st, 5);
	old = copy_log(st, "old");
	add_entries(st, 300);
	older = copy_log(st, "new");
	key = key_option(st);
	snprintf(option, sizeof(option), "--from=%s/checkpoint", old);
	from = option;
	assert_int_equal(verify(st, "log", key, from, older), 0);
	assert_non_null(strstr(st->last.out, "extends the older checkpoint"));

	snprintf(option, sizeof(option), "--from=%s/checkpoint", older);
	assert_int_equal(verify(st, "log", key, from, old), 65);
	assert_non_null(strstr(st->last.err, "rolled back"));
}

static void the_mirror_beside_a_backup_is_a_log_too(void **state)
{
	struct stage *st = *state;
	const char *key;
	char mirror[200];

	add_entries(st, 3);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	key = key_option(st);
	snprintf(mirror, sizeof(mirror), "%s/log", st->repo);
	assert_int_equal(verify(st, "log", key, mirror), 0);
	assert_int_equal(verify(st, "checkpoint", key, stage_path(st, "none")), 66);
}

/* --- proofs --------------------------------------------------------------------------- */

static void what_log_prove_prints_proves_that_entry_and_no_other(void **state)
{
	struct stage *st = *state;
	const char *key, *leaf, *other, *proof, *bare;
	char line[1200], odd[1200], *at;

	add_entries(st, 20);
	wait_for_checkpoint(st);
	key = key_option(st);
	stage_ctl(st, AS_ADMIN, "log", "show", "--from=7", "--count=1");
	stage_expect(st, 0);
	at = strchr(st->last.out, ' ');
	assert_non_null(at);
	snprintf(line, sizeof(line), "--leaf=%s", at + 1);
	line[strcspn(line, "\n")] = '\0';
	stage_text(st, "leaf", at + 1);
	stage_ctl(st, AS_ADMIN, "log", "prove", "7");
	stage_expect(st, 0);
	proof = stage_file(st, "proof", st->last.out, st->last.nout);
	leaf = line;
	assert_int_equal(verify(st, "proof", key, leaf, proof), 0);
	assert_non_null(strstr(st->last.out, "index          7"));

	snprintf(odd, sizeof(odd), "--leaf=%s", stage_path(st, "leaf"));
	other = odd;
	assert_int_equal(verify(st, "proof", key, other, proof), 0);
	snprintf(odd, sizeof(odd), "%s", line);
	odd[strlen(odd) - 1] ^= 1;
	assert_int_equal(verify(st, "proof", key, other, proof), 65);
	bare = stage_file(st, "cut", "c2sp.org/tlog-proof@v1\nindex 7\n", 31);
	assert_int_equal(verify(st, "proof", key, leaf, bare), 65);
}

/* --- certificates --------------------------------------------------------------------- */

/* Of somebody who was just erased; a file, kept until stage_free. */
static const char *certify(struct stage *st, const char *name)
{
	char id[33], erasure[33];

	stage_add_person(st, ADA, id);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_erase(st, "--json", "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
	stage_ctl(st, AS_PRIVACY, "erase", "certificate", erasure);
	stage_expect(st, 0);
	return stage_text(st, name, st->last.out);
}

static void a_real_certificate_is_valid_to_both_and_stands_in_the_log(void **state)
{
	struct stage *st = *state;
	const char *file, *log, *key;
	char option[300];

	add_entries(st, 20);
	file = certify(st, "certificate");
	add_entries(st, 260);
	log = copy_log(st, "log");
	key = key_option(st);
	assert_int_equal(verify(st, "certificate", key, file), 0);
	snprintf(option, sizeof(option), "--log=%s", log);
	log = option;
	assert_int_equal(verify(st, "certificate", key, log, file), 0);
	if (has_python()) {
		assert_int_equal(python(st, "verify.py", key_of(key), file, NULL), 0);
	}
}

/* A bit in the middle of each line, so of each member; test_certificate has every bit. */
static void a_bit_changed_in_any_line_of_a_real_certificate_is_refused(void **state)
{
	struct stage *st = *state;
	char file[224], *text = run_shell("cat '%s'", certify(st, "certificate"));
	const char *key = key_option(st);
	size_t size = strlen(text), lines = 0;

	snprintf(file, sizeof(file), "%s", stage_text(st, "certificate", text));
	for (size_t from = 0, n; from < size; from += n + 1) {
		n = strcspn(text + from, "\n");
		text[from + n / 2] ^= 1;
		stage_file(st, "changed", text, size);
		if (verify(st, "certificate", key, stage_path(st, "changed")) != 65) {
			fail_msg("accepted: %.*s", (int)n, text + from);
		}
		text[from + n / 2] ^= 1;
		lines++;
	}
	assert_true(lines > 50);
	free(text);
	if (has_python() && python(st, "flip_bits.py", key_of(key), file, "499") != 0) {
		fail_msg("%s", st->last.err);
	}
}

static const char *certify_part(struct stage *st, const char *const args[])
{
	char erasure[33];

	stage_erase_with(st, args);
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
	stage_ctl(st, AS_PRIVACY, "erase", "certificate", erasure);
	stage_expect(st, 0);
	return stage_text(st, "part", st->last.out);
}

static void expect_valid(struct stage *st, const char *file, const char *scope)
{
	const char *key = key_option(st);

	assert_int_equal(verify(st, "--json", "certificate", key, file), 0);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(stage_reply(st), "facts"), "scope")),
		scope);
	if (has_python()) {
		assert_int_equal(python(st, "verify.py", key_of(key), file, NULL), 0);
	}
}

/* "--record=<the one of this person that says so>" */
static void find_record(struct stage *st, const char *id, const char *text, char ret[48])
{
	json_t *r;
	size_t i;

	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, PURPOSE);
	stage_expect(st, 0);
	json_array_foreach(
		json_object_get(stage_reply(st), "records"), i, r) {
		char *dump = json_dumps(r, 0);

		if (strstr(dump, text)) {
			snprintf(ret, 48, "--record=%s",
				json_string_value(json_object_get(r, "record")));
		}
		free(dump);
	}
}

static void a_certificate_of_a_part_says_of_which(void **state)
{
	struct stage *st = *state;
	char id[33], record[48];
	const char *file;

	stage_add_person(st,
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"a@example.org\"}},"
		"{\"collection\":\"need\",\"fields\":{\"topic\":\"x\"}},"
		"{\"collection\":\"need\",\"fields\":{\"topic\":\"topic-y\"}}]",
		id);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	find_record(st, id, "topic-y", record);

	file = certify_part(st, (const char *const[]){ "--json", "erase", id,
		"--collection=contact_point", "--collection=profile", "--purpose=erasure_request",
		NULL });
	expect_valid(st, file, "collection");
	file = certify_part(st, (const char *const[]){ "--json", "erase", id, record,
		"--purpose=erasure_request", NULL });
	expect_valid(st, file, "record");
}

static void what_has_not_happened_is_not_certified(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33];

	stage_add_person(st, ADA, id);
	stage_stop(st);
	stage_policy(st, "erasure.yaml", "grace: 72h\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "--json", "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
	snprintf(erasure, sizeof(erasure), "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
	stage_ctl(st, AS_PRIVACY, "erase", "certificate", erasure);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "its keys are not yet shredded"));
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "erase", "certificate", erasure);
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "was cancelled"));
}

/* The last-copy state may move on; what was done does not. */
static void a_second_certificate_tells_the_same_facts(void **state)
{
	struct stage *st = *state;
	const char *file = certify(st, "first");
	char *facts[2];

	for (size_t i = 0; i < 2; i++) {
		facts[i] = run_shell("sed '/^$/,$d' '%s' | grep -E '\"(store|lineage|erasure|subject|"
				     "scope|purpose|generation|slots|index|leaf|origin|key)\":'",
			file);
		if (i == 0) {
			char *id = run_shell("sed -n 's/^  \"erasure\": \"\\(.*\\)\",$/\\1/p' '%s' | "
					     "tr -d '\n'",
				file);

			add_entries(st, 5);
			stage_ctl(st, AS_PRIVACY, "erase", "certificate", id);
			stage_expect(st, 0);
			file = stage_text(st, "second", st->last.out);
			free(id);
		}
	}
	assert_true(strlen(facts[0]) > 500);
	assert_string_equal(facts[0], facts[1]);
	free(facts[0]);
	free(facts[1]);
}

/* --- two programs --------------------------------------------------------------------- */

static void custos_verify_shares_no_source_and_no_function_with_the_daemon(void **state)
{
	static const char defined[] = "awk 'NF >= 2 && $(NF-1) ~ /^[TDBR]$/ {print $NF}' | "
				      "grep -v '^_\\|@' | sort -u"; /* no libc's */
	struct stage *st = *state;
	char *found;

	found = run_shell("grep -n '#include \"' '" SOURCE_DIR "'/verify/*.[ch] | "
			  "grep -v '\"verify/' || true");
	assert_string_equal(found, "");
	free(found);

	if (!run_has_program("nm")) {
		print_message("nm is not installed\n");
		skip();
	}
	found = run_shell("nm --defined-only '" CUSTOS_VERIFY "' | %s > '%s/ours'; "
			  "test $(wc -l < '%s/ours') -gt 20; "
			  "nm --defined-only '" CUSTOSD "' | %s | grep -vx main | "
			  "comm -12 - '%s/ours'",
		defined, st->files, st->files, defined, st->files);
	assert_string_equal(found, "");
	free(found);
}

/* --- arguments ------------------------------------------------------------------------ */

static void what_is_asked_wrongly_is_told_with_64(void **state)
{
	static const char key[] = "--key=custos/x+00000000+AAAA";
	struct stage *st = *state;

	assert_int_equal(verify(st, "--help"), 0);
	assert_non_null(strstr(st->last.out, "EXIT STATUS"));
	assert_int_equal(verify(st, "log"), 64);
	assert_int_equal(verify(st, "log", "/tmp"), 64);
	assert_int_equal(verify(st, "log", key, "/tmp"), 64);
	assert_int_equal(verify(st, "everything", key, "/tmp"), 64);
	assert_int_equal(verify(st, "proof", key, "/tmp"), 64);
	assert_int_equal(verify(st, "log", key, "--leaf=x", "/tmp"), 64);
	assert_int_equal(verify(st, "log", key, key, "/tmp"), 64);
	assert_int_equal(verify(st, "log", "--key=/nonexistent", "/tmp"), 66);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(a_real_log_is_valid_to_both),
		T(python_refuses_every_changed_bit),
		T(a_log_that_goes_on_extends_the_checkpoint_that_somebody_kept),
		T(the_mirror_beside_a_backup_is_a_log_too),
		T(what_log_prove_prints_proves_that_entry_and_no_other),
		T(a_real_certificate_is_valid_to_both_and_stands_in_the_log),
		T(a_bit_changed_in_any_line_of_a_real_certificate_is_refused),
		T(a_certificate_of_a_part_says_of_which),
		T(what_has_not_happened_is_not_certified),
		T(a_second_certificate_tells_the_same_facts),
		cmocka_unit_test_setup_teardown(
			custos_verify_shares_no_source_and_no_function_with_the_daemon,
			stage_up_bare, stage_down),
		cmocka_unit_test_setup_teardown(
			what_is_asked_wrongly_is_told_with_64, stage_up_bare, stage_down),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_verify", tests, NULL, NULL);
}
