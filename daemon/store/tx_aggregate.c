#include "store/tx_aggregate.h"

#include <string.h>

#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "store/store_internal.h"
#include "store/tx_expiry_internal.h"
#include "vault/vault.h"

/* --- which keys ------------------------------------------------------------------- */

static bool is_counted(const struct expiry_limits *limits, const struct row_expiry *run,
	const struct row_expiry_item *item)
{
	const struct expiry_limit *limit = expiry_limit_of(limits, run, item);

	return limit && limit->is_counted;
}

/* A cohort stays alone; people of one collection go together. */
static bool goes_with(const struct expiry_batch *b, const struct row_expiry_item *item)
{
	return b->n == 0 ||
		(b->items[0].kind == item->kind && item->kind != EXPIRY_COHORT &&
			strcmp(b->items[0].collection, item->collection) == 0 &&
			strcmp(b->items[0].class_key, item->class_key) == 0);
}

static int select_batch(struct tx *tx, const struct row_expiry *run,
	const struct expiry_limits *limits, struct expiry_batch *b, struct cu_err *err)
{
	struct row_expiry_item item;
	uint64_t at, *after = NULL;
	int r = 0;

	b->n = 0;
	while (b->n < AGGREGATE_BATCH && (b->n == 0 || b->items[0].kind != EXPIRY_COHORT) &&
		(r = engine_expiry_item_next(tx->engine, &run->id, false, after, &item, err)) > 0) {
		at = item.slot;
		after = &at;
		if (!is_counted(limits, run, &item) || !goes_with(b, &item)) {
			continue;
		}
		r = expiry_is_due(tx, run, &item, limits, err);
		if (r > 0) {
			b->items[b->n++] = item;
		}
		if (r < 0) {
			break;
		}
	}
	return r < 0 ? r : 0;
}

static void digest_of(struct tx *tx, const struct expiry_batch *b, uint8_t ret[32])
{
	buf_clear(&tx->scratch);
	for (size_t i = 0; i < b->n; i++) {
		buf_put(&tx->scratch, &b->items[i].slot, sizeof(b->items[i].slot));
	}
	hash_blake2b(buf_span(&tx->scratch), ret);
}

/* --- count ------------------------------------------------------------------------ */

int tx_aggregate_next(struct tx *tx, const struct id *id, const struct expiry_limits *limits,
	struct expiry_batch *ret, struct cu_err *err)
{
	struct row_tally tally;
	struct row_expiry run;
	int r = tx_expiry_get(tx, id, &run, err);

	ret->n = 0;
	ret->seq = tx->seq;
	if (r == 0) {
		r = engine_tally_get(tx->engine, id, &tally, err);
	}
	return r < 0 || r > 0 || run.state != EXPIRY_GOING ?
		(r < 0 ? r : 0) :
		select_batch(tx, &run, limits, ret, err);
}

int tx_aggregate_put(struct tx *tx, const struct id *run, const struct expiry_batch *b,
	struct row_aggregate *rows, size_t nrows, uint64_t nrecords, struct cu_err *err)
{
	struct row_tally tally = { .run = *run, .tally = id_new(), .slot = b->items[0].slot,
		.nrecords = nrecords, .seq = b->seq };
	int r;

	digest_of(tx, b, tally.digest);
	r = engine_tally_put(tx->engine, &tally, err);
	for (size_t i = 0; r == 0 && i < nrows; i++) {
		rows[i].tally = tally.tally;
		r = engine_aggregate_put(tx->engine, &rows[i], err);
	}
	return r;
}

/* --- with the shred --------------------------------------------------------------- */

/* 1: these very records were counted. */
static int is_same(struct tx *tx, const struct row_tally *tally, const struct expiry_batch *b,
	struct cu_err *err)
{
	uint8_t digest[32];
	uint64_t n, all = 0;
	int r = 0;

	digest_of(tx, b, digest);
	if (b->n == 0 || memcmp(digest, tally->digest, sizeof(digest)) != 0) {
		return 0;
	}
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		n = 0;
		r = engine_keyed_count(tx->engine, &b->items[i], &n, err);
		if (r == 0) {
			r = engine_keyed_changed(tx->engine, &b->items[i], tally->seq, err);
		}
		all += n;
	}
	return r < 0 ? r : r == 0 && all == tally->nrecords;
}

/* After a crash behind the shred: the records cannot be counted again. */
static int is_shredded(struct tx *tx, uint64_t slot, struct cu_err *err)
{
	int r = vault_slot_key(tx->store->cfg.vault, slot, tx->sealer->subject, err);

	key_wipe(tx->sealer->subject);
	return r == CU_ENOKEY ? 1 : r;
}

int aggregate_take(struct tx *tx, const struct row_expiry *run, const struct expiry_limits *limits,
	struct expiry_batch *b, struct cu_err *err)
{
	struct row_tally tally;
	int r = engine_tally_get(tx->engine, &run->id, &tally, err), was_shredded;

	b->n = 0;
	if (r <= 0) {
		return r;
	}
	was_shredded = is_shredded(tx, tally.slot, err);
	r = was_shredded < 0 ? was_shredded : select_batch(tx, run, limits, b, err);
	if (r == 0) {
		r = was_shredded ? 1 : is_same(tx, &tally, b, err);
	}
	if (r == 0) { /* somebody has changed something meanwhile */
		b->n = 0;
		r = engine_aggregates_drop(tx->engine, &tally.tally, err);
		r = r < 0 ? r : engine_tally_delete(tx->engine, &run->id, err);
	}
	return r;
}

int aggregate_finish(struct tx *tx, const struct row_expiry *run, const struct expiry_batch *b,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RETENTION_COUNT, .obj = run->id };
	int r = engine_tally_delete(tx->engine, &run->id, err);

	if (b->n > 0) {
		strcpy(leaf.collection, b->items[0].collection);
	}
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}
