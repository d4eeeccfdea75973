/* Who received the data learns what became of it: by notices that were sealed before anything was done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define DAY_MS 86400000LL
#define WANG                                                                              \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\","     \
	"\"phone\":\"+493012345678\"}},"                                                   \
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2026-01-02\",\"kind\":\"invoice\"," \
	"\"amount\":\"12.50\"}}]"
/* A carrier gets what contracts need, a tax adviser what the books need; who sends our mails, nothing without
 * a consent. */
#define WITH_RECIPIENTS                                                                   \
	"sed -i 's/^    basis: contract$/&\\n    recipients: [carrier]/; "                   \
	"s/^recipients:$/&\\n  - {recipient: carrier, name: Carrier Ltd, text: It carries parcels., " \
	"contact: Hafenweg 1}\\n  - {recipient: adviser, text: It does the books., language: zh}/' " \
	"'%s/purposes.yaml' && sed -i '/purpose: legal_obligation/,/basis:/"                  \
	"s/^    basis: legal_obligation$/&\\n    recipients: [adviser]/' '%s/purposes.yaml'"

/* One that must go well. */
#define ctl(st, who, ...)                      \
	do {                                       \
		stage_ctl(st, who, __VA_ARGS__);   \
		stage_expect(st, 0);               \
	} while (0)

static void expect_text(struct stage *st, const char *wanted)
{
	if (!strstr(st->last.out, wanted)) {
		fail_msg("no '%s' in:\n%s", wanted, st->last.out);
	}
}

static void expect_error(struct stage *st, int status, const char *wanted)
{
	stage_expect(st, status);
	if (!strstr(st->last.err, wanted)) {
		fail_msg("no '%s' in:\n%s", wanted, st->last.err);
	}
}

static const char *text_of(struct stage *st, const char *name)
{
	return json_string_value(
		json_object_get(json_object_get(stage_reply(st), "request"), name));
}

/* What 'request next' says; the request has moved on as far as it could. */
static const char *next_of(struct stage *st, const char *number, const char *name)
{
	ctl(st, AS_PRIVACY, "--json", "request", "next", number);
	return json_string_value(json_object_get(json_object_get(stage_reply(st), "step"), name));
}

static void wait_for_state(struct stage *st, const char *number, const char *state)
{
	for (int i = 0; i < 300; i++) {
		(void)next_of(st, number, "what");
		if (strcmp(text_of(st, "state"), state) == 0) {
			return;
		}
		run_sleep_ms(50);
	}
	assert_string_equal(text_of(st, "state"), state);
}

static const char *verified_one(struct stage *st, const char *type, const char *id)
{
	static char number[8][12];
	static unsigned turn;
	char received[32] = "--received=";

	civil_format_day((int32_t)(time(NULL) / 86400) - 2, received + strlen(received));
	stage_ctl_text(st, AS_PRIVACY, "Please.", "--json", "request", "open", type, received,
		"--channel=letter", "--law=gdpr");
	stage_expect(st, 0);
	turn = (turn + 1) % 8;
	snprintf(number[turn], sizeof(number[0]), "%d",
		(int)json_integer_value(json_object_get(
			json_object_get(stage_reply(st), "request"), "number")));
	ctl(st, AS_PRIVACY, "request", "identify", number[turn], id);
	ctl(st, AS_PRIVACY, "request", "verify", number[turn], "--method=document");
	return number[turn];
}

static void approve_and_execute(struct stage *st, const char *number)
{
	char approval[33];

	ctl(st, AS_PRIVACY, "--json", "request", "approve", number);
	snprintf(approval, sizeof(approval), "%s", text_of(st, "approval"));
	ctl(st, AS_SECOND, "approval", "grant", approval);
	ctl(st, AS_PRIVACY, "request", "execute", number);
}

static void go_ahead(struct stage *st, long long days)
{
	static char option[64];

	stage_stop(st);
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", days * DAY_MS);
	st->options[0] = option;
	stage_start(st);
}

static void letter(struct stage *st, const char *number, const char *to, const char *draft)
{
	char recipient[64];

	snprintf(recipient, sizeof(recipient), "--recipient=%s", to);
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "notice", recipient, draft);
}

/* --- erasure ---------------------------------------------------------------------------- */

static void what_is_to_be_sent_is_sealed_before_the_keys_go(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", id);
	ctl(st, AS_PRIVACY, "request", "show", number);
	assert_null(strstr(st->last.out, "to be sent"));
	approve_and_execute(st, number);
	ctl(st, AS_PRIVACY, "request", "show", number);
	expect_text(st, "fulfil: waiting");
	expect_text(st, "notice to adviser: waiting");
	expect_text(st, "notice to carrier: waiting");
	assert_null(strstr(st->last.out, "mailing")); /* there never was a consent */
	letter(st, number, "carrier", NULL);
	expect_error(st, 75, "once what it tells is done");
	letter(st, number, "carrier", "--draft");
	expect_text(st, "Carrier Ltd");
	letter(st, number, "mailing", NULL);
	expect_error(st, 66, "goes to one of this key");
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, "notice");
	expect_error(st, 64, "say whom the notice goes to");
	assert_int_equal(stage_count_leaves(st, "why=letter.notice"), 0);

	go_ahead(st, 4); /* the keys are gone, the policies may change: what was sealed stays */
	wait_for_state(st, number, "live_done");
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 66);
	assert_non_null(strstr(next_of(st, number, "command"), " notice --recipient=adviser"));
	letter(st, number, "carrier", NULL);
	stage_expect(st, 0);
	expect_text(st, "Hafenweg 1\n");
	expect_text(st, "To Carrier Ltd\n");
	expect_text(st, "personal data of: 王小明, wang@example.org +493012345678. By GDPR Art. 19");
	expect_text(st, "It is about: contact_point, profile, transaction.");
	expect_text(st, "We have erased the data.");
	assert_null(strstr(st->last.out, "{today}"));
	letter(st, number, "adviser", "--draft"); /* in its own language */
	expect_text(st, "致adviser：");
	expect_text(st, "王小明");
	expect_text(st, "所涉信息：contact_point, profile, transaction。");
}

static void a_recipient_that_is_not_told_needs_a_reason(void **state)
{
	static const char why[] = "Wound up in 2024; nobody holds its files.\nSee the register.";
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", id);
	approve_and_execute(st, number);
	go_ahead(st, 4);
	wait_for_state(st, number, "live_done");
	letter(st, number, "carrier", NULL);
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "x", "request", "untold", number, "--recipient=carrier",
		"--because=impossible");
	expect_error(st, 75, "was sent already");
	stage_ctl_text(st, AS_PRIVACY, " \n", "request", "untold", number, "--recipient=adviser",
		"--because=impossible");
	expect_error(st, 64, "why they are not told");
	wait_for_state(st, number, "live_done"); /* it waits for somebody's word */
	stage_ctl_text(st, AS_PRIVACY, why, "request", "untold", number, "--recipient=adviser",
		"--because=impossible");
	stage_expect(st, 0);
	wait_for_state(st, number, "fulfilled"); /* there is no backup */
	ctl(st, AS_PRIVACY, "request", "show", number);
	expect_text(st, "notice to adviser: waived, impossible");
	expect_text(st, "notice to carrier: sent");
	expect_text(st, "nobody holds its files.\n");
	expect_text(st, "fulfil: ready");
	ctl(st, AS_PRIVACY, "request", "letter", number, "fulfil");
	expect_text(st, "are told of it: adviser (not told, as that is impossible), Carrier Ltd.");
	expect_text(st, "wang@example.org\n"); /* of whom nothing else is left */
	ctl(st, AS_PRIVACY, "request", "show", number);
	expect_text(st, "fulfil: sent");
	assert_int_equal(stage_count_leaves(st, "why=untold.impossible"), 1);
	stage_stop(st);
	assert_false(stage_grep(st->state, "nobody holds its files"));
	assert_false(stage_grep(st->state, "Hafenweg"));
	stage_start(st);
}

static void what_is_taken_back_is_told_to_nobody(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], erasure[33];

	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", id);
	approve_and_execute(st, number);
	(void)next_of(st, number, "what");
	snprintf(erasure, sizeof(erasure), "%s", text_of(st, "erasure"));
	ctl(st, AS_PRIVACY, "erase", "cancel", erasure);
	wait_for_state(st, number, "scoping");
	ctl(st, AS_PRIVACY, "request", "show", number);
	assert_null(strstr(st->last.out, "to be sent"));
	approve_and_execute(st, number); /* and then it is, once */
	ctl(st, AS_PRIVACY, "request", "show", number);
	expect_text(st, "notice to carrier: waiting");
	ctl(st, AS_PRIVACY, "request", "revoke", number);
	ctl(st, AS_PRIVACY, "request", "show", number);
	assert_null(strstr(st->last.out, "to be sent"));
}

/* An erasure whose last letter could not be written does not begin. */
static void without_a_last_letter_nobody_is_erased(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], approval[33];

	stage_policy(st, "organisation.yaml", "laws: [gdpr]\n");
	stage_stop(st);
	stage_start(st);
	stage_add_person(st, WANG, id);
	number = verified_one(st, "erasure", id);
	ctl(st, AS_PRIVACY, "--json", "request", "approve", number);
	snprintf(approval, sizeof(approval), "%s", text_of(st, "approval"));
	ctl(st, AS_SECOND, "approval", "grant", approval);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	expect_error(st, 66, "set 'controller' in organisation.yaml");
	wait_for_state(st, number, "approved");
	ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
}

/* --- what stays ------------------------------------------------------------------------- */

static void a_rectification_and_a_restriction_are_told_before_they_are_done(void **state)
{
	static const struct {
		const char *type, *says;
	} kinds[] = { { "rectification", "we have corrected it" },
		{ "restriction", "Please do nothing else with yours" } };
	struct stage *st = *state;

	for (size_t i = 0; i < 2; i++) {
		const char *number;
		char id[33];

		stage_add_person(st, WANG, id);
		number = verified_one(st, kinds[i].type, id);
		if (i == 0) {
			approve_and_execute(st, number);
		} else {
			ctl(st, AS_PRIVACY, "request", "execute", number);
		}
		wait_for_state(st, number, "needs_input");
		stage_ctl(st, AS_PRIVACY, "request", "done", number);
		expect_error(st, 75, "have not been told");
		letter(st, number, "carrier", NULL);
		stage_expect(st, 0);
		expect_text(st, kinds[i].says);
		ctl(st, AS_PRIVACY, "request", "letter", number, "fulfil");
		expect_text(st, "are told of it: adviser, Carrier Ltd.");
		stage_ctl_text(st, AS_PRIVACY, "It only got last year's books.", "request", "untold",
			number, "--recipient=adviser", "--because=not-disclosed");
		stage_expect(st, 0);
		ctl(st, AS_PRIVACY, "--json", "request", "done", number);
		assert_string_equal(text_of(st, "state"), "fulfilled");
	}
}

/* What a record keeps from a recipient is not told to it afterwards. */
static void a_notice_says_nothing_of_records_that_were_not_shared_with_its_recipient(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33], who[40];

	stage_add_person(st, WANG, id);
	snprintf(who, sizeof(who), "--is=%s", id);
	ctl(st, AS_PRIVACY, "record", "rule", "--purpose=" STAGE_PURPOSE, "--where=subject", who,
		"--collection=contact_point", "--set=recipient", "--value=adviser");
	number = verified_one(st, "restriction", id);
	ctl(st, AS_PRIVACY, "request", "execute", number);
	wait_for_state(st, number, "needs_input");
	letter(st, number, "carrier", "--draft");
	stage_expect(st, 0);
	expect_text(st, "王小明");
	assert_null(strstr(st->last.out, "wang@example.org"));
	assert_null(strstr(st->last.out, "contact_point"));
}

static int up(void **state)
{
	struct stage *st;

	if (stage_up_bare(state) != 0) {
		return -1;
	}
	st = *state;
	stage_policy(st, "organisation.yaml",
		"laws: [gdpr, pipl]\ncontroller: {name: Example GmbH, contact: privacy@example.com}\n");
	free(run_shell(WITH_RECIPIENTS, st->policies, st->policies));
	stage_start(st);
	stage_init(st);
	return 0;
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(what_is_to_be_sent_is_sealed_before_the_keys_go),
		STORY(a_recipient_that_is_not_told_needs_a_reason),
		STORY(what_is_taken_back_is_told_to_nobody),
		STORY(without_a_last_letter_nobody_is_erased),
		STORY(a_rectification_and_a_restriction_are_told_before_they_are_done),
		STORY(a_notice_says_nothing_of_records_that_were_not_shared_with_its_recipient),
	};

	return cmocka_run_group_tests_name("request notice", tests, NULL, NULL);
}
