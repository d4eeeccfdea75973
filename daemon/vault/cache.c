#include "vault/cache.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "crypto/key.h"

#define NONE UINT32_MAX

struct cache_entry {
	struct node_at at;
	bool is_used;
	struct keyset *set;
	uint32_t newer, older;   /* by use */
	uint32_t next_in_bucket; /* by place */
};

static uint32_t *bucket_of(struct cache *c, struct node_at at)
{
	/* neighbouring leaves fall into neighbouring buckets; a level starts a quarter further */
	return &c->bucket[(at.idx + at.level * (CACHE_BUCKETS / NODE_LEVELS)) %
			  CACHE_BUCKETS];
}

static bool is_at(const struct cache_entry *e, struct node_at at)
{
	return e->at.idx == at.idx && e->at.level == at.level;
}

/* --- the list by use -------------------------------------------------------------- */

static void unlink_entry(struct cache *c, uint32_t i)
{
	struct cache_entry *e = &c->entries[i];

	*(e->newer == NONE ? &c->newest : &c->entries[e->newer].older) = e->older;
	*(e->older == NONE ? &c->oldest : &c->entries[e->older].newer) = e->newer;
}

static void link_newest(struct cache *c, uint32_t i)
{
	struct cache_entry *e = &c->entries[i];

	e->newer = NONE;
	e->older = c->newest;
	*(c->newest == NONE ? &c->oldest : &c->entries[c->newest].newer) = i;
	c->newest = i;
}

static void link_oldest(struct cache *c, uint32_t i)
{
	struct cache_entry *e = &c->entries[i];

	e->older = NONE;
	e->newer = c->oldest;
	*(c->oldest == NONE ? &c->newest : &c->entries[c->oldest].older) = i;
	c->oldest = i;
}

/* --- the lists by place ----------------------------------------------------------- */

static uint32_t find(struct cache *c, struct node_at at)
{
	uint32_t i = *bucket_of(c, at);

	while (i != NONE && !is_at(&c->entries[i], at)) {
		i = c->entries[i].next_in_bucket;
	}
	return i;
}

static void forget(struct cache *c, uint32_t i)
{
	struct cache_entry *e = &c->entries[i];
	uint32_t *link = bucket_of(c, e->at);

	while (*link != i) {
		link = &c->entries[*link].next_in_bucket;
	}
	*link = e->next_in_bucket;
	e->is_used = false;
	keyset_wipe(e->set);
}

/* --- for all ---------------------------------------------------------------------- */

int cache_init(
	struct cache *c, struct key_arena *arena, size_t nsets, struct cu_err *err)
{
	int r = 0;

	c->newest = c->oldest = NONE;
	for (size_t i = 0; i < CACHE_BUCKETS; i++) {
		c->bucket[i] = NONE;
	}
	c->entries = calloc(nsets, sizeof(c->entries[0]));
	if (!c->entries) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	c->n = nsets;
	for (size_t i = 0; r == 0 && i < nsets; i++) {
		r = keyset_new(arena, &c->entries[i].set, err);
		if (r == 0) {
			link_newest(c, (uint32_t)i);
		}
	}
	return r;
}

void cache_done(struct cache *c, struct key_arena *arena)
{
	for (size_t i = 0; i < c->n; i++) {
		keyset_free(arena, c->entries[i].set);
	}
	free(c->entries);
	c->entries = NULL;
	c->n = 0;
}

struct keyset *cache_find(struct cache *c, struct node_at at)
{
	uint32_t i = find(c, at);

	if (i == NONE) {
		return NULL;
	}
	if (i != c->newest) {
		unlink_entry(c, i);
		link_newest(c, i);
	}
	return c->entries[i].set;
}

struct keyset *cache_take(struct cache *c, struct node_at at)
{
	uint32_t i = c->oldest, *head = bucket_of(c, at);
	struct cache_entry *e;

	if (c->entries[i].is_used && c->entries[i].at.level == 0) {
		i = c->entries[i].newer; /* the top stays */
	}
	e = &c->entries[i];
	if (e->is_used) {
		forget(c, i);
	}
	unlink_entry(c, i);
	link_newest(c, i);
	e->at = at;
	e->is_used = true;
	e->next_in_bucket = *head;
	*head = i;
	return e->set;
}

void cache_drop(struct cache *c, struct node_at at)
{
	uint32_t i = find(c, at);

	if (i != NONE) {
		forget(c, i);
		unlink_entry(c, i);
		link_oldest(c, i);
	}
}
