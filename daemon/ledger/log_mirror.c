#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/log_copy.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

/* --- copying ---------------------------------------------------------------------- */

static int copy_bundles(struct tree *t, uint64_t from, uint64_t to,
	struct tile_writer *w, struct cu_err *err)
{
	struct tree_bundle *b = calloc(1, sizeof(*b));
	int r = b ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	for (uint64_t i = from / TILE_WIDTH; r == 0 && i * TILE_WIDTH < to; i++) {
		r = tree_bundle(t, i, b, err);
		if (r == 0) {
			r = tile_writer_put(
				w, TILE_ENTRIES, i, b->n, buf_span(&b->bytes), err);
		}
	}
	if (b) {
		buf_done(&b->bytes);
	}
	free(b);
	return r;
}

static int copy_level(struct tree *t, int level, uint64_t from, uint64_t to,
	struct tile_writer *w, struct cu_err *err)
{
	uint64_t nfrom = from >> (8 * level), nto = to >> (8 * level); /* hashes */
	int r = 0;

	if (nfrom == nto) {
		return 0;
	}
	for (uint64_t i = nfrom / TILE_WIDTH; r == 0 && i <= (nto - 1) / TILE_WIDTH;
		i++) {
		const uint8_t(*hashes)[32];
		unsigned n;

		r = tree_tile(t, level, i, &hashes, &n, err);
		if (r == 0) {
			r = tile_writer_put(w, level, i, n,
				span_of(hashes, (size_t)n * HASH_SIZE), err);
		}
	}
	return r;
}

static int prune(const char *dir, uint64_t from, uint64_t to, struct cu_err *err)
{
	int r = 0;

	for (int level = TILE_ENTRIES; r == 0 && level < TILE_LEVELS; level++) {
		int at = level == TILE_ENTRIES ? 0 : level;

		for (uint64_t i = edge_index(from, at);
			r == 0 && i < edge_index(to, at); i++) {
			r = tile_prune(dir, level, i, err);
		}
	}
	return r;
}

int log_copy(struct tree *t, uint64_t from_size, uint64_t to_size, const char *to_dir,
	struct cu_err *err)
{
	struct tile_writer w;
	int r;

	tile_writer_init(&w, to_dir);
	r = copy_bundles(t, from_size, to_size, &w, err);
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++) {
		r = copy_level(t, level, from_size, to_size, &w, err);
	}
	if (r == 0) {
		r = tile_writer_sync(&w, err);
	}
	return r < 0 ? r : prune(to_dir, from_size, to_size, err);
}

/* --- a mirror --------------------------------------------------------------------- */

/* Does the log of t, whose head is ours, begin with what the mirror holds?  Shown by a proof
 * from our own tiles, checked against both roots. */
static int compare(struct tree *t, const struct log_head *ours,
	const struct log_head *theirs, enum log_relation *ret, struct cu_err *err)
{
	uint8_t path[PROOF_MAX_PATH][32];
	size_t n;
	int r;

	if (strcmp(ours->origin, theirs->origin) != 0) {
		*ret = LOG_OTHER;
		return 0;
	}
	if (theirs->size > ours->size) {
		*ret = LOG_NEWER;
		return 0;
	}
	if (theirs->size == 0) {
		*ret = LOG_OLDER;
		return 0;
	}
	r = tree_prove_consistency(t, theirs->size, path, &n, err);
	if (r < 0) {
		return r;
	}
	*ret = proof_check_consistency(theirs->size, ours->size,
		       (const uint8_t(*)[32])path, n, theirs->root, ours->root, err) < 0
		       ? LOG_FORKED
		       : LOG_OLDER;
	return 0;
}

static int check_extends(struct tree *t, const struct log_head *ours,
	const struct log_head *theirs, const char *to_dir, struct cu_err *err)
{
	enum log_relation relation = LOG_OTHER;
	int r = compare(t, ours, theirs, &relation, err);

	if (r < 0) {
		return cu_err_wrap(err, r, "mirror at %s", to_dir);
	}
	switch (relation) {
	case LOG_OLDER: break;
	case LOG_NEWER:
		return cu_err_set(err, CU_ECORRUPT,
			"the mirror at %s is newer than this log (%" PRIu64
			" leaves, here "
			"%" PRIu64 "): this host was rolled back",
			to_dir, theirs->size, ours->size);
	case LOG_FORKED:
		return cu_err_set(err, CU_ECORRUPT,
			"this log does not extend the mirror at %s (%" PRIu64
			" leaves)",
			to_dir, theirs->size);
	case LOG_OTHER:
		return cu_err_set(
			err, CU_ECORRUPT, "the mirror at %s is of another log", to_dir);
	}
	return 0;
}

static int read_theirs(const char *to_dir, const struct note_verifier *by,
	const struct log_head *ours, struct log_head *ret, struct cu_err *err)
{
	struct buf note = BUF_INIT;
	int r = checkpoint_read(to_dir, by, &note, ret, err);

	buf_done(&note);
	if (r == CU_ENOENT) {
		*ret = *ours;
		ret->size = 0;
		return 0;
	}
	if (r == CU_ENOKEY) {
		r = CU_ECORRUPT;
	}
	return r < 0 ? cu_err_wrap(err, r, "mirror at %s", to_dir) : 0;
}

static int update(struct tree *t, const struct log_head *ours,
	const struct log_head *theirs, const char *to_dir, struct span note,
	struct cu_err *err)
{
	int r;

	if (theirs->size == ours->size && ours->size > 0) {
		/* Nothing is new; but the run that put the checkpoint may have been killed
		 * before it synced its name. */
		r = path_sync_dir(to_dir, err);
		return r < 0 ? cu_err_wrap(err, r, "mirror at %s", to_dir) : 0;
	}
	r = log_copy(t, theirs->size, ours->size, to_dir, err);
	if (r == 0) {
		r = checkpoint_put(
			to_dir, note, err); /* of an empty log too: it says so */
	}
	return r < 0 ? cu_err_wrap(err, r, "mirror at %s", to_dir) : 0;
}

int log_mirror(const char *dir, const char *to_dir, const struct note_verifier *by,
	struct log_head *ret_head, struct cu_err *err)
{
	struct log_head ours, theirs;
	struct buf note = BUF_INIT;
	struct tree *t = NULL;
	int r = checkpoint_read(dir, by, &note, &ours, err);

	if (r == 0) {
		r = tree_open(dir, &ours, &t, err);
	}
	if (r == 0) {
		r = path_make_dir(to_dir, 0750, err);
	}
	if (r == 0) {
		r = read_theirs(to_dir, by, &ours, &theirs, err);
	}
	if (r == 0) {
		r = check_extends(t, &ours, &theirs, to_dir, err);
	}
	if (r == 0) {
		r = update(t, &ours, &theirs, to_dir, buf_span(&note), err);
	}
	if (r == 0 && ret_head) {
		*ret_head = ours;
	}
	tree_close(t);
	buf_done(&note);
	return r;
}

int log_compare(const char *dir, const char *mirror_dir, const struct note_verifier *by,
	enum log_relation *ret, struct log_head *ret_ours, struct log_head *ret_theirs,
	struct cu_err *err)
{
	struct log_head ours, theirs;
	struct buf note = BUF_INIT;
	struct tree *t = NULL;
	int r = checkpoint_read(mirror_dir, by, &note, &theirs, err);

	buf_clear(&note);
	if (r == 0) {
		r = checkpoint_read(dir, by, &note, &ours, err);
	}
	if (r == 0) {
		r = tree_open(dir, &ours, &t, err);
	}
	if (r == 0) {
		r = compare(t, &ours, &theirs, ret, err);
	}
	if (r == 0) {
		*ret_ours = ours;
		*ret_theirs = theirs;
	}
	tree_close(t);
	buf_done(&note);
	return r;
}
