/* test_frame.c: whatever the reads look like, the same frames come out; bad streams end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "wire/frame.h"

static const char stream[] = "{\"method\":\"a.B\"}\0{\"x\":\"[{\\\"}]\\\\\"}\0[1,[2,{}]]\0\"\"\0{}";
#define STREAM_SIZE sizeof(stream) /* the last NUL is the literal's own */

static const struct {
	const char *text;
	uint64_t offset;
} expected[] = {
	{ "{\"method\":\"a.B\"}", 0 },
	{ "{\"x\":\"[{\\\"}]\\\\\"}", 17 },
	{ "[1,[2,{}]]", 34 },
	{ "\"\"", 45 },
	{ "{}", 48 },
};

#define NEXPECTED (sizeof(expected) / sizeof(expected[0]))

/* Feeds one read, takes all frames of it and compares them. */
static void feed_and_compare(struct frame_reader *r, const char *p, size_t n, size_t *nframes)
{
	struct cu_err err = { 0 };
	struct frame f;
	int code;

	for (code = frame_feed(r, p, n, &f, &err); code == 1;
		code = frame_feed(r, NULL, 0, &f, &err)) {
		assert_true(*nframes < NEXPECTED);
		assert_int_equal(f.text.n, strlen(expected[*nframes].text));
		assert_memory_equal(f.text.p, expected[*nframes].text, f.text.n);
		assert_int_equal(f.offset, expected[*nframes].offset);
		(*nframes)++;
	}
	assert_int_equal(code, 0);
}

static void every_split_into_two_reads_gives_the_same_frames(void **state)
{
	(void)state;
	for (size_t a = 0; a <= STREAM_SIZE; a++) {
		struct frame_reader r;
		size_t n = 0;

		frame_init(&r, FRAME_MAX);

		feed_and_compare(&r, stream, a, &n);
		feed_and_compare(&r, stream + a, STREAM_SIZE - a, &n);

		assert_int_equal(n, NEXPECTED);
		assert_int_equal(frame_fed(&r), STREAM_SIZE);
		assert_true(frame_is_idle(&r));
		frame_done(&r);
	}
}

static void every_split_into_three_reads_gives_the_same_frames(void **state)
{
	(void)state;
	for (size_t a = 0; a <= STREAM_SIZE; a++) {
		for (size_t b = a; b <= STREAM_SIZE; b++) {
			struct frame_reader r;
			size_t n = 0;

			frame_init(&r, FRAME_MAX);

			feed_and_compare(&r, stream, a, &n);
			feed_and_compare(&r, stream + a, b - a, &n);
			feed_and_compare(&r, stream + b, STREAM_SIZE - b, &n);

			assert_int_equal(n, NEXPECTED);
			frame_done(&r);
		}
	}
}

static void frames_may_wait_while_more_is_fed(void **state)
{
	struct frame_reader r;
	struct frame f;
	size_t n = 0;

	(void)state;
	frame_init(&r, FRAME_MAX);

	/* One frame is taken for each three bytes fed, so that frames pile up. */
	for (size_t at = 0; at < STREAM_SIZE; at += 3) {
		size_t left = STREAM_SIZE - at;

		if (frame_feed(&r, stream + at, left < 3 ? left : 3, &f, NULL) == 1) {
			assert_memory_equal(f.text.p, expected[n].text, f.text.n);
			assert_int_equal(f.offset, expected[n].offset);
			n++;
		}
	}
	feed_and_compare(&r, NULL, 0, &n);

	assert_int_equal(n, NEXPECTED);
	frame_done(&r);
}

static void a_torn_frame_is_not_idle(void **state)
{
	struct frame_reader r;
	struct frame f;

	(void)state;
	frame_init(&r, FRAME_MAX);
	assert_true(frame_is_idle(&r));

	assert_int_equal(frame_feed(&r, "{\"a\"", 4, &f, NULL), 0);

	assert_false(frame_is_idle(&r));
	frame_done(&r);
}

static void a_frame_of_exactly_the_limit_passes(void **state)
{
	struct frame_reader r;
	struct frame f;

	(void)state;
	frame_init(&r, 8);

	assert_int_equal(frame_feed(&r, "\"123456\"\0", 9, &f, NULL), 1);

	assert_int_equal(f.text.n, 8);
	frame_done(&r);
}

static void a_frame_over_the_limit_is_refused_before_it_ends(void **state)
{
	struct frame_reader r;
	struct cu_err err;
	struct frame f;

	(void)state;
	frame_init(&r, 8);

	assert_int_equal(frame_feed(&r, "\"1234567", 8, &f, &err), 0);
	assert_int_equal(frame_feed(&r, "8", 1, &f, &err), CU_ELIMIT);

	assert_string_equal(err.msg, "a message is longer than 8 bytes");
	frame_done(&r);
}

static void a_failed_stream_stays_failed(void **state)
{
	struct frame_reader r;
	struct cu_err err;
	struct frame f;

	(void)state;
	frame_init(&r, FRAME_MAX);
	assert_int_equal(frame_feed(&r, "]", 1, &f, &err), CU_EPROTO);

	assert_int_equal(frame_feed(&r, "{}\0", 3, &f, &err), CU_EPROTO);

	assert_string_equal(err.msg, "the stream is lost");
	frame_done(&r);
}

/* depth brackets, opened and closed. */
static size_t nest(char *to, size_t depth, char open, char close)
{
	memset(to, open, depth);
	memset(to + depth, close, depth);
	to[2 * depth] = '\0';
	return 2 * depth + 1;
}

static void nesting_is_limited_at_32(void **state)
{
	char text[2 * FRAME_DEPTH_MAX + 8];
	struct frame_reader r;
	struct frame f;

	(void)state;
	frame_init(&r, FRAME_MAX);
	for (int i = 0; i < 3; i++) { /* the count starts again with each frame */
		size_t n = nest(text, FRAME_DEPTH_MAX, '[', ']');

		assert_int_equal(frame_feed(&r, text, n, &f, NULL), 1);
	}
	frame_done(&r);

	frame_init(&r, FRAME_MAX);
	nest(text, FRAME_DEPTH_MAX + 1, '{', '}');
	assert_int_equal(frame_feed(&r, text, FRAME_DEPTH_MAX, &f, NULL), 0);
	assert_int_equal(frame_feed(&r, text + FRAME_DEPTH_MAX, 1, &f, NULL), CU_ELIMIT);
	frame_done(&r);
}

/* X(text, code): one read; n is the literal's own size, so each ends with a NUL. */
static const struct {
	const char *name, *text;
	size_t n;
	int code;
} nestings[] = {
#define ROW(name, text, code) { name, text, sizeof(text), code }
	ROW("an empty frame", "", CU_EPROTO),
	ROW("only a closing bracket", "}", CU_EPROTO),
	ROW("one closing bracket too many", "{}}", CU_EPROTO),
	ROW("a bracket of the other kind is the parser's business", "{]", 1),
	ROW("brackets in a string", "\"]]]]}}}}\"", 1),
	ROW("brackets in a string behind an escaped quote", "\"\\\"]]]]\"", 1),
	ROW("an escaped backslash ends the string", "\"\\\\\"]", CU_EPROTO),
	ROW("two escaped backslashes and a quote", "\"\\\\\\\"]\"", 1),
	ROW("an escaped bracket", "\"\\u005d]\"", 1),
	ROW("a string that never ends", "\"]]]]", 1),
	ROW("33 in a string",
		"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", 1),
	ROW("33 behind a string", "\"\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", CU_ELIMIT),
	ROW("33 of both kinds", "[{[{[{[{[{[{[{[{[{[{[{[{[{[{[{[{[", CU_ELIMIT),
	ROW("wide, not deep", "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]", 1),
#undef ROW
};

static void brackets_count_outside_of_strings_only(void **state)
{
	size_t nfailed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(nestings) / sizeof(nestings[0]); i++) {
		struct frame_reader r;
		struct frame f;
		int code;

		frame_init(&r, FRAME_MAX);
		code = frame_feed(&r, nestings[i].text, nestings[i].n, &f, NULL);
		if (code != nestings[i].code) {
			print_error("%s: %d\n", nestings[i].name, code);
			nfailed++;
		}
		frame_done(&r);
	}
	assert_int_equal(nfailed, 0);
}

static void a_string_left_open_does_not_reach_into_the_next_frame(void **state)
{
	struct frame_reader r;
	struct frame f;

	(void)state;
	frame_init(&r, FRAME_MAX);
	assert_int_equal(frame_feed(&r, "\"abc\\\0]\0", 8, &f, NULL), 1);

	assert_int_equal(frame_feed(&r, NULL, 0, &f, NULL), CU_EPROTO);

	frame_done(&r);
}

/* The n-th part of the time must be about the same for a stream that is four times as long. */
static int64_t time_to_feed(size_t size, size_t piece)
{
	char *text = malloc(size);
	struct frame_reader r;
	struct frame f;
	int64_t begin;

	assert_non_null(text);
	memset(text, 'x', size);
	text[0] = '"';
	frame_init(&r, size);
	begin = clock_monotonic_ms();
	for (size_t at = 0; at < size; at += piece) {
		assert_int_equal(frame_feed(&r, text + at, piece, &f, NULL), 0);
	}
	assert_int_equal(frame_feed(&r, "", 1, &f, NULL), 1);
	assert_int_equal(f.text.n, size);
	begin = clock_monotonic_ms() - begin;
	frame_done(&r);
	free(text);
	return begin;
}

static void a_frame_that_comes_in_small_reads_takes_linear_time(void **state)
{
	(void)state;

	/* Quadratic work would be 65,536 reads over 512 KiB each: 17 GB, half a minute. */
	assert_true(time_to_feed(1024 * 1024, 16) < 5000);
}

static void many_small_frames_in_one_read_take_linear_time(void **state)
{
	size_t n = 300000, nframes = 0;
	char *text = malloc(3 * n);
	struct frame_reader r;
	struct frame f;
	int64_t begin;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		memcpy(text + 3 * i, "{}\0", 3);
	}
	frame_init(&r, FRAME_MAX);
	begin = clock_monotonic_ms();

	for (int code = frame_feed(&r, text, 3 * n, &f, NULL); code == 1;
		code = frame_feed(&r, NULL, 0, &f, NULL)) {
		assert_int_equal(f.offset, 3 * nframes);
		nframes++;
	}

	assert_int_equal(nframes, n);
	assert_true(clock_monotonic_ms() - begin < 5000);
	frame_done(&r);
	free(text);
}

static void what_was_read_is_wiped_when_the_reader_is_idle(void **state)
{
	struct frame_reader r;
	const uint8_t *was;
	struct frame f;

	(void)state;
	frame_init(&r, FRAME_MAX);
	assert_int_equal(frame_feed(&r, "\"secret\"", 9, &f, NULL), 1);
	was = f.text.p;

	assert_int_equal(frame_feed(&r, NULL, 0, &f, NULL), 0);

	assert_memory_equal(was, "\0\0\0\0\0\0\0\0", 8);
	frame_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_into_two_reads_gives_the_same_frames),
		cmocka_unit_test(every_split_into_three_reads_gives_the_same_frames),
		cmocka_unit_test(frames_may_wait_while_more_is_fed),
		cmocka_unit_test(a_torn_frame_is_not_idle),
		cmocka_unit_test(a_frame_of_exactly_the_limit_passes),
		cmocka_unit_test(a_frame_over_the_limit_is_refused_before_it_ends),
		cmocka_unit_test(a_failed_stream_stays_failed),
		cmocka_unit_test(nesting_is_limited_at_32),
		cmocka_unit_test(brackets_count_outside_of_strings_only),
		cmocka_unit_test(a_string_left_open_does_not_reach_into_the_next_frame),
		cmocka_unit_test(a_frame_that_comes_in_small_reads_takes_linear_time),
		cmocka_unit_test(many_small_frames_in_one_read_take_linear_time),
		cmocka_unit_test(what_was_read_is_wiped_when_the_reader_is_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
