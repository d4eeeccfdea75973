#include "base/civil.h"
#include "base/cron.h"
#include "base/zone.h"
#include "check.h"

/* The times that follow on one another, to the end of the list. */
static void check_times(
	const char *zone, const char *text, const char *after, const char *const wanted[])
{
	char shown[CIVIL_TIME_SIZE];
	struct cron c;
	int64_t ms;

	zone_use(zone);
	assert_null(cron_parse(text, &c));
	assert_true(civil_parse_time(after, &ms));
	for (size_t i = 0; wanted[i]; i++) {
		ms = cron_next(&c, ms);
		assert_true(ms != INT64_MAX);
		civil_format_time(ms, shown);
		assert_string_equal(shown, wanted[i]);
	}
}
#define TIMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void each_field_is_kept_to(void **state)
{
	(void)state;
	check_times("UTC", "30 1 * * *", "2026-11-28T01:29:59.999Z",
		TIMES("2026-11-28T01:30:00.000Z", "2026-11-29T01:30:00.000Z"));
	check_times("UTC", "30 1 * * *", "2026-11-28T01:30:00.000Z",
		TIMES("2026-11-29T01:30:00.000Z"));
	check_times("UTC", "*/20 8-9 * * *", "2026-11-28T08:30:10.000Z",
		TIMES("2026-11-28T08:40:00.000Z", "2026-11-28T09:00:00.000Z",
			"2026-11-28T09:20:00.000Z", "2026-11-28T09:40:00.000Z",
			"2026-11-29T08:00:00.000Z"));
	check_times("UTC", "10-30/10,59 * * * *", "2026-12-31T23:30:00.000Z",
		TIMES("2026-12-31T23:59:00.000Z", "2027-01-01T00:10:00.000Z",
			"2027-01-01T00:20:00.000Z"));
	check_times("UTC", "0 0 31 * *", "2026-01-31T00:00:00.000Z",
		TIMES("2026-03-31T00:00:00.000Z", "2026-05-31T00:00:00.000Z"));
	check_times("UTC", "0 0 29 FEB *", "2026-01-01T00:00:00.000Z",
		TIMES("2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z"));
	check_times("UTC", "0 0 29 2 *", "2096-03-01T00:00:00.000Z",
		TIMES("2104-02-29T00:00:00.000Z"));
	check_times("UTC", "0 4 * * Mon-Fri", "2026-11-27T04:00:00.000Z", /* a Friday */
		TIMES("2026-11-30T04:00:00.000Z"));
	check_times("UTC", "0 4 * * 7", "2026-11-28T05:00:00.000Z", TIMES("2026-11-29T04:00:00.000Z"));
	check_times("UTC", "@monthly", "2026-11-28T05:00:00.000Z", TIMES("2026-12-01T00:00:00.000Z"));
	check_times("UTC", "@weekly", "2026-11-28T05:00:00.000Z", TIMES("2026-11-29T00:00:00.000Z"));
}

/* POSIX.1-2017, crontab: "either of the two". */
static void a_day_of_either_kind_will_do(void **state)
{
	(void)state;
	check_times("UTC", "0 0 13 * 5", "2026-11-06T00:00:00.000Z",
		TIMES("2026-11-13T00:00:00.000Z", "2026-11-20T00:00:00.000Z",
			"2026-11-27T00:00:00.000Z", "2026-12-04T00:00:00.000Z",
			"2026-12-11T00:00:00.000Z", "2026-12-13T00:00:00.000Z"));
	/* but a star, also with a step, names no day */
	check_times("UTC", "0 0 */2 * 5", "2026-11-06T00:00:00.000Z",
		TIMES("2026-11-13T00:00:00.000Z", "2026-11-27T00:00:00.000Z"));
}

static void a_night_without_that_hour_has_it_at_the_end_of_the_gap_once(void **state)
{
	(void)state;
	/* 02:00 to 03:00 is left out */
	check_times("Europe/Berlin", "30 2 * * *", "2026-03-28T02:00:00.000Z",
		TIMES("2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"));
	check_times("Europe/Berlin", "15,45 2 * * *", "2026-03-28T02:00:00.000Z",
		TIMES("2026-03-29T01:00:00.000Z", "2026-03-30T00:15:00.000Z",
			"2026-03-30T00:45:00.000Z"));
	check_times("America/New_York", "30 2 * * *", "2026-03-07T08:00:00.000Z",
		TIMES("2026-03-08T07:00:00.000Z", "2026-03-09T06:30:00.000Z"));
	/* here half an hour is: 02:00 to 02:30 */
	check_times("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00.000Z",
		TIMES("2026-10-03T15:30:00.000Z", "2026-10-04T15:15:00.000Z"));
}

static void a_night_that_has_it_twice_does_it_once(void **state)
{
	(void)state;
	check_times("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00.000Z",
		TIMES("2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"));
	check_times("Europe/London", "15 1 * * *", "2026-10-24T12:00:00.000Z",
		TIMES("2026-10-25T00:15:00.000Z", "2026-10-26T01:15:00.000Z"));
}

static void what_is_done_every_hour_goes_on_through_both_nights(void **state)
{
	(void)state;
	check_times("Europe/Berlin", "*/30 * * * *", "2026-10-25T00:15:00.000Z",
		TIMES("2026-10-25T00:30:00.000Z", "2026-10-25T01:00:00.000Z",
			"2026-10-25T01:30:00.000Z", "2026-10-25T02:00:00.000Z"));
	check_times("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:15:00.000Z",
		TIMES("2026-03-29T00:30:00.000Z", "2026-03-29T01:00:00.000Z",
			"2026-03-29T01:30:00.000Z"));
}

static void a_zone_has_its_own_nights(void **state)
{
	(void)state;
	check_times("Asia/Shanghai", "30 1 * * 1", "2026-11-28T00:00:00.000Z",
		TIMES("2026-11-29T17:30:00.000Z", "2026-12-06T17:30:00.000Z"));
	check_times("Pacific/Apia", "0 12 * * *", "2011-12-29T00:00:00.000Z",
		TIMES("2011-12-29T22:00:00.000Z", /* the 29th */
			"2011-12-30T10:00:00.000Z", /* the 30th was left out: its end */
			"2011-12-30T22:00:00.000Z"));
}

static void what_never_comes_is_said(void **state)
{
	struct cron c;

	(void)state;
	zone_use("UTC");
	assert_null(cron_parse("0 0 30 2 *", &c));
	assert_true(cron_next(&c, 0) == INT64_MAX);
}

static void what_is_no_schedule_is_refused(void **state)
{
	static const char *const none[] = { "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *",
		"* * 0 * *", "* * 32 * *", "* * * 13 * ", "* * * * 8", "*/0 * * * *", "5/2 * * * *",
		"5-1 * * * *", "1, * * * *", ",1 * * * *", "* * L * *", "* * * foo *", "@reboot",
		"@daily *", "1-2-3 * * * *", "0001 * * * *", "-1 * * * *", "* * * * monday" };
	struct cron c = { .hours = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (!cron_parse(none[i], &c)) {
			fail_msg("'%s' is taken", none[i]);
		}
	}
	assert_int_equal(c.hours, 7);
	assert_string_equal(cron_parse("61 * * * *", &c),
		"the minute is not 0 to 59, '*', or a list, range or step of these");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_kept_to),
		cmocka_unit_test(a_day_of_either_kind_will_do),
		cmocka_unit_test(a_night_without_that_hour_has_it_at_the_end_of_the_gap_once),
		cmocka_unit_test(a_night_that_has_it_twice_does_it_once),
		cmocka_unit_test(what_is_done_every_hour_goes_on_through_both_nights),
		cmocka_unit_test(a_zone_has_its_own_nights),
		cmocka_unit_test(what_never_comes_is_said),
		cmocka_unit_test(what_is_no_schedule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
