#include "keys.h"

#include <sys/mman.h>

#include "backup/chain.h"
#include "backup/identity.h"
#include "backup/repo.h"
#include "backup/vault_object.h"
#include "check.h"
#include "crypto/key_internal.h"
#include "needles.h"
#include "root_key.h"
#include "run.h"
#include "vault/node.h"
#include "vault/root.h"

#define ROOT_MAGIC      "custos root v1\0" /* 16 bytes with the NUL that C adds */
#define ROOT_MAGIC_SIZE 16

struct keys_tree {
	uint8_t hash[32]; /* of the object */
	uint64_t generation, log_size;
	struct key *epoch;
	struct node_table table;
};

/* --- sets of keys ------------------------------------------------------------------------ */

static void list_add(struct key_list *l, const struct key *key)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 4096;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		assert_non_null(l->v);
	}
	memcpy(l->v[l->n++], key->b, KEY_SIZE);
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_SIZE);
}

static void list_sort(struct key_list *l)
{
	size_t n = 0;

	if (l->n > 0) {
		qsort(l->v, l->n, sizeof(*l->v), compare_keys);
	}
	for (size_t i = 0; i < l->n; i++) {
		if (n == 0 || memcmp(l->v[n - 1], l->v[i], KEY_SIZE) != 0) {
			memmove(l->v[n++], l->v[i], KEY_SIZE);
		}
	}
	l->n = n;
}

static bool list_has(const struct key_list *l, const uint8_t *key)
{
	return l->n > 0 && bsearch(key, l->v, l->n, sizeof(*l->v), compare_keys);
}

/* What is in all and not in live. */
static void list_subtract(const struct key_list *all, const struct key_list *live, struct key_list *ret)
{
	for (size_t i = 0; i < all->n; i++) {
		if (!list_has(live, all->v[i])) {
			list_add(ret, (const struct key *)all->v[i]);
		}
	}
}

static void list_done(struct key_list *l)
{
	free(l->v);
	*l = (struct key_list){ 0 };
}

/* --- a tree ------------------------------------------------------------------------------ */

/* What is below a node whose key is known.  Slots and inner keys may be NULL.  False: it does
 * not open. */
static bool walk(struct keys *k, struct keys_tree *t, struct node_at at, uint64_t generation,
	const struct key *by, struct key_list *slots, struct key_list *inner)
{
	struct keyset *set = k->sets[at.level];
	bool is_damaged = false;
	uint64_t gen;

	if (node_get(&t->table, at, generation, by, set, &gen, &is_damaged, NULL) < 0) {
		return false;
	}
	for (unsigned i = 0; i < KEYSET_LEN; i++) {
		const struct key *key = keyset_at(set, i);
		struct node_at below = { at.level + 1, at.idx << 8 | i };

		if (key_is_none(key)) {
			continue;
		}
		if (at.level == NODE_LEAF_LEVEL) {
			list_add(slots, key);
			continue;
		}
		if (inner) {
			list_add(inner, key);
		}
		(void)walk(k, t, below, generation, key, slots, inner);
	}
	return true;
}

static void take_object(struct keys *k, struct repo *repo, const struct identity *identity,
	const struct chain_link *link)
{
	struct vault_object_head head;
	struct keys_tree *t;
	struct cu_err err = { 0 };
	char path[224];

	for (size_t i = 0; i < k->ntrees; i++) {
		if (memcmp(k->trees[i].hash, link->vault.hash, 32) == 0) {
			return;
		}
	}
	k->trees = realloc(k->trees, (k->ntrees + 1) * sizeof(*k->trees));
	assert_non_null(k->trees);
	t = &k->trees[k->ntrees++];
	*t = (struct keys_tree){ .generation = link->generation, .log_size = link->vault_log_size };
	memcpy(t->hash, link->vault.hash, 32);
	assert_ok(key_new(k->arena, &t->epoch, &err), &err);
	snprintf(path, sizeof(path), "%s/vault-%zu.db", k->dir, k->ntrees);
	assert_ok(vault_object_read(repo, link->generation, link->vault_log_size, &link->vault,
			  link->vault_size, identity->vault, path, t->epoch, &head, NULL, &err),
		&err);
	assert_ok(node_table_open(path, false, &t->table, &err), &err);
}

static void take_repository(struct keys *k, const char *dir, const struct identity *identity)
{
	struct cu_err err = { 0 };
	struct chain chain = { 0 };
	struct repo repo;

	assert_ok(repo_open(dir, &repo, &err), &err);
	assert_ok(chain_load(&repo, &identity->manifest_key, NULL, NULL, &chain, &err), &err);
	for (size_t i = 0; i < chain.n; i++) {
		take_object(k, &repo, identity, &chain.at[i]);
	}
	chain_done(&chain);
}

static void sort_out(struct keys *k)
{
	for (size_t i = 0; i < k->ntrees; i++) {
		const struct keys_tree *t = &k->trees[i], *best = &k->trees[k->newest];

		if (t->generation > best->generation ||
			(t->generation == best->generation && t->log_size > best->log_size)) {
			k->newest = i;
		}
	}
	for (size_t i = 0; i < k->ntrees; i++) {
		struct keys_tree *t = &k->trees[i];
		bool is_newest = i == k->newest;
		struct key_list *slots = is_newest ? &k->live_slots : &k->slots,
				*inner = is_newest ? &k->live_inner : &k->inner;

		list_add(inner, t->epoch);
		assert_true(walk(k, t, (struct node_at){ 0, 0 }, t->generation, t->epoch, slots, inner));
	}
	list_sort(&k->slots);
	list_sort(&k->inner);
	list_sort(&k->live_slots);
	list_sort(&k->live_inner);
	list_subtract(&k->slots, &k->live_slots, &k->dead_slots);
	list_subtract(&k->inner, &k->live_inner, &k->dead_inner);
	k->nkept = k->slots.n - k->dead_slots.n;
}

void keys_open(struct keys *k, const char *dir, const char *identity_path, const char *keys_dir,
	const char *const *repos, size_t nrepos)
{
	struct identity identity = { 0 };
	struct buf text = BUF_INIT;
	struct cu_err err = { 0 };

	*k = (struct keys){ .newest = 0 };
	snprintf(k->dir, sizeof(k->dir), "%s", dir);
	assert_ok(key_arena_new(4, &k->arena, &err), &err);
	for (int i = 0; i < 4; i++) {
		assert_ok(keyset_new(k->arena, &k->sets[i], &err), &err);
	}
	assert_ok(key_new(k->arena, &k->k0, &err), &err);
	assert_ok(key_new(k->arena, &k->index, &err), &err);
	assert_ok(root_key_get(keys_dir, k->k0, &err), &err);
	read_all(identity_path, &text);
	assert_ok(identity_parse(buf_span(&text), &identity, &err), &err);
	buf_done(&text);
	for (size_t i = 0; i < nrepos; i++) {
		take_repository(k, repos[i], &identity);
	}
	identity_done(&identity);
	sort_out(k);
}

void keys_close(struct keys *k)
{
	for (size_t i = 0; i < k->ntrees; i++) {
		node_table_close(&k->trees[i].table);
	}
	free(k->trees);
	list_done(&k->slots);
	list_done(&k->inner);
	list_done(&k->live_slots);
	list_done(&k->live_inner);
	list_done(&k->dead_slots);
	list_done(&k->dead_inner);
	key_arena_free(k->arena);
}

uint64_t keys_generation(const struct keys *k)
{
	return k->trees[k->newest].generation;
}

size_t keys_objects(const struct keys *k)
{
	return k->ntrees;
}

static void add_list(const struct key_list *l, struct needles *s)
{
	for (size_t i = 0; i < l->n; i++) {
		needles_add_bytes(s, NEEDLE_KEY, l->v[i], KEY_SIZE);
	}
}

void keys_add_needles(const struct keys *k, struct needles *s)
{
	needles_add_bytes(s, NEEDLE_KEY, k->k0->b, KEY_SIZE);
	add_list(&k->dead_slots, s);
	add_list(&k->dead_inner, s);
	add_list(&k->live_slots, s);
	add_list(&k->live_inner, s);
}

/* --- root blocks ------------------------------------------------------------------------- */

struct attack {
	struct key_list slots; /* that were had */
	struct key_list seen;  /* digests of the nodes that were opened */
};

/* A node that was opened before leads nowhere new. */
static bool is_new(struct attack *a, struct node_at at, const struct keyset *set)
{
	uint8_t place[8] = { (uint8_t)at.level, (uint8_t)(at.idx >> 16), (uint8_t)(at.idx >> 8),
		(uint8_t)at.idx };
	struct key digest;

	crypto_generichash(digest.b, sizeof(digest.b), (const uint8_t *)set, sizeof(*set), place,
		sizeof(place));
	for (size_t i = 0; i < a->seen.n; i++) {
		if (memcmp(a->seen.v[i], digest.b, KEY_SIZE) == 0) {
			return false;
		}
	}
	list_add(&a->seen, &digest);
	return true;
}

/* The key of a place, tried on what every tree has there, whatever its age; and so on below. */
static void try_place(struct keys *k, struct attack *a, struct node_at at, const struct key *by)
{
	struct keyset *set = k->sets[at.level];

	for (size_t t = 0; t < k->ntrees; t++) {
		bool is_damaged = false;
		uint64_t gen;

		if (node_get(&k->trees[t].table, at, INT64_MAX, by, set, &gen, &is_damaged, NULL) < 0 ||
			!is_new(a, at, set)) {
			continue;
		}
		for (unsigned i = 0; i < KEYSET_LEN; i++) {
			const struct key *key = keyset_at(set, i);

			if (key_is_none(key)) {
				continue;
			}
			if (at.level == NODE_LEAF_LEVEL) {
				list_add(&a->slots, key);
			} else {
				try_place(k, a, (struct node_at){ at.level + 1, at.idx << 8 | i }, key);
			}
		}
	}
}

/* As the daemon reads it, but from a file in memory. */
static void try_root(struct keys *k, const uint8_t *block, struct root *root,
	struct attack *a, struct roots *ret)
{
	struct root_files files;

	root_files_init(&files);
	files.fd[ROOT_A] = memfd_create("root", MFD_CLOEXEC);
	assert_true(files.fd[ROOT_A] >= 0);
	assert_int_equal(path_write_fd(files.fd[ROOT_A], span_of(block, ROOT_SIZE), NULL), 0);
	ret->seen++;
	if (root_read(&files, ROOT_A, k->k0, root, NULL) == 0) {
		bool is_current = root->generation == keys_generation(k);

		ret->current += is_current;
		ret->older += !is_current;
		try_place(k, a, (struct node_at){ 0, 0 }, root->epoch);
	}
	root_files_close(&files);
}

void keys_try_roots(struct keys *k, const uint8_t *p, size_t n, struct roots *ret)
{
	struct cu_err err = { 0 };
	struct root root = { .index = k->index };
	const uint8_t *at = p, *end = p + n;
	struct attack attack = { .slots = { 0 } };

	*ret = (struct roots){ 0 };
	assert_ok(key_new(k->arena, &root.epoch, &err), &err);
	while ((at = memmem(at, (size_t)(end - at), ROOT_MAGIC, ROOT_MAGIC_SIZE)) != NULL) {
		if (end - at >= ROOT_SIZE) {
			try_root(k, at, &root, &attack, ret);
		}
		at++;
	}
	list_sort(&attack.slots);
	for (size_t i = 0; i < attack.slots.n; i++) {
		ret->dead_slots += list_has(&k->dead_slots, attack.slots.v[i]);
	}
	list_done(&attack.slots);
	list_done(&attack.seen);
	key_free(k->arena, root.epoch);
}
