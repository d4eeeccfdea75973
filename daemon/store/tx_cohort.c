/* Cohorts: which one a record is of, and their end: one slot shredded ends a month or a day of
 * records everywhere. */
#include <string.h>

#include "base/err.h"
#include "store/engine_expiry.h"
#include "store/engine_hold.h"
#include "store/store_internal.h"
#include "vault/vault.h"

/* What is held of a month that is over has a key in the month's place (tx_hold.h).  A new version
 * stays under it: else that key would have nothing under it, and end, while the version that a
 * backup has needs it. */
int tx_cohort_of_record(struct tx *tx, const struct record *rec, uint32_t period, uint64_t *ret,
	struct cu_err *err)
{
	struct row_record old = { .has_cohort = false };
	struct row_hold_slot held;
	int r = rec->version > 1 ? engine_record_get(tx->engine, &rec->id, &old, err) : 0;

	if (r >= 0) {
		r = old.has_cohort ? engine_hold_slot_get(tx->engine, old.cohort_slot, &held, err) : 0;
	}
	if (r > 0 && held.period == period &&
		strcmp(held.class_key, rec->class_key[0] ? rec->class_key : COHORT_DEFAULT) == 0) {
		*ret = held.slot;
		return 0;
	}
	return r < 0 ? r :
		       tx_cohort_slot(tx, rec->collection, rec->class_key, period, ret, err);
}

/* The shred comes before the rows go: after a crash in between they name slots that are shredded
 * again, which does no harm. */
int tx_cohorts_end(struct tx *tx, const char *collection, uint32_t before, size_t *ret_n,
	struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	struct leaf leaf = { .act = LEAF_ERASE_SHRED };
	int r;

	buf_clear(&tx->scratch);
	r = engine_cohorts_before(tx->engine, collection, "default", before, &tx->scratch, err);
	if (r < 0 || tx->scratch.n == 0) {
		*ret_n = 0;
		return r;
	}
	strncpy(leaf.collection, collection, sizeof(leaf.collection) - 1);
	leaf.slots = (const uint64_t *)(const void *)tx->scratch.p;
	leaf.nslots = tx->scratch.n / sizeof(uint64_t);
	r = vault_shred(v, leaf.slots, leaf.nslots, err);
	if (r == 0) {
		leaf.generation = vault_generation(v);
		r = engine_cohorts_delete(tx->engine, collection, "default", before, err);
	}
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	if (r == 0) {
		*ret_n = leaf.nslots;
	}
	return r;
}
