#include "ledger/edge.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "ledger/proof.h"

void edge_fold(const uint8_t (*hashes)[32], unsigned n, uint8_t out[32])
{
	uint8_t h[TILE_WIDTH / 2][32];

	if (n == 1) {
		memcpy(out, hashes[0], 32);
		return;
	}
	for (unsigned i = 0; i < n / 2; i++) {
		proof_node_hash(hashes[2 * i], hashes[2 * i + 1], h[i]);
	}
	for (n /= 2; n > 1; n /= 2) {
		for (unsigned i = 0; i < n / 2; i++) {
			proof_node_hash(h[2 * i], h[2 * i + 1], h[i]);
		}
	}
	memcpy(out, h[0], 32);
}

int edge_push(struct edge *e, const uint8_t leaf_hash[32], edge_full_fn *fn, void *ctx,
	struct cu_err *err)
{
	uint8_t hash[32];

	memcpy(hash, leaf_hash, 32);
	e->size++;
	for (int level = 0; level < TILE_LEVELS; level++) {
		struct edge_level *at = &e->level[level];
		int r;

		memcpy(at->hash[at->n++], hash, 32);
		if (at->n < TILE_WIDTH) {
			return 0;
		}
		r = fn ? fn(ctx, level, edge_index(e->size, level) - 1,
				 (const uint8_t(*)[32])at->hash, err)
		       : 0;
		if (r < 0) {
			return r;
		}
		edge_fold((const uint8_t(*)[32])at->hash, TILE_WIDTH, hash);
		at->n = 0;
	}
	return cu_err_set(err, CU_ELIMIT, "the log is full");
}

/* Complete subtrees from the smallest, which is rightmost, to the largest. */
typedef void subtree_fn(void *ctx, int log2_size, const uint8_t hash[32]);

static void each_subtree(const struct edge *e, subtree_fn *fn, void *ctx)
{
	for (int level = 0; level < TILE_LEVELS; level++) {
		const struct edge_level *at = &e->level[level];
		unsigned end = at->n;

		for (int bit = 0; bit < 8; bit++) {
			unsigned n = 1u << bit;
			uint8_t hash[32];

			if (!(at->n & n)) {
				continue;
			}
			end -= n;
			edge_fold((const uint8_t(*)[32])at->hash + end, n, hash);
			fn(ctx, 8 * level + bit, hash);
		}
	}
}

/* RFC 6962, 2.1: the root splits at the largest power of two, so the subtrees are joined from
 * the right. */
struct join {
	bool has;
	uint8_t hash[32];
};

static void join_left(void *ctx, int log2_size, const uint8_t hash[32])
{
	struct join *j = ctx;

	(void)log2_size;
	if (j->has) {
		proof_node_hash(hash, j->hash, j->hash);
	} else {
		memcpy(j->hash, hash, 32);
		j->has = true;
	}
}

void edge_root(const struct edge *e, uint8_t out[32])
{
	struct join j = { .has = false };

	proof_empty_root(j.hash);
	each_subtree(e, join_left, &j);
	memcpy(out, j.hash, 32);
}

void frontier_push(struct frontier *f, const uint8_t leaf_hash[32])
{
	uint8_t hash[32];
	int i = 0;

	memcpy(hash, leaf_hash, 32);
	for (; f->size >> i & 1; i++) {
		proof_node_hash(f->hash[i], hash, hash);
	}
	memcpy(f->hash[i], hash, 32);
	f->size++;
}

void frontier_root(const struct frontier *f, uint8_t out[32])
{
	struct join j = { .has = false };

	proof_empty_root(j.hash);
	for (int i = 0; i < 64; i++) {
		if (f->size >> i & 1) {
			join_left(&j, i, f->hash[i]);
		}
	}
	memcpy(out, j.hash, 32);
}

static void put_subtree(void *ctx, int log2_size, const uint8_t hash[32])
{
	struct frontier *f = ctx;

	memcpy(f->hash[log2_size], hash, 32);
}

void frontier_of_edge(const struct edge *e, struct frontier *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->size = e->size;
	each_subtree(e, put_subtree, ret);
}
