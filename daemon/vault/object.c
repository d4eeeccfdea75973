/*
 * object.c: a vault as a backup sees it: its image, what is made of one, and the walk that
 * opens every node.
 */
#include "base/err.h"
#include "crypto/age.h"
#include "db/image.h"
#include "vault/vault_internal.h"

int vault_image_begin(struct vault *v, struct db_image **ret, struct cu_err *err)
{
	int r = vault_check_usable(v, err);

	return r < 0 ? r : db_image_begin(v->writer.db, v->db_path, ret, err);
}

int vault_put_epoch_key(const struct vault *v, struct age_writer *w, struct cu_err *err)
{
	int r = vault_check_usable(v, err);

	return r < 0 ? r : age_writer_put_key(w, v->epoch, err);
}

int vault_copy_epoch_key(const struct vault *v, struct key *to, struct cu_err *err)
{
	int r = vault_check_usable(v, err);

	if (r == 0) {
		key_copy(to, v->epoch);
	}
	return r;
}

struct key_arena *vault_arena(const struct vault *v)
{
	return v->arena;
}

/* --- every node ------------------------------------------------------------------- */

struct walk {
	struct vault *v;
	uint32_t nleaves;
	int nmended;
	int code; /* of the first node that is lost */
	struct cu_err err;
};

static void note_lost(struct walk *w, int code, const struct cu_err *err)
{
	if (w->code == 0) {
		w->code = code;
		w->err = *err;
	}
}

/* Reads all copies into the level's set, and writes anew one that does not open. */
static int open_and_mend(
	struct walk *w, struct node_at at, const struct key *by, struct cu_err *err)
{
	struct vault *v = w->v;
	struct keyset *set = v->scratch[at.level];
	uint64_t gen = 0, max_gen = atomic_load(&v->generation);
	unsigned ncopies = node_ncopies(at.level), nbad = 0, bad = 0;
	int r, code = 0;

	for (unsigned copy = 0; copy < ncopies; copy++) {
		r = node_get_copy(&v->writer, at, copy, max_gen, by, set, &gen, err);
		if (r < 0) {
			code = r;
			bad = copy;
			nbad++;
		}
	}
	if (nbad == 0 || nbad == ncopies) {
		return code;
	}
	w->nmended++;
	return node_put_copy(&v->writer, at, bad, gen, by, set, err);
}

static void walk_below(struct walk *w, struct node_at at);

static void walk_node(struct walk *w, struct node_at at, const struct key *by)
{
	struct cu_err err;
	int r;

	if (key_is_none(by)) {
		r = cu_err_set(&err, CU_ECORRUPT,
			"node %u/%u is unknown to the one above it", at.level, at.idx);
	} else {
		r = open_and_mend(w, at, by, &err);
	}
	if (r < 0) {
		note_lost(w, r, &err);
	} else if (at.level < NODE_LEAF_LEVEL) {
		walk_below(w, at);
	}
}

/* The children that the number of leaves calls for.  Calls itself, through walk_node, three
 * levels deep at most. */
static void walk_below(struct walk *w, struct node_at at)
{
	unsigned shift = 8 * (NODE_LEAF_LEVEL - at.level - 1);

	for (uint32_t i = 0; i < KEYSET_LEN; i++) {
		struct node_at child = { at.level + 1, at.idx * KEYSET_LEN + i };

		if ((uint64_t)child.idx << shift >= w->nleaves) {
			return;
		}
		walk_node(w, child, keyset_at(w->v->scratch[at.level], i));
	}
}

int vault_scrub(struct vault *v, struct cu_err *err)
{
	struct walk w = { .v = v, .nleaves = atomic_load(&v->nleaves) };
	int r = vault_check_usable(v, err);

	if (r < 0) {
		return r;
	}
	walk_node(&w, (struct node_at){ 0, 0 }, v->epoch);
	vault_wipe_scratch(v);
	if (w.code < 0) {
		return cu_err_set(err, w.code, "scrub: %s", w.err.msg);
	}
	atomic_store(&v->is_damaged, false);
	return w.nmended;
}

/* --- from a vault object ---------------------------------------------------------- */

static int open_image(struct vault *v, const char *dir, const struct key *epoch,
	uint64_t generation, struct cu_err *err)
{
	struct node_meta meta = { 0 };
	int r = path_join(v->db_path, dir, "vault.db", err);

	if (r == 0) {
		r = node_table_open(v->db_path, true, &v->writer, err);
	}
	if (r == 0) {
		r = node_table_meta(&v->writer, &meta, err);
	}
	if (r == 0) {
		v->id = v->writer.vault_id;
		atomic_store(&v->nleaves, meta.nleaves);
		atomic_store(&v->generation, generation);
		key_copy(v->epoch, epoch);
	}
	return r;
}

/* The tree is opened to its last leaf before any root is written, so that a wrong object
 * leaves the roots that may be there as they are. */
static int make_roots(
	struct vault *v, const char *dir, const struct key *k0, struct cu_err *err)
{
	struct root root = { v->id, atomic_load(&v->generation), v->epoch, v->index };
	int r = vault_scrub(v, err);

	if (r >= 0) {
		r = node_table_checkpoint(&v->writer, err);
	}
	if (r == 0) {
		r = root_files_open(&v->roots, dir, true, err);
	}
	if (r == 0) {
		key_fill_random(v->index);
		r = vault_write_roots(v, ROOT_A, k0, &root, err);
	}
	return r < 0 ? r : path_sync_dir(dir, err);
}

int vault_restore(const char *dir, const struct key *k0, const struct key *epoch,
	uint64_t generation, struct key_arena *arena, struct cu_err *err)
{
	struct vault *v = NULL;
	int r;

	if (key_is_none(epoch) || generation == 0 || generation > INT64_MAX) {
		return cu_err_set(err, CU_EINVAL,
			"restore the vault: no epoch key or generation");
	}
	r = vault_new(arena, 0, &v, err);
	if (r == 0) {
		r = open_image(v, dir, epoch, generation, err);
	}
	if (r == 0) {
		r = make_roots(v, dir, k0, err);
	}
	vault_close(v);
	return r < 0 ? cu_err_wrap(err, r, "restore the vault") : 0;
}
