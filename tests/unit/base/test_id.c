#include "check.h"

#include "base/id.h"

static void ids_differ_from_each_other_and_from_none(void **state)
{
	struct id ids[64];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		ids[i] = id_new();
		assert_false(id_is_nil(&ids[i]));
		for (size_t k = 0; k < i; k++) {
			assert_false(id_eq(&ids[i], &ids[k]));
		}
	}
}

static void an_id_is_written_and_read(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct id id = id_new(), back;
		char text[ID_TEXT_SIZE];

		id_format(&id, text);
		assert_int_equal(strlen(text), ID_TEXT_SIZE - 1);
		assert_true(id_parse(text, &back));
		assert_true(id_eq(&id, &back));
	}
}

static void what_is_no_id_is_refused_and_nothing_is_set(void **state)
{
	static const char good[] = "00112233445566778899aabbccddeeff";
	struct id id = id_new(), before = id;

	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		char *cut = strndup(good, n);

		assert_false(id_parse(cut, &id));
		free(cut);
	}
	assert_false(id_parse("00112233445566778899aabbccddeeff0", &id));
	assert_false(id_parse("00112233445566778899aabbccddeefg", &id));
	assert_false(id_parse(" 0112233445566778899aabbccddeeff", &id));
	assert_true(id_eq(&id, &before));
}

static void any_number_of_random_bytes_is_filled_and_no_more(void **state)
{
	(void)state;
	for (size_t n = 0; n < 2000; n += 37) {
		uint8_t *p = calloc(1, n + 1);
		size_t zeros = 0;

		p[n] = 0x5a;
		id_random_bytes(p, n);
		assert_int_equal(p[n], 0x5a);
		for (size_t i = 0; i < n; i++) {
			zeros += p[i] == 0;
		}
		assert_true(zeros <= 5 + n / 16);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_differ_from_each_other_and_from_none),
		cmocka_unit_test(an_id_is_written_and_read),
		cmocka_unit_test(what_is_no_id_is_refused_and_nothing_is_set),
		cmocka_unit_test(any_number_of_random_bytes_is_filled_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
