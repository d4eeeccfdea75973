#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "intake/charset.h"

#define MARK "\xff"

static int collect(void *ctx, struct span utf8, struct cu_err *err)
{
	(void)err;
	buf_put_span(ctx, utf8);
	return 0;
}

static struct charset *open_charset(const char *name)
{
	struct charset *cs = NULL;
	struct cu_err err;

	if (charset_open(name, &cs, &err) < 0) {
		fail_msg("%s: %s", name, err.msg);
	}
	return cs;
}

/* Fed in two pieces, or bytewise when cut is SIZE_MAX. */
static void read_cut(const char *name, struct span in, size_t cut, struct buf *got, char *used)
{
	struct charset *cs = open_charset(name);

	if (cut == SIZE_MAX) {
		for (size_t i = 0; i < in.n; i++) {
			assert_int_equal(charset_feed(cs, span_of(in.p + i, 1), collect, got, NULL),
				0);
		}
	} else {
		assert_int_equal(charset_feed(cs, span_of(in.p, cut), collect, got, NULL), 0);
		assert_int_equal(charset_feed(cs, span_of(in.p + cut, in.n - cut), collect, got,
					 NULL),
			0);
	}
	assert_int_equal(charset_end(cs, collect, got, NULL), 0);
	strcpy(used, charset_name(cs));
	charset_close(cs);
}

/* Bytewise, and with every cut in two: always want, and the charset called used. */
static void assert_reads(const char *name, const char *bytes, size_t n, const char *want,
	size_t nwant, const char *used)
{
	struct buf got = BUF_INIT;
	uint8_t *copy = malloc(n > 0 ? n : 1); /* no slack for the sanitizer */
	char name_got[CHARSET_NAME_SIZE];

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	for (size_t cut = 0; cut <= n + 1; cut++) {
		buf_clear(&got);
		read_cut(name, span_of(copy, n), cut > n ? SIZE_MAX : cut, &got, name_got);
		assert_int_equal(got.n, nwant);
		assert_memory_equal(got.n > 0 ? (const void *)got.p : "", want, nwant);
		assert_string_equal(name_got, used);
	}
	buf_done(&got);
	free(copy);
}

#define ASSERT_READS(name, bytes, want, used) \
	assert_reads(name, bytes, sizeof(bytes) - 1, want, sizeof(want) - 1, used)

/* A text of this test in another charset, by iconv in one piece. */
static size_t encode(const char *name, const char *utf8, char *out, size_t cap)
{
	iconv_t cd = iconv_open(name, "UTF-8");
	char copy[512], *in = copy, *to = out;
	size_t nin = strlen(utf8), left = cap;

	assert_true(cd != (iconv_t)-1);
	assert_true(nin < sizeof(copy));
	strcpy(copy, utf8);
	assert_int_equal(iconv(cd, &in, &nin, &to, &left), 0);
	assert_int_equal(iconv(cd, NULL, NULL, &to, &left), 0);
	iconv_close(cd);
	return cap - left;
}

static void assert_round_trip(const char *name, const char *utf8)
{
	char bytes[2048];
	size_t n = encode(name, utf8, bytes, sizeof(bytes));

	assert_reads(name, bytes, n, utf8, strlen(utf8), name);
}

static void gbk_comes_out_the_same_wherever_it_is_cut(void **state)
{
	(void)state;

	/* 丂 is 81 40 in GBK: the second byte looks like an at sign */
	assert_round_trip("GBK", "编号,姓名\r\n1,張三丂\r\n2,\"李,四\"\r\n");
	assert_round_trip("GB18030", "1,张三,\xf0\xa0\xae\xb7\xe9\x87\x8e\xe5\xae\xb6,\xc3\xa9\n");
}

static void charsets_of_one_and_two_and_four_bytes_come_out_the_same(void **state)
{
	(void)state;

	assert_round_trip("ISO-8859-1", "Müller,Ægir,£\n");
	assert_round_trip("WINDOWS-1252", "„Müller“,5 €\n");
	assert_round_trip("SHIFT_JIS", "表,ソ,ア\n");
	assert_round_trip("ISO-2022-JP", "日本,abc,語\n");
	assert_round_trip("UTF-16LE", "a,中,\xf0\x9f\x99\x82\n");
	assert_round_trip("UTF-32BE", "a,中,\xf0\x9f\x99\x82\n");
}

static void utf8_goes_through_as_it_is(void **state)
{
	(void)state;

	ASSERT_READS("utf-8", "", "", "utf-8");
	ASSERT_READS("utf-8", "a", "a", "utf-8");
	ASSERT_READS("UTF8", "id,\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\n",
		"id,\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\n", "UTF8");
	ASSERT_READS("utf-8", "\xef\xbb\xbf" "a", "\xef\xbb\xbf" "a", "utf-8");
}

static void what_is_no_utf8_becomes_one_mark_a_byte(void **state)
{
	(void)state;

	ASSERT_READS("utf-8", "a\x80" "b", "a" MARK "b", "utf-8");
	ASSERT_READS("utf-8", "M\xfcller\n", "M" MARK "ller\n", "utf-8");
	ASSERT_READS("utf-8", "abc\xc0\xaf" "d", "abc" MARK MARK "d", "utf-8");
	ASSERT_READS("utf-8", "abc\xe0\x80\x80", "abc" MARK MARK MARK, "utf-8");
	ASSERT_READS("utf-8", "abc\xed\xa0\x80", "abc" MARK MARK MARK, "utf-8");
	ASSERT_READS("utf-8", "abc\xf4\x90\x80\x80", "abc" MARK MARK MARK MARK, "utf-8");
	ASSERT_READS("utf-8", "abc\xf5" "d\xff", "abc" MARK "d" MARK, "utf-8");
	ASSERT_READS("utf-8", "\xe4\xb8\n\xe4\xb8\xad", MARK MARK "\n\xe4\xb8\xad", "utf-8");
}

static void a_character_that_the_end_cuts_off_is_one_mark(void **state)
{
	(void)state;

	ASSERT_READS("utf-8", "abc\xe4\xb8", "abc" MARK, "utf-8");
	ASSERT_READS("utf-8", "\xf0", MARK, "utf-8");
	ASSERT_READS("gbk", "abc\xd6", "abc" MARK, "gbk");
	ASSERT_READS("utf-16le", "a\0b\0c", "ab" MARK, "utf-16le");
}

static void what_the_charset_lacks_is_a_mark_and_the_next_line_is_whole(void **state)
{
	(void)state;

	ASSERT_READS("gbk", "a\xd6\n\xd6\xd0,b\n", "a" MARK "\n中,b\n", "gbk");
	ASSERT_READS("windows-1252", "a\x81,b\n", "a" MARK ",b\n", "windows-1252");
	ASSERT_READS("us-ascii", "a\xe9\n", "a" MARK "\n", "us-ascii");
	/* a low surrogate alone; the unit is two bytes, so what follows stays in step */
	ASSERT_READS("utf-16le", "a\0\x00\xdc" "b\0", "a" MARK "b", "utf-16le");
}

static void a_utf16_mark_wins_over_utf8_and_is_told(void **state)
{
	(void)state;

	ASSERT_READS("utf-8", "\xff\xfe" "a\0\x2d\x4e", "\xef\xbb\xbf" "a中", "UTF-16LE");
	ASSERT_READS("utf-8", "\xfe\xff\0a\x4e\x2d", "\xef\xbb\xbf" "a中", "UTF-16BE");
}

static void utf16_is_told_apart_by_its_mark_or_by_its_first_character(void **state)
{
	(void)state;

	ASSERT_READS("utf-16", "\xff\xfe" "a\0", "\xef\xbb\xbf" "a", "UTF-16LE");
	ASSERT_READS("utf-16", "\xfe\xff\0a", "\xef\xbb\xbf" "a", "UTF-16BE");
	ASSERT_READS("utf-16", "a\0b\0", "ab", "UTF-16LE");
	ASSERT_READS("utf-16", "\0a\0b", "ab", "UTF-16BE");
}

static void a_mark_of_another_charset_is_refused(void **state)
{
	struct charset *cs = open_charset("gbk");
	struct buf got = BUF_INIT;
	struct cu_err err;

	(void)state;

	assert_int_equal(charset_feed(cs, span_str("\xef\xbb\xbfid\n"), collect, &got, &err),
		CU_EINVAL);
	assert_string_equal(err.msg,
		"the file begins with the byte order mark of UTF-8, but is said to be in gbk");
	charset_close(cs);

	cs = open_charset("windows-1252");
	assert_int_equal(charset_feed(cs, span_of("\xff\xfe" "a", 3), collect, &got, &err),
		CU_EINVAL);
	assert_string_equal(err.msg, "the file begins with the byte order mark of UTF-16, but is "
				     "said to be in windows-1252");
	charset_close(cs);
	assert_int_equal(got.n, 0);
	buf_done(&got);
}

static void an_unknown_charset_is_not_found(void **state)
{
	static const char *const names[] = { "no-such-charset", "", "UTF-8//TRANSLIT", "../x",
		"a charset whose name is far longer than any" };
	struct charset *cs = NULL;
	struct cu_err err;

	(void)state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(charset_open(names[i], &cs, &err), CU_ENOENT);
	}
	assert_int_equal(charset_open("no-such-charset", &cs, &err), CU_ENOENT);
	assert_string_equal(err.msg, "the charset 'no-such-charset' is not known here");
	assert_null(cs);
}

static int refuse(void *ctx, struct span utf8, struct cu_err *err)
{
	(void)ctx;
	(void)utf8;
	return cu_err_set(err, CU_ECANCELED, "enough");
}

static void a_refusal_by_the_sink_is_handed_on(void **state)
{
	static const char *const names[] = { "utf-8", "gbk" };

	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct charset *cs = open_charset(names[i]);

		assert_int_equal(charset_feed(cs, span_str("abcdef"), refuse, NULL, NULL),
			CU_ECANCELED);
		charset_close(cs);
	}
}

static void a_megabyte_of_gbk_in_uneven_pieces_comes_out_whole(void **state)
{
	struct charset *cs = open_charset("gbk");
	struct buf got = BUF_INIT, bytes = BUF_INIT;
	char line[64];
	size_t nline = encode("gbk", "张三,李四x\n", line, sizeof(line)), at = 0, piece = 1;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		buf_put(&bytes, line, nline);
	}

	while (at < bytes.n) {
		size_t n = bytes.n - at < piece ? bytes.n - at : piece;

		assert_int_equal(charset_feed(cs, span_of(bytes.p + at, n), collect, &got, NULL), 0);
		at += n;
		piece = piece * 7 % 300007 + 1;
	}
	assert_int_equal(charset_end(cs, collect, &got, NULL), 0);

	assert_int_equal(got.n, 100000 * strlen("张三,李四x\n"));
	assert_null(memchr(got.p, 0xff, got.n));
	assert_memory_equal(got.p + got.n - 8, "李四x\n", 8);
	charset_close(cs);
	buf_done(&got);
	buf_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gbk_comes_out_the_same_wherever_it_is_cut),
		cmocka_unit_test(charsets_of_one_and_two_and_four_bytes_come_out_the_same),
		cmocka_unit_test(utf8_goes_through_as_it_is),
		cmocka_unit_test(what_is_no_utf8_becomes_one_mark_a_byte),
		cmocka_unit_test(a_character_that_the_end_cuts_off_is_one_mark),
		cmocka_unit_test(what_the_charset_lacks_is_a_mark_and_the_next_line_is_whole),
		cmocka_unit_test(a_utf16_mark_wins_over_utf8_and_is_told),
		cmocka_unit_test(utf16_is_told_apart_by_its_mark_or_by_its_first_character),
		cmocka_unit_test(a_mark_of_another_charset_is_refused),
		cmocka_unit_test(an_unknown_charset_is_not_found),
		cmocka_unit_test(a_refusal_by_the_sink_is_handed_on),
		cmocka_unit_test(a_megabyte_of_gbk_in_uneven_pieces_comes_out_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
