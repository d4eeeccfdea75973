/* What somebody asked for about their data is carried out, from the letter to the last backup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pty.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define DAY_MS 86400000LL
#define WANG                                                                              \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"a\"}},"                           \
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2026-01-02\",\"kind\":\"invoice\"," \
	"\"amount\":\"12.50\"}}]"
#define LETTER "Please forget me."
#define HGB    "HGB § 257 Abs. 1 Nr. 4"

static const char *day_before(int days)
{
	static char text[CIVIL_DAY_SIZE];

	civil_format_day((int32_t)(time(NULL) / 86400) - days, text);
	return text;
}

static void go_ahead(struct stage *st, long long ms)
{
	static char option[64];

	stage_stop(st);
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", ms);
	st->options[0] = option;
	stage_start(st);
}

static const json_t *request_of(struct stage *st)
{
	return json_object_get(stage_reply(st), "request");
}

static const char *text_of(struct stage *st, const char *name)
{
	return json_string_value(json_object_get(request_of(st), name));
}

/* What 'request next' says; the request has moved on as far as it could. */
static const char *next_of(struct stage *st, const char *number, const char *name)
{
	stage_ctl(st, AS_PRIVACY, "--json", "request", "next", number);
	stage_expect(st, 0);
	return json_string_value(json_object_get(json_object_get(stage_reply(st), "step"), name));
}

static const char *state_of(struct stage *st, const char *number)
{
	(void)next_of(st, number, "what");
	return text_of(st, "state");
}

static void wait_for_state(struct stage *st, const char *number, const char *state)
{
	for (int i = 0; i < 300 && strcmp(state_of(st, number), state) != 0; i++) {
		run_sleep_ms(50);
	}
	assert_string_equal(state_of(st, number), state);
}

/* Of this person, so many days ago, and verified; its number. */
static const char *verified_one(struct stage *st, const char *type, int days, const char *id)
{
	static char number[8][12];
	static unsigned turn;
	char received[32];

	snprintf(received, sizeof(received), "--received=%s", day_before(days));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "--json", "request", "open", type, received,
		"--channel=letter");
	stage_expect(st, 0);
	turn = (turn + 1) % 8;
	snprintf(number[turn], sizeof(number[0]), "%d",
		(int)json_integer_value(json_object_get(request_of(st), "number")));
	stage_ctl(st, AS_PRIVACY, "request", "identify", number[turn], id);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "verify", number[turn], "--method=document");
	stage_expect(st, 0);
	return number[turn];
}

static void approve(struct stage *st, const char *number)
{
	char approval[33];

	stage_ctl(st, AS_PRIVACY, "--json", "request", "approve", number);
	stage_expect(st, 0);
	snprintf(approval, sizeof(approval), "%s", text_of(st, "approval"));
	stage_ctl(st, AS_PRIVACY, "approval", "grant", approval);
	stage_expect(st, 77); /* whoever asked cannot */
	stage_ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_expect(st, 0);
	assert_string_equal(state_of(st, number), "approved");
}

static void execute(struct stage *st, const char *number)
{
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 0);
}

static void expect_there(struct stage *st, const char *id, int status)
{
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, status);
}

/* --- erasure ---------------------------------------------------------------------------- */

static void an_erasure_by_the_gdpr_from_the_letter_to_the_last_backup(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	number = verified_one(st, "erasure", 9, id);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "'request approve'"));
	approve(st, number);
	execute(st, number);

	assert_non_null(strstr(next_of(st, number, "what"), "Wait: the keys are shredded after"));
	assert_string_equal(state_of(st, number), "cooling_off");
	assert_string_equal(next_of(st, number, "command"), "");
	expect_there(st, id, 77);
	assert_int_equal(stage_count_leaves(st, "act=erase.shred"), 0);

	go_ahead(st, 4 * DAY_MS); /* the grace period is over */
	wait_for_state(st, number, "backups_pending");
	expect_there(st, id, 66);
	assert_non_null(strstr(next_of(st, number, "why"), "deletes the last of these by"));
	stage_ctl(st, AS_PRIVACY, "request", "revoke", number);
	stage_expect(st, 75);

	go_ahead(st, 13 * DAY_MS); /* and so is the bound of the vault objects */
	wait_for_state(st, number, "fulfilled");
	assert_string_equal(next_of(st, number, "clock"), "");
	stage_ctl(st, AS_PRIVACY, "request", "list");
	assert_non_null(strstr(st->last.out, "There are no requests."));
	assert_int_equal(stage_count_leaves(st, "why=live_done"), 1);
	assert_int_equal(stage_count_leaves(st, "why=backups_pending"), 1);
	assert_int_equal(stage_count_leaves(st, "why=fulfilled"), 1);
}

static void an_invoice_is_exempted_with_citation_and_the_rest_goes(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], is[64], *found;

	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", 0, id);
	stage_ctl(st, AS_PRIVACY, "request", "exempt", number, "--collection=transaction");
	stage_expect(st, 64); /* by which law? */
	stage_ctl(st, AS_PRIVACY, "--json", "request", "exempt", number, "--collection=transaction",
		"--citation=" HGB);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "scope", number);
	found = strstr(st->last.out, "transaction");
	assert_non_null(found);
	assert_non_null(strstr(found, "kept"));
	assert_non_null(strstr(found, HGB));
	assert_non_null(strstr(st->last.out, "erased"));
	approve(st, number);
	stage_ctl(st, AS_PRIVACY, "request", "exempt", number, "--collection=transaction", "--undo");
	stage_expect(st, 75); /* it was approved so */
	execute(st, number);
	go_ahead(st, 4 * DAY_MS);

	wait_for_state(st, number, "partially_fulfilled"); /* there is no backup */
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "12.50"));
	assert_null(strstr(st->last.out, "王小明"));
	assert_false(stage_grep(st->state, "HGB")); /* what was typed is sealed */

	/* kept for that law, and for nothing else, as the letter says */
	snprintf(is, sizeof(is), "--is=%s", id);
	stage_ctl(st, AS_PRIVACY, "request", "next", number);
	assert_non_null(strstr(st->last.out, is));
	stage_ctl(st, AS_PRIVACY, "record", "rule", "--purpose=erasure_request", "--collection=transaction",
		"--where=subject", is, "--set=purpose", "--value=legal_obligation");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	assert_null(strstr(st->last.out, "12.50"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=legal_obligation");
	assert_non_null(strstr(st->last.out, "12.50"));
}

static void in_the_grace_period_the_person_can_take_it_back(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], erasure[33];

	if (!stage_has_roles()) {
		print_message("needs several users\n");
		return;
	}
	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", 0, id);
	approve(st, number);
	execute(st, number);
	expect_there(st, id, 77);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "revoke", number);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "revoked");
	expect_there(st, id, 0);

	/* an erasure that somebody cancels leaves the request open: it has to be decided anew */
	number = verified_one(st, "erasure", 0, id);
	approve(st, number);
	execute(st, number);
	(void)state_of(st, number);
	snprintf(erasure, sizeof(erasure), "%s", text_of(st, "erasure"));
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	assert_string_equal(state_of(st, number), "scoping");
	approve(st, number);
}

/* --- approval --------------------------------------------------------------------------- */

static void what_was_approved_is_exactly_what_happens(void **state)
{
	static const char more[] = "{\"topic\":\"b\"}";
	struct stage *st = *state;
	const char *number;
	char id[33], approval[33];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", 0, id);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "approve", number);
	snprintf(approval, sizeof(approval), "%s", text_of(st, "approval"));
	assert_non_null(strstr(next_of(st, number, "what"), "Wait for a second user"));
	stage_ctl(st, AS_SECOND, "approval", "show", approval);
	assert_non_null(strstr(st->last.out, "need: records: 1: erased for ever"));
	stage_ctl(st, AS_SECOND, "approval", "deny", approval);
	assert_string_equal(state_of(st, number), "scoping");

	approve(st, number);
	stage_ctl_text(st, AS_PRIVACY, more, "subject", "update", id, "--purpose=" STAGE_PURPOSE,
		"--collection=need");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 77);
	assert_non_null(strstr(st->last.err, "has changed since"));
	assert_string_equal(state_of(st, number), "scoping");
	expect_there(st, id, 0);
}

/* --- holds ------------------------------------------------------------------------------ */

static void a_lifted_hold_wakes_the_request_that_waited(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], hold[33];

	stage_add_person(st, WANG, id);
	stage_ctl_text(st, AS_PRIVACY, "a court asked for it", "--json", "hold", "place", id, "--collection=need");
	stage_expect(st, 0);
	snprintf(hold, sizeof(hold), "%s", stage_reply_text(st, "hold"));
	number = verified_one(st, "erasure", 0, id);
	stage_ctl(st, AS_PRIVACY, "request", "scope", number);
	assert_non_null(strstr(st->last.out, "held"));
	assert_non_null(strstr(st->last.out, hold));
	approve(st, number);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, hold));
	assert_string_equal(state_of(st, number), "on_hold");
	expect_there(st, id, 0);
	stage_ctl(st, AS_PRIVACY, "hold", "release", hold);
	stage_expect(st, 0);
	assert_string_equal(state_of(st, number), "approved");
	execute(st, number);
	assert_string_equal(state_of(st, number), "cooling_off");
}

/* --- the others ------------------------------------------------------------------------- */

static char *scope_of(struct stage *st, const char *number)
{
	json_t *item, *list = json_array();
	size_t i;

	stage_ctl(st, AS_PRIVACY, "--json", "request", "scope", number);
	stage_expect(st, 0);
	json_array_foreach(json_object_get(stage_reply(st), "scope"), i, item) {
		json_array_append_new(list, json_sprintf("%s %d", json_string_value(json_object_get(item, "collection")),
			(int)json_integer_value(json_object_get(item, "records"))));
		if (json_is_true(json_object_get(item, "of_others"))) {
			json_array_append_new(list, json_string("of others"));
		}
	}
	{
		char *text = json_dumps(list, JSON_COMPACT);

		json_decref(list);
		return text;
	}
}

static void what_is_shown_and_what_is_erased_is_the_same_list(void **state)
{
	struct stage *st = *state;
	char id[33], other[33], naming[256], *shown, *erased;

	stage_add_person(st, WANG, id);
	snprintf(naming, sizeof(naming), "[{\"collection\":\"need\",\"others\":[\"%s\"],\"fields\":{"
		"\"topic\":\"a house with 王小明\"}}]", id);
	stage_add_person(st, naming, other);
	shown = scope_of(st, verified_one(st, "access", 0, id));
	erased = scope_of(st, verified_one(st, "erasure", 0, id));
	assert_string_equal(shown, erased);
	assert_string_equal(shown,
		"[\"need 1\",\"profile 1\",\"transaction 1\",\"need 1\",\"of others\"]");
	stage_ctl(st, AS_PRIVACY, "request", "scope", "2");
	assert_non_null(strstr(st->last.out, "need of others"));
	assert_non_null(strstr(st->last.out, "unlinked"));
	assert_non_null(strstr(st->last.out, "Records of others stay theirs"));
	free(shown);
	free(erased);
}

static void access_is_fulfilled_when_the_person_has_the_data(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], *out;

	stage_add_person(st, WANG, id);
	number = verified_one(st, "access", 0, id);
	stage_ctl(st, AS_PRIVACY, "request", "done", number);
	stage_expect(st, 75);
	approve(st, number);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 64); /* into which file? */
	stage_ctl(st, AS_PRIVACY, "request", "execute", number, "wang.zip");
	stage_expect(st, 0);
	out = run_shell("unzip -p '%s/wang.zip' '*data.json'", st->files);
	assert_non_null(strstr(out, "王小明"));
	assert_non_null(strstr(out, "12.50"));
	assert_non_null(strstr(out, "\"whole\":true"));
	free(out);
	assert_string_equal(state_of(st, number), "needs_input");
	stage_ctl(st, AS_PRIVACY, "--json", "request", "done", number);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "fulfilled");
	stage_ctl(st, AS_PRIVACY, "request", "done", number);
	stage_expect(st, 75);
}

static void what_belongs_to_others_is_left_out_of_what_is_shown(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], *out;

	stage_add_person(st, WANG, id);
	number = verified_one(st, "portability", 0, id);
	stage_ctl(st, AS_PRIVACY, "request", "exempt", number, "--collection=transaction",
		"--citation=GDPR Art. 20(4)");
	stage_expect(st, 0);
	approve(st, number);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number, "wang.zip");
	stage_expect(st, 0);
	out = run_shell("unzip -p '%s/wang.zip' '*data.json'", st->files);
	assert_non_null(strstr(out, "王小明"));
	assert_null(strstr(out, "12.50"));
	free(out);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "done", number);
	assert_string_equal(text_of(st, "state"), "partially_fulfilled");
}

static void data_that_is_asked_for_is_shown_before_it_is_erased(void **state)
{
	struct stage *st = *state;
	const char *access, *erasure;
	char id[33];

	stage_add_person(st, WANG, id);
	erasure = verified_one(st, "erasure", 0, id);
	access = verified_one(st, "access", 0, id);
	approve(st, erasure);
	stage_ctl(st, AS_PRIVACY, "request", "execute", erasure);
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "answer request 2 first"));
	assert_string_equal(state_of(st, erasure), "approved");
	stage_ctl(st, AS_PRIVACY, "request", "revoke", access);
	execute(st, erasure);
}

/* Of a purpose; its number. */
static const char *verified_about(struct stage *st, const char *type, const char *about,
	const char *id)
{
	static char number[12];
	char received[32], purpose[64];

	snprintf(received, sizeof(received), "--received=%s", day_before(1));
	snprintf(purpose, sizeof(purpose), "--about=%s", about);
	stage_ctl_text(st, AS_PRIVACY, LETTER, "--json", "request", "open", type, received,
		"--channel=phone", purpose);
	stage_expect(st, 0);
	snprintf(number, sizeof(number), "%d",
		(int)json_integer_value(json_object_get(request_of(st), "number")));
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, id);
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=call-back");
	stage_expect(st, 0);
	return number;
}

static void a_restriction_takes_effect_without_a_second_user(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "restriction", 0, id);
	stage_ctl(st, AS_PRIVACY, "request", "approve", number);
	stage_expect(st, 75); /* there is nobody to ask */
	execute(st, number);
	assert_string_equal(state_of(st, number), "needs_input");
	if (stage_has_roles()) { /* stored, and not used */
		stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
		assert_int_not_equal(st->last.status, 0);
		assert_null(strstr(st->last.out, "王小明"));
	}
	assert_int_equal(stage_count_leaves(st, "act=subject.restrict"), 1);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "done", number);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "state"), "fulfilled");
}

static void a_withdrawal_and_an_objection_deny_the_next_use(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "request", "open", "objection", "--received=2026-01-01",
		"--channel=email");
	stage_expect(st, 64); /* to what? */
	number = verified_about(st, "objection", "marketing_post", id);
	execute(st, number);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, "--purpose=marketing_post");
	assert_non_null(strstr(st->last.out, "objected"));

	number = verified_about(st, "withdrawal", "contract", id);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "--reason=no_consent"));
	number = verified_about(st, "withdrawal", "marketing_email", id);
	execute(st, number);
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, "--purpose=marketing_email");
	assert_non_null(strstr(st->last.out, "withdrawn"));
}

/* --- the clock -------------------------------------------------------------------------- */

static void the_clock_is_derived_in_words_and_extended_once(void **state)
{
	struct stage *st = *state;
	const char *number, *late;
	char id[33], due[16];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "access", 5, id);
	stage_ctl(st, AS_PRIVACY, "request", "clock", number);
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Art. 12(3)"));
	stage_ctl(st, AS_PRIVACY, "request", "clock", number, "--language=zh");
	assert_non_null(strstr(st->last.out, "第12条第3款"));

	(void)state_of(st, number);
	snprintf(due, sizeof(due), "%s", text_of(st, "due"));
	stage_ctl(st, AS_PRIVACY, "--json", "request", "extend", number, "--reason=complexity");
	stage_expect(st, 0);
	assert_true(strcmp(text_of(st, "due"), due) > 0);
	stage_ctl(st, AS_PRIVACY, "request", "extend", number, "--reason=number");
	stage_expect(st, 75);
	late = verified_one(st, "access", 40, id);
	stage_ctl(st, AS_PRIVACY, "request", "extend", late, "--reason=complexity");
	stage_expect(st, 75);
	assert_non_null(strstr(st->last.err, "too late"));
	assert_non_null(strstr(next_of(st, late, "clock"), "LATE"));
}

/* --- letters ---------------------------------------------------------------------------- */

#define ORGANISATION                                                                         \
	"laws: [gdpr, pipl]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"                  \
	"controller: {name: Example GmbH, address: Musterweg 1, contact: privacy@example.com}\n" \
	"dpo: {name: Officer, contact: dpo@example.com}\n"                                     \
	"authority: {name: Authority, contact: authority.example}\n"

static void the_last_letter_is_written_after_the_person_is_gone(void **state)
{
	static const char with_address[] =
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"street\":\"Needleweg 7\","
		"\"postal_code\":\"10115\",\"city\":\"Berlin\"}}]";
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_policy(st, "organisation.yaml", ORGANISATION);
	stage_stop(st);
	stage_start(st);
	stage_add_person(st, with_address, id);
	number = verified_one(st, "erasure", 2, id);
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "fulfil", "--recipients=nobody");
	stage_expect(st, 75); /* it has not been done */
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "acknowledge", "--language=zh");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "王小明"));
	approve(st, number);
	execute(st, number);
	go_ahead(st, 4 * DAY_MS);
	wait_for_state(st, number, "fulfilled"); /* there is no backup */
	expect_there(st, id, 66);

	stage_ctl(st, AS_PRIVACY, "request", "show", number);
	assert_non_null(strstr(st->last.out, "fulfil: ready"));
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "fulfil");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "are told of it: nobody received it."));
	assert_null(strstr(st->last.out, "{today}"));
	assert_non_null(strstr(st->last.out, "Needleweg 7\n10115 Berlin\n"));
	assert_non_null(strstr(st->last.out, "Dear 王小明,"));
	assert_non_null(strstr(st->last.out, "Art. 77"));
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "backups");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "The last copy of these keys in our backups is gone by"));
	assert_int_equal(stage_count_leaves(st, "why=letter.fulfil"), 1);
	stage_ctl(st, AS_PRIVACY, "--json", "request", "show", number);
	assert_int_equal(json_array_size(json_object_get(stage_reply(st), "papers")), 5);
	stage_stop(st);
	assert_false(stage_grep(st->state, "Needleweg"));
	stage_start(st);
}

/* It was begun for somebody who was not meant: their name is in no letter about the other. */
static void after_a_cancelled_erasure_letters_go_to_whom_it_is_about_now(void **state)
{
	static const char wrong[] = "[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}}]";
	static const char right[] = "[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"李雷\"}}]";
	struct stage *st = *state;
	const char *number;
	char first[33], second[33], erasure[33];

	if (!stage_has_roles()) {
		skip();
	}
	stage_policy(st, "organisation.yaml", ORGANISATION);
	stage_stop(st);
	stage_start(st);
	stage_add_person(st, wrong, first);
	stage_add_person(st, right, second);
	number = verified_one(st, "erasure", 2, first);
	approve(st, number);
	execute(st, number);
	(void)state_of(st, number);
	snprintf(erasure, sizeof(erasure), "%s", text_of(st, "erasure"));
	stage_ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	stage_expect(st, 0);
	wait_for_state(st, number, "scoping");

	stage_ctl(st, AS_PRIVACY, "request", "identify", number, second);
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "韩梅梅\n", "request", "represent", number, "lawyer");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "authorise", number, "--by=written");
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "acknowledge", "--draft");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Dear 韩梅梅,"));
	assert_non_null(strstr(st->last.out, "on behalf of 李雷"));
	assert_null(strstr(st->last.out, "王小明"));

	/* and so does the last one, which is written before the person is gone */
	approve(st, number);
	execute(st, number);
	go_ahead(st, 4 * DAY_MS);
	wait_for_state(st, number, "fulfilled");
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "fulfil", "--language=zh", "--recipients=nobody");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "韩梅梅"));
	assert_non_null(strstr(st->last.out, "您代表李雷"));
	assert_null(strstr(st->last.out, "王小明"));
}

static void a_refusal_says_why_and_where_to_turn_to(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_policy(st, "organisation.yaml", "laws: [gdpr]\n");
	stage_stop(st);
	stage_start(st);
	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", 2, id);
	stage_ctl(st, AS_PRIVACY, "request", "deny", number, "--reason=legal_claims");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "refuse");
	stage_expect(st, 66);
	assert_non_null(strstr(st->last.err, "organisation.yaml")); /* from whom? */
	stage_policy(st, "organisation.yaml", ORGANISATION);
	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "refuse", "--draft");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "Art. 17(3)(e)"));
	assert_non_null(strstr(st->last.out, "Art. 77"));
	assert_non_null(strstr(st->last.out, "Art. 79"));
	assert_int_equal(stage_count_leaves(st, "why=letter.refuse"), 0);
}

/* --- by the hand ------------------------------------------------------------------------ */

/* All that is written to a terminal until its program ends, with these lines typed in. */
static char *at_a_terminal(struct stage *st, const char *typed, const char *number)
{
	static char text[16384];
	char option[192];
	int master, slave, status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	snprintf(option, sizeof(option), "--socket=%s", st->socket);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid = fork();
	if (pid == 0) {
		close(master);
		login_tty(slave);
		if (stage_has_roles() && setuid(stage_uid(AS_PRIVACY)) < 0) {
			_exit(126);
		}
		execl(CUSTOSCTL, "custosctl", option, "request", "next", number, (char *)NULL);
		_exit(127);
	}
	close(slave);
	assert_int_equal(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
	while (n < sizeof(text) - 1 && (got = read(master, text + n, sizeof(text) - 1 - n)) > 0) {
		n += (size_t)got;
	}
	text[n] = '\0';
	close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return text;
}

static void at_a_terminal_next_asks_and_does_it_and_goes_on(void **state)
{
	struct stage *st = *state;
	const char *number = "1", *said;
	char id[33], typed[64], received[32];

	stage_add_person(st, WANG, id);
	snprintf(received, sizeof(received), "--received=%s", day_before(0));
	stage_ctl_text(st, AS_PRIVACY, LETTER, "request", "open", "erasure", received,
		"--channel=letter");
	stage_expect(st, 0);
	said = at_a_terminal(st, "no\n", number);
	assert_non_null(strstr(said, "Find the person whose data it is about."));
	assert_string_equal(state_of(st, number), "received");

	snprintf(typed, sizeof(typed), "yes\n%s\nyes\ndocument\nyes\n", id);
	said = at_a_terminal(st, typed, number);
	assert_non_null(strstr(said, "Make sure that the letter comes from that person."));
	assert_non_null(strstr(said, "Wait for a second user"));
	assert_string_equal(state_of(st, number), "awaiting_approval");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(an_erasure_by_the_gdpr_from_the_letter_to_the_last_backup),
		STORY(an_invoice_is_exempted_with_citation_and_the_rest_goes),
		STORY(in_the_grace_period_the_person_can_take_it_back),
		STORY(what_was_approved_is_exactly_what_happens),
		STORY(a_lifted_hold_wakes_the_request_that_waited),
		STORY(what_is_shown_and_what_is_erased_is_the_same_list),
		STORY(access_is_fulfilled_when_the_person_has_the_data),
		STORY(what_belongs_to_others_is_left_out_of_what_is_shown),
		STORY(data_that_is_asked_for_is_shown_before_it_is_erased),
		STORY(a_restriction_takes_effect_without_a_second_user),
		STORY(a_withdrawal_and_an_objection_deny_the_next_use),
		STORY(the_last_letter_is_written_after_the_person_is_gone),
		STORY(after_a_cancelled_erasure_letters_go_to_whom_it_is_about_now),
		STORY(a_refusal_says_why_and_where_to_turn_to),
		STORY(at_a_terminal_next_asks_and_does_it_and_goes_on),
		STORY(the_clock_is_derived_in_words_and_extended_once),
	};

	return cmocka_run_group_tests_name("request done", tests, NULL, NULL);
}
