#include "check.h"

#include <pthread.h>

#include "base/log.h"

/* What fn writes to stderr, into out. */
static void capture(void (*fn)(const void *ctx), const void *ctx, struct buf *out)
{
	int old = dup(STDERR_FILENO);
	FILE *f = tmpfile();

	assert_non_null(f);
	fflush(stderr);
	assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
	fn(ctx);
	fflush(stderr);
	assert_true(dup2(old, STDERR_FILENO) >= 0);
	close(old);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	buf_clear(out);
	assert_int_equal(path_read_fd(fileno(f), 1 << 20, out, NULL), 0);
	fclose(f);
}

static void warn_of(const void *text)
{
	log_warn("%s", (const char *)text);
}

/* A priority, printable text, one newline at the end. */
static void assert_one_line(const struct buf *b)
{
	assert_true(b->n >= 4);
	assert_memory_equal(b->p, "<4>", 3);
	assert_int_equal(b->p[b->n - 1], '\n');
	for (size_t i = 0; i + 1 < b->n; i++) {
		assert_true(b->p[i] >= 0x20 && b->p[i] != 0x7f);
	}
}

static void each_byte_makes_one_line(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[4] = { 'a', (char)c, 'z', '\0' };

		capture(warn_of, text, &b);
		assert_one_line(&b);
	}
	buf_done(&b);
}

static void warn_often(const void *limit)
{
	for (int i = 0; i < LOG_BURST + 30; i++) {
		log_limited((struct log_limit *)(uintptr_t)limit, LOG_LEVEL_WARN, "again");
	}
}

static void what_comes_again_and_again_is_counted_and_not_repeated(void **state)
{
	struct log_limit limit = { 0 };
	struct buf b = BUF_INIT;

	(void)state;
	capture(warn_often, &limit, &b);
	assert_int_equal(b.n, LOG_BURST * strlen("<4>again\n"));

	limit.since_ms -= LOG_BURST_MS; /* the time is over */
	capture(warn_often, &limit, &b);
	buf_put_u8(&b, '\0');
	assert_int_equal(strncmp((char *)b.p, "<4>30 more lines like the next were left out\n<4>again\n", 50), 0);
	buf_done(&b);
}

static void a_second_line_and_its_priority_are_only_text(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	capture(warn_of, "first\n<0>second\r\x1b[2J\xe2\x80\xae", &b);
	assert_string_equal(
		buf_cstr(&b), "<4>first\\x0a<0>second\\x0d\\x1b[2J\\xe2\\x80\\xae\n");
	buf_done(&b);
}

static void a_line_of_any_length_is_one_line(void **state)
{
	char text[5000];
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t n = 1000; n < sizeof(text); n += 13) {
		memset(text, n % 2 ? '\n' : 'x', n);
		text[n] = '\0';
		capture(warn_of, text, &b);
		assert_one_line(&b);
	}
	buf_done(&b);
}

static void say_all_levels(const void *ctx)
{
	(void)ctx;
	log_error("e");
	log_warn("w");
	log_notice("n");
	log_info("i");
	log_debug("d");
}

static void lines_above_the_level_are_dropped(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	capture(say_all_levels, NULL, &b);
	assert_string_equal(buf_cstr(&b), "<3>e\n<4>w\n<5>n\n<6>i\n");
	log_set_level(LOG_LEVEL_DEBUG);
	capture(say_all_levels, NULL, &b);
	assert_string_equal(buf_cstr(&b), "<3>e\n<4>w\n<5>n\n<6>i\n<7>d\n");
	log_set_level(LOG_LEVEL_ERROR);
	capture(say_all_levels, NULL, &b);
	assert_string_equal(buf_cstr(&b), "<3>e\n");
	log_set_level(LOG_LEVEL_INFO);
	buf_done(&b);
}

static void *log_many(void *arg)
{
	for (int i = 0; i < 200; i++) {
		log_info("%s", (const char *)arg);
	}
	return NULL;
}

static void log_from_threads(const void *ctx)
{
	static char texts[4][200];
	pthread_t threads[4];

	(void)ctx;
	for (int i = 0; i < 4; i++) {
		memset(texts[i], 'a' + i, sizeof(texts[i]) - 1);
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, texts[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	struct buf b = BUF_INIT;
	size_t nlines = 0;

	(void)state;
	capture(log_from_threads, NULL, &b);
	for (size_t at = 0; at < b.n; at += 3 + 199 + 1) {
		assert_true(b.n - at >= 203);
		assert_memory_equal(b.p + at, "<6>", 3);
		for (size_t i = 4; i < 202; i++) {
			assert_int_equal(b.p[at + i], b.p[at + 3]);
		}
		assert_int_equal(b.p[at + 202], '\n');
		nlines++;
	}
	assert_int_equal(nlines, 800);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_makes_one_line),
		cmocka_unit_test(a_second_line_and_its_priority_are_only_text),
		cmocka_unit_test(what_comes_again_and_again_is_counted_and_not_repeated),
		cmocka_unit_test(a_line_of_any_length_is_one_line),
		cmocka_unit_test(lines_above_the_level_are_dropped),
		cmocka_unit_test(lines_of_several_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
