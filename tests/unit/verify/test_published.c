#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <time.h>

#include "verify_help.h"

static struct signer *signer;
static struct signed_key key;

static int group_setup(void **state)
{
	char text[NOTE_VERIFIER_SIZE];

	(void)state;
	signer = help_signer();
	help_key(signer, text, &key);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	signer_free(signer);
	return 0;
}

static int judge(const char *dir, struct published_result *ret, struct flaw *f)
{
	static const struct published_wish nothing = { NULL, 0, NULL, NULL };

	return published_check(dir, &key, &nothing, ret, f);
}

static void assert_refused(const char *dir, const char *why)
{
	struct published_result result;
	struct flaw f = { VERDICT_VALID, "" };

	assert_int_equal(judge(dir, &result, &f), -1);
	assert_int_equal(f.verdict, VERDICT_INVALID);
	if (!strstr(f.text, why)) {
		fail_msg("not '%s' but: %s", why, f.text);
	}
}

static void assert_valid(const char *dir, uint64_t size)
{
	struct published_result result;
	struct flaw f;

	if (judge(dir, &result, &f) < 0) {
		fail_msg("%s", f.text);
	}
	assert_int_equal(result.head.size, size);
}

/* --- what is right ---------------------------------------------------------------- */

static void a_log_of_any_size_is_accepted(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513,
		2000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *dir = scratch_path(*state, "log");

		help_log(dir, signer, &sizes[i], 1);
		assert_valid(dir, sizes[i]);
		scratch_remove(dir);
	}
}

/* 65,536 leaves fill a tile of the second height. */
static void a_log_with_a_third_height_of_tiles_is_accepted(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_new_log(dir, signer);
	enum { BATCH = 4096 };
	struct ledger_entry *entries = calloc(BATCH, sizeof(*entries));
	struct buf lines = BUF_INIT;
	struct published_result result;
	struct flaw f;

	assert_non_null(entries);
	for (uint64_t i = 0; i < 17; i++) {
		struct leaf leaf = help_leaf(i);
		struct cu_err err;

		buf_clear(&lines);
		assert_int_equal(leaf_format(&leaf, &lines, &err), 0);
		for (size_t k = 0; k < BATCH; k++) {
			entries[k] = (struct ledger_entry){ 0, buf_span(&lines) };
		}
		assert_int_equal(ledger_append(l, entries, BATCH, &err), 0);
	}
	help_publish(l);
	ledger_close(l);
	assert_valid(dir, 17 * BATCH);
	assert_int_equal(judge(dir, &result, &f), 0);
	/* 272 bundles, as many tiles, 1 full and 1 partial above them, 1 above those */
	assert_int_equal(result.nfiles, 272 + 272 + 2 + 1);
	free(entries);
	buf_done(&lines);
}

static void lines_of_witnesses_are_passed_over(void **state)
{
	static const uint64_t size = 300;
	static const char line[] = "\u2014 witness.example/w1 "
				   "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
				   "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe"
				   "/mbIUBkBIfZ+qnA==\n";
	const char *dir = scratch_path(*state, "log"), *path;
	struct stat st;

	help_log(dir, signer, &size, 1);
	path = scratch_path(dir, "checkpoint");
	assert_int_equal(stat(path, &st), 0);
	scratch_write_at(path, (size_t)st.st_size, line, sizeof(line) - 1);
	assert_valid(dir, 300);
	assert_int_equal(truncate(path, st.st_size + 40), 0);
	assert_refused(dir, "signature line 2");
}

/* custosd refuses it, and so both must (c2sp.org/signed-note: no Unicode spaces). */
static void a_witness_s_name_has_no_blank_of_any_script(void **state)
{
	static const char *const blanks[] = { "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u200a", "\u2028",
		"\u2029", "\u202f", "\u205f", "\u3000" };
	static const uint64_t size = 3;
	const char *dir = scratch_path(*state, "log"), *path;
	struct stat st;

	help_log(dir, signer, &size, 1);
	path = scratch_path(dir, "checkpoint");
	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "\u2014 wit%sness AAAAAAAAAAAAAAAA\n", blanks[i]);

		assert_int_equal(truncate(path, st.st_size), 0);
		scratch_write_at(path, (size_t)st.st_size, line, (size_t)n);
		assert_refused(dir, "signature line 2");
	}
}

static void files_that_no_checkpoint_covers_are_counted_and_not_judged(void **state)
{
	static const uint64_t size = 300;
	const char *dir = scratch_path(*state, "log");
	struct published_result result;
	struct flaw f;

	help_log(dir, signer, &size, 1);
	assert_int_equal(judge(dir, &result, &f), 0);
	assert_int_equal(result.nbeyond, 0);

	assert_int_equal(link(scratch_path(dir, "tile/0/001.p/44"),
				 scratch_path(dir, "tile/0/001.p/45")),
		0);
	assert_int_equal(judge(dir, &result, &f), 0);
	assert_int_equal(result.nbeyond, 1);
}

/* --- an older checkpoint ---------------------------------------------------------- */

static int judge_from(const char *dir, const struct head *older, struct flaw *f)
{
	struct published_waypoint from = { .size = older->size };
	struct published_wish wish = { &from, 1, NULL, NULL };
	struct published_result result;
	int r;

	memcpy(from.root, older->root, sizeof(from.root));
	r = published_check(dir, &key, &wish, &result, f);
	assert_true(r < 0 || from.is_passed);
	return r;
}

static struct head head_of(const char *dir)
{
	struct published_result result;
	struct flaw f;

	assert_int_equal(judge(dir, &result, &f), 0);
	return result.head;
}

static void a_log_extends_its_older_checkpoints_and_no_others(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 7, 255, 256, 257, 299, 300 };
	const char *dir = scratch_path(*state, "log"),
		   *other = scratch_path(*state, "other");
	struct ledger *l = help_new_log(dir, signer), *m = help_new_log(other, signer);
	struct head olds[8];
	struct leaf leaf = help_leaf(12345);
	struct flaw f;

	for (size_t i = 0; i < 8; i++) {
		help_grow(l, sizes[i]);
		olds[i] = head_of(dir);
	}
	ledger_close(l);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(judge_from(dir, &olds[i], &f), 0);
	}

	/* the same key signs a log that differs in its first entry */
	help_append(m, &leaf);
	help_grow(m, 310);
	ledger_close(m);
	for (size_t i = 1; i < 8; i++) {
		assert_int_equal(judge_from(other, &olds[i], &f), -1);
		assert_int_equal(f.verdict, VERDICT_INVALID);
		assert_non_null(strstr(f.text, "another history"));
	}
}

static void a_log_that_was_rolled_back_is_refused(void **state)
{
	static const uint64_t sizes[] = { 290, 300 };
	const char *dir = scratch_path(*state, "log"),
		   *newer = scratch_path(*state, "newer");
	struct head head;
	struct flaw f;

	help_log(newer, signer, sizes, 2);
	help_log(dir, signer, sizes, 1);
	head = head_of(newer);
	assert_int_equal(judge_from(dir, &head, &f), -1);
	assert_non_null(strstr(f.text, "rolled back"));
}

/* --- what is wrong ---------------------------------------------------------------- */

static void no_log_and_a_foreign_key_are_told_apart(void **state)
{
	static const uint64_t size = 3;
	const char *dir = scratch_path(*state, "log");
	struct signer *stranger = help_signer();
	struct signed_key other = key;
	struct published_result result;
	struct flaw f;

	assert_int_equal(judge(dir, &result, &f), -1);
	assert_int_equal(f.verdict, VERDICT_ABSENT);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(judge(dir, &result, &f), -1);
	assert_int_equal(f.verdict, VERDICT_ABSENT);
	scratch_remove(dir);

	help_log(dir, stranger, &size, 1);
	assert_refused(dir, "not signed by " ORIGIN);
	key.public_key[0] ^= 1; /* the hash of the key alone does not decide */
	scratch_remove(dir);
	help_log(dir, signer, &size, 1);
	assert_refused(dir, "signature line 1");
	key = other;
	signer_free(stranger);
}

static void an_entry_that_is_not_in_its_strict_form_is_refused(void **state)
{
	static const char *const lines[] = { "leaf 17",
		"v=1 t=2026-11-21T22:09:04.123Z act=a.b ",
		"v=1 t=2026-11-21T22:09:04.123Z act=a.b name=Ada",
		"v=1 t=2026-11-21T22:09:04.123Z act=a.b n=01" };
	const char *dir = scratch_path(*state, "log");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct ledger *l = help_new_log(dir, signer);
		struct ledger_entry entry = { 0, span_str(lines[i]) };

		help_grow(l, 2);
		assert_int_equal(ledger_append(l, &entry, 1, NULL), 0);
		help_publish(l);
		ledger_close(l);
		assert_refused(dir, "tile/entries/000.p/3: entry 2: entry: ");
		scratch_remove(dir);
	}
}

static const uint64_t steps_to_300[] = { 280, 300 };
static const char *const files_of_300[] = { "tile/entries/000", "tile/entries/001.p/24",
	"tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/24", "tile/0/001.p/44",
	"tile/1/000.p/1", "checkpoint" };

#define NFILES (sizeof(files_of_300) / sizeof(files_of_300[0]))

static void a_missing_a_short_and_a_long_file_are_refused(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *copy = scratch_path(*state, "copy");

	help_log(dir, signer, steps_to_300, 2);
	for (size_t i = 0; i < NFILES - 1; i++) {
		const char *path = scratch_path(copy, files_of_300[i]);
		struct stat st;

		scratch_copy(dir, copy);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(truncate(path, st.st_size + 1), 0);
		assert_refused(copy, files_of_300[i]);
		assert_int_equal(truncate(path, st.st_size - 1), 0);
		assert_refused(copy, files_of_300[i]);
		assert_int_equal(unlink(path), 0);
		if (!strstr(path, "p/24")) { /* which only older readers need */
			assert_refused(copy, files_of_300[i]);
		}
		scratch_remove(copy);
	}
}

static void what_is_no_file_is_not_read(void **state)
{
	const char *dir = scratch_path(*state, "log"), *path;

	help_log(dir, signer, steps_to_300, 2);
	path = scratch_path(dir, "tile/0/000");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(dir, "tile/0/000: is no regular file");
}

/* --- every bit -------------------------------------------------------------------- */

struct count {
	uint64_t nbits, naccepted, nodd;
};

/* Flips each stride-th bit of a file, from start on, one at a time. */
static void flip_file(const char *dir, const char *name, size_t start, size_t stride,
	struct count *count)
{
	const char *path = scratch_path(dir, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct published_result result;
	struct stat st;
	uint8_t byte;

	if (fd < 0 || fstat(fd, &st) < 0) {
		abort();
	}
	for (size_t bit = start; bit < (size_t)st.st_size * 8; bit += stride) {
		struct flaw f = { VERDICT_VALID, "" };
		uint8_t flipped;

		if (pread(fd, &byte, 1, (off_t)(bit / 8)) != 1) {
			abort();
		}
		flipped = (uint8_t)(byte ^ (1u << bit % 8));
		if (pwrite(fd, &flipped, 1, (off_t)(bit / 8)) != 1) {
			abort();
		}
		count->nbits++;
		if (judge(dir, &result, &f) == 0) {
			count->naccepted++;
			printf("%s: bit %zu of byte %zu may be flipped\n", name,
				bit % 8, bit / 8);
		} else if (f.verdict != VERDICT_INVALID) {
			count->nodd++;
			printf("%s: bit %zu of byte %zu: %s\n", name, bit % 8, bit / 8,
				f.text);
		}
		if (pwrite(fd, &byte, 1, (off_t)(bit / 8)) != 1) {
			abort();
		}
	}
	close(fd);
}

static void flip_log(const char *dir, size_t start, size_t stride, struct count *count)
{
	for (size_t i = 0; i < NFILES; i++) {
		flip_file(dir, files_of_300[i], start, stride, count);
	}
}

/* Half of the bits in a process of its own, on its own copy. */
static pid_t start_half(const char *dir, size_t start, size_t stride, int to)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct count count = { 0, 0, 0 };

		flip_log(dir, start, stride, &count);
		fflush(stdout);
		_exit(write(to, &count, sizeof(count)) == sizeof(count) ? 0 : 1);
	}
	return pid;
}

static void every_changed_bit_of_a_log_of_300_entries_is_refused(void **state)
{
	size_t stride = help_stride(41);
	const char *dirs[] = { scratch_path(*state, "a"), scratch_path(*state, "b") };
	struct count sum = { 0, 0, 0 };
	struct timespec from, to;
	int pipe_fds[2];

	help_log(dirs[0], signer, steps_to_300, 2);
	scratch_copy(dirs[0], dirs[1]);
	assert_int_equal(pipe(pipe_fds), 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (size_t i = 0; i < 2; i++) {
		start_half(dirs[i], i * stride, 2 * stride, pipe_fds[1]);
	}
	for (size_t i = 0; i < 2; i++) {
		struct count count;
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		assert_int_equal(
			read(pipe_fds[0], &count, sizeof(count)), sizeof(count));
		sum.nbits += count.nbits;
		sum.naccepted += count.naccepted;
		sum.nodd += count.nodd;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	print_message("%llu bits flipped one at a time, each %zuth, in %ld s: %llu "
		      "accepted\n",
		(unsigned long long)sum.nbits, stride, (long)(to.tv_sec - from.tv_sec),
		(unsigned long long)sum.naccepted);
	assert_true(sum.nbits > 0);
	assert_int_equal(sum.naccepted, 0);
	assert_int_equal(sum.nodd, 0);
	assert_valid(dirs[0], 300);
	assert_valid(dirs[1], 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
		T(a_log_of_any_size_is_accepted),
		T(a_log_with_a_third_height_of_tiles_is_accepted),
		T(lines_of_witnesses_are_passed_over),
		T(a_witness_s_name_has_no_blank_of_any_script),
		T(files_that_no_checkpoint_covers_are_counted_and_not_judged),
		T(a_log_extends_its_older_checkpoints_and_no_others),
		T(a_log_that_was_rolled_back_is_refused),
		T(no_log_and_a_foreign_key_are_told_apart),
		T(an_entry_that_is_not_in_its_strict_form_is_refused),
		T(a_missing_a_short_and_a_long_file_are_refused),
		T(what_is_no_file_is_not_read),
		T(every_changed_bit_of_a_log_of_300_entries_is_refused),
	};

	return cmocka_run_group_tests_name(
		"verify/published", tests, group_setup, group_teardown);
}
