/* Each kind of request by each law, from the letter to the last letter, as people go through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define DAY_MS   86400000LL
#define TODAY    "2026-03-02" /* of every run: no calendar of China is known beyond this year */
#define RECEIVED "2026-02-21" /* nine days ago */
#define LETTER "我要求……\nPlease."
#define WANG                                                                            \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"              \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\"}},"  \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"a\"}}]"
#define ORGANISATION                                                                            \
	"laws: [gdpr, pipl]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"                     \
	"controller: {name: Example GmbH, address: Musterweg 1, contact: privacy@example.com}\n" \
	"dpo: {name: Officer, contact: dpo@example.com}\n"                                        \
	"authority: {name: Authority, contact: authority.example}\n"

/* Whoever carries parcels got names and addresses, and reads Chinese. */
#define WITH_CARRIER                                                                      \
	"sed -i 's/^    basis: contract$/&\\n    recipients: [carrier]/; "                   \
	"s/^recipients:$/&\\n  - {recipient: carrier, name: Carrier Ltd, text: It carries parcels., " \
	"contact: carrier@example.com, language: zh}/' '%s/purposes.yaml'"

static const char *const languages[] = { "en", "zh" };

/* A law, the language of its letters, and what they say in each. */
static const struct law {
	const char *key, *language, *remedies[2], *due; /* withdrawals apart */
} laws[] = { { "gdpr", "en", { "Art. 77", "第77条" }, "2026-03-23" }, /* the 21st is a Saturday */
	/* 15 working days, without the Spring Festival, with its make-up day */
	{ "pipl", "zh", { "Art. 65", "第六十五条" }, "2026-03-13" } };
static const char *const dear[] = { "Dear 王小明,", "王小明：" };

/* What is asked for, for which purpose, what its articles are in each law and language, and whether
 * the law wants recipients told. */
static const struct kind {
	const char *type, *about;
	const char *cites[2][2];
	bool needs_approval, is_erasure, has_notice[2];
} kinds[] = {
	{ "access", NULL, { { "Art. 15", "第15条" }, { "Art. 45", "第四十五条" } }, true, false, { false, false } },
	{ "portability", NULL, { { "Art. 20", "第20条" }, { "Art. 45", "第四十五条" } }, true, false, { false, false } },
	{ "rectification", NULL, { { "Art. 16", "第16条" }, { "Art. 46", "第四十六条" } }, true, false, { true, true } },
	{ "erasure", NULL, { { "Art. 17", "第17条" }, { "Art. 47", "第四十七条" } }, true, true, { true, true } },
	{ "restriction", NULL, { { "Art. 18", "第18条" }, { "Art. 44", "第四十四条" } }, false, false, { true, false } },
	{ "objection", "marketing_post", { { "Art. 21", "第21条" }, { "Art. 44", "第四十四条" } }, false, false,
		{ false, false } },
	{ "withdrawal", "marketing_email", { { "Art. 7(3)", "第7条第3款" }, { "Art. 15", "第十五条" } }, false, false,
		{ false, false } },
};

struct request {
	const struct kind *kind;
	const struct law *law;
	char number[12], id[33];
};

static const json_t *request_of(struct stage *st)
{
	return json_object_get(stage_reply(st), "request");
}

static const char *text_of(struct stage *st, const char *name)
{
	return json_string_value(json_object_get(request_of(st), name));
}

static const char *state_of(struct stage *st, const struct request *q)
{
	stage_ctl(st, AS_PRIVACY, "--json", "request", "next", q->number);
	stage_expect(st, 0);
	return text_of(st, "state");
}

/* One that must go well. */
#define ctl(st, who, ...)                      \
	do {                                       \
		stage_ctl(st, who, __VA_ARGS__);   \
		stage_expect(st, 0);               \
	} while (0)

/* So many days after TODAY. */
static void set_clock(struct stage *st, int days)
{
	static char option[64];
	int32_t day;

	assert_true(civil_parse_day(TODAY, &day));
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld",
		(day + days) * DAY_MS + DAY_MS / 2 - (long long)time(NULL) * 1000);
	st->options[0] = option;
}

static void receive(struct stage *st, struct request *q)
{
	char received[32] = "--received=", law[16], language[16], about[64];
	const char *args[16] = { "--json", "request", "open", q->kind->type, received, "--channel=letter",
		law, language };

	strcat(received, RECEIVED);
	snprintf(law, sizeof(law), "--law=%s", q->law->key);
	snprintf(language, sizeof(language), "--language=%s", q->law->language);
	if (q->kind->about) {
		snprintf(about, sizeof(about), "--about=%s", q->kind->about);
		args[8] = about;
	}
	stage_ctl_input(st, AS_PRIVACY, LETTER, strlen(LETTER), args);
	stage_expect(st, 0);
	assert_string_equal(text_of(st, "due"),
		strcmp(q->kind->type, "withdrawal") == 0 ? RECEIVED : q->law->due);
	snprintf(q->number, sizeof(q->number), "%d",
		(int)json_integer_value(json_object_get(request_of(st), "number")));
	ctl(st, AS_PRIVACY, "request", "letter", q->number, "acknowledge");
	ctl(st, AS_PRIVACY, "request", "identify", q->number, q->id);
	ctl(st, AS_PRIVACY, "request", "verify", q->number, "--method=in-person");
	ctl(st, AS_PRIVACY, "request", "clock", q->number);
	ctl(st, AS_PRIVACY, "request", "scope", q->number);
	assert_non_null(strstr(st->last.out, "need"));
}

static void carry_out(struct stage *st, struct request *q)
{
	char approval[33], file[32];
	bool has_file = strcmp(q->kind->type, "access") == 0 || strcmp(q->kind->type, "portability") == 0;

	if (q->kind->needs_approval) {
		ctl(st, AS_PRIVACY, "--json", "request", "approve", q->number);
		snprintf(approval, sizeof(approval), "%s", text_of(st, "approval"));
		ctl(st, AS_SECOND, "approval", "grant", approval);
	}
	snprintf(file, sizeof(file), "%s.zip", q->number);
	if (has_file) {
		ctl(st, AS_PRIVACY, "request", "execute", q->number, file);
	} else {
		ctl(st, AS_PRIVACY, "request", "execute", q->number);
	}
	if (!q->kind->is_erasure) {
		assert_string_equal(state_of(st, q), "needs_input");
	}
}

static void expect_in_letter(struct stage *st, const struct request *q, const char *wanted)
{
	if (!strstr(st->last.out, wanted)) {
		fail_msg("%s by %s: the letter lacks '%s':\n%s", q->kind->type, q->law->key, wanted,
			st->last.out);
	}
}

/* Sealed before anything was done; in the recipient's language, about what it got. */
static void tell_recipient(struct stage *st, struct request *q)
{
	if (!q->kind->is_erasure) {
		stage_ctl(st, AS_PRIVACY, "request", "done", q->number);
		stage_expect(st, 75);
		assert_non_null(strstr(st->last.err, "have not been told"));
	}
	ctl(st, AS_PRIVACY, "request", "letter", q->number, "notice", "--recipient=carrier");
	expect_in_letter(st, q, "carrier@example.com\n");
	expect_in_letter(st, q, "致Carrier Ltd：");
	expect_in_letter(st, q, "王小明");
	expect_in_letter(st, q, "contact_point, need, profile");
	expect_in_letter(st, q, q->law == laws ? "第19条" : q->kind->is_erasure ? "第8.3条" : "第四十六条");
	ctl(st, AS_PRIVACY, "request", "show", q->number);
	assert_non_null(strstr(st->last.out, "notice to carrier: sent"));
}

/* The letter that says what was done; in the other language, too. */
static void answer(struct stage *st, struct request *q)
{
	size_t law = (size_t)(q->law - laws);

	if (q->kind->has_notice[law]) {
		tell_recipient(st, q);
	}
	for (size_t in = 0; in < 2; in++) {
		char language[16];

		snprintf(language, sizeof(language), "--language=%s", languages[in]);
		stage_ctl(st, AS_PRIVACY, "request", "letter", q->number, "fulfil", language,
			strcmp(languages[in], q->law->language) == 0 ? NULL : "--draft");
		stage_expect(st, 0);
		expect_in_letter(st, q, q->kind->cites[law][in]);
		expect_in_letter(st, q, dear[in]);
		expect_in_letter(st, q, q->law->remedies[in]);
		expect_in_letter(st, q, "wang@example.org");
		if (q->kind->has_notice[law]) {
			expect_in_letter(st, q, "Carrier Ltd");
		}
		if (q->kind->is_erasure) {
			ctl(st, AS_PRIVACY, "request", "letter", q->number, "backups", language);
		}
	}
	if (!q->kind->is_erasure) {
		ctl(st, AS_PRIVACY, "request", "done", q->number);
	}
	assert_string_equal(state_of(st, q), "fulfilled");
}

static void wait_for(struct stage *st, const struct request *q, const char *state)
{
	for (int i = 0; i < 300 && strcmp(state_of(st, q), state) != 0; i++) {
		run_sleep_ms(50);
	}
	assert_string_equal(state_of(st, q), state);
}

static void each_kind_of_request_is_answered_by_each_law(void **state)
{
	struct stage *st = *state;
	struct request all[2 * sizeof(kinds) / sizeof(kinds[0])];
	size_t n = 0;

	if (!stage_has_roles()) {
		print_message("needs several users\n");
		return;
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t l = 0; l < 2; l++) {
			struct request *q = &all[n++];

			*q = (struct request){ &kinds[k], &laws[l], "", "" };
			stage_add_person(st, WANG, q->id);
			receive(st, q);
			carry_out(st, q);
			if (!q->kind->is_erasure) {
				answer(st, q);
			}
		}
	}
	stage_stop(st); /* the grace periods of the erasures pass */
	set_clock(st, 4);
	stage_start(st);
	for (size_t i = 0; i < n; i++) {
		if (all[i].kind->is_erasure) {
			wait_for(st, &all[i], "live_done"); /* somebody has to be told */
			answer(st, &all[i]);
		}
	}
	stage_ctl(st, AS_PRIVACY, "request", "list");
	assert_non_null(strstr(st->last.out, "There are no requests."));
}

/* An erasure by the GDPR, of what the option says. */
static void erase_a_part(struct stage *st, struct request *q, const char *option)
{
	char subject[64];
	const char *args[] = { "--json", "request", "open", "erasure", "--received=" RECEIVED,
		"--channel=letter", "--law=gdpr", option, subject, NULL };

	stage_add_person(st, WANG, q->id);
	snprintf(subject, sizeof(subject), "--subject=%s", q->id);
	stage_ctl_input(st, AS_PRIVACY, LETTER, strlen(LETTER), args);
	stage_expect(st, 0);
	snprintf(q->number, sizeof(q->number), "%d",
		(int)json_integer_value(json_object_get(request_of(st), "number")));
	ctl(st, AS_PRIVACY, "request", "verify", q->number, "--method=in-person");
	carry_out(st, q);
}

static void an_erasure_of_a_collection_or_a_purpose_leaves_the_rest(void **state)
{
	static const struct {
		const char *option, *gone, *stays;
	} cases[] = { { "--collection=need", "topic", "王小明" }, { "--about=survey", "王小明", "topic" } };
	struct stage *st = *state;
	struct request q[2];

	if (!stage_has_roles()) {
		print_message("needs several users\n");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		q[i] = (struct request){ &kinds[3], &laws[0], "", "" };
		assert_true(q[i].kind->is_erasure);
		erase_a_part(st, &q[i], cases[i].option);
	}
	stage_stop(st);
	set_clock(st, 4);
	stage_start(st);
	for (size_t i = 0; i < 2; i++) {
		wait_for(st, &q[i], "live_done");
		ctl(st, AS_PRIVACY, "subject", "get", q[i].id, "--purpose=" STAGE_PURPOSE);
		assert_non_null(strstr(st->last.out, cases[i].stays));
		assert_null(strstr(st->last.out, cases[i].gone));
	}
}

static int up(void **state)
{
	struct stage *st;

	if (stage_up_bare(state) != 0) {
		return -1;
	}
	st = *state;
	stage_policy(st, "organisation.yaml", ORGANISATION);
	free(run_shell(WITH_CARRIER, st->policies));
	set_clock(st, 0);
	stage_start(st);
	stage_init(st);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_kind_of_request_is_answered_by_each_law, up, stage_down),
		cmocka_unit_test_setup_teardown(
			an_erasure_of_a_collection_or_a_purpose_leaves_the_rest, up, stage_down),
	};

	return cmocka_run_group_tests_name("request each", tests, NULL, NULL);
}
