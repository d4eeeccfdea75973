/*
 * shred.c: the two ways in which the tree changes: leaves are added, and slots die.
 *
 * A shred in order: sort_slots, then for each generation write_nodes, check_nodes, the roots,
 * publish, drop_superseded.  docs/formats/vault.md has the argument why it may stop anywhere.
 */
#include <stdlib.h>

#include "base/err.h"
#include "vault/edit.h"
#include "vault/vault_internal.h"

/* What was written is what readers see from now on. */
static void forget_rewritten(struct vault *v)
{
	for (size_t i = 0; i < v->nrewritten; i++) {
		cache_drop(&v->cache, v->rewritten[i]);
	}
}

/* --- more leaves ------------------------------------------------------------------ */

static int write_leaves(
	struct vault *v, uint32_t first, uint32_t end, struct cu_err *err)
{
	struct keyset *set = NULL;
	struct edit e;
	int r = 0;

	edit_init(&e, v, EDIT_EXTEND);
	for (uint32_t leaf = first; r == 0 && leaf < end; leaf++) {
		r = edit_leaf(&e, leaf, &set, err);
		for (size_t i = 0; r == 0 && i < KEYSET_LEN; i++) {
			key_fill_random(keyset_at(set, i));
		}
	}
	if (r == 0) {
		r = edit_finish(&e, false, err);
	}
	return r < 0 ? r : node_table_set_leaves(&v->writer, end, err);
}

static int extend_batch(struct vault *v, uint32_t nmore, struct cu_err *err)
{
	uint32_t first = atomic_load(&v->nleaves), end = first + nmore;
	int r = node_table_begin(&v->writer, err);

	if (r == 0) {
		r = write_leaves(v, first, end, err);
	}
	if (r == 0) {
		r = node_table_commit(&v->writer, err);
	}
	vault_wipe_scratch(v);
	if (r < 0) {
		node_table_rollback(&v->writer);
		return r;
	}
	(void)pthread_mutex_lock(&v->lock);
	forget_rewritten(v);
	atomic_store(&v->nleaves, end);
	(void)pthread_mutex_unlock(&v->lock);
	return node_table_checkpoint(&v->writer, err);
}

int vault_extend(struct vault *v, unsigned nleaves, struct cu_err *err)
{
	int r = vault_check_usable(v, err);

	if (r == 0 && nleaves > NODE_MAX_LEAVES - atomic_load(&v->nleaves)) {
		return cu_err_set(err, CU_ELIMIT, "a vault has at most %u leaves",
			NODE_MAX_LEAVES);
	}
	while (r == 0 && nleaves > 0) {
		uint32_t nmore =
			nleaves < VAULT_MAX_LEAVES ? nleaves : VAULT_MAX_LEAVES;

		r = extend_batch(v, nmore, err);
		nleaves -= nmore;
	}
	return r < 0 ? cu_err_wrap(err, vault_note_failure(v, r), "make slots") : 0;
}

/* --- fewer slots ------------------------------------------------------------------ */

static int compare_slots(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Those that have been made, in rising order. */
static int sort_slots(const struct vault *v, const uint64_t *slots, size_t n,
	uint64_t **ret_sorted, size_t *ret_n, struct cu_err *err)
{
	uint64_t capacity = vault_capacity(v), *sorted = calloc(n + 1, sizeof(*sorted));
	size_t nsorted = 0;

	if (!sorted) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++) {
		if (slots[i] < capacity) {
			sorted[nsorted++] = slots[i];
		}
	}
	qsort(sorted, nsorted, sizeof(*sorted), compare_slots);
	*ret_sorted = sorted;
	*ret_n = nsorted;
	return 0;
}

/* How many of the sorted slots one generation takes. */
static size_t count_for_one_generation(const uint64_t *slots, size_t n)
{
	size_t nleaves = 0, i;

	for (i = 0; i < n; i++) {
		if (i == 0 || slots[i] / VAULT_LEAF_SLOTS !=
				      slots[i - 1] / VAULT_LEAF_SLOTS) {
			if (nleaves == VAULT_MAX_LEAVES) {
				break;
			}
			nleaves++;
		}
	}
	return i;
}

/* The leaves without the slots, and all nodes above, of the next generation and under fresh
 * keys.  Leaves in which nothing lives are left as they are. */
static int edit_slots(
	struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	struct keyset *set = NULL;
	struct edit e;
	int r = 0;

	key_fill_random(v->spare);
	edit_init(&e, v, EDIT_SHRED);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct key *key;

		r = edit_leaf(&e, (uint32_t)(slots[i] / VAULT_LEAF_SLOTS), &set, err);
		key = r == 0 ? keyset_at(set, slots[i] % VAULT_LEAF_SLOTS) : NULL;
		if (key && !key_is_none(key)) {
			key_wipe(key);
			edit_mark_changed(&e);
		}
	}
	return r < 0 ? r : edit_finish(&e, n == 0, err);
}

static int write_nodes(
	struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	int r = node_table_begin(&v->writer, err);

	if (r == 0) {
		r = edit_slots(v, slots, n, err);
	}
	if (r == 0 && v->nrewritten > 0) {
		r = node_table_set_unswept(&v->writer, true, err);
	}
	if (r == 0 && v->nrewritten > 0) {
		v->is_unswept = true;
		r = node_table_commit(&v->writer, err);
	}
	node_table_rollback(&v->writer); /* of a failure, or of nothing */
	return r < 0 || v->nrewritten == 0 ? r : node_table_checkpoint(&v->writer, err);
}

/* Once a root points to the new nodes, the old ones are dead; so it is seen first that the
 * new ones open, and that the slots are gone from them. */
static int check_nodes(
	struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	struct keyset *set = NULL;
	struct edit e;
	int r = 0;

	edit_init_check(&e, v);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = edit_leaf(&e, (uint32_t)(slots[i] / VAULT_LEAF_SLOTS), &set, err);
		if (r == 0 &&
			!key_is_none(keyset_at(set, slots[i] % VAULT_LEAF_SLOTS))) {
			r = cu_err_set(err, CU_EINTERNAL, "a slot outlived its shred");
		}
	}
	return r < 0 ? r : edit_finish(&e, false, err);
}

static void publish(struct vault *v)
{
	(void)pthread_mutex_lock(&v->lock);
	key_copy(v->epoch, v->spare);
	forget_rewritten(v);
	atomic_fetch_add(&v->generation, 1);
	(void)pthread_mutex_unlock(&v->lock);
}

/* That this fails does not undo the shred: the nodes are dead, and the next shred or start
 * drops them.  After an I/O error it is for the next call to say so. */
static void drop_superseded(struct vault *v)
{
	uint64_t gen = atomic_load(&v->generation);
	int r = node_table_begin(&v->writer, NULL);

	for (size_t i = 0; r == 0 && i < v->nrewritten; i++) {
		r = node_drop_older(&v->writer, v->rewritten[i], gen, NULL);
	}
	if (r == 0) {
		r = node_table_set_unswept(&v->writer, false, NULL);
	}
	if (r == 0) {
		r = node_table_commit(&v->writer, NULL);
	}
	if (r == 0) {
		v->is_unswept = false;
		return;
	}
	node_table_rollback(&v->writer);
	(void)vault_note_failure(v, r);
}

static int shred_generation(
	struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	uint64_t gen = atomic_load(&v->generation);
	struct root root = { v->id, gen + 1, v->spare, v->index };
	int r = v->is_unswept ? node_table_sweep(&v->writer, gen, err) : 0;

	if (r == 0) {
		v->is_unswept = false;
		r = write_nodes(v, slots, n, err);
	}
	if (r == 0 && v->nrewritten > 0) {
		r = check_nodes(v, slots, n, err);
	}
	if (r == 0 && v->nrewritten > 0) {
		r = vault_write_roots(v, ROOT_A, v->k0, &root, err);
		if (r == 0) {
			publish(v);
			drop_superseded(v);
		}
	}
	vault_wipe_scratch(v);
	return vault_note_failure(v, r);
}

int vault_shred(struct vault *v, const uint64_t *slots, size_t n, struct cu_err *err)
{
	uint64_t *sorted = NULL;
	size_t nsorted = 0, done = 0;
	int r = vault_check_usable(v, err);

	if (r == 0) {
		r = sort_slots(v, slots, n, &sorted, &nsorted, err);
	}
	if (r == 0 && n == 0) {
		r = shred_generation(v, NULL, 0, err);
	}
	while (r == 0 && done < nsorted) {
		size_t some = count_for_one_generation(sorted + done, nsorted - done);

		r = shred_generation(v, sorted + done, some, err);
		done += some;
	}
	free(sorted);
	return r < 0 ? cu_err_wrap(err, r, "shred") : 0;
}
