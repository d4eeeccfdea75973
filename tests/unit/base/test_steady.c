#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/steady.h"

#define HOUR (3600 * 1000LL)

/* From noon on, with the machine up for an hour. */
static const struct steady start = { 1000 * HOUR, HOUR };

static int64_t after(int64_t wall_ms, int64_t boot_ms, int64_t *ahead)
{
	return steady_now(&start, start.wall_ms + wall_ms, start.boot_ms + boot_ms, ahead) -
		start.wall_ms;
}

static void time_passes_as_the_clock_says(void **state)
{
	int64_t ahead = 1;

	(void)state;
	assert_int_equal(after(0, 0, &ahead), 0);
	assert_int_equal(after(72 * HOUR, 72 * HOUR, &ahead), 72 * HOUR);
	assert_int_equal(after(72 * HOUR + 60000, 72 * HOUR, &ahead), 72 * HOUR + 60000); /* drift */
	assert_int_equal(ahead, 0);
}

static void a_clock_that_is_set_forward_ends_nothing_early(void **state)
{
	int64_t ahead;

	(void)state;
	assert_int_equal(after(73 * HOUR, HOUR, &ahead), HOUR);
	assert_int_equal(ahead, 72 * HOUR);
	assert_int_equal(after(HOUR + STEADY_SLACK_MS + 1, HOUR, &ahead), HOUR);
	assert_int_equal(after(2 * HOUR, 2 * HOUR, &ahead), 2 * HOUR); /* set back again */
	assert_int_equal(ahead, 0);
}

static void a_clock_that_is_set_back_is_followed(void **state)
{
	int64_t ahead;

	(void)state;
	assert_int_equal(after(-HOUR, HOUR, &ahead), -HOUR);
	assert_int_equal(ahead, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_passes_as_the_clock_says),
		cmocka_unit_test(a_clock_that_is_set_forward_ends_nothing_early),
		cmocka_unit_test(a_clock_that_is_set_back_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
