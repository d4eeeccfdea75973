#include "check.h"
#include "privacy/fill.h"

static const struct fill_value values[] = { { "name", "王小明" }, { "day", "2 March 2026" },
	{ "empty", "" }, { "absent", NULL } };

#define NVALUES (sizeof(values) / sizeof(values[0]))

static void placeholders_are_replaced_and_the_rest_stays(void **state)
{
	struct buf out = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(fill("Dear {name},\nuntil {day}: {day}{name}.", values, NVALUES, &out, &err), &err);
	assert_string_equal(buf_cstr(&out),
		"Dear 王小明,\nuntil 2 March 2026: 2 March 2026王小明.");
	buf_done(&out);
}

static void a_value_is_not_looked_at_for_placeholders(void **state)
{
	const struct fill_value v[] = { { "name", "{day}" } };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(fill("{name}", v, 1, &out, NULL), 0);
	assert_string_equal(buf_cstr(&out), "{day}");
	buf_done(&out);
}

static void what_has_no_value_is_named(void **state)
{
	struct buf out = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(fill("a {empty}", values, NVALUES, &out, &err), CU_ENOENT, &err,
		"{empty} has no value");
	assert_fails(fill("a {absent}", values, NVALUES, &out, &err), CU_ENOENT, &err,
		"{absent} has no value");
	assert_fails(fill("a {nam}", values, NVALUES, &out, &err), CU_ENOENT, &err,
		"{nam} has no value");
	assert_fails(fill("a {name", values, NVALUES, &out, &err), CU_EINVAL, &err,
		"'{name' is not closed");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placeholders_are_replaced_and_the_rest_stays),
		cmocka_unit_test(a_value_is_not_looked_at_for_placeholders),
		cmocka_unit_test(what_has_no_value_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
