#include "base/civil.h"
#include "base/zone.h"
#include "check.h"

static void check_day(const char *zone, const char *time, const char *wanted)
{
	char text[CIVIL_DAY_SIZE];
	int64_t ms;

	assert_true(civil_parse_time(time, &ms));
	zone_use(zone);
	civil_format_day(zone_day_of_ms(ms), text);
	assert_string_equal(text, wanted);
}

static void the_day_is_that_of_the_zone(void **state)
{
	(void)state;
	check_day("UTC", "2026-03-31T22:30:00.000Z", "2026-03-31");
	check_day("Europe/Berlin", "2026-03-31T22:30:00.000Z", "2026-04-01");
	check_day("Asia/Shanghai", "2026-03-31T15:59:59.999Z", "2026-03-31");
	check_day("Asia/Shanghai", "2026-03-31T16:00:00.000Z", "2026-04-01");
	check_day("America/New_York", "2026-01-01T04:59:59.999Z", "2025-12-31");
	check_day("America/New_York", "2026-01-01T05:00:00.000Z", "2026-01-01");
	check_day("UTC", "1969-12-31T23:59:59.999Z", "1969-12-31");
	check_day("Pacific/Kiritimati", "2026-02-28T10:00:00.000Z", "2026-03-01");
}

static void only_names_of_the_database_are_zones(void **state)
{
	static const char *const none[] = { "", "Berlin", "Europe", "europe/berlin", "../etc/passwd",
		"Europe/../../../../etc/passwd", "/etc/localtime", "UTC+1",
		"EuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEurope" };

	(void)state;
	assert_true(zone_is_known("UTC"));
	assert_true(zone_is_known("Europe/Berlin"));
	assert_true(zone_is_known("Asia/Shanghai"));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(zone_is_known(none[i]));
	}
}

static void check_moment(const char *zone, const char *wall, const char *utc)
{
	char text[CIVIL_TIME_SIZE];
	int64_t ms = 0;

	zone_use(zone);
	assert_true(zone_parse_time(wall, &ms));
	civil_format_time(ms, text);
	assert_string_equal(text, utc);
}

static void a_wall_clock_is_read_where_it_hangs(void **state)
{
	(void)state;
	check_moment("UTC", "2026-01-30 10:15", "2026-01-30T10:15:00.000Z");
	check_moment("Europe/Berlin", "2026-01-30T10:15", "2026-01-30T09:15:00.000Z");
	check_moment("Europe/Berlin", "2026-07-30 10:15", "2026-07-30T08:15:00.000Z");
	check_moment("Asia/Shanghai", "2026-07-30 00:15", "2026-07-29T16:15:00.000Z");
	/* a day that Samoa left out, and half an hour on Lord Howe */
	check_moment("Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00.000Z");
	check_moment("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:30:00.000Z");
	/* 02:30 comes twice, and does not come at all */
	check_moment("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00.000Z");
	check_moment("Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:00:00.000Z");
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const none[] = { "", "2026-01-30", "2026-01-30 24:00", "2026-01-30 10:60",
		"2026-02-30 10:15", "2026-01-30 10:15:00", "2026-01-30 1:150", "2026-01-30 -1:15",
		"2026-01-30 10-15", "20260130 10:15", "2026-01-30x10:15" };
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (zone_parse_time(none[i], &ms)) {
			fail_msg("'%s' is taken", none[i]);
		}
	}
	assert_true(ms == 7);
}

static void a_time_is_shown_with_its_zone(void **state)
{
	char text[ZONE_TIME_SIZE];
	int64_t ms;

	(void)state;
	assert_true(civil_parse_time("2026-07-30T08:15:59.999Z", &ms));
	zone_use("Europe/Berlin");
	zone_format_time(ms, text);
	assert_string_equal(text, "2026-07-30 10:15 CEST");
	zone_use("UTC");
	zone_format_time(ms, text);
	assert_string_equal(text, "2026-07-30 08:15 UTC");
}

static void check_exact(const char *zone, const char *text, const char *utc)
{
	char got[CIVIL_TIME_SIZE];
	int64_t ms = 0;

	zone_use(zone);
	if (!zone_parse_moment(text, &ms)) {
		fail_msg("'%s' is not taken", text);
	}
	civil_format_time(ms, got);
	assert_string_equal(got, utc);
}

static void a_moment_is_local_unless_it_says_utc(void **state)
{
	(void)state;
	check_exact("Europe/Berlin", "2026-01-30 10:15", "2026-01-30T09:15:00.999Z");
	check_exact("Europe/Berlin", "2026-01-30 10:15:08", "2026-01-30T09:15:08.999Z");
	check_exact("Europe/Berlin", "2026-01-30T10:15:08.120", "2026-01-30T09:15:08.120Z");
	check_exact("Europe/Berlin", "2026-01-30 10:15Z", "2026-01-30T10:15:00.999Z");
	check_exact("Europe/Berlin", "2026-01-30 10:15:59 UTC", "2026-01-30T10:15:59.999Z");
	check_exact("Europe/Berlin", "2026-01-30T10:15:08.007Z", "2026-01-30T10:15:08.007Z");
	check_exact("Europe/Berlin", "2026-03-29T02:30Z", "2026-03-29T02:30:00.999Z");
	check_exact("Asia/Shanghai", "2026-07-30 00:15:01", "2026-07-29T16:15:01.999Z");
	check_exact("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00.999Z");
}

static void what_is_no_moment_is_refused(void **state)
{
	static const char *const none[] = { "", "2026-01-30", "2026-01-30 24:00", "2026-02-30 10:15Z",
		"2026-01-30 10:15:60", "2026-01-30 10:15:6", "2026-01-30 10:15:08.12",
		"2026-01-30 10:15:08.1234", "2026-01-30 10:15 CET", "2026-01-30 10:15+01:00",
		"2026-01-30 10:15:08Zulu", "2026-01-30 10:15 ", "yesterday", "2026-01-30 10:15:-1" };
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (zone_parse_moment(none[i], &ms)) {
			fail_msg("'%s' is taken", none[i]);
		}
	}
	assert_true(ms == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_day_is_that_of_the_zone),
		cmocka_unit_test(only_names_of_the_database_are_zones),
		cmocka_unit_test(a_wall_clock_is_read_where_it_hangs),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_time_is_shown_with_its_zone),
		cmocka_unit_test(a_moment_is_local_unless_it_says_utc),
		cmocka_unit_test(what_is_no_moment_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
