/*
 * cache.h: nodes in clear, the ones used last, in key sets of the arena.
 *
 * No lock of its own: the vault's mutex is held around each call.  The top is never evicted.
 */
#ifndef CU_VAULT_CACHE_H
#define CU_VAULT_CACHE_H
#include <stddef.h>
#include <stdint.h>

#include "vault/node.h"

struct cu_err;
struct key_arena;
struct keyset;

#define CACHE_BUCKETS 1024

struct cache_entry;

struct cache {
	struct cache_entry *entries;
	size_t n;
	uint32_t newest, oldest; /* a list through the entries, by use */
	uint32_t bucket
		[CACHE_BUCKETS]; /* heads of lists through the entries, by place */
};

/* Takes nsets (at least NODE_LEVELS + 1) key sets from the arena.  CU_ENOMEM. */
int cache_init(
	struct cache *c, struct key_arena *arena, size_t nsets, struct cu_err *err);
void cache_done(struct cache *c, struct key_arena *arena); /* wipes; zeroed is fine */

/* The node, which becomes the newest, or NULL.  Borrowed until the lock is given up. */
struct keyset *cache_find(struct cache *c, struct node_at at);
/* A wiped set that now stands for this node, in place of the oldest; the caller fills it, or
 * drops it.  The node must not be there yet. */
struct keyset *cache_take(struct cache *c, struct node_at at);
void cache_drop(struct cache *c, struct node_at at); /* wipes; absent is fine */

#endif
