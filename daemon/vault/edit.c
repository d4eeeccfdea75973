#include "vault/edit.h"

#include <assert.h>

#include "base/err.h"
#include "vault/vault_internal.h"

void edit_init(struct edit *e, struct vault *v, enum edit_kind kind)
{
	uint64_t gen = atomic_load(&v->generation);

	*e = (struct edit){
		.v = v,
		.kind = kind,
		.read_gen = gen,
		.write_gen = kind == EDIT_SHRED ? gen + 1 : gen,
		.open_by = v->epoch,
		.wrap_by = kind == EDIT_SHRED ? v->spare : v->epoch,
	};
	v->nrewritten = 0;
}

void edit_init_check(struct edit *e, struct vault *v)
{
	*e = (struct edit){
		.v = v,
		.kind = EDIT_CHECK,
		.read_gen = atomic_load(&v->generation) + 1,
		.open_by = v->spare,
	};
}

/* Where the key of an entered node, other than the top, stands. */
static struct key *key_of(const struct edit *e, unsigned level)
{
	return keyset_at(e->v->scratch[level - 1], e->idx[level] & 0xff);
}

/* A node of no keys, whose own key is new to the node above. */
static int make_node(struct edit *e, unsigned level)
{
	keyset_wipe(e->v->scratch[level]);
	key_fill_random(key_of(e, level));
	e->gen[level] = e->write_gen;
	e->is_changed[level] = true;
	e->is_changed[level - 1] = true;
	return 0;
}

/* Goes one level down, to the node on the path to this leaf. */
static int enter(struct edit *e, uint32_t leaf, struct cu_err *err)
{
	unsigned level = e->depth;
	struct node_at at = vault_node_above(leaf, level);
	const struct key *by;
	bool is_damaged = false;
	int r;

	e->idx[level] = at.idx;
	e->is_changed[level] = false;
	by = level == 0 ? e->open_by : key_of(e, level);
	if (key_is_none(by)) {
		r = e->kind == EDIT_EXTEND && level > 0
			    ? make_node(e, level)
			    : cu_err_set(err, CU_ECORRUPT,
				      "node %u/%u is unknown to the one above it",
				      level, at.idx);
	} else if (e->kind == EDIT_EXTEND && level == NODE_LEAF_LEVEL) {
		/* The number of leaves is not authenticated, the tree is: a fresh leaf in the
		 * place of one that lives would be the end of its keys. */
		r = cu_err_set(err, CU_ECORRUPT, "leaf %u is there already", at.idx);
	} else {
		r = node_get(&e->v->writer, at, e->read_gen, by, e->v->scratch[level],
			&e->gen[level], &is_damaged, err);
		if (is_damaged) {
			atomic_store(&e->v->is_damaged, true);
		}
	}
	if (r == 0) {
		e->depth++;
	}
	return r;
}

/* Writes the lowest entered node if it has changed, and goes one level up. */
static int leave(struct edit *e, struct cu_err *err)
{
	unsigned level = e->depth - 1;
	struct node_at at = { level, e->idx[level] };
	struct vault *v = e->v;
	int r;

	e->depth--;
	if (!e->is_changed[level]) {
		return 0;
	}
	if (e->kind == EDIT_SHRED) {
		e->gen[level] = e->write_gen;
		if (level > 0) {
			key_fill_random(key_of(e, level));
			e->is_changed[level - 1] = true;
		}
	}
	r = node_put(&v->writer, at, e->gen[level],
		level == 0 ? e->wrap_by : key_of(e, level), v->scratch[level], err);
	if (r == 0 && (e->kind == EDIT_SHRED || level != NODE_LEAF_LEVEL)) {
		assert(v->nrewritten < VAULT_MAX_REWRITTEN);
		v->rewritten[v->nrewritten++] = at;
	}
	return r;
}

int edit_leaf(struct edit *e, uint32_t leaf, struct keyset **ret, struct cu_err *err)
{
	int r = 0;

	while (r == 0 && e->depth > 0 &&
		e->idx[e->depth - 1] != vault_node_above(leaf, e->depth - 1).idx) {
		r = leave(e, err);
	}
	while (r == 0 && e->depth < NODE_LEVELS) {
		r = enter(e, leaf, err);
	}
	if (r == 0) {
		*ret = e->v->scratch[NODE_LEAF_LEVEL];
	}
	return r;
}

void edit_mark_changed(struct edit *e)
{
	e->is_changed[NODE_LEAF_LEVEL] = true;
}

int edit_finish(struct edit *e, bool is_forced, struct cu_err *err)
{
	int r = e->depth == 0 ? enter(e, 0, err) : 0;

	e->is_changed[0] |= is_forced;
	while (r == 0 && e->depth > 0) {
		r = leave(e, err);
	}
	return r;
}
