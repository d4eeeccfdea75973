#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/err.h"
#include "fault.h"
#include "ledger/journal.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"
#include "scratch.h"

#define FIRST_SEGMENT "00000000000000000000"
#define SIZE          (128u << 10) /* of a segment here; the tests open some thousand */

/* --- what a journal holds ---------------------------------------------------------------- */

struct seen {
	uint64_t n;
	uint64_t first;
	struct buf text; /* "index:leaf;" for each */
};

static int on_leaf(void *ctx, uint64_t index, const struct journal_pos *pos,
	struct span leaf, struct cu_err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (s->n == 0) {
		s->first = index;
	}
	assert_int_equal(index, s->first + s->n);
	assert_int_equal(pos->size, leaf.n);
	s->n++;
	if (leaf.n < 1000) {
		buf_putf(&s->text, "%llu:%.*s;", (unsigned long long)index, (int)leaf.n,
			(const char *)leaf.p);
	}
	return 0;
}

static struct journal *reopen(const char *dir, struct seen *ret, struct cu_err *err)
{
	struct journal *j = NULL;

	buf_done(&ret->text);
	*ret = (struct seen){ 0 };
	return journal_open(dir, on_leaf, ret, &j, err) < 0 ? NULL : j;
}

/* The leaves text[0], text[1], ... in one batch, with outbox numbers from outbox on (0: none). */
static int append(struct journal *j, uint64_t outbox, const char *const *texts,
	size_t n, struct cu_err *err)
{
	struct ledger_entry entries[8];
	struct journal_pos pos[8];

	for (size_t i = 0; i < n; i++) {
		entries[i].outbox = outbox ? outbox + i : 0;
		entries[i].leaf = span_str(texts[i]);
	}
	return journal_append(j, entries, n, pos, err);
}

static const char *const batch1[] = { "a", "bb" };
static const char *const batch2[] = { "ccc" };
/* Long enough for the batch to lie in three sectors. */
static const char *const batch3[] = { "dddddddddddddddddddddddddddddddddddddddddddddddd"
				      "dddddddddddddddddddddddddddddddddddddd"
				      "dddddddddddddddddddddddddddddddddddddddddddddddd"
				      "dddddddddddddddddddddddddddddddddddddd"
				      "dddddddddddddddddddddddddddddddddddddddddddddddd"
				      "dddddddddddddddddddddddddddddddddddddd",
	"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	"eeeeeeee"
	"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	"eeeeeeee"
	"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	"eeeeeeee",
	"fffffff" };

#define TWO_BATCHES "0:a;1:bb;2:ccc;"

/* A journal with three batches; where the last two begin, and where the last one ends. */
static void make_three(const char *dir, size_t ret_at[3])
{
	struct journal *j;
	struct seen seen = { 0 };
	struct buf file = BUF_INIT;
	const char *path = scratch_path(dir, FIRST_SEGMENT);

	assert_int_equal(journal_create(dir, 0, 0, SIZE, NULL), 0);
	j = reopen(dir, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(append(j, 1, batch1, 2, NULL), 0);
	assert_int_equal(append(j, 0, batch2, 1, NULL), 0);
	assert_int_equal(append(j, 3, batch3, 3, NULL), 0);
	journal_close(j);

	assert_int_equal(path_read_file(path, SIZE, &file, NULL), 0);
	assert_int_equal(file.n, SIZE);
	ret_at[2] = segment_used(buf_span(&file));
	ret_at[0] = SEGMENT_HEADER_SIZE +
		    2 * SEGMENT_ALIGN;             /* batch 1: 64 + 23 + 1 bytes */
	ret_at[1] = ret_at[0] + 2 * SEGMENT_ALIGN; /* batch 2: 64 + 13 + 1 */
	assert_memory_equal(file.p + ret_at[0], "CJB1", 4);
	assert_memory_equal(file.p + ret_at[1], "CJB1", 4);
	buf_done(&file);
	buf_done(&seen.text);
}

/* --- tests --------------------------------------------------------------------------------- */

static void
what_was_appended_is_there_after_reopening_in_order_and_with_its_outbox_number(
	void **state)
{
	struct seen seen = { 0 };
	struct journal *j;
	size_t at[3];

	make_three(*state, at);
	j = reopen(*state, &seen, NULL);

	assert_non_null(j);
	assert_int_equal(seen.n, 6);
	assert_memory_equal(
		seen.text.p, TWO_BATCHES "3:ddd", sizeof(TWO_BATCHES "3:ddd") - 1);
	assert_int_equal(journal_first(j), 0);
	assert_int_equal(journal_end(j), 6);
	assert_int_equal(journal_outbox(j), 5);
	journal_close(j);
	buf_done(&seen.text);
}

static void a_leaf_is_read_from_where_appending_said_it_lies(void **state)
{
	struct ledger_entry entries[] = { { 0, span_str("one") },
		{ 0, span_str("two") } };
	struct journal_pos pos[2];
	struct seen seen = { 0 };
	struct buf b = BUF_INIT;
	struct journal *j;

	assert_int_equal(journal_create(*state, 7, 3, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	assert_int_equal(journal_append(j, entries, 2, pos, NULL), 0);
	assert_int_equal(journal_append(j, entries, 1, pos, NULL), 0);

	assert_int_equal(journal_read(j, &pos[1], &b, NULL), 0);
	assert_int_equal(journal_read(j, &pos[0], &b, NULL), 0);
	assert_string_equal(buf_cstr(&b), "twoone");
	assert_int_equal(journal_end(j), 10);
	assert_int_equal(journal_outbox(j), 3);
	journal_close(j);
	buf_done(&b);
	buf_done(&seen.text);
}

/* What was damaged is put back for the next round. */
static void assert_dropped_whole_then_put_back(
	const char *dir, const char *path, const uint8_t *batch, const size_t at[3])
{
	struct seen seen = { 0 };
	struct cu_err err = { 0, "" };
	struct journal *j = reopen(dir, &seen, &err);

	if (!j) {
		fail_msg("did not open: %s", err.msg);
	}
	assert_string_equal(buf_cstr(&seen.text), TWO_BATCHES);
	assert_int_equal(journal_end(j), 3);
	assert_int_equal(journal_outbox(j), 2);
	journal_close(j);
	buf_done(&seen.text);
	scratch_write_at(path, at[1], batch, at[2] - at[1]);
}

static void a_last_batch_cut_at_any_byte_is_dropped_whole(void **state)
{
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	size_t at[3];
	uint8_t batch[2048];

	make_three(*state, at);
	assert_in_range(at[2] - at[1], 2 * 256 + 1, sizeof(batch));
	scratch_read_at(path, at[1], batch, at[2] - at[1]);

	for (size_t cut = at[1]; cut < at[2]; cut++) {
		assert_int_equal(truncate(path, (off_t)cut), 0);
		assert_dropped_whole_then_put_back(*state, path, batch, at);
	}
}

static void a_last_batch_of_which_any_sectors_are_lost_is_dropped_whole(void **state)
{
	static const uint8_t zeros[512];
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	size_t at[3], nsectors;
	uint8_t batch[2048];

	make_three(*state, at);
	scratch_read_at(path, at[1], batch, at[2] - at[1]);
	nsectors = (at[2] - 1) / 512 - at[1] / 512 + 1;
	assert_true(nsectors >= 2);

	for (unsigned lost = 1; lost < 1u << nsectors; lost++) {
		for (size_t i = 0; i < nsectors; i++) {
			size_t from = (at[1] / 512 + i) * 512, to = from + 512;

			from = from > at[1] ? from : at[1];
			to = to < at[2] ? to : at[2];
			if (lost & 1u << i) {
				scratch_write_at(path, from, zeros, to - from);
			}
		}
		assert_dropped_whole_then_put_back(*state, path, batch, at);
	}
}

static int open_story(void *ctx)
{
	struct seen seen = { 0 };
	struct journal *j = reopen(ctx, &seen, NULL);

	journal_close(j);
	buf_done(&seen.text);
	return j ? 0 : -1;
}

/* It blanks what the write left, and is torn in that itself. */
static void a_start_that_dies_over_a_torn_batch_is_followed_by_one_that_works(void **state)
{
	static const uint8_t zeros[2048];
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	uint8_t batch[2048];
	size_t at[3];

	make_three(*state, at);
	scratch_read_at(path, at[1], batch, at[2] - at[1]);
	for (size_t cut = at[1] + 1; cut < at[2]; cut += 37) {
		int is_over = 0;

		for (long nth = 1; !is_over; nth++) {
			struct seen seen = { 0 };
			struct journal *j;

			scratch_write_at(path, at[1], batch, cut - at[1]);
			scratch_write_at(path, cut, zeros, at[2] - cut);
			is_over = fault_run(FAULT_ANY, nth, FAULT_TEAR, 0, open_story, *state);
			assert_true(is_over >= 0);
			j = reopen(*state, &seen, NULL);
			if (!j) {
				fail_msg("%zu bytes of the batch were there, and a start died at its call %ld", cut - at[1], nth);
			}
			assert_string_equal(buf_cstr(&seen.text), TWO_BATCHES);
			journal_close(j);
			buf_done(&seen.text);
		}
	}
}

/* The shortest batch there is, over its torn predecessor: nothing of that may show. */
static void after_a_torn_batch_the_journal_goes_on(void **state)
{
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	struct seen seen = { 0 };
	struct journal *j;
	size_t at[3];

	make_three(*state, at);
	assert_int_equal(truncate(path, (off_t)at[2] - 1), 0);
	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(append(j, 3, batch2, 1, NULL), 0);
	journal_close(j);

	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_string_equal(buf_cstr(&seen.text), TWO_BATCHES "3:ccc;");
	journal_close(j);
	buf_done(&seen.text);
}

static void any_flipped_bit_of_a_complete_batch_reports_corrupt(void **state)
{
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	struct seen seen = { 0 };
	struct cu_err err;
	size_t at[3];

	make_three(*state, at);
	for (size_t i = 0; i < at[2]; i++) {
		uint8_t byte;

		scratch_read_at(path, i, &byte, 1);
		if (i >= SEGMENT_HEADER_SIZE - HASH_SIZE && i < SEGMENT_HEADER_SIZE) {
			continue; /* not used */
		}
		if ((i >= at[0] - 40 && i < at[0]) || (i >= at[1] - 50 && i < at[1])) {
			assert_int_equal(byte, 0); /* between two batches */
			continue;
		}
		scratch_flip(path, i, (int)(i % 8));
		if (reopen(*state, &seen, &err)) {
			fail_msg("opened with byte %zu flipped", i);
		}
		assert_int_equal(err.code, CU_ECORRUPT);
		scratch_flip(path, i, (int)(i % 8));
	}
	buf_done(&seen.text);
}

/* Bytes behind the end are no batch: a part of one that was never acknowledged. */
static void dirt_behind_the_last_batch_is_wiped(void **state)
{
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	struct seen seen = { 0 };
	struct journal *j;
	size_t at[3];
	uint8_t byte;

	make_three(*state, at);
	scratch_flip(path, at[2] + 5000, 3);
	j = reopen(*state, &seen, NULL);

	assert_non_null(j);
	assert_int_equal(seen.n, 6);
	journal_close(j);
	scratch_read_at(path, at[2] + 5000, &byte, 1);
	assert_int_equal(byte, 0);
	buf_done(&seen.text);
}

static void a_hole_before_a_later_batch_is_damage_and_no_torn_end(void **state)
{
	static const uint8_t zeros[512];
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	struct seen seen = { 0 };
	struct cu_err err;
	size_t at[3];

	make_three(*state, at);
	scratch_write_at(path, at[0], zeros, at[1] - at[0]);

	assert_null(reopen(*state, &seen, &err));
	assert_int_equal(err.code, CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "from leaf 2 on"));
	buf_done(&seen.text);
}

/* --- segments ------------------------------------------------------------------------------ */

/* Batches of 8 leaves of the largest size until a new segment has been begun. */
static uint64_t fill_segment(struct journal *j, uint64_t outbox)
{
	static char text[LEAF_MAX_SIZE + 1];
	const char *const texts[] = { text, text, text, text, text, text, text, text };
	uint64_t n = 0;

	memset(text, 'x', LEAF_MAX_SIZE);
	while (n * LEAF_MAX_SIZE <= SIZE) {
		assert_int_equal(append(j, outbox + n, texts, 8, NULL), 0);
		n += 8;
	}
	return n;
}

static void a_full_segment_is_followed_by_another_and_dropped_once_it_is_covered(
	void **state)
{
	struct seen seen = { 0 };
	struct journal *j;
	uint64_t n, second;
	char **names;
	size_t nnames;

	assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	n = fill_segment(j, 1);
	journal_close(j);

	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(seen.n, n);
	assert_int_equal(path_list(*state, &names, &nnames, NULL), 0);
	assert_int_equal(nnames, 2);
	second = strtoull(names[1], NULL, 10);
	path_free_names(names, nnames);

	assert_int_equal(journal_drop(j, second - 1, NULL), 0);
	assert_int_equal(journal_first(j), 0);
	assert_int_equal(journal_drop(j, n, NULL), 0);
	assert_int_equal(journal_first(j), second);
	journal_close(j);

	/* The outbox number is known even when not a leaf with one is left. */
	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(seen.first, second);
	assert_int_equal(seen.n, n - second);
	assert_int_equal(journal_end(j), n);
	assert_int_equal(journal_outbox(j), n);
	journal_close(j);
	buf_done(&seen.text);
}

static void the_outbox_number_outlives_the_segment_of_its_leaf(void **state)
{
	struct seen seen = { 0 };
	struct journal *j;

	assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	assert_int_equal(append(j, 41, batch1, 2, NULL), 0);
	while (journal_first(j) == 0) {
		static char text[LEAF_MAX_SIZE + 1];
		const char *const texts[] = { text, text, text, text, text, text, text,
			text };

		memset(text, 'y', LEAF_MAX_SIZE);
		assert_int_equal(append(j, 0, texts, 8, NULL), 0);
		assert_int_equal(journal_drop(j, journal_end(j), NULL), 0);
	}
	journal_close(j);

	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_true(seen.first > 0);
	assert_int_equal(journal_outbox(j), 42);
	journal_close(j);
	buf_done(&seen.text);
}

static void a_missing_or_foreign_segment_reports_corrupt(void **state)
{
	char *other = scratch_new(), command[300];
	struct seen seen = { 0 };
	struct journal *j;
	struct cu_err err;
	char **names;
	size_t n;

	assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	fill_segment(j, 1);
	fill_segment(j, 100000);
	journal_close(j);
	assert_int_equal(path_list(*state, &names, &n, NULL), 0);
	assert_true(n >= 3);

	/* The first two segments of another log with leaves of the same sizes. */
	assert_int_equal(journal_create(other, 0, 0, SIZE, NULL), 0);
	j = reopen(other, &seen, NULL);
	fill_segment(j, 2);
	journal_close(j);
	snprintf(command, sizeof(command), "mv %s/%s %s/keep && cp %s/%s %s/%s",
		(char *)*state, names[1], other, other, names[1], (char *)*state,
		names[1]);
	assert_int_equal(system(command), 0);
	assert_null(reopen(*state, &seen, &err));
	assert_int_equal(err.code, CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "does not follow"));

	/* None at all in the middle. */
	assert_int_equal(unlink(scratch_path(*state, names[1])), 0);
	assert_null(reopen(*state, &seen, &err));
	assert_int_equal(err.code, CU_ECORRUPT);
	assert_non_null(strstr(err.msg, "should follow"));

	scratch_remove(other);
	free(other);
	path_free_names(names, n);
	buf_done(&seen.text);
}

/* Its digest is right: whoever can write there can make it so.  Places are those of docs/formats/log.md. */
static void a_head_that_sets_gigabytes_aside_reports_corrupt(void **state)
{
	const char *path = scratch_path(*state, FIRST_SEGMENT);
	struct seen seen = { 0 };
	struct cu_err err;

	for (size_t at = 24; at <= 28; at += 4) { /* of this one, of the next ones */
		struct buf file = BUF_INIT;

		assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
		assert_int_equal(path_read_file(path, SIZE, &file, NULL), 0);
		memcpy(file.p + at, "\xff\xff\xff\xff", 4);
		hash_sha256(span_of(file.p, 64), file.p + 64);
		scratch_write_at(path, 0, file.p, SEGMENT_HEADER_SIZE);

		assert_null(reopen(*state, &seen, &err));
		assert_int_equal(err.code, CU_ECORRUPT);
		assert_non_null(strstr(err.msg, "no valid head"));
		assert_int_equal(unlink(path), 0);
		buf_done(&file);
	}
	buf_done(&seen.text);
}

static void a_batch_larger_than_a_segment_gets_a_larger_one(void **state)
{
	enum { N = 5000 };
	static uint8_t text[LEAF_MAX_SIZE];
	static struct ledger_entry entries[N];
	static struct journal_pos pos[N];
	struct seen seen = { 0 };
	struct buf b = BUF_INIT;
	struct journal *j;

	memset(text, 'z', sizeof(text));
	for (size_t i = 0; i < N; i++) {
		entries[i] =
			(struct ledger_entry){ i + 1, span_of(text, sizeof(text)) };
	}
	assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	assert_int_equal(journal_append(j, entries, N, pos, NULL), 0);
	assert_int_equal(append(j, N + 1, batch1, 2, NULL), 0);
	assert_int_equal(journal_read(j, &pos[N - 1], &b, NULL), 0);
	assert_int_equal(b.n, LEAF_MAX_SIZE);
	journal_close(j);

	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(seen.n, N + 2);
	journal_close(j);
	buf_done(&b);
	buf_done(&seen.text);
}

/* --- refusals and failures ----------------------------------------------------------------- */

static void what_must_not_go_in_is_refused_and_nothing_is_lost_by_it(void **state)
{
	static char text[LEAF_MAX_SIZE + 2];
	const char *const too_long[] = { text }, *const empty[] = { "" };
	struct seen seen = { 0 };
	struct journal *j;
	struct cu_err err;

	memset(text, 'x', LEAF_MAX_SIZE + 1);
	assert_int_equal(journal_create(*state, 0, 5, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	assert_int_equal(append(j, 6, batch1, 2, NULL), 0);

	assert_int_equal(append(j, 0, too_long, 1, &err), CU_EINVAL);
	assert_int_equal(append(j, 0, empty, 1, &err), CU_EINVAL);
	assert_int_equal(
		append(j, 7, batch2, 1, &err), CU_EINVAL); /* was appended before */
	assert_non_null(strstr(err.msg, "outbox number 7 after 7"));
	assert_int_equal(append(j, 8, batch2, 1, NULL), 0);
	journal_close(j);

	j = reopen(*state, &seen, NULL);
	assert_string_equal(buf_cstr(&seen.text), "0:a;1:bb;2:ccc;");
	journal_close(j);

	assert_int_equal(journal_create(*state, 0, 0, SIZE, &err), CU_EEXIST);
	buf_done(&seen.text);
}

static void after_a_failed_write_or_sync_everything_is_refused_until_reopened(
	void **state)
{
	static const unsigned kinds[] = { FAULT_SYNC, FAULT_WRITE };

	for (size_t i = 0; i < 2; i++) {
		struct seen seen = { 0 };
		struct journal *j;
		struct cu_err err;

		scratch_remove(*state);
		assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
		j = reopen(*state, &seen, NULL);
		assert_int_equal(append(j, 1, batch1, 2, NULL), 0);

		fault_arm(kinds[i], 1, FAULT_FAIL, EIO);
		assert_int_equal(append(j, 3, batch2, 1, &err), CU_EIO);
		assert_int_equal(fault_disarm(), 1);
		assert_int_equal(append(j, 3, batch2, 1, &err), CU_EIO);
		assert_non_null(strstr(err.msg, "reopened"));
		assert_int_equal(journal_end(j), 2);
		journal_close(j);

		/* Whether the batch is there nobody knows; the one before it is. */
		j = reopen(*state, &seen, NULL);
		assert_non_null(j);
		assert_true(seen.n == 2 || seen.n == 3);
		assert_int_equal(append(j, journal_outbox(j) + 1, batch3, 3, NULL), 0);
		journal_close(j);
		buf_done(&seen.text);
	}
}

/* The kernel may call pages clean that it failed to write; the batch must go out again. */
static void opening_writes_the_last_batch_again_and_syncs_it(void **state)
{
	struct seen seen = { 0 };
	struct journal *j;
	struct cu_err err;
	size_t at[3];

	make_three(*state, at);
	fault_arm(FAULT_WRITE, 0, FAULT_COUNT, 0);
	j = reopen(*state, &seen, NULL);
	assert_true(fault_disarm() >= 1);
	journal_close(j);

	fault_arm(FAULT_SYNC, 1, FAULT_FAIL, EIO);
	assert_null(reopen(*state, &seen, &err));
	fault_disarm();
	assert_int_equal(err.code, CU_EIO);
	buf_done(&seen.text);
}

static void without_space_for_a_new_segment_the_journal_waits_for_space(void **state)
{
	static char text[LEAF_MAX_SIZE + 1];
	const char *const texts[] = { text, text, text, text, text, text, text, text };
	struct seen seen = { 0 };
	struct journal *j;
	struct cu_err err;
	uint64_t end;
	int r;

	memset(text, 'x', LEAF_MAX_SIZE);
	assert_int_equal(journal_create(*state, 0, 0, SIZE, NULL), 0);
	j = reopen(*state, &seen, NULL);
	fault_arm(FAULT_SPACE, 1, FAULT_FAIL, ENOSPC);
	do {
		end = journal_end(j);
		r = append(j, 0, texts, 8, &err);
	} while (r == 0);
	assert_int_equal(fault_disarm(), 1);

	assert_int_equal(r, CU_ENOSPC);
	assert_int_equal(journal_end(j), end);
	assert_int_equal(append(j, 0, texts, 8, &err), 0);
	journal_close(j);
	j = reopen(*state, &seen, NULL);
	assert_non_null(j);
	assert_int_equal(seen.n, end + 8);
	journal_close(j);
	buf_done(&seen.text);
}

#define IN_SCRATCH(test)                                                               \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(
			what_was_appended_is_there_after_reopening_in_order_and_with_its_outbox_number),
		IN_SCRATCH(a_leaf_is_read_from_where_appending_said_it_lies),
		IN_SCRATCH(a_last_batch_cut_at_any_byte_is_dropped_whole),
		IN_SCRATCH(a_last_batch_of_which_any_sectors_are_lost_is_dropped_whole),
		IN_SCRATCH(a_start_that_dies_over_a_torn_batch_is_followed_by_one_that_works),
		IN_SCRATCH(after_a_torn_batch_the_journal_goes_on),
		IN_SCRATCH(any_flipped_bit_of_a_complete_batch_reports_corrupt),
		IN_SCRATCH(dirt_behind_the_last_batch_is_wiped),
		IN_SCRATCH(a_hole_before_a_later_batch_is_damage_and_no_torn_end),
		IN_SCRATCH(
			a_full_segment_is_followed_by_another_and_dropped_once_it_is_covered),
		IN_SCRATCH(the_outbox_number_outlives_the_segment_of_its_leaf),
		IN_SCRATCH(a_missing_or_foreign_segment_reports_corrupt),
		IN_SCRATCH(a_head_that_sets_gigabytes_aside_reports_corrupt),
		IN_SCRATCH(a_batch_larger_than_a_segment_gets_a_larger_one),
		IN_SCRATCH(what_must_not_go_in_is_refused_and_nothing_is_lost_by_it),
		IN_SCRATCH(
			after_a_failed_write_or_sync_everything_is_refused_until_reopened),
		IN_SCRATCH(opening_writes_the_last_batch_again_and_syncs_it),
		IN_SCRATCH(without_space_for_a_new_segment_the_journal_waits_for_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
