/* The policies, as those who wrote them ask about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

static void expect_text(const char *text, const char *wanted)
{
	if (!strstr(text, wanted)) {
		fail_msg("no '%s' in:\n%s", wanted, text);
	}
}

static void a_due_day_is_derived_in_sentences(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "access", "--received=2026-01-31",
		"--country=de");
	stage_expect(st, 0);
	expect_text(st->last.out, "1. Received on Saturday 31 January 2026. That day does not count");
	expect_text(st->last.out, "2. 1 calendar month (GDPR Art. 12(3)): that month has no day 31");
	expect_text(st->last.out, "3. Saturday 28 February 2026 is no working day");
	expect_text(st->last.out, "2026-03-02");
	expect_text(st->last.out, "none: it was due");
}

static void programs_get_days_and_words(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "erasure", "--received=2026-03-03",
		"--country=de", "--pause=2026-03-05..2026-03-06", "--told=2026-04-07", "--json");
	stage_expect(st, 0);
	assert_string_equal(stage_reply_text(st, "due"), "2026-06-04");
	assert_string_equal(stage_reply_text(st, "first_due"), "2026-04-07");
	assert_string_equal(stage_reply_text(st, "refuse_by"), "2026-04-07");
	assert_string_equal(stage_reply_text(st, "extension"), "granted");
	assert_string_equal(stage_reply_text(st, "calendar"), "de");
	assert_int_equal(json_integer_value(json_object_get(stage_reply(st), "paused_days")), 1);

	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "erasure", "--received=2026-03-03",
		"--extended", "--json");
	stage_expect(st, 0);
	assert_string_equal(stage_reply_text(st, "extension"), "void");
	assert_null(json_object_get(stage_reply(st), "confirm_by"));
}

static void a_chinese_deadline_is_explained_in_chinese(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "policy", "deadline", "pipl", "erasure", "--received=2026-02-02",
		"--language=zh");
	stage_expect(st, 0);
	expect_text(st->last.out, "15个工作日（《App违法违规收集使用个人信息行为认定方法》第六条第三项）：至2026年2月28日（星期六）。");
	expect_text(st->last.out, "调休上班，计入：2026年2月14日（星期六）。");
	expect_text(st->last.out, "截止：2026年2月28日（星期六）终了。");
}

static void what_is_not_known_is_refused_with_the_remedy(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "deadline", "pipl", "access", "--received=2027-03-01");
	stage_expect(st, 66);
	expect_text(st->last.err, "law/calendar/cn.yaml: the days off of 2027 are not known: add them");
	stage_ctl(st, AS_ADMIN, "policy", "deadline", "lgpd", "access", "--received=2026-03-01");
	stage_expect(st, 66);
	expect_text(st->last.err, "no file law/*.yaml");
	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "access", "--received=2026-03-01",
		"--country=xx");
	stage_expect(st, 66);
	expect_text(st->last.err, "no file law/calendar/*.yaml");
	stage_ctl(st, AS_ADMIN, "policy", "deadline", "pipl", "access", "--received=2026-03-02",
		"--country=de");
	stage_expect(st, 64);
	expect_text(st->last.err, "always counts by the calendar 'cn'");
	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "access", "--received=2026-03-01",
		"--pause=2026-03-05");
	stage_expect(st, 64);
	expect_text(st->last.err, "2026-02-03..2026-02-10");
	stage_ctl(st, AS_ADMIN, "policy", "deadline", "gdpr", "access", "--received=2026-03-01",
		"--pause=2026-02-05..2026-03-07");
	stage_expect(st, 64);
	expect_text(st->last.err, "a pause begins before the request was received");
}

static void a_breach_has_its_own_clock(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_PRIVACY, "policy", "breach", "gdpr", "--noticed=2026-01-30 10:15");
	stage_expect(st, 0);
	expect_text(st->last.out, "2026-02-02 10:15 UTC");
	expect_text(st->last.out, "GDPR Art. 33(1)");
	stage_ctl(st, AS_PRIVACY, "policy", "breach", "pipl", "--noticed=2026-01-30T10:15",
		"--language=zh");
	stage_expect(st, 0);
	expect_text(st->last.out, "at once");
	expect_text(st->last.out, "《个人信息保护法》第五十七条（立即）");
	stage_ctl(st, AS_PRIVACY, "policy", "breach", "gdpr", "--noticed=yesterday");
	stage_expect(st, 64);
	expect_text(st->last.err, "expected a local time");
}

static void a_letter_is_read_before_it_is_needed(void **state)
{
	struct stage *st = *state;

	stage_stop(st);
	stage_policy(st, "organisation.yaml", "laws: [gdpr, pipl]\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "policy", "letter", "gdpr", "erasure", "refuse");
	stage_expect(st, 66);
	expect_text(st->last.err, "{controller} has no value: set 'controller' in organisation.yaml");

	stage_stop(st);
	stage_policy(st, "organisation.yaml",
		"laws: [gdpr, pipl]\nlanguage: zh\ntime_zone: Asia/Shanghai\n"
		"controller: {name: 示例有限公司, contact: privacy@example.com}\n"
		"authority: {name: 国家互联网信息办公室}\n");
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "policy", "letter", "pipl", "erasure", "refuse");
	stage_expect(st, 0);
	expect_text(st->last.out, "理由如下：[reasons]。");
	expect_text(st->last.out, "负责的主管机关：国家互联网信息办公室。");
	expect_text(st->last.out, "也可以依法向人民法院提起诉讼（第五十条）。");
	stage_ctl(st, AS_PRIVACY, "policy", "letter", "gdpr", "access", "fulfil", "--language=en");
	stage_expect(st, 0);
	expect_text(st->last.out, "You find enclosed: [enclosed].");
	expect_text(st->last.out, "示例有限公司");
	stage_ctl(st, AS_PRIVACY, "policy", "letter", "pipl", "access", "extend");
	stage_expect(st, 80);
	expect_text(st->last.err, "law/pipl.yaml: knows no extension for 'access'");
}

static void faults_of_laws_are_told_before_they_matter(void **state)
{
	struct stage *st = *state;

	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 0);
	stage_policy(st, "organisation.yaml", "laws: [gdpr, ccpa]\n");
	stage_ctl(st, AS_ADMIN, "policy", "check");
	stage_expect(st, 65);
	expect_text(st->last.out, "organisation.yaml:1: laws: there is no law/ccpa.yaml");
	stage_policy(st, "organisation.yaml", "laws: [gdpr]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_due_day_is_derived_in_sentences),
		cmocka_unit_test(programs_get_days_and_words),
		cmocka_unit_test(a_chinese_deadline_is_explained_in_chinese),
		cmocka_unit_test(what_is_not_known_is_refused_with_the_remedy),
		cmocka_unit_test(a_breach_has_its_own_clock),
		cmocka_unit_test(a_letter_is_read_before_it_is_needed),
		cmocka_unit_test(faults_of_laws_are_told_before_they_matter),
	};

	return cmocka_run_group_tests(tests, stage_up, stage_down);
}
