/*
 * edge.h: the right edge of the tree: what is needed to add leaves and to tell the root.
 *
 * Twice, on purpose.  An edge keeps the last, unfilled tile of each level and hands out tiles
 * as they fill: publishing and checking work with it.  A frontier keeps only the hash of each
 * complete subtree: appending works with it.  That both give the same root is checked before
 * a checkpoint is signed.  Pure, no heap.
 */
#ifndef CU_LEDGER_EDGE_H
#define CU_LEDGER_EDGE_H
#include <stdint.h>

#include "ledger/tile.h"

struct cu_err;

struct edge_level {
	unsigned n; /* 0 .. 255 */
	uint8_t hash[TILE_WIDTH][32];
};

/* 64 KiB: for the heap. */
struct edge {
	uint64_t size;
	struct edge_level level[TILE_LEVELS];
};

/* A tile has filled; a negative return ends edge_push. */
typedef int edge_full_fn(void *ctx, int level, uint64_t index,
	const uint8_t (*hashes)[32], struct cu_err *err);

int edge_push(struct edge *e, const uint8_t leaf_hash[32], edge_full_fn *fn, void *ctx,
	struct cu_err *err);
void edge_root(const struct edge *e, uint8_t out[32]);

/* The hash over n hashes of one level, n a power of two up to 256. */
void edge_fold(const uint8_t (*hashes)[32], unsigned n, uint8_t out[32]);

/* How wide the unfilled tile of a level is in a log of size leaves, and its index. */
static inline unsigned edge_width(uint64_t size, int level)
{
	return (unsigned)(size >> (8 * level)) % TILE_WIDTH;
}

static inline uint64_t edge_index(uint64_t size, int level)
{
	return level == TILE_LEVELS - 1 ? 0 : size >> (8 * (level + 1));
}

struct frontier {
	uint64_t size;
	uint8_t hash[64][32]; /* [i]: of 2^i leaves, if that bit of size is set */
};

void frontier_push(struct frontier *f, const uint8_t leaf_hash[32]);
void frontier_root(const struct frontier *f, uint8_t out[32]);
void frontier_of_edge(const struct edge *e, struct frontier *ret);

#endif
