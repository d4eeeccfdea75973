#include "base/civil.h"
#include "check.h"
#include "policy/retention.h"

static int32_t day(const char *text)
{
	int32_t d = 0;

	assert_true(civil_parse_day(text, &d));
	return d;
}

static void check(struct duration keep, const char *today, const char *over)
{
	char text[CIVIL_DAY_SIZE];

	civil_format_day(retention_last_day_over(keep, day(today)), text);
	assert_string_equal(text, over);
}

static void a_day_is_over_once_whole_days_have_passed_since_its_end(void **state)
{
	(void)state;
	check((struct duration){ 1, 'd' }, "2026-11-25", "2026-11-23");
	check((struct duration){ 400, 'd' }, "2026-11-25", "2025-10-20");
	check((struct duration){ 24, 'h' }, "2026-11-25", "2026-11-23");
	check((struct duration){ 25, 'h' }, "2026-11-25", "2026-11-22");
}

static void years_are_counted_by_the_calendar(void **state)
{
	(void)state;
	check((struct duration){ 1, 'y' }, "2025-03-01", "2024-02-29");
	check((struct duration){ 1, 'y' }, "2024-02-29", "2023-02-27");
	check((struct duration){ 4, 'y' }, "2024-03-01", "2020-02-29");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_day_is_over_once_whole_days_have_passed_since_its_end),
		cmocka_unit_test(years_are_counted_by_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
