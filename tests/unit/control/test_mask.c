/* What is left of a name and of a value for whoever may know that it is there, and not what it is. */
#include "check.h"

#include "control/mask.h"
#include "policy/schema.h"

static void expect_name(const char *name, const char *masked)
{
	struct buf to = BUF_INIT;

	mask_name(span_str(name), &to);
	assert_string_equal(buf_cstr(&to), masked);
	buf_done(&to);
}

static void of_each_part_of_a_name_the_first_letter_is_left(void **state)
{
	(void)state;
	expect_name("Leonie K\xc3\xb6hler", "L*** K***");
	expect_name("  \xc3\x89mile\t Zola ", "\xc3\x89*** Z***");
	expect_name("X", "X***"); /* how long it is does not show */
	expect_name("", "");
	expect_name(" \n", "");
}

static void names_that_are_written_without_blanks_are_one_part(void **state)
{
	(void)state;
	expect_name("\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e", "\xe7\x8e\x8b**");
	expect_name("\xea\xb9\x80\xec\xb2\xa0\xec\x88\x98", "\xea\xb9\x80**");    /* Hangul */
	expect_name("\xf0\xa0\xae\xb7\xe9\x87\x8e", "\xf0\xa0\xae\xb7**");          /* beyond the BMP */
	expect_name("\xf0\x9d\x94\xb8x", "\xf0\x9d\x94\xb8***");                      /* not an ideograph */
	expect_name("\xe2\x84\xab", "\xe2\x84\xab***");                               /* three bytes, a letter */
}

static void what_is_no_utf8_is_cut_at_the_end_of_the_value(void **state)
{
	(void)state;
	expect_name("\xe7\x8e", "\xe7\x8e***");
}

static void expect_masked(const struct field *f, const char *value, const char *masked)
{
	struct buf to = BUF_INIT;

	mask_value(f, span_str(value), &to);
	assert_string_equal(buf_cstr(&to), masked);
	buf_done(&to);
}

static void a_value_shows_what_its_kind_allows_and_else_nothing(void **state)
{
	const struct field mail = { .type = FIELD_EMAIL }, phone = { .type = FIELD_PHONE },
		name = { .category = "user.name.first" }, other = { .category = "user.health" };

	(void)state;
	expect_masked(&mail, "leonie@example.org", "l***@example.org");
	expect_masked(&mail, "@example.org", "***@example.org");
	expect_masked(&mail, "no address", "***");
	expect_masked(&phone, "+49 30 901820", "***20");
	expect_masked(&phone, "1104", "***"); /* two digits would be half of it */
	expect_masked(&name, "Ada Lovelace", "A*** L***");
	expect_masked(&other, "diabetes", "***");
	expect_masked(NULL, "whatever", "***");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_each_part_of_a_name_the_first_letter_is_left),
		cmocka_unit_test(names_that_are_written_without_blanks_are_one_part),
		cmocka_unit_test(what_is_no_utf8_is_cut_at_the_end_of_the_value),
		cmocka_unit_test(a_value_shows_what_its_kind_allows_and_else_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
