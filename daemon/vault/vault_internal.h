/*
 * vault_internal.h: what a vault is, for the files of vault/ only.
 *
 * Two owners: the store's writer thread has the writer's table, the scratch sets and the
 * roots; whoever holds the lock has the reader's table and the cache.  The epoch key changes
 * under the lock and on the writer's thread, so either may read it.
 */
#ifndef CU_VAULT_VAULT_INTERNAL_H
#define CU_VAULT_VAULT_INTERNAL_H
#include <pthread.h>
#include <stdatomic.h>

#include "base/path.h"
#include "crypto/key.h"
#include "vault/cache.h"
#include "vault/node.h"
#include "vault/root.h"
#include "vault/vault.h"

/* The most nodes that one generation rewrites: its leaves, at worst as many nodes above them,
 * 256 above these, and the top. */
#define VAULT_MAX_REWRITTEN (2 * VAULT_MAX_LEAVES + 256 + 1)

struct vault {
	struct key_arena *arena; /* borrowed */
	char db_path[PATH_SIZE];
	struct id id;
	_Atomic uint64_t generation;
	_Atomic uint32_t nleaves;
	atomic_bool
		is_broken; /* what the disk holds is unknown: nothing but closing is left */
	atomic_bool
		is_damaged; /* a copy of an inner node did not open: vault_scrub mends it */

	/* the writer's thread */
	struct root_files roots;
	struct node_table writer;
	struct keyset *scratch[NODE_LEVELS]; /* the path being rewritten, or walked */
	struct key *k0, *index, *spare;      /* spare: the next epoch or index key */
	struct node_at *rewritten; /* by the last edit; room for VAULT_MAX_REWRITTEN */
	size_t nrewritten;
	bool is_unswept; /* rows of other generations may be about */

	/* the lock's */
	pthread_mutex_t lock;
	struct node_table reader;
	struct cache cache;
	struct key *epoch;
};

/* A vault with its keys, sets and lock, and nothing opened; ncached may be 0. */
int vault_new(struct key_arena *arena, size_t ncached, struct vault **ret,
	struct cu_err *err);

/* The node, on this level, above a leaf (or the leaf itself). */
static inline struct node_at vault_node_above(uint32_t leaf, unsigned level)
{
	return (struct node_at){ level, leaf >> (8 * (NODE_LEAF_LEVEL - level)) };
}

/* CU_EIO when the vault is broken. */
int vault_check_usable(const struct vault *v, struct cu_err *err);
/* After a failed change: an I/O error leaves unknown what the disk holds, so that the vault
 * is broken from now on.  Returns code. */
int vault_note_failure(struct vault *v, int code);

void vault_wipe_scratch(struct vault *v);

/* Writes both copies of the root, first the one named, each read back.  On failure the vault
 * is broken. */
int vault_write_roots(struct vault *v, enum root_copy first, const struct key *k0,
	const struct root *root, struct cu_err *err);

#endif
