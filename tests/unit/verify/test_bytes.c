#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "verify/bytes.h"

static long decode(const char *text, uint8_t to[64])
{
	return bytes_unbase64(bytes_of_text(text), to, 64);
}

/* RFC 4648, 10; then what is not canonical, not padded, not of the alphabet. */
static void base64_is_read_in_its_one_form(void **state)
{
	static const char *const good[][2] = { { "Zg==", "f" }, { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" },
		{ "Zm9vYmFy", "foobar" } };
	static const char *const bad[] = { "", "=", "==", "====", "Zg",
		"Zg=", "Zh==", "Zm9=", "Z===", "Zm9v\n", " Zm9v", "Zm-v", "Zm_v",
		"Zg==Zg==", "Z=9v", "Zm9\xaf", "Zm9v====" };
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(decode(good[i][0], out), strlen(good[i][1]));
		assert_memory_equal(out, good[i][1], strlen(good[i][1]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode(bad[i], out) >= 0) {
			fail_msg("accepted: %s", bad[i]);
		}
	}
	assert_int_equal(bytes_unbase64(bytes_of_text("Zm9vYmFy"), out, 5), -1);
}

/* Two decoders, written apart. */
static void both_decoders_agree_on_random_text(void **state)
{
	static const char letters[] = "ABab01+/==\xaf-_ ";
	unsigned naccepted = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < 200000; i++) {
		char text[17];
		uint8_t ours[64] = { 0 }, theirs[64] = { 0 };
		size_t n = (size_t)(rand() % 4 + 1) * 4;
		long r;

		for (size_t k = 0; k < n; k++) {
			size_t cap = k + 2 < n ? 8 : sizeof(letters) - 1;

			text[k] = letters[(size_t)rand() % cap];
		}
		text[n] = '\0';
		r = decode(text, ours);
		naccepted += r > 0;
		assert_int_equal(
			r, text_unbase64(text, n, true, theirs, sizeof(theirs)));
		assert_memory_equal(ours, theirs, r > 0 ? (size_t)r : 0);
	}
	assert_true(naccepted > 10000);
}

static void text_is_utf8_of_the_shortest_form(void **state)
{
	static const char *const good[] = { "", "a\nb", "\u00e9\u2014\U0001f600",
		"\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "\x7f" };
	static const char *const bad[] = { "\t", "\r\n", "\x80", "\xc1\xbf", "\xc3",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xe2\x80",
		("\xe2\x80"
		 "a"),
		"\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(bytes_are_text(bytes_of_text(good[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bytes_are_text(bytes_of_text(bad[i]))) {
			fail_msg("accepted number %zu", i);
		}
	}
	assert_false(bytes_are_text(bytes_of("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_in_its_one_form),
		cmocka_unit_test(both_decoders_agree_on_random_text),
		cmocka_unit_test(text_is_utf8_of_the_shortest_form),
	};

	return cmocka_run_group_tests_name("verify/bytes", tests, NULL, NULL);
}
