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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_day_is_that_of_the_zone),
		cmocka_unit_test(only_names_of_the_database_are_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
