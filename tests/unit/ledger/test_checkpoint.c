/* A checkpoint has one spelling. */
#include "check.h"

#include "ledger/checkpoint.h"
#include "ledger/ledger.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void three_lines_become_a_head_and_back(void **state)
{
	static const char text[] = "example.org/log\n20852163\n" ROOT "\n";
	struct buf back = BUF_INIT;
	struct log_head head;

	(void)state;
	assert_int_equal(checkpoint_parse(span_str(text), &head, NULL), 0);
	assert_string_equal(head.origin, "example.org/log");
	assert_true(head.size == 20852163);
	assert_int_equal(checkpoint_format(&head, &back, NULL), 0);
	assert_string_equal(buf_cstr(&back), text);
	buf_done(&back);
}

static void lines_that_follow_are_passed_over_if_they_are_lines(void **state)
{
	struct log_head head;

	(void)state;
	assert_int_equal(checkpoint_parse(span_str("o\n0\n" ROOT "\nmore\nand more\n"), &head, NULL), 0);
	assert_true(head.size == 0);
	assert_int_equal(checkpoint_parse(span_str("o\n18446744073709551615\n" ROOT "\n"), &head, NULL), 0);
	assert_true(head.size == UINT64_MAX);
}

static void anything_else_is_refused_with_the_line_that_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} all[] = {
		{ "", "no origin" },
		{ "\n1\n" ROOT "\n", "no origin" },
		{ "o", "no origin" },
		{ "o\r\n1\n" ROOT "\n", "no origin" },
		{ "o\n\n" ROOT "\n", "no size" },
		{ "o\n01\n" ROOT "\n", "no size" },
		{ "o\n-1\n" ROOT "\n", "no size" },
		{ "o\n1 \n" ROOT "\n", "no size" },
		{ "o\n:\n" ROOT "\n", "no size" },
		{ "o\n18446744073709551616\n" ROOT "\n", "no size" },
		{ "o\n123456789012345678901234\n" ROOT "\n", "no size" },
		{ "o\n1\n", "no root" },
		{ "o\n1\n" ROOT, "no root" },
		{ "o\n1\nCsUY\n", "no root" },
		{ "o\n1\n" ROOT "=\n", "no root" },
		{ "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "no root" }, /* the last bits are not 0 */
		{ "o\n1\n" ROOT "\n\n", "an empty line" },
		{ "o\n1\n" ROOT "\na\n\nb\n", "an empty line" },
		{ "o\n1\n" ROOT "\na", "an empty line" },
	};
	struct log_head head = { .size = 7 };
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(checkpoint_parse(span_str(all[i].text), &head, &err), CU_ECORRUPT);
		if (!strstr(err.msg, all[i].says)) {
			fail_msg("case %zu: %s", i, err.msg);
		}
	}
	assert_int_equal(checkpoint_parse(span_of("o\0x\n1\n" ROOT "\n", 6 + sizeof(ROOT)), &head, &err), CU_ECORRUPT);
	assert_true(head.size == 7); /* untouched */
}

static void an_origin_that_is_no_line_is_not_written(void **state)
{
	static const char *const origins[] = { "", "a\nb", "a\r" };
	struct buf to = BUF_INIT;
	struct log_head head = { .size = 1 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		strcpy(head.origin, origins[i]);
		assert_int_equal(checkpoint_format(&head, &to, NULL), CU_EINVAL);
		assert_int_equal(to.n, 0);
	}
	buf_done(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_lines_become_a_head_and_back),
		cmocka_unit_test(lines_that_follow_are_passed_over_if_they_are_lines),
		cmocka_unit_test(anything_else_is_refused_with_the_line_that_is_wrong),
		cmocka_unit_test(an_origin_that_is_no_line_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
