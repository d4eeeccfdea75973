#include "check.h"

#include "base/text.h"

/* --- hex ---------------------------------------------------------------------------------- */

static void hex_goes_there_and_back_in_either_case(void **state)
{
	uint8_t all[256], back[256];
	char text[513], upper[513];

	(void)state;
	for (int i = 0; i < 256; i++) {
		all[i] = (uint8_t)i;
	}
	text_hex(all, 256, text);
	assert_int_equal(strlen(text), 512);
	for (int i = 0; i < 513; i++) {
		assert_true(text[i] < 'A' || text[i] > 'Z');
		upper[i] = (char)(text[i] >= 'a' ? text[i] - 32 : text[i]);
	}
	assert_true(text_unhex(text, 512, back, 256));
	assert_memory_equal(back, all, 256);
	assert_true(text_unhex(upper, 512, back, 256));
	assert_memory_equal(back, all, 256);
}

static void only_hex_digits_in_the_right_number_are_hex(void **state)
{
	uint8_t out[2];

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[4] = { '0', (char)c, 'f', 'F' };
		bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
			(c >= 'A' && c <= 'F');

		assert_int_equal(text_unhex(text, 4, out, 2), is_digit);
	}
	assert_false(text_unhex("000", 3, out, 2));
	assert_false(text_unhex("00000", 5, out, 2));
	assert_false(text_unhex("0000", 4, out, 1));
	assert_true(text_unhex("", 0, out, 0));
}

/* --- base64 ------------------------------------------------------------------------------- */

/* RFC 4648, part 10. */
static const char *const rfc[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
	{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" } };

static void base64_agrees_with_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc) / sizeof(rfc[0]); i++) {
		const char *plain = rfc[i][0], *wanted = rfc[i][1];
		size_t unpadded = strcspn(wanted, "=");
		char text[16];
		uint8_t back[8];

		assert_int_equal(text_base64((const uint8_t *)plain, strlen(plain), true, text),
			strlen(wanted));
		assert_string_equal(text, wanted);
		assert_int_equal(text_base64((const uint8_t *)plain, strlen(plain), false, text),
			unpadded);
		assert_int_equal(strlen(text), unpadded);
		assert_memory_equal(text, wanted, unpadded);

		assert_int_equal(text_unbase64(wanted, strlen(wanted), true, back, 8), strlen(plain));
		assert_memory_equal(back, plain, strlen(plain));
		assert_int_equal(text_unbase64(wanted, unpadded, false, back, 8), strlen(plain));
		assert_memory_equal(back, plain, strlen(plain));
	}
}

static void every_length_fits_the_size_that_the_header_names(void **state)
{
	uint8_t bytes[80], back[80];

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		char *text = malloc(TEXT_BASE64_SIZE(n));
		size_t len = text_base64(bytes, n, true, text);

		assert_int_equal(len + 1, TEXT_BASE64_SIZE(n));
		assert_int_equal(text_unbase64(text, len, true, back, n), n);
		assert_memory_equal(back, bytes, n);
		if (n > 0) {
			assert_int_equal(text_unbase64(text, len, true, back, n - 1), -1);
		}
		free(text);
	}
}

/* Of all texts of four characters out of a small alphabet, exactly one stands for each value:
 * what is read is written back as the same text. */
static void one_value_has_one_spelling(void **state)
{
	static const char alphabet[] = "AQgw/+9Zz= \n-_.";
	size_t n = sizeof(alphabet) - 1;

	(void)state;
	for (size_t v = 0; v < n * n * n * n; v++) {
		char text[4] = { alphabet[v % n], alphabet[v / n % n], alphabet[v / n / n % n],
			alphabet[v / n / n / n] };
		char again[8];
		uint8_t out[3];
		long got = text_unbase64(text, 4, true, out, 3);

		if (got >= 0) {
			assert_int_equal(text_base64(out, (size_t)got, true, again), 4);
			assert_memory_equal(again, text, 4);
		}
		for (size_t len = 0; len <= 4; len++) {
			got = text_unbase64(text, len, false, out, 3);
			if (got >= 0) {
				assert_int_equal(text_base64(out, (size_t)got, false, again), len);
				assert_memory_equal(again, text, len);
			}
		}
	}
}

static void stray_bits_and_wrong_padding_are_refused(void **state)
{
	static const char *const bad[] = { "Zh==", "Zm9=", "Zg=", "Zg", "Zg===", "=", "==", "===",
		"====", "A===", "Z=g=", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "Zm9v=" };
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (text_unbase64(bad[i], strlen(bad[i]), true, out, sizeof(out)) != -1) {
			fail_msg("'%s' was taken", bad[i]);
		}
	}
	assert_int_equal(text_unbase64("Zh", 2, false, out, sizeof(out)), -1);
	assert_int_equal(text_unbase64("Zm9", 3, false, out, sizeof(out)), -1);
	assert_int_equal(text_unbase64("Zg==", 4, false, out, sizeof(out)), -1);
	assert_int_equal(text_unbase64("Z", 1, false, out, sizeof(out)), -1);
	assert_int_equal(text_unbase64("Zm9v\0", 5, false, out, sizeof(out)), -1);
	assert_int_equal(text_unbase64("Zm\0v", 4, true, out, sizeof(out)), -1);
}

/* --- UTF-8 -------------------------------------------------------------------------------- */

/* The Unicode Standard, table 3-7: well-formed byte sequences. */
static bool is_well_formed(const uint8_t *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint8_t a = s[i], low = 0x80, high = 0xbf;
		size_t more;

		if (a <= 0x7f) {
			i++;
			continue;
		}
		if (a >= 0xc2 && a <= 0xdf) {
			more = 1;
		} else if (a >= 0xe0 && a <= 0xef) {
			more = 2;
			low = a == 0xe0 ? 0xa0 : low;
			high = a == 0xed ? 0x9f : high;
		} else if (a >= 0xf0 && a <= 0xf4) {
			more = 3;
			low = a == 0xf0 ? 0x90 : low;
			high = a == 0xf4 ? 0x8f : high;
		} else {
			return false;
		}
		for (size_t k = 1; k <= more; k++) {
			if (i + k >= n || s[i + k] < low || s[i + k] > high) {
				return false;
			}
			low = 0x80;
			high = 0xbf;
		}
		i += more + 1;
	}
	return true;
}

static void utf8_is_what_the_unicode_table_says(void **state)
{
	static const uint8_t tails[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
		0xff };
	size_t n = sizeof(tails);

	(void)state;
	for (unsigned lead = 0; lead < 256; lead++) {
		for (size_t v = 0; v < n * n * n; v++) {
			uint8_t s[4] = { (uint8_t)lead, tails[v % n], tails[v / n % n],
				tails[v / n / n] };

			for (size_t len = 1; len <= 4; len++) {
				if (text_is_utf8((const char *)s, len) != is_well_formed(s, len)) {
					fail_msg("%02x %02x %02x %02x, %zu bytes", s[0], s[1], s[2],
						s[3], len);
				}
			}
		}
	}
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8(NULL, 0));
}

static void a_sequence_is_as_long_as_its_lead_says_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_len("a\xff", 2), 1);
	assert_int_equal(text_utf8_len("\xc3\xab", 2), 2);
	assert_int_equal(text_utf8_len("\xc3\xab", 1), 0);
	assert_int_equal(text_utf8_len("\xe2\x82\xac", 3), 3);
	assert_int_equal(text_utf8_len("\xf0\x9f\x94\x91zz", 6), 4);
	assert_int_equal(text_utf8_len("\xc0\x80", 2), 0);
	assert_int_equal(text_utf8_len("\x80", 1), 0);
	assert_int_equal(text_utf8_len("", 0), 0);
}

/* --- escaping ----------------------------------------------------------------------------- */

static void escape_of_each_byte_is_itself_or_its_hex(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char s[2] = { (char)c, '\0' }, out[16], wanted[16];

		if (c >= 0x20 && c < 0x7f) {
			snprintf(wanted, sizeof(wanted), "%c", c);
		} else {
			snprintf(wanted, sizeof(wanted), "\\x%02x", (unsigned)c);
		}
		text_escape(s, out, sizeof(out));
		assert_string_equal(out, wanted);
	}
}

static size_t put_code_point(uint32_t cp, char *s)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 0;) {
		s[i] = (char)(n == 1 ? cp : i > 0 ? 0x80 | (cp & 0x3f) : (0xf00 >> n & 0xff) | cp);
		cp >>= 6;
	}
	s[n] = '\0';
	return n;
}

static void no_control_and_no_bidi_mark_of_unicode_gets_through(void **state)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = { { 0x01, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff } };

	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		for (uint32_t cp = hidden[i].from; cp <= hidden[i].to; cp++) {
			char s[5], out[32];
			size_t n = put_code_point(cp, s);

			text_escape(s, out, sizeof(out));
			assert_int_equal(strlen(out), 4 * n);
			for (size_t k = 0; k < 4 * n; k++) {
				assert_true(out[k] > 0x20 && out[k] < 0x7f);
			}
		}
	}
}

static void letters_of_all_scripts_stay(void **state)
{
	static const char text[] = "Zo\xc3\xab \xd7\x90\xd8\xa7 \xe6\xbc\xa2 \xf0\x9f\x94\x91";
	char out[64];

	(void)state;
	text_escape(text, out, sizeof(out));
	assert_string_equal(out, text);
}

static void escape_is_cut_between_characters_at_any_size(void **state)
{
	static const char text[] = "a\xc3\xab\n\xe2\x82\xac\xff\xe2\x80\xae z";
	char whole[64];

	(void)state;
	text_escape(text, whole, sizeof(whole));
	for (size_t cap = 0; cap <= strlen(whole) + 1; cap++) {
		char *out = malloc(cap ? cap : 1);

		text_escape(text, out, cap);
		if (cap > 0) {
			assert_true(strlen(out) < cap);
			assert_int_equal(strncmp(out, whole, strlen(out)), 0);
			assert_true(text_is_utf8(out, strlen(out)));
		}
		free(out);
	}
}

/* --- distance ----------------------------------------------------------------------------- */

static void distance_counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned wanted;
	} cases[] = { { "", "", 0 }, { "a", "", 1 }, { "", "abc", 3 }, { "status", "status", 0 },
		{ "status", "statsu", 1 }, { "status", "staus", 1 }, { "status", "statusx", 1 },
		{ "status", "stbtus", 1 }, { "kitten", "sitting", 3 }, { "ca", "abc", 3 },
		{ "ab", "ba", 1 }, { "abcd", "badc", 2 }, { "export", "import", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_distance(cases[i].a, cases[i].b, 10), cases[i].wanted);
		assert_int_equal(text_distance(cases[i].b, cases[i].a, 10), cases[i].wanted);
	}
}

static void distance_stops_at_its_bound(void **state)
{
	char long_word[65];

	(void)state;
	assert_int_equal(text_distance("kitten", "sitting", 3), 3);
	assert_int_equal(text_distance("kitten", "sitting", 2), 3);
	assert_int_equal(text_distance("abc", "xyz", 0), 1);
	memset(long_word, 'a', 64);
	long_word[64] = '\0';
	assert_int_equal(text_distance(long_word, "a", 2), 3);
	assert_int_equal(text_distance("a", long_word, 2), 3);
	assert_int_equal(text_distance(long_word + 1, long_word + 1, 2), 0);
	assert_int_equal(text_distance(long_word + 1, long_word + 2, 2), 1);
}

static void blank_is_what_nobody_typed_anything_into(void **state)
{
	(void)state;
	assert_true(text_is_blank(""));
	assert_true(text_is_blank(" \t\r\n "));
	assert_false(text_is_blank("\n."));
	assert_false(text_is_blank("　")); /* a wide blank is typed on purpose */
}

static void a_text_that_is_cut_ends_between_letters(void **state)
{
	static const struct {
		const char *text;
		size_t columns, bytes;
	} cases[] = { { "", 0, 0 }, { "abc", 0, 0 }, { "abc", 2, 2 }, { "abc", 9, 3 }, { "王小明", 6, 9 },
		{ "王小明", 5, 6 }, { "王小明", 1, 0 }, { "e\xcc\x81x", 1, 3 }, { "\xff\xff", 1, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_fit(cases[i].text, cases[i].columns), cases[i].bytes);
	}
}

static void width_is_what_a_terminal_shows(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = { { "", 0 }, { "abc", 3 }, { "个人信息", 8 }, { "“a”，", 5 }, { "e\xcc\x81", 1 },
		{ "Müller", 6 }, { "한", 2 }, { "𠮷", 2 }, { "a\xff", 2 },
		{ "ｱ", 1 },                        /* half-width katakana */
		{ "Ａ", 2 },                        /* full-width Latin */
		{ "¡±αЯ°…", 6 },                    /* ambiguous: narrow */
		{ "שלום", 4 }, { "שָׁלוֹם", 4 },      /* with points */
		{ "नमस्ते", 4 },                       /* a virama and a vowel sign have no column of their own */
		{ "\u1112\u1161\u11ab", 2 },       /* a syllable of Hangul by its letters */
		{ "\U0001f600", 2 }, { "\u231a\ufe0f", 2 }, { "\u2328", 1 },
		{ "\u00ad", 1 }, { "\u3000", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_goes_there_and_back_in_either_case),
		cmocka_unit_test(only_hex_digits_in_the_right_number_are_hex),
		cmocka_unit_test(base64_agrees_with_the_rfc),
		cmocka_unit_test(every_length_fits_the_size_that_the_header_names),
		cmocka_unit_test(one_value_has_one_spelling),
		cmocka_unit_test(stray_bits_and_wrong_padding_are_refused),
		cmocka_unit_test(utf8_is_what_the_unicode_table_says),
		cmocka_unit_test(a_sequence_is_as_long_as_its_lead_says_or_nothing),
		cmocka_unit_test(escape_of_each_byte_is_itself_or_its_hex),
		cmocka_unit_test(no_control_and_no_bidi_mark_of_unicode_gets_through),
		cmocka_unit_test(letters_of_all_scripts_stay),
		cmocka_unit_test(escape_is_cut_between_characters_at_any_size),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(distance_stops_at_its_bound),
		cmocka_unit_test(width_is_what_a_terminal_shows),
		cmocka_unit_test(a_text_that_is_cut_ends_between_letters),
		cmocka_unit_test(blank_is_what_nobody_typed_anything_into),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
