#include "ledger/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ledger/ledger.h"

/* The full tile of a level that was last looked at. */
struct full_tile {
	bool is_set;
	uint64_t index;
	uint8_t hash[TILE_WIDTH][32];
};

struct tree {
	char dir[PATH_SIZE];
	uint64_t size;
	struct edge edge;
	struct full_tile full[TILE_LEVELS];
};

static int missing_is_corrupt(int r, struct cu_err *err)
{
	return r == CU_ENOENT ? cu_err_wrap(err, CU_ECORRUPT, "the log lacks a file")
			      : r;
}

static int load_edge(struct tree *t, struct cu_err *err)
{
	t->edge.size = t->size;
	for (int level = 0; level < TILE_LEVELS; level++) {
		struct edge_level *at = &t->edge.level[level];
		int r = 0;

		at->n = edge_width(t->size, level);
		if (at->n > 0) {
			r = tile_read_hashes(t->dir, level, edge_index(t->size, level),
				at->n, at->hash, err);
		}
		if (r < 0) {
			return missing_is_corrupt(r, err);
		}
	}
	return 0;
}

int tree_open(const char *dir, const struct log_head *head, struct tree **ret,
	struct cu_err *err)
{
	struct tree *t = calloc(1, sizeof(*t));
	uint8_t root[32];
	int r;

	if (!t) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (strlen(dir) >= PATH_SIZE) {
		free(t);
		return cu_err_set(err, CU_ELIMIT, "path is too long");
	}
	strcpy(t->dir, dir);
	t->size = head->size;
	r = load_edge(t, err);
	if (r == 0) {
		edge_root(&t->edge, root);
		if (memcmp(root, head->root, 32) != 0) {
			r = cu_err_set(err, CU_ECORRUPT,
				"tile: the last tiles do not give the root of the "
				"checkpoint");
		}
	}
	if (r < 0) {
		tree_close(t);
		return r;
	}
	*ret = t;
	return 0;
}

void tree_close(struct tree *t)
{
	free(t);
}

const struct edge *tree_edge(const struct tree *t)
{
	return &t->edge;
}

/* Reads a full tile and compares its fold with the hash that the tile above has for it. */
static int load_full(struct tree *t, int level, uint64_t index,
	const uint8_t expected[32], struct cu_err *err)
{
	struct full_tile *f = &t->full[level];
	uint8_t hash[32];
	int r;

	f->is_set = false;
	r = tile_read_hashes(t->dir, level, index, TILE_WIDTH, f->hash, err);
	if (r < 0) {
		return missing_is_corrupt(r, err);
	}
	edge_fold((const uint8_t(*)[32])f->hash, TILE_WIDTH, hash);
	if (memcmp(hash, expected, 32) != 0) {
		char rel[TILE_PATH_SIZE];

		tile_path(level, index, TILE_WIDTH, rel);
		return cu_err_set(err, CU_ECORRUPT,
			"%s: is not what the tile above it says", rel);
	}
	f->is_set = true;
	f->index = index;
	return 0;
}

/* Does a level's tile need no look at the disk? */
static bool is_at_hand(const struct tree *t, int level, uint64_t index)
{
	return index == edge_index(t->size, level) ||
	       (t->full[level].is_set && t->full[level].index == index);
}

static const uint8_t (
	*hashes_at_hand(const struct tree *t, int level, uint64_t index))[32]
{
	return index == edge_index(t->size, level)
		       ? (const uint8_t(*)[32])t->edge.level[level].hash
		       : (const uint8_t(*)[32])t->full[level].hash;
}

int tree_tile(struct tree *t, int level, uint64_t index, const uint8_t (**ret)[32],
	unsigned *ret_n, struct cu_err *err)
{
	int top = level;

	if (index > edge_index(t->size, level)) {
		return cu_err_set(err, CU_ENOENT, "no such tile");
	}
	/* Up to a tile that is proven, the edge at the latest, and down again. */
	while (!is_at_hand(t, top, index >> (8 * (top - level)))) {
		top++;
	}
	for (int at = top - 1; at >= level; at--) {
		uint64_t i = index >> (8 * (at - level));
		const uint8_t(*above)[32] = hashes_at_hand(t, at + 1, i / TILE_WIDTH);
		int r = load_full(t, at, i, above[i % TILE_WIDTH], err);

		if (r < 0) {
			return r;
		}
	}
	*ret = hashes_at_hand(t, level, index);
	*ret_n = index == edge_index(t->size, level) ? t->edge.level[level].n
						     : TILE_WIDTH;
	return 0;
}

int tree_bundle(
	struct tree *t, uint64_t index, struct tree_bundle *ret, struct cu_err *err)
{
	const uint8_t(*hashes)[32];
	int r = tree_tile(t, 0, index, &hashes, &ret->n, err);

	if (r == 0) {
		r = tile_read_entries(
			t->dir, index, ret->n, &ret->bytes, ret->entry, err);
		r = missing_is_corrupt(r, err);
	}
	for (unsigned i = 0; r == 0 && i < ret->n; i++) {
		uint8_t hash[32];

		proof_leaf_hash(ret->entry[i], hash);
		if (memcmp(hash, hashes[i], 32) != 0) {
			char rel[TILE_PATH_SIZE];

			tile_path(TILE_ENTRIES, index, ret->n, rel);
			r = cu_err_set(err, CU_ECORRUPT,
				"%s: entry %u is not the leaf that the tree holds", rel,
				i);
		}
	}
	return r;
}

/* The hash of 2^bit leaves, the at-th of such subtrees. */
static int subtree(
	struct tree *t, int bit, uint64_t at, uint8_t out[32], struct cu_err *err)
{
	unsigned n = 1u << bit % 8;
	uint64_t first = at * n; /* number of its first hash on the tile level */
	const uint8_t(*hashes)[32];
	unsigned have;
	int r = tree_tile(t, bit / 8, first / TILE_WIDTH, &hashes, &have, err);

	if (r < 0) {
		return r;
	}
	if (first % TILE_WIDTH + n > have) {
		return cu_err_set(err, CU_EINTERNAL, "subtree is beyond the log");
	}
	edge_fold(hashes + first % TILE_WIDTH, n, out);
	return 0;
}

/* The Merkle tree hash of leaves lo .. hi-1; lo is a multiple of the power of two that is not
 * below hi - lo, as in the splits of RFC 6962. */
static int range(
	struct tree *t, uint64_t lo, uint64_t hi, uint8_t out[32], struct cu_err *err)
{
	uint8_t hash[32], left[32];
	uint64_t end = hi;
	bool has = false;

	if (lo == hi) {
		proof_empty_root(out);
		return 0;
	}
	for (int bit = 0; bit < 64; bit++) {
		int r;

		if (!((hi - lo) >> bit & 1)) {
			continue;
		}
		end -= UINT64_C(1) << bit;
		r = subtree(t, bit, end >> bit, has ? left : hash, err);
		if (r < 0) {
			return r;
		}
		if (has) {
			proof_node_hash(left, hash, hash);
		}
		has = true;
	}
	memcpy(out, hash, 32);
	return 0;
}

int tree_root_at(struct tree *t, uint64_t size, uint8_t out[32], struct cu_err *err)
{
	if (size > t->size) {
		return cu_err_set(
			err, CU_ENOENT, "the log has not %" PRIu64 " leaves", size);
	}
	return range(t, 0, size, out, err);
}

/* The largest power of two below n, for n > 1. */
static uint64_t split_of(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void reverse(uint8_t (*path)[32], size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint8_t h[32];

		memcpy(h, path[i], 32);
		memcpy(path[i], path[n - 1 - i], 32);
		memcpy(path[n - 1 - i], h, 32);
	}
}

int tree_prove_inclusion(struct tree *t, uint64_t idx, uint8_t (*ret_path)[32],
	size_t *ret_n, struct cu_err *err)
{
	uint64_t lo = 0, hi = t->size;
	size_t n = 0;

	if (idx >= t->size) {
		return cu_err_set(
			err, CU_ENOENT, "the log has no leaf %" PRIu64 " yet", idx);
	}
	while (hi - lo > 1) {
		uint64_t mid = lo + split_of(hi - lo);
		bool is_left = idx < mid;
		int r = is_left ? range(t, mid, hi, ret_path[n], err)
				: range(t, lo, mid, ret_path[n], err);

		if (r < 0) {
			return r;
		}
		n++;
		lo = is_left ? lo : mid;
		hi = is_left ? mid : hi;
	}
	reverse(ret_path, n);
	*ret_n = n;
	return 0;
}

int tree_prove_consistency(struct tree *t, uint64_t size1, uint8_t (*ret_path)[32],
	size_t *ret_n, struct cu_err *err)
{
	uint64_t lo = 0, hi = t->size;
	size_t n = 0;
	int r = 0;

	if (size1 == 0 || size1 > t->size) {
		return cu_err_set(err, CU_EINVAL,
			"no proof from %" PRIu64 " leaves to %" PRIu64, size1, t->size);
	}
	while (r == 0 && size1 != hi) {
		uint64_t mid = lo + split_of(hi - lo);

		if (size1 <= mid) {
			r = range(t, mid, hi, ret_path[n++], err);
			hi = mid;
		} else {
			r = range(t, lo, mid, ret_path[n++], err);
			lo = mid;
		}
	}
	/* The subtree that the older log ends with, unless it is the whole older log. */
	if (r == 0 && lo > 0) {
		r = range(t, lo, hi, ret_path[n++], err);
	}
	if (r < 0) {
		return r;
	}
	reverse(ret_path, n);
	*ret_n = n;
	return 0;
}
