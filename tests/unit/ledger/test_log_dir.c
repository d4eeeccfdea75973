#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "ledger_help.h"

static struct signer *signer;
static struct note_verifier by;

static int group_setup(void **state)
{
	(void)state;
	signer = help_signer();
	by = help_verifier(signer);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	signer_free(signer);
	return 0;
}

static void assert_is_log_of(
	const char *dir, const struct note_verifier *key, uint64_t size)
{
	struct log_head head = { .size = 0 };
	struct cu_err err = { 0, "" };

	if (help_verify(dir, key, &head, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(head.size, size);
}

/* --- reading and verifying ------------------------------------------------------------------ */

struct seen {
	uint64_t next, n, stop_at;
};

static int on_leaf(void *ctx, uint64_t index, struct span leaf, struct cu_err *err)
{
	struct seen *s = ctx;
	char text[LEAF_TEXT];

	assert_int_equal(index, s->next);
	assert_true(span_eq(leaf, help_leaf(index, text)));
	s->next++;
	s->n++;
	return index == s->stop_at ? cu_err_set(err, CU_ECANCELED, "enough") : 0;
}

static void each_leaf_is_handed_out_in_order_from_where_one_asks(void **state)
{
	static const uint64_t froms[] = { 0, 1, 255, 256, 257, 599, 600, 1000 };
	const char *dir = scratch_path(*state, "log");
	struct log_dir *d = NULL;
	struct seen seen;

	ledger_close(help_log(dir, signer, 600));
	assert_int_equal(log_dir_open(dir, &by, &d, NULL), 0);
	assert_int_equal(log_dir_head(d)->size, 600);
	assert_string_equal(log_dir_head(d)->origin, ORIGIN);
	for (size_t i = 0; i < sizeof(froms) / sizeof(froms[0]); i++) {
		seen = (struct seen){ froms[i], 0, UINT64_MAX };
		assert_int_equal(log_dir_each(d, froms[i], on_leaf, &seen, NULL), 0);
		assert_int_equal(seen.n, froms[i] < 600 ? 600 - froms[i] : 0);
	}

	seen = (struct seen){ 0, 0, 300 };
	assert_int_equal(log_dir_each(d, 0, on_leaf, &seen, NULL), CU_ECANCELED);
	assert_int_equal(seen.n, 301);
	log_dir_close(d);
}

static void no_log_an_empty_log_and_a_foreign_key_are_told_apart(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct signer *stranger = help_signer();
	struct note_verifier other = help_verifier(stranger);
	struct log_dir *d = NULL;

	assert_int_equal(log_dir_open(dir, &by, &d, NULL), CU_ENOENT);
	ledger_close(help_log(dir, signer, 0));
	assert_is_log_of(dir, &by, 0);
	assert_int_equal(log_dir_open(dir, &other, &d, NULL), CU_ENOKEY);
	signer_free(stranger);
}

static const char *const files_of_300[] = { "tile/entries/000", "tile/entries/001.p/44",
	"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint" };

#define NFILES (sizeof(files_of_300) / sizeof(files_of_300[0]))

/* Opens, reads all and verifies; the first error of the three. */
static int judge(const char *dir, struct cu_err *err)
{
	struct log_dir *d = NULL;
	int r = log_dir_open(dir, &by, &d, err);

	if (r == 0) {
		r = log_dir_verify(d, err);
	}
	log_dir_close(d);
	return r;
}

static void a_flipped_bit_of_any_file_fails_verification(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct cu_err err;
	size_t nflips = 0;

	ledger_close(help_log(dir, signer, 300));
	assert_int_equal(judge(dir, &err), 0);
	for (size_t i = 0; i < NFILES; i++) {
		const char *path = scratch_path(dir, files_of_300[i]);
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		for (size_t at = 0; at < (size_t)st.st_size; at++) {
			int r;

			scratch_flip(path, at, (int)(at * 7 % 8));
			r = judge(dir, &err);
			if (r != CU_ECORRUPT && r != CU_ENOKEY) {
				fail_msg("%s: byte %zu flipped: %d", files_of_300[i],
					at, r);
			}
			if (i < NFILES - 1) {
				assert_non_null(strstr(err.msg, "tile/"));
			}
			scratch_flip(path, at, (int)(at * 7 % 8));
			nflips++;
		}
	}
	print_message("%zu bits flipped\n", nflips);
	assert_int_equal(judge(dir, &err), 0);
}

static int on_any(void *ctx, uint64_t index, struct span leaf, struct cu_err *err)
{
	(void)ctx;
	(void)index;
	(void)leaf;
	(void)err;
	return 0;
}

/* log_dir_each does not read every byte, but what it reads must be right. */
static void no_leaf_is_handed_out_that_differs_from_the_tree(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct log_dir *d = NULL;
	struct cu_err err;

	ledger_close(help_log(dir, signer, 300));
	assert_int_equal(log_dir_open(dir, &by, &d, NULL), 0);
	for (size_t i = 0; i < NFILES - 1; i++) {
		const char *path = scratch_path(dir, files_of_300[i]);
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		for (size_t at = 0; at < (size_t)st.st_size; at += 1 + at / 16) {
			scratch_flip(path, at, (int)(at % 8));
			assert_int_equal(
				log_dir_each(d, 0, on_any, NULL, &err), CU_ECORRUPT);
			scratch_flip(path, at, (int)(at % 8));
		}
	}
	log_dir_close(d);
}

static void a_missing_a_short_and_a_long_file_fail_verification(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *copy = scratch_path(*state, "copy");
	struct cu_err err;

	ledger_close(help_log(dir, signer, 300));
	for (size_t i = 0; i < NFILES - 1; i++) {
		const char *path = scratch_path(copy, files_of_300[i]);
		struct stat st;

		help_copy(dir, copy);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(truncate(path, st.st_size + 1), 0);
		assert_int_equal(judge(copy, &err), CU_ECORRUPT);
		assert_non_null(strstr(err.msg, files_of_300[i]));
		assert_int_equal(truncate(path, st.st_size - 1), 0);
		assert_int_equal(judge(copy, &err), CU_ECORRUPT);
		assert_non_null(strstr(err.msg, files_of_300[i]));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(judge(copy, &err), CU_ECORRUPT);
		assert_non_null(strstr(err.msg, files_of_300[i]));
	}
}

/* --- mirrors -------------------------------------------------------------------------------- */

static void a_mirror_follows_its_log_at_any_distance(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 255, 256, 257, 300, 511, 512, 513, 1000,
		3000 };
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "a/b/mirror");
	struct ledger *l = help_log(dir, signer, 0);
	struct log_head head;

	assert_int_equal(log_mirror(dir, to, &by, &head, NULL), 0);
	assert_int_equal(head.size, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *fresh = scratch_path(*state, "fresh");

		assert_int_equal(help_append(l, ledger_size(l), sizes[i], NULL), 0);
		assert_int_equal(ledger_publish(l, NULL, NULL), 0);
		assert_int_equal(log_mirror(dir, to, &by, &head, NULL), 0);
		assert_int_equal(head.size, sizes[i]);
		assert_is_log_of(to, &by, sizes[i]);

		scratch_remove(fresh);
		assert_int_equal(log_mirror(dir, fresh, &by, &head, NULL), 0);
		assert_is_log_of(fresh, &by, sizes[i]);
	}
	assert_false(path_exists(scratch_path(to, "journal")));
	assert_false(path_exists(scratch_path(to, "tile/0/000.p")));
	ledger_close(l);
}

static long calls_of_mirror(const char *dir, const char *to)
{
	fault_arm(FAULT_ANY, 0, FAULT_COUNT, 0);
	assert_int_equal(log_mirror(dir, to, &by, NULL, NULL), 0);
	return fault_disarm();
}

static void a_mirror_that_lags_a_little_is_brought_up_with_little(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "mirror");
	struct ledger *l = help_log(dir, signer, 20000);
	long all = calls_of_mirror(dir, to), few;

	assert_true(calls_of_mirror(dir, to) <= 3);
	assert_int_equal(help_append(l, 20000, 20001, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	few = calls_of_mirror(dir, to);

	assert_true(few > 0 && few < 40);
	assert_true(all > 20 * few);
	assert_is_log_of(to, &by, 20001);
	ledger_close(l);
}

struct mirroring {
	const char *dir, *to;
};

static int mirror_story(void *ctx)
{
	const struct mirroring *m = ctx;

	return log_mirror(m->dir, m->to, &by, NULL, NULL);
}

/* 253 leaves are there; the accident happens on the way to 600. */
static void a_mirror_cut_short_anywhere_is_the_older_log_and_is_taken_up_again(
	void **state)
{
	static const enum fault_how hows[] = { FAULT_EXIT, FAULT_TEAR, FAULT_POWER,
		FAULT_SHUFFLE };
	const char *dir = scratch_path(*state, "log"),
		   *old = scratch_path(*state, "old");
	struct mirroring m = { dir, scratch_path(*state, "mirror") };
	struct ledger *l = help_log(dir, signer, 253);

	assert_int_equal(log_mirror(dir, old, &by, NULL, NULL), 0);
	assert_int_equal(help_append(l, 253, 600, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		int r = 0;

		for (long n = 1; r == 0; n++) {
			struct log_head head;

			help_copy(old, m.to);
			r = fault_run(FAULT_ANY, n, hows[i], 0, mirror_story, &m);
			assert_int_not_equal(r, -1);
			assert_int_equal(help_verify(m.to, &by, &head, NULL), 0);
			assert_true(
				head.size == (r == 1 ? 600 : 253) || head.size == 600);

			assert_int_equal(log_mirror(dir, m.to, &by, NULL, NULL), 0);
			assert_is_log_of(m.to, &by, 600);
		}
	}
	ledger_close(l);
}

static void a_mirror_that_is_told_to_be_complete_outlives_a_power_cut(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *above = scratch_path(*state, "above");
	struct mirroring m = { dir, scratch_path(*state, "above/mirror") };
	int r = 0;

	ledger_close(help_log(dir, signer, 300));
	for (long n = 1; r == 0; n++) {
		scratch_remove(above);
		r = fault_run_twice(FAULT_ANY, n, mirror_story, &m);
		assert_int_not_equal(r, -1);
		assert_is_log_of(m.to, &by, 300);
	}
}

static void a_log_that_was_rolled_back_is_noticed_by_its_mirror(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "mirror");
	const char *snapshot = scratch_path(*state, "snapshot");
	struct ledger *l = help_log(dir, signer, 300);
	struct log_head head = { .size = 77 };
	struct cu_err err;

	ledger_close(l);
	help_copy(dir, snapshot);
	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	assert_int_equal(help_append(l, 300, 310, NULL), 0);
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_int_equal(log_mirror(dir, to, &by, NULL, NULL), 0);
	ledger_close(l);

	/* Somebody puts the snapshot of the whole log back. */
	help_copy(snapshot, dir);
	assert_int_equal(log_mirror(dir, to, &by, &head, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "newer than this log (310 leaves, here 300)"));
	assert_int_equal(head.size, 77);
	assert_is_log_of(to, &by, 310);

	/* It grows again, past the mirror, with another history. */
	assert_int_equal(ledger_open(dir, signer, &l, NULL), 0);
	assert_int_equal(help_append(l, 300, 305, NULL), 0);
	for (int i = 0; i < 10; i++) {
		struct ledger_entry other = { 0, span_str("something else") };

		assert_int_equal(ledger_append(l, &other, 1, NULL), 0);
	}
	assert_int_equal(ledger_publish(l, NULL, NULL), 0);
	assert_int_equal(log_mirror(dir, to, &by, NULL, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "does not extend"));
	assert_is_log_of(to, &by, 310);
	ledger_close(l);
}

static void a_mirror_of_the_same_size_with_other_leaves_is_noticed(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "mirror");
	struct ledger *l = help_log(dir, signer, 10), *m = help_log(to, signer, 9);
	struct ledger_entry other = { 0, span_str("something else") };
	struct cu_err err;

	assert_int_equal(ledger_append(m, &other, 1, NULL), 0);
	assert_int_equal(ledger_publish(m, NULL, NULL), 0);

	assert_int_equal(log_mirror(dir, to, &by, NULL, &err), CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "does not extend"));
	ledger_close(l);
	ledger_close(m);
}

static void a_mirror_signed_by_a_stranger_or_damaged_is_left_alone(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "mirror");
	struct signer *stranger = help_signer();
	struct note_verifier other = help_verifier(stranger);
	struct cu_err err;

	ledger_close(help_log(dir, signer, 10));
	ledger_close(help_log(to, stranger, 5));
	assert_int_equal(log_mirror(dir, to, &by, NULL, &err), CU_ECORRUPT);
	assert_is_log_of(to, &other, 5);

	scratch_remove(to);
	assert_int_equal(log_mirror(dir, to, &by, NULL, NULL), 0);
	scratch_flip(scratch_path(to, "checkpoint"), 3, 0);
	assert_int_equal(log_mirror(dir, to, &by, NULL, &err), CU_ECORRUPT);
	signer_free(stranger);
}

static void a_damaged_log_is_not_mirrored(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *to = scratch_path(*state, "mirror");
	struct cu_err err;

	ledger_close(help_log(dir, signer, 300));
	for (size_t i = 0; i < NFILES - 1; i++) {
		scratch_flip(scratch_path(dir, files_of_300[i]), 11, 2);
		assert_int_equal(log_mirror(dir, to, &by, NULL, &err), CU_ECORRUPT);
		assert_false(path_exists(scratch_path(to, "checkpoint")));
		scratch_flip(scratch_path(dir, files_of_300[i]), 11, 2);
	}
	assert_int_equal(log_mirror(dir, to, &by, NULL, NULL), 0);
	assert_is_log_of(to, &by, 300);
}

/* --- going on elsewhere --------------------------------------------------------------------- */

static void a_log_goes_on_from_its_mirror_under_another_name_and_key(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 256, 300 };

	for (size_t i = 0; i < 4; i++) {
		const char *dir = scratch_path(*state, "log"),
			   *to = scratch_path(*state, "m");
		const char *next = scratch_path(*state, "next");
		struct signer *heir = NULL;
		struct note_verifier heir_by;
		struct log_head before, after;
		struct ledger *l = NULL;
		struct buf b = BUF_INIT;
		uint64_t size = sizes[i];

		scratch_remove(dir);
		scratch_remove(to);
		scratch_remove(next);
		assert_int_equal(signer_new("custos/next", &heir, NULL), 0);
		heir_by = help_verifier(heir);
		ledger_close(help_log(dir, signer, size));
		assert_int_equal(log_mirror(dir, to, &by, &before, NULL), 0);

		assert_int_equal(
			ledger_continue(to, &by, next, "custos/next", heir, NULL), 0);
		assert_int_equal(help_verify(next, &heir_by, &after, NULL), 0);
		assert_int_equal(after.size, size);
		assert_memory_equal(after.root, before.root, HASH_SIZE);
		assert_string_equal(after.origin, "custos/next");

		assert_int_equal(ledger_open(next, heir, &l, NULL), 0);
		assert_int_equal(ledger_size(l), size);
		assert_int_equal(ledger_last_outbox(l), 0);
		assert_int_equal(help_append(l, size, size + 7, NULL), 0);
		assert_int_equal(ledger_publish(l, NULL, NULL), 0);
		assert_int_equal(ledger_read(l, size / 2, &b, NULL), 0);
		ledger_close(l);
		assert_is_log_of(next, &heir_by, size + 7);

		assert_int_equal(
			ledger_continue(to, &by, next, "custos/next", heir, NULL),
			CU_EEXIST);
		buf_done(&b);
		signer_free(heir);
	}
}

static void a_log_does_not_go_on_from_a_damaged_mirror(void **state)
{
	const char *dir = scratch_path(*state, "log"),
		   *next = scratch_path(*state, "next");
	struct ledger *l = NULL;

	ledger_close(help_log(dir, signer, 300));
	scratch_flip(scratch_path(dir, "tile/entries/000"), 100, 1);
	assert_int_equal(ledger_continue(dir, &by, next, "custos/next", signer, NULL),
		CU_ECORRUPT);
	assert_int_equal(ledger_open(next, signer, &l, NULL), CU_ENOENT);

	/* Once the mirror is mended, what was begun is no hindrance. */
	scratch_flip(scratch_path(dir, "tile/entries/000"), 100, 1);
	assert_int_equal(
		ledger_continue(dir, &by, next, "custos/next", signer, NULL), 0);
	assert_is_log_of(next, &by, 300);
}

#define IN_SCRATCH(test)                                                               \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(each_leaf_is_handed_out_in_order_from_where_one_asks),
		IN_SCRATCH(no_log_an_empty_log_and_a_foreign_key_are_told_apart),
		IN_SCRATCH(a_flipped_bit_of_any_file_fails_verification),
		IN_SCRATCH(no_leaf_is_handed_out_that_differs_from_the_tree),
		IN_SCRATCH(a_missing_a_short_and_a_long_file_fail_verification),
		IN_SCRATCH(a_mirror_follows_its_log_at_any_distance),
		IN_SCRATCH(a_mirror_that_lags_a_little_is_brought_up_with_little),
		IN_SCRATCH(
			a_mirror_cut_short_anywhere_is_the_older_log_and_is_taken_up_again),
		IN_SCRATCH(a_mirror_that_is_told_to_be_complete_outlives_a_power_cut),
		IN_SCRATCH(a_log_that_was_rolled_back_is_noticed_by_its_mirror),
		IN_SCRATCH(a_mirror_of_the_same_size_with_other_leaves_is_noticed),
		IN_SCRATCH(a_mirror_signed_by_a_stranger_or_damaged_is_left_alone),
		IN_SCRATCH(a_damaged_log_is_not_mirrored),
		IN_SCRATCH(a_log_goes_on_from_its_mirror_under_another_name_and_key),
		IN_SCRATCH(a_log_does_not_go_on_from_a_damaged_mirror),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
