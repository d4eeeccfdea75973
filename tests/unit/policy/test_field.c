#include "expect.h"

#include "base/buf.h"
#include "policy/field.h"

static const char *words[] = { "open", "closed" };

static const struct field fields[] = {
	{ .key = "name", .type = FIELD_TEXT, .max_bytes = 10 },
	{ .key = "note", .type = FIELD_TEXT, .max_bytes = 4096 },
	{ .key = "must", .type = FIELD_TEXT, .max_bytes = 10, .is_required = true },
	{ .key = "email", .type = FIELD_EMAIL, .max_bytes = 300, .index = INDEX_EMAIL },
	{ .key = "phone", .type = FIELD_PHONE, .max_bytes = 100, .index = INDEX_PHONE },
	{ .key = "date", .type = FIELD_DATE, .max_bytes = 4096 },
	{ .key = "decimal", .type = FIELD_DECIMAL, .max_bytes = 4096 },
	{ .key = "integer", .type = FIELD_INTEGER, .max_bytes = 4096 },
	{ .key = "boolean", .type = FIELD_BOOLEAN, .max_bytes = 4096 },
	{ .key = "word", .type = FIELD_WORD, .max_bytes = 4096, .words = { words, 2 } },
	{ .key = "scheme", .type = FIELD_WORD, .max_bytes = 4096 },
	{ .key = "number", .type = FIELD_TEXT, .max_bytes = 100, .index = INDEX_EXACT },
};

static const struct field *field(const char *key)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].key, key) == 0) {
			return &fields[i];
		}
	}
	fail_msg("no field %s", key);
	return NULL;
}

#define LOCAL64 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"
#define LABEL63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

/* field, a value that is fine */
static const char *const good[][2] = {
	{ "name", "" }, { "name", "  " }, { "name", "Zo\xc3\xab" }, { "name", "1234567890" },
	{ "note", "two\nlines\r\nand\ta tab" },
	{ "must", "x" },
	{ "email", "" }, { "email", "a@b.example" }, { "email", "o'neil+x@sub.b-c.example" },
	{ "email", " Luis.G@Example.COM \n" }, { "email", "j\xc3\xbcrgen@b\xc3\xbc.example" },
	{ "email", LOCAL64 "@" LABEL63 ".example" },
	{ "phone", "+55 (12) 3923-5555" }, { "phone", "0711 2842222" }, { "phone", "110" },
	{ "phone", "1.800/555-0100" },
	{ "date", "2024-02-29" }, { "date", "20240229" }, { "date", "2009-01-01 00:00:00" },
	{ "date", "2009-01-01T23:59:59.5+02:00" }, { "date", " 1960-05-08 " },
	{ "decimal", "0" }, { "decimal", "-12.50" }, { "decimal", "+3.14159" },
	{ "integer", "-9223372036854775808" }, { "integer", "007" },
	{ "boolean", "yes" }, { "boolean", "False" }, { "boolean", "1" },
	{ "word", "open" }, { "word", " closed" },
	{ "scheme", "tax_number" },
};

static void values_of_the_right_form_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cu_err err = { 0 };

		if (field_check_value(field(good[i][0]), good[i][1], strlen(good[i][1]), &err) != 0) {
			fail_msg("%s: case %zu: %s", good[i][0], i, err.msg);
		}
	}
}

#define NOT_EMAIL(what) "is not an e-mail address: what stands " what " the @"
#define NOT_PHONE       "is not a telephone number: only digits, + ( ) - . / and blanks"
#define NOT_DATE        "is not a date such as 2026-11-21"
#define NOT_DECIMAL     "is not a decimal number such as -12.50"
#define NOT_WORD        "is not a name: 1 to 63 of a-z, 0-9, '_', '.' and '-'"

/* field, a value, the reason against it */
static const char *const bad[][3] = {
	{ "name", "12345678901", "is longer than this field allows" },
	{ "name", "a\nb", "holds a control character" },
	{ "name", "a\tb", "holds a control character" },
	{ "name", "a\x7f", "holds a control character" },
	{ "name", "a\xc2\x85", "holds a control character" },
	{ "name", "a\xff", "is not UTF-8" },
	{ "name", "\xed\xa0\x80", "is not UTF-8" },
	{ "note", "a\x1b[2J", "holds a control character" },
	{ "note", "a\rb", "holds a control character" },
	{ "must", "", "is required" },
	{ "must", " \n", "is required" },
	{ "email", "nobody", "is not an e-mail address: it has no @" },
	{ "email", "@b.example", NOT_EMAIL("before") },
	{ "email", ".a@b.example", NOT_EMAIL("before") },
	{ "email", "a.@b.example", NOT_EMAIL("before") },
	{ "email", "a..b@b.example", NOT_EMAIL("before") },
	{ "email", "a b@b.example", NOT_EMAIL("before") },
	{ "email", "a@b@c.example", NOT_EMAIL("before") },
	{ "email", "x" LOCAL64 "@b.example", NOT_EMAIL("before") },
	{ "email", "a@", NOT_EMAIL("after") },
	{ "email", "a@localhost", NOT_EMAIL("after") },
	{ "email", "a@-b.example", NOT_EMAIL("after") },
	{ "email", "a@b-.example", NOT_EMAIL("after") },
	{ "email", "a@b..example", NOT_EMAIL("after") },
	{ "email", "a@b_c.example", NOT_EMAIL("after") },
	{ "email", "a@x" LABEL63 ".example", NOT_EMAIL("after") },
	{ "email", LOCAL64 "@" LABEL63 "." LABEL63 "." LABEL63,
		"is longer than an e-mail address may be" },
	{ "phone", "12", "is not a telephone number: too few or too many digits" },
	{ "phone", "+()-", "is not a telephone number: too few or too many digits" },
	{ "phone", "0711 CALL", NOT_PHONE },
	{ "phone", "0711\xc2\xa0" "12", NOT_PHONE },
	{ "date", "2023-02-29", NOT_DATE },
	{ "date", "2023-13-01", NOT_DATE },
	{ "date", "01.02.2023", NOT_DATE },
	{ "date", "2023-02-2", NOT_DATE },
	{ "date", "2023-02-20 at noon", NOT_DATE },
	{ "date", "2023-02-20 10:00 <script>", NOT_DATE },
	{ "decimal", "1,234.50", NOT_DECIMAL },
	{ "decimal", "1e3", NOT_DECIMAL },
	{ "decimal", ".5", NOT_DECIMAL },
	{ "decimal", "5.", NOT_DECIMAL },
	{ "decimal", "1.2.3", NOT_DECIMAL },
	{ "decimal", "-", NOT_DECIMAL },
	{ "decimal", "12345678901234567890123456789012345678901",
		"is not a decimal number: too long" },
	{ "integer", "1.0", "is not a whole number" },
	{ "integer", "+", "is not a whole number" },
	{ "integer", "9223372036854775808", "is not a whole number of 64 bits" },
	{ "boolean", "maybe", "is not yes, no, true, false, 1 or 0" },
	{ "boolean", "ye", "is not yes, no, true, false, 1 or 0" },
	{ "word", "Open", "is not one of the words of this field" },
	{ "word", "opens", "is not one of the words of this field" },
	{ "scheme", "Tax", NOT_WORD },
};

static void values_of_another_form_are_refused_without_being_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cu_err err = { 0 };
		char wanted[240];

		snprintf(wanted, sizeof(wanted), "%s: %s", bad[i][0], bad[i][2]);
		assert_int_equal(
			field_check_value(field(bad[i][0]), bad[i][1], strlen(bad[i][1]), &err),
			CU_EINVAL);
		assert_string_equal(err.msg, wanted);
	}
}

static void a_nul_is_refused_by_every_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct cu_err err = { 0 };

		assert_int_equal(field_check_value(&fields[i], "1\0", 2, &err), CU_EINVAL);
		assert_non_null(strstr(err.msg, "holds a control character"));
	}
}

/* field, a value, what it is looked up by */
static const char *const spellings[][3] = {
	{ "email", " Luis.G@Example.COM\n", "luis.g@example.com" },
	{ "email", "\xc3\x9cr@B.example", "\xc3\x9cr@b.example" },
	{ "phone", "+55 (12) 3923-5555", "+551239235555" },
	{ "phone", " 0711/28 42.222 ", "07112842222" },
	{ "phone", "1+23", "123" },
	{ "number", "  A 17 ", "A 17" },
};

static void one_spelling_stands_for_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct buf out = BUF_INIT_WIPE;

		assert_int_equal(field_normalise(field(spellings[i][0]), spellings[i][1],
					 strlen(spellings[i][1]), &out, NULL),
			0);
		assert_string_equal(buf_cstr(&out), spellings[i][2]);
		buf_done(&out);
	}
}

static void what_cannot_be_looked_up_is_refused(void **state)
{
	static const char *const cases[][3] = {
		{ "name", "x", "name: is not indexed" },
		{ "email", " ", "email: nothing to look up" },
		{ "number", "", "number: nothing to look up" },
		{ "phone", "+", "phone: nothing to look up" },
		{ "phone", "()", "phone: nothing to look up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT_WIPE;
		struct cu_err err = { 0 };

		buf_put_str(&out, "before");
		assert_int_equal(field_normalise(field(cases[i][0]), cases[i][1],
					 strlen(cases[i][1]), &out, &err),
			CU_EINVAL);
		assert_string_equal(err.msg, cases[i][2]);
		assert_string_equal(buf_cstr(&out), "before");
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_the_right_form_pass),
		cmocka_unit_test(values_of_another_form_are_refused_without_being_told),
		cmocka_unit_test(a_nul_is_refused_by_every_type),
		cmocka_unit_test(one_spelling_stands_for_all),
		cmocka_unit_test(what_cannot_be_looked_up_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
