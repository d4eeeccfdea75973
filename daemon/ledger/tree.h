/*
 * tree.h: reading a published log so that nothing is believed that the root does not prove.
 *
 * Opened with the size and root of a checkpoint that was verified.  Every hash and entry that
 * it hands out was computed up to that root.  One thread at a time; blocks on files.
 */
#ifndef CU_LEDGER_TREE_H
#define CU_LEDGER_TREE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "ledger/edge.h"
#include "ledger/proof.h"

struct cu_err;
struct log_head;
struct tree;

/* CU_ECORRUPT: a tile is missing, has a wrong length, or the tiles do not give the root. */
int tree_open(const char *dir, const struct log_head *head, struct tree **ret,
	struct cu_err *err);
void tree_close(struct tree *t); /* NULL is fine */

/* The unfilled tiles; lives as long as the tree. */
const struct edge *tree_edge(const struct tree *t);

/* The hashes of a tile, full or at the edge, and how many; borrowed until the next call. */
int tree_tile(struct tree *t, int level, uint64_t index, const uint8_t (**ret)[32],
	unsigned *ret_n, struct cu_err *err);

/* The entries of a bundle: bytes as in the file, and each entry in them. */
struct tree_bundle {
	struct buf bytes;
	unsigned n;
	struct span entry[TILE_WIDTH];
};

int tree_bundle(
	struct tree *t, uint64_t index, struct tree_bundle *ret, struct cu_err *err);

/* The root that the log had at an earlier size. */
int tree_root_at(struct tree *t, uint64_t size, uint8_t out[32], struct cu_err *err);

/* RFC 6962, 2.1.1 and 2.1.2; paths for proof.h.  idx below, size1 within 1 .. the log's size. */
int tree_prove_inclusion(struct tree *t, uint64_t idx, uint8_t (*ret_path)[32],
	size_t *ret_n, struct cu_err *err);
int tree_prove_consistency(struct tree *t, uint64_t size1, uint8_t (*ret_path)[32],
	size_t *ret_n, struct cu_err *err);

#endif
