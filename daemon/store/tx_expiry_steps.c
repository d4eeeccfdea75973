/* The steps of a run of expiry that was let go: its keys, then its rows. */
#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "store/store_internal.h"
#include "store/tx_expiry_internal.h"
#include "store/tx_hold.h"
#include "store/tx_rule.h"
#include "vault/vault.h"

/* --- shred ------------------------------------------------------------------------ */

const struct expiry_limit *expiry_limit_of(const struct expiry_limits *limits,
	const struct row_expiry *run, const struct row_expiry_item *item)
{
	for (size_t i = 0; i < limits->n; i++) {
		if (strcmp(limits->v[i].collection, item->collection) == 0 &&
			limits->v[i].is_own == period_is_own(item->period) &&
			(item->kind == EXPIRY_OWNER || limits->v[i].is_own ||
				strcmp(expiry_class(&limits->v[i]), item->class_key) == 0) &&
			limits->v[i].is_review == run->is_review) {
			return &limits->v[i];
		}
	}
	return NULL;
}

/* A key that has had its end, or was replaced, is not what was listed. */
static int is_owner_due(struct tx *tx, const struct row_expiry_item *item,
	const struct expiry_limit *limit, struct cu_err *err)
{
	uint64_t slot;
	int r = engine_slot_get(tx->engine, &item->subject, item->collection, &slot, err);

	if (r <= 0 || slot != item->slot) {
		return r < 0 ? r : 0;
	}
	return tx_expiry_is_owner_due(tx, &item->subject, limit, err);
}

static int is_held_due(struct tx *tx, const struct row_expiry_item *item,
	const struct expiry_limit *limit, struct cu_err *err)
{
	struct row_hold_slot row;
	int r = engine_hold_slot_get(tx->engine, item->slot, &row, err);

	if (r <= 0 || !expiry_is_over(limit, row.period)) {
		return r < 0 ? r : 0;
	}
	return tx_hold_lets_key(tx, item->slot, err);
}

static int is_cohort_due(struct tx *tx, const struct row_expiry_item *item,
	const struct expiry_limit *limit, struct cu_err *err)
{
	uint64_t slot;
	int r = engine_cohort_get(tx->engine, item->collection, item->class_key, item->period, &slot, err);

	if (r <= 0 || slot != item->slot || !expiry_is_over(limit, item->period)) {
		return r < 0 ? r : 0;
	}
	return tx_hold_lets_cohort(tx, item->slot, limit->backed_up, err);
}

int expiry_is_due(struct tx *tx, const struct row_expiry *run, const struct row_expiry_item *item,
	const struct expiry_limits *limits, struct cu_err *err)
{
	const struct expiry_limit *limit = expiry_limit_of(limits, run, item);

	if (!limit || limit->is_moving != (item->kind == EXPIRY_OWNER)) {
		return 0;
	}
	switch (item->kind) {
	case EXPIRY_COHORT: return is_cohort_due(tx, item, limit, err);
	case EXPIRY_OWNER: return is_owner_due(tx, item, limit, err);
	case EXPIRY_HELD: return is_held_due(tx, item, limit, err);
	}
	return cu_err_set(err, CU_ECORRUPT, "a list of expiry names a key of no kind");
}

/* What should be counted and was not, because it was not due a moment ago, waits for the next run. */
static int may_go(struct tx *tx, const struct row_expiry *run, const struct row_expiry_item *item,
	const struct expiry_limits *limits, struct cu_err *err)
{
	const struct expiry_limit *limit = expiry_limit_of(limits, run, item);

	return limit && limit->is_counted ? 0 : expiry_is_due(tx, run, item, limits, err);
}

/* What of the list may go now, up to a batch; the rest of what was looked at leaves the list. */
static int take_batch(struct tx *tx, struct row_expiry *run, const struct expiry_limits *limits,
	struct expiry_batch *b, struct cu_err *err)
{
	struct row_expiry_item item;
	uint64_t at, *after = NULL;
	int r = 1;

	for (int looked = 0; looked < EXPIRY_BATCH; looked++) {
		r = engine_expiry_item_next(tx->engine, &run->id, false, after, &item, err);
		if (r <= 0) {
			break;
		}
		at = item.slot;
		after = &at;
		r = may_go(tx, run, &item, limits, err);
		if (r > 0) {
			b->items[b->n++] = item;
		} else if (r == 0) {
			*(item.kind == EXPIRY_OWNER ? &run->nslots : &run->ncohorts) -= 1;
			r = engine_expiry_item_delete(tx->engine, item.slot, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r < 0 ? r : 0;
}

/* The keys of one collection among these, which fit a leaf. */
static int tell_some(struct tx *tx, const struct row_expiry *run, const char *collection,
	const struct row_expiry_item *items, size_t n, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_SHRED, .obj = run->id,
		.generation = run->generation, .why = "retention" };
	uint64_t slots[EXPIRY_BATCH];

	strcpy(leaf.collection, collection);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(items[i].collection, collection) == 0) {
			slots[leaf.nslots++] = items[i].slot;
		}
	}
	leaf.slots = slots;
	return tx_leaf(tx, &leaf, err);
}

static bool is_first(const struct row_expiry_item *items, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(items[j].collection, items[i].collection) == 0) {
			return false;
		}
	}
	return true;
}

/* A leaf for each collection in the batch; a restore does the shreds again by them. */
static int tell(struct tx *tx, const struct row_expiry *run, const struct expiry_batch *b,
	struct cu_err *err)
{
	int r = 0;

	for (size_t from = 0; r == 0 && from < b->n; from += EXPIRY_BATCH) {
		const struct row_expiry_item *items = b->items + from;
		size_t n = b->n - from < EXPIRY_BATCH ? b->n - from : EXPIRY_BATCH;

		for (size_t i = 0; r == 0 && i < n; i++) {
			if (is_first(items, i)) {
				r = tell_some(tx, run, items[i].collection, items, n, err);
			}
		}
	}
	return r;
}

/* What is written from now on takes another key. */
static int forget_key(struct tx *tx, const struct row_expiry_item *item, struct cu_err *err)
{
	int r = item->kind == EXPIRY_COHORT ? engine_cohort_delete(tx->engine, item->slot, err) :
		item->kind == EXPIRY_HELD   ? engine_hold_slot_delete(tx->engine, item->slot, err) :
					      engine_slot_delete(tx->engine, &item->subject,
						      item->collection, err);

	return r < 0 ? r : engine_expiry_item_set_shredded(tx->engine, item->slot, err);
}

/* The shred comes before the rows change: after a crash in between the list names slots that are
 * shredded again, which does no harm. */
static int shred(struct tx *tx, struct row_expiry *run, const struct expiry_batch *b,
	struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	uint64_t slots[AGGREGATE_BATCH];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		slots[i] = b->items[i].slot;
	}
	r = vault_shred(v, slots, b->n, err);
	if (r == 0) {
		run->generation = vault_generation(v);
		r = tell(tx, run, b, err);
	}
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		r = forget_key(tx, &b->items[i], err);
	}
	return r;
}

/* What was counted goes together; then whatever goes without. */
static int shred_some(struct tx *tx, struct row_expiry *run, const struct expiry_limits *limits,
	struct cu_err *err)
{
	struct expiry_batch b = { .n = 0 };
	int r = engine_tally_get(tx->engine, &run->id, &(struct row_tally){ .seq = 0 }, err);
	bool has_tally = r > 0;

	if (has_tally) {
		r = aggregate_take(tx, run, limits, &b, err);
	} else if (r == 0) {
		r = take_batch(tx, run, limits, &b, err);
	}
	if (r < 0 || (has_tally && r == 0)) {
		return r;
	}
	r = b.n > 0 ? shred(tx, run, &b, err) : 0;
	return r == 0 && has_tally ? aggregate_finish(tx, run, &b, err) : r;
}

int tx_expiry_shred(struct tx *tx, const struct id *id, const struct expiry_limits *limits,
	struct row_expiry *ret, struct cu_err *err)
{
	struct row_expiry_item item;
	struct row_expiry run;
	int r = tx_expiry_get(tx, id, &run, err);

	if (r == 0 && run.state == EXPIRY_GOING) {
		r = shred_some(tx, &run, limits, err);
		if (r == 0) {
			r = engine_expiry_item_next(tx->engine, &run.id, false, NULL, &item, err);
		}
		if (r == 0) {
			run.state = EXPIRY_CLEARING;
		}
		r = r < 0 ? r : engine_expiry_put(tx->engine, &run, err);
	}
	if (r == 0) {
		*ret = run;
	}
	return r;
}

/* --- clear ------------------------------------------------------------------------ */

static int find_record(struct tx *tx, const struct row_expiry_item *item, struct id *ret,
	struct cu_err *err)
{
	return item->kind == EXPIRY_OWNER ?
		engine_record_under_slot(tx->engine, &item->subject, item->collection, item->slot, ret,
			err) :
		engine_record_in_cohort(tx->engine, item->slot, ret, err);
}

/* That somebody was heard of outlives the record that said so: what counts from it has longer,
 * perhaps. */
static int keep_activity(struct tx *tx, const struct id *record, struct cu_err *err)
{
	struct row_record row;
	int32_t day = 0;
	int r = engine_record_get(tx->engine, record, &row, err);

	if (r > 0) {
		r = engine_activity_of(tx->engine, &row.subject, &day, err);
	}
	return r > 0 ? engine_activity_raise(tx->engine, &row.subject, day, err) : r;
}

/* Nobody may delete what a key still opens. */
static int require_shredded(struct tx *tx, uint64_t slot, struct cu_err *err)
{
	int r = vault_slot_key(tx->store->cfg.vault, slot, tx->sealer->subject, err);

	key_wipe(tx->sealer->subject);
	if (r == 0) {
		return cu_err_set(err, CU_EINTERNAL, "a shredded key still opens");
	}
	return r == CU_ENOKEY ? 0 : r;
}

/* Some records of a key that is gone.  The number, or a code; fewer than cap: there are none. */
static int clear_key(struct tx *tx, const struct row_expiry_item *item, int cap,
	struct cu_err *err)
{
	struct id record;
	int r = require_shredded(tx, item->slot, err);

	if (r < 0) {
		return r;
	}
	for (int n = 0; n < cap; n++) {
		r = find_record(tx, item, &record, err);

		if (r <= 0) {
			return r < 0 ? r : n;
		}
		r = keep_activity(tx, &record, err);
		if (r == 0) {
			r = engine_record_delete(tx->engine, &record, err);
		}
		if (r < 0) {
			return r;
		}
	}
	return cap;
}

static int end(struct tx *tx, struct row_expiry *run, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RETENTION_DONE, .obj = run->id, .count = run->nrecords,
		.generation = run->generation };

	run->state = EXPIRY_DONE;
	run->done_ms = tx->now_ms;
	return tx_leaf(tx, &leaf, err);
}

/* Up to a step's worth of rows.  1: there may be more. */
static int clear_some(struct tx *tx, struct row_expiry *run, struct cu_err *err)
{
	struct row_expiry_item item;
	int room = EXPIRY_CLEAR_STEP, n, r;

	while ((r = engine_expiry_item_next(tx->engine, &run->id, true, NULL, &item, err)) > 0) {
		n = clear_key(tx, &item, room, err);
		if (n < 0) {
			return n;
		}
		run->nrecords += (uint64_t)n;
		if (n == room) {
			return 1;
		}
		room -= n + 1;
		r = engine_expiry_item_delete(tx->engine, item.slot, err);
		if (r < 0 || room <= 0) {
			return r < 0 ? r : 1;
		}
	}
	return r;
}

int tx_expiry_clear(struct tx *tx, const struct id *id, struct row_expiry *ret,
	struct cu_err *err)
{
	struct row_expiry run;
	int r = tx_expiry_get(tx, id, &run, err);

	if (r == 0 && run.state == EXPIRY_CLEARING) {
		r = clear_some(tx, &run, err);
		if (r == 0) {
			r = end(tx, &run, err);
		}
		r = r < 0 ? r : engine_expiry_put(tx->engine, &run, err);
	}
	if (r == 0) {
		*ret = run;
	}
	return r;
}
