/*
 * node.h: the rows of vault.db: nodes of 256 keys, each wrapped by a key of the node above.
 *
 * Levels 0 (the top, wrapped by the epoch key) to 2 are inner nodes and are kept twice; level
 * 3 is the leaves, which hold the slots.  A row is named by copy, level, index and generation.
 * One connection and one thread at a time for each table.
 */
#ifndef CU_VAULT_NODE_H
#define CU_VAULT_NODE_H
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct key;
struct keyset;

#define NODE_LEVELS     4
#define NODE_LEAF_LEVEL 3
#define NODE_MAX_LEAVES (UINT32_C(1) << 24) /* 256 ^ 3 */

struct node_at {
	unsigned level;
	uint32_t idx; /* counted within its level; the one above is idx >> 8 */
};

struct node_table {
	sqlite3 *db; /* owned */
	sqlite3_stmt *get, *put, *drop;
	struct id vault_id;
};

/* What meta says besides the vault's id. */
struct node_meta {
	uint32_t nleaves;
	bool is_unswept; /* rows of other generations may be about */
};

/* Makes vault.db with its meta row: no leaves. */
int node_table_create(const char *path, const struct id *vault_id,
	struct node_table *ret, struct cu_err *err);
/* CU_ENOENT, CU_ECORRUPT, CU_EUNSUP. */
int node_table_open(
	const char *path, bool is_writer, struct node_table *ret, struct cu_err *err);
void node_table_close(struct node_table *t); /* zeroed is fine */

int node_table_meta(struct node_table *t, struct node_meta *ret, struct cu_err *err);
int node_table_set_leaves(struct node_table *t, uint32_t nleaves, struct cu_err *err);
int node_table_set_unswept(struct node_table *t, bool is_unswept, struct cu_err *err);

int node_table_begin(struct node_table *t, struct cu_err *err);
int node_table_commit(struct node_table *t, struct cu_err *err);
void node_table_rollback(struct node_table *t);

/* Moves the WAL into the file, unless an image is being read: what was committed is durable
 * either way. */
int node_table_checkpoint(struct node_table *t, struct cu_err *err);

static inline unsigned node_ncopies(unsigned level)
{
	return level == NODE_LEAF_LEVEL ? 1 : 2;
}

/* The row of the highest generation up to max_gen, opened by its key.  CU_ECORRUPT: it is
 * not there, or does not open.  CU_EIO: it could not be read. */
int node_get_copy(struct node_table *t, struct node_at at, unsigned copy,
	uint64_t max_gen, const struct key *by, struct keyset *set, uint64_t *ret_gen,
	struct cu_err *err);
/* The first copy that opens.  *ret_is_damaged is set to true if that was not copy 0, and is
 * left alone otherwise. */
int node_get(struct node_table *t, struct node_at at, uint64_t max_gen,
	const struct key *by, struct keyset *set, uint64_t *ret_gen,
	bool *ret_is_damaged, struct cu_err *err);

/* Writes or replaces one row, or all copies with a nonce each. */
int node_put_copy(struct node_table *t, struct node_at at, unsigned copy, uint64_t gen,
	const struct key *by, struct keyset *set, struct cu_err *err);
int node_put(struct node_table *t, struct node_at at, uint64_t gen,
	const struct key *by, struct keyset *set, struct cu_err *err);

/* Removes all copies older than gen. */
int node_drop_older(
	struct node_table *t, struct node_at at, uint64_t gen, struct cu_err *err);
/* Removes every row that is not of the tree of generation gen: newer ones, which never got a
 * root, and those that a newer one up to gen replaces.  One transaction. */
int node_table_sweep(struct node_table *t, uint64_t gen, struct cu_err *err);

#endif
