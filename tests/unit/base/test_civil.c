#include "check.h"

#include <time.h>

#include "base/civil.h"

#define FIRST_DAY (-719162) /* 0001-01-01 */
#define LAST_DAY  2932896   /* 9999-12-31 */

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] +
		(month == 2 && (year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)));
}

/* Counted by hand, one day after the other, through all of the calendar. */
static void every_day_of_ten_thousand_years_comes_back(void **state)
{
	struct civil c = { 1, 1, 1 };

	(void)state;
	for (int32_t day = FIRST_DAY; day <= LAST_DAY; day++) {
		struct civil got = civil_of_day(day);

		if (got.year != c.year || got.month != c.month || got.day != c.day ||
			civil_to_day(c) != day || !civil_is_valid(c)) {
			fail_msg("day %d is %04d-%02d-%02d", day, c.year, c.month, c.day);
		}
		if (++c.day > days_in(c.year, c.month)) {
			c.day = 1;
			if (++c.month > 12) {
				c.month = 1;
				c.year++;
			}
		}
	}
	assert_int_equal(c.year, 10000);
}

static void every_hundredth_day_is_written_and_read(void **state)
{
	(void)state;
	for (int32_t day = FIRST_DAY; day <= LAST_DAY; day += 97) {
		char text[CIVIL_DAY_SIZE];
		int32_t back;

		civil_format_day(day, text);
		assert_int_equal(strlen(text), CIVIL_DAY_SIZE - 1);
		assert_true(civil_parse_day(text, &back));
		assert_int_equal(back, day);
	}
}

static void days_agree_with_the_c_library(void **state)
{
	(void)state;
	for (int32_t day = -700000; day <= LAST_DAY; day += 9973) {
		time_t at = (time_t)day * 86400;
		struct tm tm;
		struct civil c = civil_of_day(day);

		assert_non_null(gmtime_r(&at, &tm));
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
	}
}

static void days_that_do_not_exist_are_not_valid(void **state)
{
	static const struct civil bad[] = { { 0, 1, 1 }, { -1, 1, 1 }, { 10000, 1, 1 },
		{ 2021, 0, 1 }, { 2021, 13, 1 }, { 2021, 1, 0 }, { 2021, 1, 32 }, { 2021, 2, 29 },
		{ 1900, 2, 29 }, { 2100, 2, 29 }, { 2000, 2, 30 }, { 2021, 4, 31 },
		{ 2021, -1, 1 }, { 2021, 1, -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(civil_is_valid(bad[i]));
	}
	assert_true(civil_is_valid((struct civil){ 2000, 2, 29 }));
	assert_true(civil_is_valid((struct civil){ 2024, 2, 29 }));
}

static void the_forms_of_a_day_are_read(void **state)
{
	static const char *const good[] = { "2021-01-01", "20210101", "2021-01-01 00:00:00",
		"2021-01-01T00:00", "2021-01-01T23:59:59.123Z", "20210101 12:30" };
	int32_t day;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!civil_parse_day(good[i], &day) || day != 18628) {
			fail_msg("'%s' was not read", good[i]);
		}
	}
}

static void what_is_no_day_is_refused_and_nothing_is_set(void **state)
{
	static const char *const bad[] = { "", "2", "2021", "2021-", "2021-0", "2021-01",
		"2021-01-", "2021-01-0", "202101", "2021010", "2021/01/01", "01.01.2021",
		"2021-1-01", "2021-01-1", "2021-01-01x", "2021-01-011", "2021-01-01T",
		"2021-01-01Tx", "2021-01-01 1", "2021-01-01 12:", "2021-01-01 12:3", "2021-01-01T12.30", "20210101T0000",
		" 2021-01-01", "2021-13-01", "2021-02-29", "0000-01-01", "-021-01-01", "+021-01-01",
		"2021-01/01", "2021--1-01", "99999999", "2021 01 01", "abcd-ef-gh",
		"\xd9\xa2\xd9\xa0-01-01" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *exact = strdup(bad[i]); /* so that the sanitizer sees its end */
		int32_t day = 4711;

		if (civil_parse_day(exact, &day)) {
			fail_msg("'%s' was taken", bad[i]);
		}
		assert_int_equal(day, 4711);
		free(exact);
	}
}

static void times_are_written_in_utc_with_milliseconds(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { 0, "1970-01-01T00:00:00.000Z" }, { -1, "1969-12-31T23:59:59.999Z" },
		{ 86399999, "1970-01-01T23:59:59.999Z" }, { 86400000, "1970-01-02T00:00:00.000Z" },
		{ -86400000, "1969-12-31T00:00:00.000Z" },
		{ 1795298944123, "2026-11-21T22:09:04.123Z" },
		{ -62135596800000, "0001-01-01T00:00:00.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CIVIL_TIME_SIZE];
		int64_t back;

		civil_format_time(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		assert_true(civil_parse_time(text, &back));
		assert_true(back == cases[i].ms);
	}
}

static void times_of_all_kinds_come_back(void **state)
{
	(void)state;
	for (int64_t ms = -62135596800000; ms <= 253402300799999; ms += 3155378977LL) {
		char text[CIVIL_TIME_SIZE];
		int64_t back;

		civil_format_time(ms, text);
		assert_true(civil_parse_time(text, &back));
		assert_true(back == ms);
	}
}

/* Whatever differs from the written form in one character is another time, or none. */
static void a_time_has_one_spelling(void **state)
{
	static const char form[] = "2026-11-21T22:09:04.123Z";

	(void)state;
	for (size_t at = 0; at < sizeof(form) - 1; at++) {
		for (int c = 1; c < 256; c++) {
			char text[CIVIL_TIME_SIZE], again[CIVIL_TIME_SIZE];
			int64_t ms;

			memcpy(text, form, sizeof(form));
			text[at] = (char)c;
			if (civil_parse_time(text, &ms)) {
				civil_format_time(ms, again);
				assert_string_equal(again, text);
			}
		}
	}
	for (size_t n = 0; n < sizeof(form) - 1; n++) {
		char *cut = strndup(form, n);
		int64_t ms;

		assert_false(civil_parse_time(cut, &ms));
		free(cut);
	}
}

static void the_day_of_a_time_is_the_one_it_lies_in(void **state)
{
	(void)state;
	assert_int_equal(civil_day_of_ms(0), 0);
	assert_int_equal(civil_day_of_ms(86399999), 0);
	assert_int_equal(civil_day_of_ms(86400000), 1);
	assert_int_equal(civil_day_of_ms(-1), -1);
	assert_int_equal(civil_day_of_ms(-86400000), -1);
	assert_int_equal(civil_day_of_ms(-86400001), -2);
}

static int32_t day(const char *text)
{
	int32_t d = 0;

	assert_true(civil_parse_day(text, &d));
	return d;
}

static void weekdays_follow_one_another_from_a_known_one(void **state)
{
	int32_t known = day("2026-11-28"); /* a Saturday */

	(void)state;
	for (int32_t d = -800000; d < 800000; d++) {
		assert_int_equal(civil_weekday(d), ((d - known) % 7 + 7 + 5) % 7);
	}
}

static void months_are_added_to_the_same_date_or_the_last_of_a_short_month(void **state)
{
	static const struct {
		const char *from;
		int n;
		const char *to;
		bool is_short;
	} cases[] = {
		{ "2026-01-31", 1, "2026-02-28", true },
		{ "2024-01-31", 1, "2024-02-29", true },
		{ "2024-02-29", 1, "2024-03-29", false },
		{ "2024-02-29", 12, "2025-02-28", true },
		{ "2025-12-31", 1, "2026-01-31", false },
		{ "2025-11-30", 3, "2026-02-28", true },
		{ "2026-03-31", -1, "2026-02-28", true },
		{ "2026-01-15", -1, "2025-12-15", false },
		{ "2026-12-01", 0, "2026-12-01", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_short;

		assert_int_equal(civil_add_months(day(cases[i].from), cases[i].n, &is_short),
			day(cases[i].to));
		assert_int_equal(is_short, cases[i].is_short);
	}
}

/* Dates of the tables of the churches; the earliest and the latest that there are. */
static void easter_is_where_the_tables_have_it(void **state)
{
	static const char *const sundays[] = { "1818-03-22", "1943-04-25", "1961-04-02",
		"2000-04-23", "2008-03-23", "2011-04-24", "2016-03-27", "2024-03-31", "2025-04-20",
		"2026-04-05", "2027-03-28", "2028-04-16", "2030-04-21", "2038-04-25", "2285-03-22" };

	(void)state;
	for (size_t i = 0; i < sizeof(sundays) / sizeof(sundays[0]); i++) {
		int32_t d = day(sundays[i]);

		assert_int_equal(civil_easter(civil_of_day(d).year), d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_ten_thousand_years_comes_back),
		cmocka_unit_test(every_hundredth_day_is_written_and_read),
		cmocka_unit_test(days_agree_with_the_c_library),
		cmocka_unit_test(days_that_do_not_exist_are_not_valid),
		cmocka_unit_test(the_forms_of_a_day_are_read),
		cmocka_unit_test(what_is_no_day_is_refused_and_nothing_is_set),
		cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(times_of_all_kinds_come_back),
		cmocka_unit_test(a_time_has_one_spelling),
		cmocka_unit_test(the_day_of_a_time_is_the_one_it_lies_in),
		cmocka_unit_test(weekdays_follow_one_another_from_a_known_one),
		cmocka_unit_test(
			months_are_added_to_the_same_date_or_the_last_of_a_short_month),
		cmocka_unit_test(easter_is_where_the_tables_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
