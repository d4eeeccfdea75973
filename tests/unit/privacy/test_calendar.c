#include "base/civil.h"
#include "check.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "privacy/calendar.h"

static struct policy *policy;

static int32_t day(const char *text)
{
	int32_t d = 0;

	assert_true(civil_parse_day(text, &d));
	return d;
}

static struct calendar_day look(const char *calendar, const char *text)
{
	const struct holidays *h = policy_find_calendar(policy, calendar);
	struct calendar_day d;
	struct cu_err err = { 0 };

	assert_non_null(h);
	assert_ok(calendar_look(h, day(text), &d, &err), &err);
	return d;
}

static unsigned working_days(const char *calendar, int year)
{
	const struct holidays *h = policy_find_calendar(policy, calendar);
	int32_t first = civil_to_day((struct civil){ year, 1, 1 });
	int32_t end = civil_to_day((struct civil){ year + 1, 1, 1 });
	unsigned n = 0;

	for (int32_t at = first; at < end; at++) {
		struct calendar_day d;
		struct cu_err err = { 0 };

		assert_ok(calendar_look(h, at, &d, &err), &err);
		n += d.is_working ? 1 : 0;
	}
	return n;
}

/* Weekdays of the year, less the holidays that are weekdays, and the weekend days worked: 2024
 * 262 - 19 + 8, 2025 261 - 18 + 5, 2026 261 - 19 + 6. */
static void a_year_in_china_has_as_many_working_days_as_its_notice_leaves(void **state)
{
	(void)state;
	assert_int_equal(working_days("cn", 2024), 251);
	assert_int_equal(working_days("cn", 2025), 248);
	assert_int_equal(working_days("cn", 2026), 248);
}

/* 2025: 261 weekdays; DE lacks 9 (all but none on weekends), FR 10 (1 November is a Saturday), IE 10. 2026: DE
 * 7 (3 October and 26 December are Saturdays), FR 9 (15 August a Saturday, 1 November a Sunday). */
static void a_year_in_europe_lacks_its_holidays_that_are_weekdays(void **state)
{
	(void)state;
	assert_int_equal(working_days("none", 2025), 261);
	assert_int_equal(working_days("de", 2025), 252);
	assert_int_equal(working_days("fr", 2025), 251);
	assert_int_equal(working_days("ie", 2025), 251);
	assert_int_equal(working_days("de", 2026), 254);
	assert_int_equal(working_days("fr", 2026), 252);
}

static void a_weekend_day_that_is_worked_says_so(void **state)
{
	(void)state;
	assert_true(look("cn", "2026-02-14").is_made_up);
	assert_true(look("cn", "2026-02-14").is_working);
	assert_null(look("cn", "2026-02-14").name);
	assert_false(look("cn", "2026-02-21").is_working);
	assert_false(look("cn", "2026-03-07").is_made_up);
}

static void a_holiday_has_its_name_in_both_languages(void **state)
{
	(void)state;
	assert_string_equal(look("cn", "2026-02-17").name->in[LANGUAGE_ZH], "春节");
	assert_string_equal(look("cn", "2026-02-17").name->in[LANGUAGE_EN], "Spring Festival");
	assert_string_equal(look("de", "2026-04-03").name->in[LANGUAGE_EN], "Good Friday");
	assert_string_equal(look("ie", "2030-02-01").name->in[LANGUAGE_EN], "Saint Brigid's Day");
	assert_null(look("ie", "2030-02-04").name);
	assert_null(look("de", "2026-11-28").name);
}

static void a_year_that_is_not_known_is_refused_with_the_remedy(void **state)
{
	const struct holidays *cn = policy_find_calendar(policy, "cn");
	const struct holidays *ie = policy_find_calendar(policy, "ie");
	struct calendar_day d;
	int32_t next;
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(calendar_look(cn, day("2027-01-01"), &d, &err), CU_ENOENT, &err,
		"law/calendar/cn.yaml: the days off of 2027 are not known: add them from "
		"国务院办公厅");
	assert_fails(calendar_look(ie, day("2022-12-31"), &d, &err), CU_ENOENT, &err,
		"law/calendar/ie.yaml: the days off of 2022");
	assert_fails(calendar_look(ie, day("2036-01-01"), &d, &err), CU_ENOENT, &err, "2036");
	assert_int_equal(calendar_next(cn, day("2026-12-31"), &next, &err), 0);
	assert_int_equal(next, day("2026-12-31"));
}

static const char *shipped;

static int set_up(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	return policy_load(shipped, &faults, &policy, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_year_in_china_has_as_many_working_days_as_its_notice_leaves),
		cmocka_unit_test(a_year_in_europe_lacks_its_holidays_that_are_weekdays),
		cmocka_unit_test(a_weekend_day_that_is_worked_says_so),
		cmocka_unit_test(a_holiday_has_its_name_in_both_languages),
		cmocka_unit_test(a_year_that_is_not_known_is_refused_with_the_remedy),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
