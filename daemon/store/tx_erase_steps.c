/* The steps of an erasure that was let go (DESIGN part 6); control/ puts them in order.
 */
#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "store/tx_erase.h"
#include "store/tx_erase_internal.h"
#include "vault/vault.h"

/* Ranges of slots in one leaf: each has at most two numbers of 20 digits and two signs,
 * so these take 2,688 of its 4,096 bytes, and all other fields together less than 700.
 */
#define RANGES_PER_LEAF 64

/* --- re-key ----------------------------------------------------------------------- */

/* All but the record that goes, under the fresh slot.  The number, or a code. */
static int reseal_others(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t *slot, struct cu_err *err)
{
	struct row_record rec, *after = NULL;
	int n = 0, r;

	while ((r = engine_record_next(
			tx->engine, &row->subject, collection, after, &rec, err)) > 0) {
		after = &rec;
		if (id_eq(&rec.id, &row->record)) {
			continue;
		}
		if (n++ == 0) {
			r = tx_slot_renew(tx, &row->subject, collection, slot, err);
		}
		buf_clear(&tx->scratch);
		if (r >= 0) {
			r = sealer_reseal(tx->sealer, &rec, *slot, &tx->scratch, err);
		}
		if (r == 0) {
			r = engine_record_reseal(
				tx->engine, &rec.id, *slot, rec.sealed, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r < 0 ? r : n;
}

static int name_slot(struct tx *tx, const struct row_erasure *row, const char *collection,
	uint64_t slot, void *ctx, struct cu_err *err)
{
	(void)ctx;
	return engine_erasure_slot_put(tx->engine, &row->id, collection, slot, err);
}

int tx_erase_rekey(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_REKEY };
	struct row_erasure row;
	char collection[ENGINE_KEY_SIZE] = "";
	uint64_t old = 0, fresh = 0;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r < 0 || row.state != ERASURE_SHREDDING || row.scope != ERASE_RECORD) {
		return r;
	}
	buf_clear(&tx->scratch);
	r = engine_erasure_slots(tx->engine, erasure, NULL, &tx->scratch, err);
	if (r < 0 || tx->scratch.n > 0) {
		return r; /* done before */
	}
	r = engine_erasure_part_next(tx->engine, erasure, "", collection, err);
	if (r > 0) {
		r = engine_slot_get(tx->engine, &row.subject, collection, &old, err);
	}
	if (r == 0) {
		r = cu_err_set(err, CU_EINTERNAL, "an erased record has no slot");
	}
	if (r > 0) { /* and keys of the collection that an id merged into the subject had */
		r = tx_erase_each_slot(tx, &row, name_slot, NULL, err);
	}
	if (r == 0) {
		r = reseal_others(tx, &row, collection, &fresh, err);
		leaf.count = r < 0 ? 0 : (uint64_t)r;
	}
	if (r == 0) { /* nothing remains: a later record takes a fresh slot by itself */
		r = engine_slot_delete(tx->engine, &row.subject, collection, err);
	}
	return r < 0 ? r : tx_erase_leaves(tx, &row, &leaf, NULL, err);
}

/* --- shred ------------------------------------------------------------------------ */

/* How many of the slots, from the first on, make at most so many ranges. */
static size_t count_for_leaf(const uint64_t *slots, size_t n)
{
	size_t ranges = 1, i = 1;

	for (; i < n; i++) {
		ranges += slots[i] != slots[i - 1] + 1;
		if (ranges > RANGES_PER_LEAF) {
			break;
		}
	}
	return i < n ? i : n;
}

static int shred_leaves(struct tx *tx, struct row_erasure *row, const char *collection,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_SHRED,
		.sub = row->subject,
		.obj = row->id,
		.rec = row->record,
		.generation = row->generation };
	const uint64_t *slots;
	size_t n;
	int r;

	strcpy(leaf.purpose, row->purpose);
	strcpy(leaf.collection, collection);
	buf_clear(&tx->scratch);
	r = engine_erasure_slots(tx->engine, &row->id, collection, &tx->scratch, err);
	slots = (const uint64_t *)(const void *)tx->scratch.p;
	n = tx->scratch.n / sizeof(*slots);
	while (r == 0 && n > 0) {
		leaf.slots = slots;
		leaf.nslots = count_for_leaf(slots, n);
		r = tx_leaf(tx, &leaf, err);
		if (r == 0 && row->shred_leaf == 0) {
			row->shred_leaf = tx_last_leaf(tx);
		}
		slots += leaf.nslots;
		n -= leaf.nslots;
	}
	return r;
}

static int tell_shred(struct tx *tx, struct row_erasure *row, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	if (row->scope == ERASE_SUBJECT) {
		return shred_leaves(tx, row, "", err);
	}
	while ((r = engine_erasure_part_next(
			tx->engine, &row->id, collection, collection, err)) > 0) {
		r = shred_leaves(tx, row, collection, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

int tx_erase_shred(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r == 0 && row.state < ERASURE_SHREDDING) {
		return cu_err_set(err, CU_EINTERNAL,
			"nothing may be shredded before it was let go");
	}
	if (r < 0 || row.state != ERASURE_SHREDDING) {
		return r;
	}
	buf_clear(&tx->scratch);
	r = engine_erasure_slots(tx->engine, erasure, NULL, &tx->scratch, err);
	if (r == 0 && tx->scratch.n == 0 && row.nslots > 0) {
		r = cu_err_set(err, CU_EINTERNAL,
			"a record's slot may not go before the others have another");
	}
	if (r == 0) {
		r = vault_shred(v, (const uint64_t *)(const void *)tx->scratch.p,
			tx->scratch.n / sizeof(uint64_t), err);
	}
	if (r == 0) {
		row.generation = vault_generation(v);
		row.state = ERASURE_SHREDDED;
		row.shredded_ms = tx->now_ms;
		r = tell_shred(tx, &row, err);
	}
	return r < 0 ? r : engine_erasure_put(tx->engine, &row, err);
}

/* --- rows ------------------------------------------------------------------------- */

/* Nobody may call an erasure done while one of its keys still opens. */
static int require_shredded(
	struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	int r;

	buf_clear(&tx->scratch);
	r = engine_erasure_slots(tx->engine, &row->id, NULL, &tx->scratch, err);
	if (r == 0 && row->scope == ERASE_SUBJECT) {
		r = slots_of_subject(tx->engine, &row->subject, &tx->scratch, err);
	}
	for (size_t i = 0; r == 0 && i < tx->scratch.n / sizeof(uint64_t); i++) {
		uint64_t slot;

		memcpy(&slot, tx->scratch.p + i * sizeof(slot), sizeof(slot));
		r = vault_slot_key(
			tx->store->cfg.vault, slot, tx->sealer->subject, err);
		key_wipe(tx->sealer->subject);
		if (r == 0) {
			return cu_err_set(
				err, CU_EINTERNAL, "a shredded key still opens");
		}
		r = r == CU_ENOKEY ? 0 : r;
	}
	return r;
}

static int delete_collection(struct tx *tx, const struct id *subject,
	const char *collection, struct cu_err *err)
{
	struct row_record rec, *after = NULL;
	int r;

	while ((r = engine_record_next(
			tx->engine, subject, collection, after, &rec, err)) > 0) {
		after = &rec;
		r = engine_record_delete(tx->engine, &rec.id, err);
		if (r < 0) {
			return r;
		}
	}
	return r < 0 ? r : engine_slot_delete(tx->engine, subject, collection, err);
}

static int delete_rows(struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	switch (row->scope) {
	case ERASE_SUBJECT:
		return engine_subject_delete(tx->engine, &row->subject, err);
	case ERASE_RECORD: return engine_record_delete(tx->engine, &row->record, err);
	case ERASE_COLLECTIONS: break;
	}
	while ((r = engine_erasure_part_next(
			tx->engine, &row->id, collection, collection, err)) > 0) {
		r = delete_collection(tx, &row->subject, collection, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

int tx_erase_rows(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r < 0 || row.state == ERASURE_DONE) {
		return r;
	}
	if (row.state != ERASURE_SHREDDED) {
		return cu_err_set(
			err, CU_EINTERNAL, "rows may not go before their keys");
	}
	r = require_shredded(tx, &row, err);
	return r < 0 ? r : delete_rows(tx, &row, err);
}

/* --- done ------------------------------------------------------------------------- */

/* 1: some of what was to go is there. */
static int has_rows(struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	struct row_subject who;
	struct row_record rec;
	int r;

	switch (row->scope) {
	case ERASE_SUBJECT:
		return engine_subject_get(tx->engine, &row->subject, &who, err);
	case ERASE_RECORD:
		return engine_record_get(tx->engine, &row->record, &rec, err);
	case ERASE_COLLECTIONS: break;
	}
	while ((r = engine_erasure_part_next(
			tx->engine, &row->id, collection, collection, err)) > 0) {
		r = engine_record_next(
			tx->engine, &row->subject, collection, NULL, &rec, err);
		if (r != 0) {
			break;
		}
	}
	return r;
}

int tx_erase_done(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_DONE };
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r < 0 || row.state == ERASURE_DONE) {
		return r;
	}
	r = row.state == ERASURE_SHREDDED ? has_rows(tx, &row, err) : 1;
	if (r != 0) {
		return r < 0 ? r
			     : cu_err_set(
				       err, CU_EINTERNAL, "the rows are still there");
	}
	row.state = ERASURE_DONE;
	row.done_ms = tx->now_ms;
	strcpy(leaf.purpose, row.purpose);
	leaf.generation = row.generation;
	r = tx_erase_leaves(tx, &row, &leaf, &row.done_leaf, err);
	if (r == 0) {
		r = engine_erasure_put(tx->engine, &row, err);
	}
	if (r == 0) {
		r = engine_erasure_slots_drop(tx->engine, erasure, err);
	}
	return r < 0 ? r : tx_erase_release(tx, &row, err);
}
