#include "check.h"

#include <jansson.h>

#include "base/json.h"

/* The writer's text of one string value. */
static const char *quoted(struct buf *b, const char *s, size_t n)
{
	struct json j = json_to(b);

	buf_clear(b);
	json_strn(&j, NULL, s, n);
	return buf_cstr(b);
}

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	json_open_object(&j, NULL);
	json_str(&j, "a", "x");
	json_open_array(&j, "b");
	json_int(&j, NULL, -1);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_open_array(&j, NULL);
	json_close_array(&j);
	json_bool(&j, NULL, true);
	json_bool(&j, NULL, false);
	json_close_array(&j);
	json_str(&j, "c", NULL);
	json_hex(&j, "d", (const uint8_t *)"\x00\xff", 2);
	json_raw(&j, "e", "[1]", 3);
	json_close_object(&j);
	assert_string_equal(buf_cstr(&b), "{\"a\":\"x\",\"b\":[-1,{},[],true,false],\"c\":null,"
					  "\"d\":\"00ff\",\"e\":[1]}");
	buf_done(&b);
}

static void numbers_keep_all_their_digits(void **state)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	json_open_array(&j, NULL);
	json_int(&j, NULL, INT64_MIN);
	json_int(&j, NULL, INT64_MAX);
	json_uint(&j, NULL, UINT64_MAX);
	json_close_array(&j);
	assert_string_equal(buf_cstr(&b),
		"[-9223372036854775808,9223372036854775807,18446744073709551615]");
	buf_done(&b);
}

/* Another JSON library reads every ASCII character back, NUL included. */
static void every_ascii_character_comes_back(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int c = 0; c < 0x80; c++) {
		char s[3] = { 'a', (char)c, 'z' };
		json_error_t error;
		json_t *read;

		quoted(&b, s, sizeof(s));
		read = json_loadb(
			(const char *)b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (!read) {
			fail_msg("character %d: %s", c, error.text);
		}
		assert_int_equal(json_string_length(read), 3);
		assert_memory_equal(json_string_value(read), s, 3);
		json_decref(read);
		for (size_t i = 0; i < b.n; i++) {
			assert_true(b.p[i] >= 0x20); /* nothing that ends a line or a frame */
		}
	}
	buf_done(&b);
}

static void quotes_in_a_key_are_escaped_too(void **state)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	json_open_object(&j, NULL);
	json_bool(&j, "a\"\\\n", true);
	json_close_object(&j);
	assert_string_equal(buf_cstr(&b), "{\"a\\\"\\\\\\n\":true}");
	buf_done(&b);
}

static void an_empty_text_may_have_no_place(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(quoted(&b, NULL, 0), "\"\"");
	buf_done(&b);
}

static void valid_utf8_is_written_as_it_is(void **state)
{
	static const char text[] = "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x94\x91";
	struct buf b = BUF_INIT;

	(void)state;
	quoted(&b, text, strlen(text));
	assert_int_equal(b.n, strlen(text) + 2);
	assert_memory_equal(b.p + 1, text, strlen(text));
	buf_done(&b);
}

static void an_invalid_byte_becomes_a_mark_and_its_neighbours_stay(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(quoted(&b, "a\xff\"b", 4), "\"a\xef\xbf\xbd\\\"b\"");
	assert_string_equal(quoted(&b, "\xc3\xab\xc3", 3), "\"\xc3\xab\xef\xbf\xbd\"");
	assert_string_equal(quoted(&b, "\xed\xa0\x80", 3),
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* half of a surrogate pair */
	assert_string_equal(quoted(&b, "\xf0\x9f\x94", 3),
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* cut off */
	buf_done(&b);
}

static void whatever_two_bytes_come_the_text_is_json(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned v = 0; v < 0x10000; v++) {
		char s[2] = { (char)(v >> 8), (char)v };
		json_t *read;

		quoted(&b, s, sizeof(s));
		read = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (!read) {
			fail_msg("bytes %04x are no JSON", v);
		}
		json_decref(read);
	}
	buf_done(&b);
}

/* Signed texts are made of it: no empty line, whatever the strings hold. */
static void what_is_indented_is_the_same_value(void **state)
{
	static const char compact[] =
		"{\"a\":\"x,{[: \\\"}\\\\\",\"b\":[-1,{},[],[true,null]],\"c\":{\"d\":\"\"}}";
	struct buf b = BUF_INIT;
	json_t *before = json_loads(compact, 0, NULL), *after;

	(void)state;
	json_indent(span_str(compact), &b);
	after = json_loads(buf_cstr(&b), 0, NULL);
	assert_true(json_equal(before, after));
	assert_null(strstr(buf_cstr(&b), "\n\n"));
	assert_string_equal(strstr(buf_cstr(&b), "  \"b\""),
		"  \"b\": [\n    -1,\n    {},\n    [],\n    [\n      true,\n      null\n    ]\n  ],\n"
		"  \"c\": {\n    \"d\": \"\"\n  }\n}\n");
	json_decref(before);
	json_decref(after);
	buf_done(&b);
}

static void want_of_memory_shows_in_the_buffer(void **state)
{
	struct buf b = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	assert_null(buf_room(&b, SIZE_MAX));
	json_str(&j, NULL, "\xff");
	assert_int_equal(buf_check(&b, NULL), CU_ENOMEM);
	buf_done(&b);
}

static void a_text_without_memory_fails_the_whole(void **state)
{
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct json j = json_to(&b);

	(void)state;
	buf_put_str(&text, "half of ");
	assert_null(buf_room(&text, SIZE_MAX));
	json_buf(&j, NULL, &text);
	assert_int_equal(buf_check(&b, NULL), CU_ENOMEM);
	buf_done(&text);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_values_and_nowhere_else),
		cmocka_unit_test(numbers_keep_all_their_digits),
		cmocka_unit_test(every_ascii_character_comes_back),
		cmocka_unit_test(quotes_in_a_key_are_escaped_too),
		cmocka_unit_test(an_empty_text_may_have_no_place),
		cmocka_unit_test(valid_utf8_is_written_as_it_is),
		cmocka_unit_test(an_invalid_byte_becomes_a_mark_and_its_neighbours_stay),
		cmocka_unit_test(whatever_two_bytes_come_the_text_is_json),
		cmocka_unit_test(what_is_indented_is_the_same_value),
		cmocka_unit_test(want_of_memory_shows_in_the_buffer),
		cmocka_unit_test(a_text_without_memory_fails_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
