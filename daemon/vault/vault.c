#include "vault/vault.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "vault/vault_internal.h"

#define DB_NAME "vault.db"

/* --- building and taking down ----------------------------------------------------- */

static int take_keys(struct vault *v, size_t ncached, struct cu_err *err)
{
	struct key **const keys[] = { &v->k0, &v->index, &v->spare, &v->epoch };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		r = key_new(v->arena, keys[i], err);
	}
	for (size_t i = 0; r == 0 && i < NODE_LEVELS; i++) {
		r = keyset_new(v->arena, &v->scratch[i], err);
	}
	if (r == 0 && ncached > 0) {
		r = cache_init(&v->cache, v->arena, ncached, err);
	}
	return r;
}

int vault_new(
	struct key_arena *arena, size_t ncached, struct vault **ret, struct cu_err *err)
{
	struct vault *v = calloc(1, sizeof(*v));
	int r;

	if (!v) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	v->arena = arena;
	root_files_init(&v->roots);
	(void)pthread_mutex_init(
		&v->lock, NULL); /* cannot fail with the default kind */
	v->rewritten = calloc(VAULT_MAX_REWRITTEN, sizeof(v->rewritten[0]));
	r = v->rewritten ? take_keys(v, ncached, err)
			 : cu_err_set(err, CU_ENOMEM, "out of memory");
	if (r < 0) {
		vault_close(v);
		return r;
	}
	*ret = v;
	return 0;
}

void vault_close(struct vault *v)
{
	if (!v) {
		return;
	}
	node_table_close(&v->reader);
	node_table_close(&v->writer);
	root_files_close(&v->roots);
	cache_done(&v->cache, v->arena);
	for (size_t i = 0; i < NODE_LEVELS; i++) {
		keyset_free(v->arena, v->scratch[i]);
	}
	key_free(v->arena, v->k0);
	key_free(v->arena, v->index);
	key_free(v->arena, v->spare);
	key_free(v->arena, v->epoch);
	free(v->rewritten);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
}

bool vault_is_broken(const struct vault *v)
{
	return atomic_load(&v->is_broken);
}

int vault_check_usable(const struct vault *v, struct cu_err *err)
{
	return vault_is_broken(v)
		       ? cu_err_set(err, CU_EIO,
				 "the vault must be reopened: a write has failed")
		       : 0;
}

int vault_note_failure(struct vault *v, int code)
{
	if (code == CU_EIO) {
		atomic_store(&v->is_broken, true);
	}
	return code;
}

void vault_wipe_scratch(struct vault *v)
{
	for (size_t i = 0; i < NODE_LEVELS; i++) {
		keyset_wipe(v->scratch[i]);
	}
	key_wipe(v->spare);
}

int vault_write_roots(struct vault *v, enum root_copy first, const struct key *k0,
	const struct root *root, struct cu_err *err)
{
	enum root_copy second = first == ROOT_A ? ROOT_B : ROOT_A;
	int r = root_write(&v->roots, first, k0, root, err);

	if (r == 0) {
		r = root_write(&v->roots, second, k0, root, err);
	}
	if (r < 0) {
		/* whatever the code: a block may be old, new or torn */
		atomic_store(&v->is_broken, true);
	}
	return r;
}

/* --- making one ------------------------------------------------------------------- */

static int require_nothing_there(const char *dir, struct cu_err *err)
{
	static const char *const names[] = { DB_NAME, "vault.root.a", "vault.root.b" };
	char path[PATH_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		r = path_join(path, dir, names[i], err);
		if (r == 0 && path_exists(path)) {
			r = cu_err_set(err, CU_EEXIST, "%s exists already", path);
		}
	}
	return r;
}

/* An empty top is the whole tree. */
static int put_first_top(struct vault *v, struct cu_err *err)
{
	const struct node_at top = { 0, 0 };
	int r = node_table_begin(&v->writer, err);

	keyset_wipe(v->scratch[0]);
	if (r == 0) {
		r = node_put(&v->writer, top, 1, v->epoch, v->scratch[0], err);
	}
	if (r == 0) {
		r = node_table_commit(&v->writer, err);
	}
	return r < 0 ? r : node_table_checkpoint(&v->writer, err);
}

/* The roots first: a vault.db beside which there is no root can only be one that waits for
 * vault_restore, and is never taken for the remains of a making that was cut off. */
static int make_files(
	struct vault *v, const char *dir, const struct key *k0, struct cu_err *err)
{
	struct root root = {
		.vault_id = id_new(), .generation = 1, v->epoch, v->index
	};
	int r = root_files_create(&v->roots, dir, err);

	key_fill_random(v->epoch);
	key_fill_random(v->index);
	if (r == 0) {
		r = vault_write_roots(v, ROOT_A, k0, &root, err);
	}
	if (r == 0) {
		r = node_table_create(v->db_path, &root.vault_id, &v->writer, err);
	}
	if (r == 0) {
		r = put_first_top(v, err);
	}
	return r < 0 ? r : path_sync_dir(dir, err);
}

static void remove_files(const char *dir)
{
	root_files_remove(dir);
	/* best effort: the making has failed, and says why */
	(void)path_remove(dir, DB_NAME, NULL);
	(void)path_remove(dir, DB_NAME "-wal", NULL);
	(void)path_remove(dir, DB_NAME "-shm", NULL);
}

int vault_create(const char *dir, const struct key *k0, struct key_arena *arena,
	struct cu_err *err)
{
	struct vault *v = NULL;
	int r = require_nothing_there(dir, err);

	if (r == 0) {
		r = vault_new(arena, 0, &v, err);
	}
	if (r == 0) {
		r = path_join(v->db_path, dir, DB_NAME, err);
	}
	if (r == 0) {
		r = make_files(v, dir, k0, err);
		if (r < 0) {
			vault_close(v);
			v = NULL;
			remove_files(dir);
		}
	}
	vault_close(v);
	return r < 0 ? cu_err_wrap(err, r, "make a vault") : 0;
}

/* --- start-up --------------------------------------------------------------------- */

struct candidate {
	enum root_copy copy;
	uint64_t generation; /* 0: not known */
	int code;
	struct cu_err err;
};

static void look_at_root(struct vault *v, enum root_copy copy, struct candidate *ret)
{
	struct root root = { .epoch = v->epoch, .index = v->index };

	*ret = (struct candidate){ .copy = copy };
	ret->code = root_read(&v->roots, copy, v->k0, &root, &ret->err);
	if (ret->code == CU_EUNSUP) {
		ret->generation =
			UINT64_MAX; /* a later version's work: nothing may pass it by */
	} else if ((ret->code == 0 || ret->code == CU_ENOKEY) &&
		   !id_eq(&root.vault_id, &v->id)) {
		ret->code = cu_err_set(
			&ret->err, CU_ECORRUPT, "a root is of another vault");
	} else if (ret->code == 0 || ret->code == CU_ENOKEY) {
		ret->generation = root.generation;
	}
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	return a->generation > b->generation ||
	       (a->generation == b->generation && a->code == 0 && b->code != 0);
}

/* Loads the root and opens its top. */
static int try_root(struct vault *v, const struct candidate *c, struct cu_err *err)
{
	struct root root = { .epoch = v->epoch, .index = v->index };
	const struct node_at top = { 0, 0 };
	bool is_damaged = false;
	uint64_t gen;
	int r = root_read(&v->roots, c->copy, v->k0, &root, err);

	if (r == 0) {
		r = node_get(&v->writer, top, root.generation, v->epoch, v->scratch[0],
			&gen, &is_damaged, err);
	}
	if (r == 0) {
		atomic_store(&v->generation, root.generation);
		atomic_store(&v->is_damaged, is_damaged);
	}
	return r;
}

/* The highest generation of which root and top open.  A lower one is taken only where the
 * higher block is damaged or its nodes are not there, that is, where a shred was cut off; it
 * is never taken because the higher one lies under another root key. */
static int choose_root(struct vault *v, enum root_copy *ret, struct cu_err *err)
{
	struct candidate c[ROOT_NCOPIES], swap;
	int r;

	look_at_root(v, ROOT_A, &c[0]);
	look_at_root(v, ROOT_B, &c[1]);
	if (is_better(&c[1], &c[0])) {
		swap = c[0];
		c[0] = c[1];
		c[1] = swap;
	}
	if (c[0].code < 0) {
		return cu_err_set(err, c[0].code, "%s", c[0].err.msg);
	}
	*ret = c[0].copy;
	r = try_root(v, &c[0], err);
	if (r == CU_ECORRUPT && c[1].code == 0 && c[1].generation < c[0].generation) {
		*ret = c[1].copy;
		r = try_root(v, &c[1], err);
	}
	return r;
}

static int load_meta(struct vault *v, struct cu_err *err)
{
	struct node_meta meta = { 0 };
	int r = node_table_meta(&v->writer, &meta, err);

	if (r == 0) {
		v->id = v->writer.vault_id;
		v->is_unswept = meta.is_unswept;
		atomic_store(&v->nleaves, meta.nleaves);
	}
	return r;
}

/* A full disk must not keep the vault shut: what is left lies there until the next shred. */
static int sweep(struct vault *v, struct cu_err *err)
{
	int r = v->is_unswept
			? node_table_sweep(&v->writer, atomic_load(&v->generation), err)
			: 0;

	if (r == 0) {
		v->is_unswept = false;
	}
	return r == CU_ENOSPC || r == CU_EBUSY ? 0 : r;
}

/* First the copy that is not the chosen one: while it is being written, the chosen one is the
 * only root that is sure to be whole. */
static int recover(struct vault *v, struct cu_err *err)
{
	enum root_copy best = ROOT_A;
	struct root root;
	int r = choose_root(v, &best, err);

	if (r < 0) {
		return r;
	}
	root = (struct root){ v->id, atomic_load(&v->generation), v->epoch, v->index };
	r = vault_write_roots(v, best == ROOT_A ? ROOT_B : ROOT_A, v->k0, &root, err);
	return r < 0 ? r : sweep(v, err);
}

int vault_open(const char *dir, const struct key *k0, struct key_arena *arena,
	struct vault **ret, struct cu_err *err)
{
	struct vault *v = NULL;
	int r = vault_new(arena, VAULT_NODES_CACHED - NODE_LEVELS, &v, err);

	if (r == 0) {
		r = path_join(v->db_path, dir, DB_NAME, err);
	}
	if (r == 0) {
		key_copy(v->k0, k0);
		r = root_files_open(&v->roots, dir, false, err);
	}
	if (r == 0) {
		r = node_table_open(v->db_path, true, &v->writer, err);
	}
	if (r == 0) {
		r = load_meta(v, err);
	}
	if (r == 0) {
		r = recover(v, err);
	}
	if (r == 0) {
		r = node_table_open(v->db_path, false, &v->reader, err);
	}
	if (r < 0) {
		vault_close(v);
		return cu_err_wrap(err, r, "open the vault");
	}
	vault_wipe_scratch(v);
	*ret = v;
	return 0;
}

/* --- using it --------------------------------------------------------------------- */

uint64_t vault_generation(const struct vault *v)
{
	return atomic_load(&v->generation);
}

struct id vault_id(const struct vault *v)
{
	return v->id;
}

uint64_t vault_capacity(const struct vault *v)
{
	return (uint64_t)atomic_load(&v->nleaves) * VAULT_LEAF_SLOTS;
}

int vault_check_roots(struct vault *v, struct cu_err *err)
{
	uint64_t generation = atomic_load(&v->generation);
	int r = 0;

	for (enum root_copy copy = ROOT_A; r == 0 && copy < ROOT_NCOPIES; copy++) {
		struct root root = { .epoch = v->spare, .index = v->spare }; /* only whether they open */

		r = root_read(&v->roots, copy, v->k0, &root, err);
		if (r == 0 && root.generation != generation) {
			r = cu_err_set(err, CU_ECORRUPT,
				"root %u is of generation %" PRIu64 ", the vault of %" PRIu64,
				(unsigned)copy, root.generation, generation);
		}
	}
	key_wipe(v->spare);
	return r;
}

bool vault_needs_scrub(const struct vault *v)
{
	return atomic_load(&v->is_damaged);
}

const struct key *vault_index_key(const struct vault *v)
{
	return v->index;
}

/* Into the cache.  by may lie in the cache, too: as the newest, it is not what makes way. */
static int load_node(struct vault *v, struct node_at at, const struct key *by,
	struct keyset **ret, struct cu_err *err)
{
	struct keyset *set;
	bool is_damaged = false;
	uint64_t gen;
	int r;

	if (key_is_none(by)) {
		return cu_err_set(err, CU_ECORRUPT,
			"node %u/%u is unknown to the one above it", at.level, at.idx);
	}
	set = cache_take(&v->cache, at);
	r = node_get(&v->reader, at, atomic_load(&v->generation), by, set, &gen,
		&is_damaged, err);
	if (r < 0) {
		cache_drop(&v->cache, at);
		return r;
	}
	if (is_damaged) {
		atomic_store(&v->is_damaged, true);
	}
	*ret = set;
	return 0;
}

/* From the lowest node of the path that is at hand downwards. */
static int find_leaf(
	struct vault *v, uint32_t leaf, struct keyset **ret, struct cu_err *err)
{
	struct keyset *set = NULL;
	unsigned level = NODE_LEVELS;
	int r = 0;

	while (level > 0 && !set) {
		set = cache_find(&v->cache, vault_node_above(leaf, --level));
	}
	if (!set) {
		r = load_node(v, vault_node_above(leaf, 0), v->epoch, &set, err);
	}
	while (r == 0 && level < NODE_LEAF_LEVEL) {
		struct node_at at = vault_node_above(leaf, ++level);

		r = load_node(v, at, keyset_at(set, at.idx & 0xff), &set, err);
	}
	if (r == 0) {
		*ret = set;
	}
	return r;
}

int vault_slot_key(struct vault *v, uint64_t slot, struct key *to, struct cu_err *err)
{
	struct keyset *set = NULL;
	const struct key *key;
	int r = vault_check_usable(v, err);

	if (r < 0) {
		return r;
	}
	if (slot >= vault_capacity(v)) {
		return cu_err_set(err, CU_ENOENT, "slot %llu has not been made",
			(unsigned long long)slot);
	}
	(void)pthread_mutex_lock(&v->lock);
	r = find_leaf(v, (uint32_t)(slot / VAULT_LEAF_SLOTS), &set, err);
	if (r == 0) {
		key = keyset_at(set, slot % VAULT_LEAF_SLOTS);
		if (key_is_none(key)) {
			r = cu_err_set(err, CU_ENOKEY, "slot %llu was shredded",
				(unsigned long long)slot);
		} else {
			key_copy(to, key);
		}
	}
	(void)pthread_mutex_unlock(&v->lock);
	return r;
}

/* --- the root block --------------------------------------------------------------- */

int vault_rotate_index(struct vault *v, struct cu_err *err)
{
	struct root root = { v->id, atomic_load(&v->generation), v->epoch, v->spare };
	int r = vault_check_usable(v, err);

	if (r < 0) {
		return r;
	}
	key_fill_random(v->spare);
	r = vault_write_roots(v, ROOT_A, v->k0, &root, err);
	if (r == 0) {
		key_copy(v->index, v->spare);
	}
	key_wipe(v->spare);
	return r < 0 ? cu_err_wrap(err, r, "replace the index key") : 0;
}

int vault_rekey(struct vault *v, const struct key *k0, struct cu_err *err)
{
	struct root root = { v->id, atomic_load(&v->generation), v->epoch, v->index };
	int r = vault_check_usable(v, err);

	if (r == 0) {
		r = vault_write_roots(v, ROOT_A, k0, &root, err);
	}
	if (r < 0) {
		return cu_err_wrap(err, r, "replace the root key");
	}
	key_copy(v->k0, k0);
	return 0;
}
