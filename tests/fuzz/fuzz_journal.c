/*
 * The journal of the log as it is found on disk: segments, batches, the chain of their digests.
 *
 * The first byte says whether the digests are made anew after the changes, as by somebody who can write
 * there, so that what lies behind them is met; each five bytes after it are a change of a file of a real one.  As it
 * lies, only whole leaves come out, each where it was and as it was written; without the digests anew and
 * with no file cut, all but the last batch, or it is refused with a reason.  What is taken goes on: a leaf
 * more is there after the next start.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "files.h"
#include "fuzz.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"

#define SEGMENT 4096
#define NLEAVES 36
#define BATCH   3

static struct {
	char dir[PATH_SIZE], work[PATH_SIZE];
	struct files real;
	char leaves[NLEAVES][200];
} w;

/* What a start handed out. */
struct found {
	uint64_t n;
	bool is_as_written;
};

/* --- a real one ------------------------------------------------------------------- */

static void append(struct journal *j, uint64_t first, size_t n)
{
	struct ledger_entry entries[BATCH];
	struct journal_pos pos[BATCH];

	for (size_t i = 0; i < n; i++) {
		entries[i] = (struct ledger_entry){ first + i + 1, span_str(w.leaves[first + i]) };
	}
	fuzz_must(journal_append(j, entries, n, pos, NULL) == 0, "leaves can be appended");
}

static int pass_over(void *ctx, uint64_t index, const struct journal_pos *pos, struct span leaf,
	struct cu_err *err)
{
	(void)ctx;
	(void)index;
	(void)pos;
	(void)leaf;
	(void)err;
	return 0;
}

static void make_world(void)
{
	struct journal *j = NULL;

	fuzz_make_dir(w.dir);
	fuzz_must(path_join(w.work, w.dir, "work", NULL) == 0, "it begins");
	for (size_t i = 0; i < NLEAVES; i++) {
		memset(w.leaves[i], (int)('a' + i % 26), 40 + i * 4);
	}
	fuzz_must(journal_create(w.work, 0, 0, SEGMENT, NULL) == 0 &&
			  journal_open(w.work, pass_over, NULL, &j, NULL) == 0,
		"a journal can be made");
	for (uint64_t i = 0; i < NLEAVES; i += BATCH) {
		append(j, i, BATCH);
	}
	journal_close(j);
	files_take(&w.real, w.work);
	fuzz_must(w.real.n >= 2, "there are segments");
}

/* --- digests anew ----------------------------------------------------------------- */

static uint32_t read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* docs/formats/log.md: the head, and then a batch at each multiple of 64, if there is one. */
static void reseal(struct buf *file, uint8_t chain[HASH_SIZE])
{
	struct hash_sha256 h;
	uint8_t digest[HASH_SIZE];

	if (file->n < SEGMENT_HEADER_SIZE) {
		return;
	}
	hash_sha256(span_of(file->p, 64), file->p + 64);
	memcpy(chain, file->p + 32, HASH_SIZE);
	for (size_t at = SEGMENT_HEADER_SIZE; at + SEGMENT_BATCH_HEADER < file->n && file->p[at] == 'C';) {
		uint8_t *b = file->p + at;
		size_t n = read_u32(b + 16), left = file->n - at - SEGMENT_BATCH_HEADER;

		hash_sha256(span_of(b, 20), digest);
		memcpy(b + 20, digest, 4);
		if (n >= left) {
			return;
		}
		hash_sha256_init(&h);
		hash_sha256_put(&h, span_of(chain, HASH_SIZE));
		hash_sha256_put(&h, span_of(b, 32));
		hash_sha256_put(&h, span_of(b + SEGMENT_BATCH_HEADER, n));
		hash_sha256_done(&h, chain);
		memcpy(b + 32, chain, HASH_SIZE);
		at = segment_align((uint32_t)(at + SEGMENT_BATCH_HEADER + n + 1));
	}
}

/* --- a start ---------------------------------------------------------------------- */

static int look(void *ctx, uint64_t index, const struct journal_pos *pos, struct span leaf,
	struct cu_err *err)
{
	struct found *f = ctx;

	(void)pos;
	(void)err;
	f->is_as_written = f->is_as_written && index < NLEAVES && span_eq(leaf, span_str(w.leaves[index]));
	f->n = index + 1;
	return 0;
}

static void go_on(void)
{
	struct found found = { .is_as_written = false };
	struct ledger_entry entry = { 0, span_str("one more") };
	struct journal_pos pos;
	struct journal *j = NULL;
	struct cu_err err = { 0 };
	uint64_t end;

	fuzz_must(journal_open(w.work, look, &found, &j, &err) == 0, "what a start took, the next one takes");
	end = journal_end(j);
	fuzz_must(found.n == 0 || found.n == end, "each leaf is handed out");
	if (journal_append(j, &entry, 1, &pos, &err) == 0) {
		journal_close(j);
		fuzz_must(journal_open(w.work, look, &found, &j, &err) == 0 && journal_end(j) == end + 1,
			"a leaf more is there after the next start");
	}
	journal_close(j);
}

static void start(bool is_resealed, bool is_cut)
{
	struct found found = { .is_as_written = true };
	struct journal *j = NULL;
	struct cu_err err = { 0 };

	if (journal_open(w.work, look, &found, &j, &err) < 0) {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
		return;
	}
	fuzz_must(is_resealed || found.is_as_written, "leaves are as they were written");
	fuzz_must(is_resealed || is_cut || found.n >= NLEAVES - BATCH, "no more than the last batch is missing");
	journal_close(j);
	go_on();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	bool is_resealed = fuzz_take(&in) & 1, is_cut = false;
	uint8_t chain[HASH_SIZE];
	struct buf files[FILES_MAX];

	if (w.real.n == 0) {
		make_world();
	}
	for (size_t i = 0; i < w.real.n; i++) {
		files[i] = (struct buf)BUF_INIT;
		buf_put_span(&files[i], buf_span(&w.real.v[i].bytes));
	}
	for (; in.n >= 5; in = span_of(in.p + 5, in.n - 5)) {
		files_edit(&files[in.p[0] % w.real.n], (uint16_t)(in.p[1] << 8 | in.p[2]), in.p[3], in.p[4]);
		is_cut |= in.p[3] == 0;
	}
	fuzz_empty_dir(w.work);
	for (size_t i = 0; i < w.real.n; i++) {
		if (is_resealed) {
			reseal(&files[i], chain);
		}
		files_change(&w.real, w.work, i, buf_span(&files[i]));
		buf_done(&files[i]);
	}
	start(is_resealed, is_cut);
	return 0;
}
