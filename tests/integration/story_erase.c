/* An erasure from its beginning to its end, of a person, a collection, a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define ADA                                                                                    \
	"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\","                    \
	"\"family_name\":\"Lovelace\"}},"                                                      \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"ada@example.org\"}},"      \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"engines\"}},"                       \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"needle-2\"}},"                      \
	"{\"collection\":\"order\",\"fields\":{\"date\":\"2024-01-02\",\"number\":\"N-1\"}}]"
#define PURPOSE "--purpose=erasure_request"
#define CARE    "--purpose=" STAGE_PURPOSE

static void use_grace(struct stage *st, const char *grace)
{
	char text[64];

	snprintf(text, sizeof(text), "grace: %s\n", grace);
	stage_stop(st);
	stage_policy(st, "erasure.yaml", text);
	stage_start(st);
}

/* Begins one that waits; its id. */
static void begin_with(struct stage *st, char ret[33], const char *const args[])
{
	stage_ctl_input(st, AS_PRIVACY, NULL, 0, args);
	stage_expect(st, 0);
	snprintf(ret, 33, "%s",
		json_string_value(json_object_get(
			json_object_get(stage_reply(st), "result"), "erasure")));
}
#define begin(st, ret, ...) \
	begin_with(st, ret, (const char *const[]){ "--json", "erase", __VA_ARGS__, NULL })

static const char *state_of(struct stage *st, const char *erasure)
{
	stage_ctl(st, AS_PRIVACY, "--json", "erase", "show", erasure);
	stage_expect(st, 0);
	return json_string_value(
		json_object_get(json_object_get(stage_reply(st), "erasure"), "state"));
}

static void wait_until_done(struct stage *st, const char *erasure)
{
	for (int i = 0; i < 200 && strcmp(state_of(st, erasure), "done") != 0; i++) {
		run_sleep_ms(50);
	}
	assert_string_equal(state_of(st, erasure), "done");
}

static char *get(struct stage *st, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "--json", "subject", "get", id, CARE);
	stage_expect(st, 0);
	return st->last.out;
}

static unsigned nfound(struct stage *st, const char *email)
{
	stage_ctl_text(st, AS_PRIVACY, email, "--json", "subject", "search", "email", CARE);
	return (unsigned)json_array_size(json_object_get(stage_reply(st), "subjects"));
}

/* --- the whole person ------------------------------------------------------------------- */

static void during_the_grace_period_a_person_is_denied_and_can_come_back(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33], *before;

	use_grace(st, "72h");
	stage_add_person(st, ADA, id);
	before = strdup(get(st, id));
	begin(st, erasure, id, PURPOSE);

	assert_string_equal(state_of(st, erasure), "cooling_off");
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, CARE);
	stage_expect(st, 77);
	assert_int_equal(nfound(st, "ada@example.org"), 0);
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE);
	stage_expect(st, 75); /* one is under way */
	assert_non_null(strstr(st->last.err, erasure));
	stage_ctl(st, AS_PRIVACY, "erase", "list");
	assert_non_null(strstr(st->last.out, erasure));
	run_sleep_ms(2500);
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 0);

	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	assert_string_equal(state_of(st, erasure), "cancelled");
	assert_string_equal(get(st, id), before);
	assert_int_equal(nfound(st, "ada@example.org"), 1);
	assert_int_equal(stage_count_leaves(st, "act=erase.cancel"), 1);
	begin(st, erasure, id, PURPOSE); /* and another time */
	free(before);
}

static void after_the_grace_period_it_happens_by_itself(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33];

	use_grace(st, "2s");
	stage_add_person(st, ADA, id);
	begin(st, erasure, id, PURPOSE);
	assert_string_equal(state_of(st, erasure), "cooling_off");

	wait_until_done(st, erasure);

	stage_ctl(st, AS_PRIVACY, "subject", "get", id, CARE);
	stage_expect(st, 66);
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "too late"));
	assert_int_equal(stage_count_leaves(st, "act=erase.done"), 1);
}

static void what_became_due_while_custosd_was_away_happens_at_its_start(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33];

	use_grace(st, "2s");
	stage_add_person(st, ADA, id);
	begin(st, erasure, id, PURPOSE);
	stage_kill(st);
	run_sleep_ms(2500);
	stage_start(st);
	wait_until_done(st, erasure);
}

static unsigned count_open(struct stage *st)
{
	stage_ctl(st, AS_PRIVACY, "--json", "erase", "list");
	stage_expect(st, 0);
	return (unsigned)json_array_size(json_object_get(stage_reply(st), "erasures"));
}

/* Killed a little later each time: before it begins, between any of its steps, after its end. */
static void killed_at_any_moment_it_is_finished_by_the_next_start(void **state)
{
	struct stage *st = *state;
	unsigned nbegun;
	char id[33];

	use_grace(st, "0s");
	for (unsigned i = 0; i < 16; i++) {
		struct job call;
		struct ran ignored = { 0 };

		stage_add_person(st, ADA, id);
		call = stage_ctl_start(st, AS_PRIVACY, 0,
			(const char *const[]){ "erase", id, PURPOSE, "--wait", NULL });
		run_sleep_ms(20 + 25 * i);
		stage_kill(st);
		run_wait(&call, &ignored);
		ran_done(&ignored);
		stage_start(st);
		for (int n = 0; n < 200 && count_open(st) > 0; n++) {
			run_sleep_ms(50);
		}
		assert_int_equal(count_open(st), 0);
	}
	nbegun = stage_count_leaves(st, "act=erase.begin");
	print_message("%u of 16 had begun when custosd was killed\n", nbegun);
	assert_true(nbegun > 0);
	assert_int_equal(stage_count_leaves(st, "act=erase.execute"), nbegun);
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), nbegun);
	assert_int_equal(stage_count_leaves(st, "act=erase.done"), nbegun);
	stage_ctl(st, AS_ADMIN, "log", "verify");
	stage_expect(st, 0);
}

static void a_dry_run_shows_what_would_happen_and_does_nothing(void **state)
{
	struct stage *st = *state;
	char id[33];

	use_grace(st, "72h");
	stage_add_person(st, ADA, id);

	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, "--dry-run");

	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "A*** L***"));
	assert_null(strstr(st->last.out, "Lovelace"));
	assert_non_null(strstr(st->last.out, "need, records: 2"));
	assert_int_equal(stage_count_leaves(st, "act=erase"), 0);
	get(st, id);
	stage_ctl(st, AS_PRIVACY, "erase", "00112233445566778899aabbccddeeff", PURPOSE,
		"--dry-run");
	stage_expect(st, 66);
}

static void others_see_and_cancel_no_erasure(void **state)
{
	static const enum who others[] = { AS_SUPPORT, AS_AUDITOR, AS_ADMIN, AS_SELF };
	struct stage *st = *state;
	char id[33], erasure[33];

	if (!stage_has_roles()) {
		skip();
	}
	use_grace(st, "72h");
	stage_add_person(st, ADA, id);
	begin(st, erasure, id, PURPOSE);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		stage_ctl(st, others[i], "erase", "list");
		stage_expect(st, 77);
		stage_ctl(st, others[i], "erase", "show", erasure);
		stage_expect(st, 77);
		stage_ctl(st, others[i], "erase", "cancel", erasure);
		stage_expect(st, 77);
	}
	assert_string_equal(state_of(st, erasure), "cooling_off");
}

/* --- a part ------------------------------------------------------------------------------ */

static void a_collection_is_hidden_at_once_and_gone_later(void **state)
{
	struct stage *st = *state;
	char id[33], erasure[33];
	const char *file;

	use_grace(st, "72h");
	stage_add_person(st, ADA, id);
	begin(st, erasure, id, PURPOSE, "--collection=need", "--collection=contact_point");

	assert_null(strstr(get(st, id), "needle-2"));
	assert_null(strstr(st->last.out, "ada@example.org"));
	assert_non_null(strstr(st->last.out, "Lovelace"));
	assert_int_equal(nfound(st, "ada@example.org"), 0);
	file = stage_path(st, "hidden.jsonl");
	stage_ctl(st, AS_PRIVACY, "export", file, CARE);
	stage_expect(st, 0);
	assert_false(stage_grep(file, "needle-2"));
	assert_true(stage_grep(file, "Lovelace"));
	stage_ctl_text(st, AS_PRIVACY, "{\"topic\":\"more\"}", "subject", "update", id, CARE,
		"--collection=need");
	stage_expect(st, 77); /* it would be gone with the rest */
	stage_ctl_text(st, AS_PRIVACY, "{\"language\":\"en\"}", "subject", "update", id, CARE,
		"--collection=profile");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	assert_non_null(strstr(get(st, id), "needle-2"));

	use_grace(st, "0s");
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, "--collection=need", "--wait");
	stage_expect(st, 0);
	assert_null(strstr(get(st, id), "needle-2"));
	assert_int_equal(nfound(st, "ada@example.org"), 1);
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 1);
	stage_ctl_text(st, AS_PRIVACY, "{\"topic\":\"later\"}", "subject", "update", id, CARE,
		"--collection=need");
	stage_expect(st, 0); /* under a fresh key */
	assert_non_null(strstr(get(st, id), "later"));
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, "--collection=behaviour");
	stage_expect(st, 66);
}

/* The id of the record that holds this text. */
static void find_record(struct stage *st, const char *id, const char *text, char ret[33])
{
	const json_t *all;
	json_t *record;
	size_t i;

	get(st, id);
	all = json_object_get(stage_reply(st), "records");
	json_array_foreach((json_t *)(uintptr_t)all, i, record) {
		char *dump = json_dumps(record, 0);

		if (strstr(dump, text)) {
			snprintf(ret, 33, "%s", json_string_value(json_object_get(record, "record")));
		}
		free(dump);
	}
}

static void one_record_goes_and_the_others_of_its_collection_stay(void **state)
{
	struct stage *st = *state;
	char id[33], record[33], option[48];

	use_grace(st, "0s");
	stage_add_person(st, ADA, id);
	find_record(st, id, "needle-2", record);
	snprintf(option, sizeof(option), "--record=%s", record);

	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, option, "--wait");

	stage_expect(st, 0);
	assert_null(strstr(get(st, id), "needle-2"));
	assert_non_null(strstr(st->last.out, "engines"));
	assert_int_equal(stage_count_leaves(st, "act=erase.rekey"), 1);
	stage_stop(st); /* the fresh key is there after a start, too */
	stage_start(st);
	assert_non_null(strstr(get(st, id), "engines"));
	stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, option, "--wait");
	stage_expect(st, 66);
}

/* --- many ------------------------------------------------------------------------------- */

static unsigned count_in_log(struct stage *st, const char *text)
{
	char *log = stage_daemon_log(st);
	unsigned n = 0;

	for (const char *at = log; (at = strstr(at, text)) != NULL; at++) {
		n++;
	}
	free(log);
	return n;
}

/* A visit that fails is told in custosd's log, so that visits can be counted. */
static void a_list_of_erasures_asks_each_target_once(void **state)
{
	struct stage *st = *state;
	unsigned before;
	char id[33];

	use_grace(st, "0s");
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	for (unsigned i = 0; i < 3; i++) {
		stage_add_person(st, ADA, id);
		stage_ctl(st, AS_PRIVACY, "erase", id, PURPOSE, "--wait");
		stage_expect(st, 0);
	}
	free(run_shell("mv '%s' '%s.away'", st->repo, st->repo));
	before = count_in_log(st, "target local:");

	stage_ctl(st, AS_PRIVACY, "--json", "erase", "list", "--all");

	stage_expect(st, 0);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "erasures")), 3);
	assert_int_equal(count_in_log(st, "target local:") - before, 1);
	free(run_shell("mv '%s.away' '%s'", st->repo, st->repo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(during_the_grace_period_a_person_is_denied_and_can_come_back),
		T(after_the_grace_period_it_happens_by_itself),
		T(what_became_due_while_custosd_was_away_happens_at_its_start),
		T(killed_at_any_moment_it_is_finished_by_the_next_start),
		T(a_dry_run_shows_what_would_happen_and_does_nothing),
		T(others_see_and_cancel_no_erasure),
		T(a_collection_is_hidden_at_once_and_gone_later),
		T(one_record_goes_and_the_others_of_its_collection_stay),
		T(a_list_of_erasures_asks_each_target_once),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}
