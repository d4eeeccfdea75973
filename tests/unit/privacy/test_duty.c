/* Duties: when one is due, from when it was done, and what the file may say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/zone.h"
#include "policy/duties.h"
#include "policy/faults.h"
#include "policy/roles.h"
#include "policy/yaml.h"
#include "privacy/duty.h"

#define TEXTS "text: {en: Look., zh: 检查。}, evidence: {en: Who., zh: 谁。}, owner: privacy"

struct read {
	struct yaml *y;
	struct faults faults;
	struct duties duties;
};

static void read_file(struct read *r, const char *text)
{
	*r = (struct read){ .faults = FAULTS_INIT };
	assert_int_equal(yaml_parse(span_str(text), "duties.yaml", &r->faults, &r->y, NULL), 0);
	assert_int_equal(duties_read(r->y, &r->faults, &r->duties), 0);
}

static void read_done(struct read *r)
{
	faults_done(&r->faults);
	yaml_free(r->y);
}

static int32_t day(int year, int month, int d)
{
	return civil_to_day((struct civil){ year, month, d });
}

static void expect_day(int32_t got, int32_t wanted)
{
	char a[CIVIL_DAY_SIZE], b[CIVIL_DAY_SIZE];

	civil_format_day(got, a);
	civil_format_day(wanted, b);
	assert_string_equal(a, b);
}

/* Known since 10 January 2026, asked on this day. */
static void expect_due(const struct duty *d, const struct duty_doing *last, int32_t today,
	int32_t wanted)
{
	expect_day(duty_due(d, day(2026, 1, 10), last, today), wanted);
}

static void a_duty_comes_again_so_many_months_after_it_was_done(void **state)
{
	struct duty_doing early = { day(2026, 1, 31), day(2026, 4, 10) };
	struct duty_doing late = { day(2026, 8, 31), day(2026, 4, 10) };
	const struct duty *d;
	struct read r;

	(void)state;
	read_file(&r, "duties:\n- {duty: look, " TEXTS ", months: 6, first: 90d}\n");
	assert_int_equal(r.faults.n, 0);
	d = &r.duties.v[0];
	expect_due(d, NULL, day(2026, 1, 20), day(2026, 4, 10));
	expect_due(d, &early, day(2026, 2, 1), day(2026, 7, 31));
	expect_due(d, &late, day(2026, 9, 1), day(2027, 2, 28)); /* there is no 31 February */
	assert_false(duty_was_late(d, &early));
	assert_true(duty_was_late(d, &late));
	read_done(&r);
}

static void a_day_of_the_calendar_is_met_when_it_is_done_shortly_before(void **state)
{
	struct duty_doing shortly = { day(2026, 7, 10), day(2026, 7, 15) };
	struct duty_doing long_before = { day(2026, 3, 1), day(2026, 7, 15) };
	struct duty_doing late = { day(2026, 7, 20), day(2026, 7, 15) };
	const struct duty *d;
	struct read r;

	(void)state;
	read_file(&r, "duties:\n- {duty: look, " TEXTS ", when: '0 0 15 1,7 *', warn: 14d, first: 1d}\n");
	assert_int_equal(r.faults.n, 0);
	d = &r.duties.v[0];
	expect_due(d, NULL, day(2026, 1, 10), day(2026, 1, 15));
	expect_due(d, &shortly, day(2026, 7, 10), day(2027, 1, 15));
	expect_due(d, &long_before, day(2026, 3, 1), day(2026, 7, 15));
	expect_due(d, &late, day(2026, 7, 20), day(2027, 1, 15));
	read_done(&r);
}

static void what_was_done_in_the_future_was_done_today(void **state)
{
	struct duty_doing ahead = { day(2031, 5, 5), day(2031, 5, 1) };
	const struct duty *d;
	struct read r;

	(void)state;
	read_file(&r, "duties:\n- {duty: look, " TEXTS ", months: 6}\n"
		      "- {duty: other, " TEXTS ", when: '0 0 15 1,7 *'}\n");
	assert_int_equal(r.faults.n, 0);
	d = &r.duties.v[0];
	expect_due(d, &ahead, day(2026, 6, 1), day(2026, 12, 1));
	expect_due(&r.duties.v[1], &ahead, day(2026, 6, 1), day(2026, 7, 15));
	/* and custosd knew of it from a day that is still to come */
	expect_day(duty_due(d, day(2031, 1, 1), NULL, day(2026, 6, 1)), day(2026, 8, 30));
	read_done(&r);
}

static void it_is_soon_then_due_then_late(void **state)
{
	int32_t due = day(2026, 6, 15);
	const struct duty *d;
	struct read r;

	(void)state;
	read_file(&r, "duties:\n- {duty: look, " TEXTS ", months: 6, warn: 10d, grace: 5d}\n");
	d = &r.duties.v[0];
	assert_int_equal(duty_state_of(d, due, due - 11), DUTY_OPEN);
	assert_int_equal(duty_state_of(d, due, due - 10), DUTY_SOON);
	assert_int_equal(duty_state_of(d, due, due - 1), DUTY_SOON);
	assert_int_equal(duty_state_of(d, due, due), DUTY_DUE);
	assert_int_equal(duty_state_of(d, due, due + 5), DUTY_DUE);
	assert_int_equal(duty_state_of(d, due, due + 6), DUTY_LATE);
	read_done(&r);
}

static void expect_fault(const char *text, const char *fault)
{
	static const struct role privacy = { .key = "privacy" };
	const struct roles roles = { .v = &privacy, .n = 1 };
	struct read r;

	read_file(&r, text);
	duties_check(&r.duties, &roles, "duties.yaml", &r.faults);
	if (r.faults.n != 1 || !strstr(r.faults.text[0], fault)) {
		fail_msg("%zu faults, the first: %s", r.faults.n, r.faults.n ? r.faults.text[0] : "");
	}
	read_done(&r);
}

static void a_duty_that_is_never_or_nobodys_is_a_fault(void **state)
{
	(void)state;
	expect_fault("duties:\n- {duty: look, " TEXTS "}\n",
		"duties.yaml:2: months: say when it is due by 'months' or by 'when'");
	expect_fault("duties:\n- {duty: look, " TEXTS ", months: 3, when: '0 0 1 1 *'}\n",
		"say when it is due by 'months' or by 'when'");
	expect_fault("duties:\n- {duty: look, " TEXTS ", when: '0 0 30 2 *'}\n",
		"is on no day of any year");
	expect_fault("duties:\n- {duty: look, " TEXTS ", months: 3}\n- {duty: look, " TEXTS
		     ", months: 4}\n", "duties.yaml:3: duty: 'look' stands twice; first in line 2");
	expect_fault("duties:\n- {duty: look, text: {en: a, zh: b}, evidence: {en: a, zh: b}, owner: boss,"
		     " months: 3}\n", "owner: 'boss' is no role of roles.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duty_comes_again_so_many_months_after_it_was_done),
		cmocka_unit_test(a_day_of_the_calendar_is_met_when_it_is_done_shortly_before),
		cmocka_unit_test(what_was_done_in_the_future_was_done_today),
		cmocka_unit_test(it_is_soon_then_due_then_late),
		cmocka_unit_test(a_duty_that_is_never_or_nobodys_is_a_fault),
	};

	zone_use("Europe/Berlin");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
