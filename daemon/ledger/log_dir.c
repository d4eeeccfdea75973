#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/path.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

struct log_dir {
	char dir[PATH_SIZE];
	struct log_head head;
};

int log_dir_open(const char *dir, const struct note_verifier *by, struct log_dir **ret,
	struct cu_err *err)
{
	struct log_dir *d;
	struct buf note = BUF_INIT;
	int r;

	if (strlen(dir) >= PATH_SIZE) {
		return cu_err_set(err, CU_ELIMIT, "path is too long");
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	strcpy(d->dir, dir);
	r = checkpoint_read(dir, by, &note, &d->head, err);
	buf_done(&note);
	if (r < 0) {
		log_dir_close(d);
		return cu_err_wrap(err, r, "log");
	}
	*ret = d;
	return 0;
}

void log_dir_close(struct log_dir *d)
{
	free(d);
}

const struct log_head *log_dir_head(const struct log_dir *d)
{
	return &d->head;
}

/* --- reading ---------------------------------------------------------------------- */

static int each_of_bundle(const struct tree_bundle *b, uint64_t first, uint64_t from,
	log_leaf_fn *fn, void *ctx, struct cu_err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < b->n; i++) {
		if (first + i >= from) {
			r = fn(ctx, first + i, b->entry[i], err);
		}
	}
	return r;
}

int log_dir_each(struct log_dir *d, uint64_t from, log_leaf_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct tree_bundle *b = calloc(1, sizeof(*b));
	struct tree *t = NULL;
	int r;

	if (!b) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = tree_open(d->dir, &d->head, &t, err);
	for (uint64_t i = from / TILE_WIDTH; r == 0 && i * TILE_WIDTH < d->head.size;
		i++) {
		r = tree_bundle(t, i, b, err);
		if (r == 0) {
			r = each_of_bundle(b, i * TILE_WIDTH, from, fn, ctx, err);
		}
	}
	tree_close(t);
	buf_done(&b->bytes);
	free(b);
	return r;
}

/* --- verifying -------------------------------------------------------------------- */

/* The tree is built anew from the entries alone, and each file of hashes is compared with
 * what it should hold. */
struct verify {
	const struct log_dir *d;
	struct edge edge;
	struct tree_bundle bundle;
};

static int wrong(
	int level, uint64_t index, unsigned width, const char *what, struct cu_err *err)
{
	char rel[TILE_PATH_SIZE];

	tile_path(level, index, width, rel);
	return cu_err_set(err, CU_ECORRUPT, "%s: %s", rel, what);
}

static int compare(struct verify *v, int level, uint64_t index, unsigned width,
	const uint8_t (*hashes)[32], struct cu_err *err)
{
	uint8_t on_disk[TILE_WIDTH][32];
	int r = tile_read_hashes(v->d->dir, level, index, width, on_disk, err);

	if (r == CU_ENOENT) {
		return wrong(level, index, width, "is missing", err);
	}
	if (r == 0 && memcmp(on_disk, hashes, (size_t)width * HASH_SIZE) != 0) {
		r = wrong(level, index, width,
			level == 0 ? "is not what the entries say"
				   : "is not what the tiles below say",
			err);
	}
	return r;
}

static int on_full(void *ctx, int level, uint64_t index, const uint8_t (*hashes)[32],
	struct cu_err *err)
{
	return compare(ctx, level, index, TILE_WIDTH, hashes, err);
}

static int verify_bundle(struct verify *v, uint64_t index, struct cu_err *err)
{
	uint64_t left = v->d->head.size - index * TILE_WIDTH;
	unsigned width = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
	struct tree_bundle *b = &v->bundle;
	int r = tile_read_entries(v->d->dir, index, width, &b->bytes, b->entry, err);

	if (r == CU_ENOENT) {
		return wrong(TILE_ENTRIES, index, width, "is missing", err);
	}
	for (unsigned i = 0; r == 0 && i < width; i++) {
		uint8_t hash[HASH_SIZE];

		proof_leaf_hash(b->entry[i], hash);
		r = edge_push(&v->edge, hash, on_full, v, err);
	}
	return r;
}

static int verify_all(struct verify *v, struct cu_err *err)
{
	const struct log_head *head = &v->d->head;
	uint8_t root[HASH_SIZE];
	int r = 0;

	for (uint64_t i = 0; r == 0 && i * TILE_WIDTH < head->size; i++) {
		r = verify_bundle(v, i, err);
	}
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++) {
		const struct edge_level *at = &v->edge.level[level];

		if (at->n > 0) {
			r = compare(v, level, edge_index(head->size, level), at->n,
				(const uint8_t(*)[32])at->hash, err);
		}
	}
	if (r < 0) {
		return r;
	}
	edge_root(&v->edge, root);
	return memcmp(root, head->root, HASH_SIZE) == 0
		       ? 0
		       : cu_err_set(err, CU_ECORRUPT,
				 "checkpoint: is not of the tree that is here");
}

int log_dir_verify(struct log_dir *d, struct cu_err *err)
{
	struct verify *v = calloc(1, sizeof(*v));
	int r;

	if (!v) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	v->d = d;
	r = verify_all(v, err);
	buf_done(&v->bundle.bytes);
	free(v);
	return r < 0 ? cu_err_wrap(err, r, "log") : 0;
}
