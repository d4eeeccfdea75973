/* What the person is written: to whom by name, with which reasons, in both languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"
#include "stage.h"

#define WANG                                                                              \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                \
	"{\"collection\":\"transaction\",\"fields\":{\"date\":\"2026-01-02\",\"kind\":\"invoice\"," \
	"\"amount\":\"12.50\"}}]"

static void expect_text(struct stage *st, const char *wanted)
{
	stage_expect(st, 0);
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

static const char *number_of(struct stage *st)
{
	static char number[8][12];
	static unsigned turn;

	turn = (turn + 1) % 8;
	snprintf(number[turn], sizeof(number[0]), "%d",
		(int)json_integer_value(json_object_get(
			json_object_get(stage_reply(st), "request"), "number")));
	return number[turn];
}

static const char *open_one(struct stage *st, const char *type, const char *law)
{
	char received[40], day[CIVIL_DAY_SIZE];

	civil_format_day((int32_t)(time(NULL) / 86400) - 3, day);
	snprintf(received, sizeof(received), "--received=%s", day);
	stage_ctl_text(st, AS_PRIVACY, "Dear all, please.", "--json", "request", "open", type,
		received, "--channel=letter", law);
	stage_expect(st, 0);
	return number_of(st);
}

static void verify(struct stage *st, const char *number, const char *id)
{
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, id);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "request", "verify", number, "--method=document");
	stage_expect(st, 0);
}

/* "request letter" with up to two options. */
static void letter(struct stage *st, const char *number, const char *kind, const char *a,
	const char *b)
{
	stage_ctl(st, AS_PRIVACY, "request", "letter", number, kind, a, b);
}

static void whoever_has_not_shown_who_they_are_is_not_called_by_name(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "access", "--law=gdpr");
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "request", "identify", number, id);
	stage_expect(st, 0);
	letter(st, number, "acknowledge", NULL, NULL);
	expect_text(st, "Dear Sir or Madam,");
	assert_null(strstr(st->last.out, "王小明"));
	letter(st, number, "identify", NULL, NULL);
	expect_error(st, 66, "{identity} has no value");
	letter(st, number, "identify", "--method=document", NULL);
	expect_text(st, "a copy of an identity document");
	assert_null(strstr(st->last.out, "王小明"));

	verify(st, number, id);
	letter(st, number, "acknowledge", NULL, NULL);
	expect_text(st, "Dear 王小明,");
	letter(st, number, "identify", "--method=document", NULL);
	expect_error(st, 75, "before 'request verify'");
	assert_true(stage_count_leaves(st, "why=letter.acknowledge") >= 2);
}

/* Its day to answer is that on which it came: nine days later nobody is promised that day. */
static void a_withdrawal_is_not_said_to_be_done_before_it_is(void **state)
{
	struct stage *st = *state;
	const char *number;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl_text(st, AS_PRIVACY, "No more letters.", "--json", "request", "open", "withdrawal",
		"--received=2026-02-21", "--channel=letter", "--law=gdpr", "--about=marketing_email");
	stage_expect(st, 0);
	number = number_of(st);
	letter(st, number, "acknowledge", NULL, NULL);
	expect_text(st, "We carry out your withdrawal at once");
	assert_null(strstr(st->last.out, "taken effect"));
	assert_null(strstr(st->last.out, "at the latest"));
	letter(st, number, "acknowledge", "--language=zh", NULL);
	expect_text(st, "我们将立即执行您的撤回");
	assert_null(strstr(st->last.out, "最迟"));

	verify(st, number, id);
	stage_ctl(st, AS_PRIVACY, "request", "execute", number);
	stage_expect(st, 0);
	letter(st, number, "fulfil", NULL, NULL);
	expect_text(st, "your withdrawal has taken effect.");
}

static void an_extension_is_told_with_its_reason_and_both_days(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", "--law=gdpr");

	letter(st, number, "extend", NULL, NULL);
	expect_error(st, 75, "after 'request extend'");
	stage_ctl(st, AS_PRIVACY, "request", "extend", number, "--reason=complexity");
	stage_expect(st, 0);
	letter(st, number, "extend", NULL, NULL);
	expect_text(st, "The reasons: your request is complex.");
	expect_text(st, "GDPR Art. 12(3), second and third sentence");
	expect_text(st, "GDPR Art. 77");
	letter(st, number, "extend", "--language=zh", NULL);
	expect_text(st, "延长的理由：您的请求较为复杂。");
}

static void a_refusal_has_its_reason_its_article_and_the_ways_to_complain(void **state)
{
	struct stage *st = *state;
	const char *number = open_one(st, "erasure", "--law=pipl");
	const char *gdpr = open_one(st, "erasure", "--law=gdpr");

	letter(st, gdpr, "refuse", NULL, NULL);
	expect_error(st, 75, "after 'request deny'");
	stage_ctl(st, AS_PRIVACY, "request", "deny", gdpr, "--reason=legal_claims");
	stage_expect(st, 0);
	letter(st, gdpr, "refuse", "--draft", NULL);
	stage_expect(st, 0);
	assert_int_equal(stage_count_leaves(st, "why=letter.refuse"), 0);
	letter(st, gdpr, "refuse", NULL, NULL);
	expect_text(st, "legal claims. (GDPR Art. 17(3)(e))");
	expect_text(st, "GDPR Art. 77");
	expect_text(st, "Art. 79");
	expect_text(st, "Example Authority");
	stage_ctl(st, AS_PRIVACY, "request", "show", gdpr); /* what was sent is kept */
	expect_text(st, "legal claims. (GDPR Art. 17(3)(e))");
	assert_int_equal(stage_count_leaves(st, "why=letter.refuse"), 1);

	stage_ctl(st, AS_PRIVACY, "request", "deny", number, "--reason=no_data");
	stage_expect(st, 0);
	letter(st, number, "refuse", "--language=zh", NULL);
	expect_text(st, "《个人信息保护法》第六十五条");
	expect_text(st, "人民法院");
}

static int set_up(void **state)
{
	struct stage *st = stage_new();

	stage_policy(st, "organisation.yaml",
		"laws: [gdpr, pipl]\ncontroller: {name: Example GmbH, contact: privacy@example.com}\n"
		"authority: {name: Example Authority}\n");
	stage_start(st);
	stage_init(st);
	*state = st;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_has_not_shown_who_they_are_is_not_called_by_name),
		cmocka_unit_test(a_withdrawal_is_not_said_to_be_done_before_it_is),
		cmocka_unit_test(an_extension_is_told_with_its_reason_and_both_days),
		cmocka_unit_test(a_refusal_has_its_reason_its_article_and_the_ways_to_complain),
	};

	return cmocka_run_group_tests(tests, set_up, stage_down);
}
