#include "check.h"

#include <errno.h>

struct row {
	int code;
	const char *wire;
	int status;
};

static const struct row rows[] = {
#define X(code, wire, status, meaning) { code, wire, status },
	CU_CODES(X)
#undef X
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void every_code_is_negative_and_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < NROWS; i++) {
		assert_true(rows[i].code < 0);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(rows[i].code, rows[k].code);
			assert_string_not_equal(rows[i].wire, rows[k].wire);
			assert_int_not_equal(rows[i].status, rows[k].status);
		}
	}
}

static void a_code_goes_to_its_wire_name_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < NROWS; i++) {
		assert_string_equal(cu_err_wire_name(rows[i].code), rows[i].wire);
		assert_int_equal(cu_err_from_wire_name(rows[i].wire), rows[i].code);
		assert_int_equal(cu_err_exit_status(rows[i].code), rows[i].status);
		assert_true(strlen(cu_err_meaning(rows[i].code)) > 0);
	}
	assert_int_equal(cu_err_from_wire_name("notfound"), 0);
	assert_int_equal(cu_err_from_wire_name(""), 0);
}

static void the_published_numbers_and_names_stay_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(CU_EINVAL, -999);
	assert_int_equal(CU_EINTERNAL, -981);
	assert_int_equal(cu_err_exit_status(CU_EINVAL), 64);
	assert_int_equal(cu_err_exit_status(CU_ENOENT), 66);
	assert_int_equal(cu_err_exit_status(CU_EDENIED), 77);
	assert_string_equal(cu_err_wire_name(CU_ENOENT), "NotFound");
}

static void an_unknown_code_reads_as_a_defect(void **state)
{
	static const int unknown[] = { 0, 1, -1, -1000, -2000, INT32_MIN, INT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_string_equal(cu_err_wire_name(unknown[i]), "Internal");
		assert_int_equal(cu_err_exit_status(unknown[i]), 70);
	}
}

static void set_fills_code_and_message_and_returns_the_code(void **state)
{
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(cu_err_set(&err, CU_ELIMIT, "%d of %s", 3, "four"), CU_ELIMIT);
	assert_int_equal(err.code, CU_ELIMIT);
	assert_string_equal(err.msg, "3 of four");
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(cu_err_set(NULL, CU_EIO, "x"), CU_EIO);
	assert_int_equal(cu_err_errno(NULL, ENOENT, "x"), CU_ENOENT);
	assert_int_equal(cu_err_wrap(NULL, CU_EBUSY, "x"), CU_EBUSY);
}

static void a_long_message_is_cut_and_ends(void **state)
{
	struct cu_err err;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cu_err_set(&err, CU_EIO, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void an_errno_becomes_the_code_that_fits(void **state)
{
	static const struct {
		int number, code;
	} pairs[] = { { ENOENT, CU_ENOENT }, { ENOTDIR, CU_ENOENT }, { EEXIST, CU_EEXIST },
		{ EACCES, CU_EDENIED }, { EPERM, CU_EDENIED }, { EROFS, CU_EDENIED },
		{ ENOMEM, CU_ENOMEM }, { ENOSPC, CU_ENOSPC }, { EDQUOT, CU_ENOSPC },
		{ EIO, CU_EIO }, { EBADF, CU_EIO }, { EINVAL, CU_EINVAL },
		{ ENAMETOOLONG, CU_EINVAL }, { ETIMEDOUT, CU_ETIMEDOUT }, { EAGAIN, CU_EBUSY },
		{ ECONNREFUSED, CU_EUNAVAIL } };
	struct cu_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(cu_err_errno(&err, pairs[i].number, "open %s", "a"), pairs[i].code);
		assert_int_equal(err.code, pairs[i].code);
		assert_int_equal(strncmp(err.msg, "open a: ", 8), 0);
		assert_string_equal(err.msg + 8, strerror(pairs[i].number));
	}
}

static void wrap_puts_a_prefix_and_keeps_what_is_below(void **state)
{
	struct cu_err err;

	(void)state;
	cu_err_set(&err, CU_ECORRUPT, "tag mismatch");
	cu_err_wrap(&err, CU_ECORRUPT, "range %d", 7);
	assert_int_equal(cu_err_wrap(&err, CU_EIO, "restore %s", "41"), CU_EIO);
	assert_int_equal(err.code, CU_EIO);
	assert_string_equal(err.msg, "restore 41: range 7: tag mismatch");
}

static void wrap_of_a_full_message_cuts_its_end_only(void **state)
{
	struct cu_err err;
	char text[sizeof(err.msg)];

	(void)state;
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t n = 0; n < 2 * sizeof(err.msg); n++) {
		char prefix[2 * sizeof(err.msg)];

		memset(prefix, 'x', n);
		prefix[n] = '\0';
		cu_err_set(&err, CU_EIO, "%s", text);
		cu_err_wrap(&err, CU_EIO, "%s", prefix);
		assert_true(strlen(err.msg) < sizeof(err.msg));
		if (n < sizeof(err.msg)) {
			assert_int_equal(strncmp(err.msg, prefix, n), 0);
		}
		if (n < sizeof(err.msg) - 4) {
			assert_int_equal(strncmp(err.msg + n, ": y", 3), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_negative_and_its_own),
		cmocka_unit_test(a_code_goes_to_its_wire_name_and_back),
		cmocka_unit_test(the_published_numbers_and_names_stay_what_they_are),
		cmocka_unit_test(an_unknown_code_reads_as_a_defect),
		cmocka_unit_test(set_fills_code_and_message_and_returns_the_code),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(a_long_message_is_cut_and_ends),
		cmocka_unit_test(an_errno_becomes_the_code_that_fits),
		cmocka_unit_test(wrap_puts_a_prefix_and_keeps_what_is_below),
		cmocka_unit_test(wrap_of_a_full_message_cuts_its_end_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
