#include "store/tx_merge.h"

#include <string.h>

#include "base/err.h"
#include "store/engine_expiry.h"
#include "store/engine_hold.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "store/tx_hold.h"
#include "store/tx_merge_internal.h"
#include "vault/vault.h"

/* Ranges of slots in one leaf, as in tx_erase_steps.c; a run is one range. */
#define SLOTS_PER_LEAF 64

/* --- may it be? ------------------------------------------------------------------- */

static int require_one(struct engine *e, const struct id *id, const char *which,
	struct row_subject *ret, struct cu_err *err)
{
	struct row_erasure open;
	char text[ID_TEXT_SIZE];
	int r = engine_subject_get(e, id, ret, err);

	if (r == 0 || (r > 0 && ret->kind == SUBJECT_CASE)) {
		return cu_err_set(err, CU_ENOENT, "%s: there is no such data subject", which);
	}
	if (r > 0) {
		r = engine_erasure_of(e, id, &open, err);
	}
	if (r > 0) {
		id_format(&open.id, text);
		return cu_err_set(err, CU_EBUSY,
			"%s: an erasure is under way: wait for its end, or 'erase cancel %s' and merge then",
			which, text);
	}
	return r;
}

/* What is evidence stays as it lies, under the name by which somebody asked for it. */
static int require_unheld(struct engine *e, const struct id *old, struct cu_err *err)
{
	char text[ID_TEXT_SIZE];
	struct id hold;
	int r = engine_hold_covers(e, old, NULL, NULL, &hold, err);

	if (r <= 0) {
		return r;
	}
	id_format(&hold, text);
	return cu_err_set(err, CU_EDENIED,
		"from: it is kept by a legal hold: see 'hold show %s'; place the same on the other id, "
		"release this one, and merge then", text);
}

static int require_few(struct engine *e, const struct id *old, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	int r, n = 0;

	while ((r = engine_record_next(e, old, NULL, after, &row, err)) > 0) {
		after = &row;
		if (++n > MERGE_MAX_RECORDS) {
			engine_release(e);
			return cu_err_set(err, CU_ELIMIT,
				"from: it has more than %d records: merge the other into it", MERGE_MAX_RECORDS);
		}
	}
	return r;
}

int merge_require(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err)
{
	struct row_subject from, into;
	int r;

	if (id_eq(old, subject)) {
		return cu_err_set(err, CU_EINVAL, "both ids are of one data subject already");
	}
	r = require_one(e, old, "from", &from, err);
	if (r == 0) {
		r = require_one(e, subject, "into", &into, err);
	}
	if (r == 0 && from.kind != into.kind) {
		r = cu_err_set(err, CU_EINVAL, "one is a person and the other an organisation");
	}
	if (r == 0) {
		r = require_unheld(e, old, err);
	}
	return r == 0 ? require_few(e, old, err) : r;
}

int alias_follow(struct engine *e, struct id *id, struct cu_err *err)
{
	struct row_subject who;
	struct row_alias row;
	int r = engine_subject_get(e, id, &who, err);

	if (r != 0) {
		return r < 0 ? r : 0; /* also one that is about to be moved */
	}
	r = engine_alias_get(e, id, &row, err);
	if (r > 0) {
		*id = row.subject;
	}
	return r;
}

int tx_alias_follow(struct tx *tx, struct id *id, struct cu_err *err)
{
	return alias_follow(tx->engine, id, err);
}

/* --- moving ----------------------------------------------------------------------- */

static int note_slot(struct tx *tx, const struct id *old, const char *collection, uint64_t slot,
	struct cu_err *err)
{
	return engine_erasure_slot_put(tx->engine, old, collection, slot, err);
}

/* Those in use by their collections, then the rest of its run. */
static int note_slots(struct tx *tx, const struct id *old, struct cu_err *err)
{
	struct row_slot row = { 0 };
	struct buf all = BUF_INIT;
	int r;

	while ((r = engine_slot_next(tx->engine, old, row.collection, &row, err)) > 0) {
		r = note_slot(tx, old, row.collection, row.slot, err);
		if (r < 0) {
			break;
		}
	}
	if (r == 0) {
		r = slots_of_subject(tx->engine, old, &all, err);
	}
	for (size_t at = 0; r == 0 && at < all.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, all.p + at, sizeof(slot));
		r = note_slot(tx, old, "", slot, err); /* those that are noted stay so */
	}
	buf_done(&all);
	return r;
}

/* Either was restricted: both are.  Where they disagree the log says so, whoever it was: after a
 * restore of one of the two that is all there is. */
static int take_restriction(struct tx *tx, const struct row_subject *from, struct row_alias *row,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_SUBJECT_RESTRICT, .sub = row->subject };
	struct row_subject into;
	int r = engine_subject_get(tx->engine, &row->subject, &into, err);

	if (r <= 0 || from->is_restricted == into.is_restricted) {
		return r < 0 ? r : 0;
	}
	into.is_restricted = true;
	strcpy(leaf.purpose, row->purpose);
	r = engine_subject_put(tx->engine, &into, err);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

static int take_activity(struct tx *tx, const struct row_alias *row, struct cu_err *err)
{
	int32_t day;
	int r = engine_activity_of(tx->engine, &row->old, &day, err);

	return r > 0 ? engine_activity_raise(tx->engine, &row->subject, day, err) : r;
}

static int move(struct tx *tx, struct row_alias *row, struct cu_err *err)
{
	struct row_subject from;
	int r = engine_subject_get(tx->engine, &row->old, &from, err);

	if (r == 0) { /* a restore brought neither it nor its records, but perhaps what keeps */
		r = engine_alias_take(tx->engine, &row->old, &row->subject, err);
	} else if (r > 0) {
		r = note_slots(tx, &row->old, err);
		r = r < 0 ? r : take_activity(tx, row, err);
		r = r < 0 ? r : merge_move_records(tx, &row->old, &row->subject, &row->nrecords, err);
		r = r < 0 ? r : merge_take_said(tx, &row->old, &row->subject, err);
		r = r < 0 ? r : take_restriction(tx, &from, row, err);
		r = r < 0 ? r : engine_subject_delete(tx->engine, &row->old, err);
	}
	row->state = ALIAS_MOVED;
	if (r >= 0) {
		r = tx_hold_captures(tx, &row->captures, err);
	}
	atomic_store(&tx->store->has_aliases, true);
	return r < 0 ? r : engine_alias_put(tx->engine, row, err);
}

int tx_merge(struct tx *tx, const struct id *old, const struct id *subject, const char *purpose,
	struct row_alias *ret, struct cu_err *err)
{
	struct row_alias row = { .old = *old, .subject = *subject, .state = ALIAS_AGREED,
		.actor = tx->actor };
	struct leaf leaf = { .act = LEAF_SUBJECT_MERGE, .sub = *subject, .obj = *old };
	int r = merge_require(tx->engine, old, subject, err);

	strncpy(row.purpose, purpose, sizeof(row.purpose) - 1);
	strcpy(leaf.purpose, row.purpose);
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	if (r == 0) {
		r = move(tx, &row, err);
	}
	if (r == 0) {
		*ret = row;
	}
	return r;
}

/* --- the end of the keys ---------------------------------------------------------- */

static int tell(struct tx *tx, const struct row_alias *row, const uint64_t *slots, size_t n,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_SHRED, .obj = row->old,
		.generation = row->generation, .why = "merge" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i += leaf.nslots) {
		leaf.slots = slots + i;
		leaf.nslots = n - i < SLOTS_PER_LEAF ? n - i : SLOTS_PER_LEAF;
		r = tx_leaf(tx, &leaf, err);
	}
	return r;
}

static int shred(struct tx *tx, struct row_alias *row, struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	struct buf slots = BUF_INIT;
	int r = engine_erasure_slots(tx->engine, &row->old, NULL, &slots, err);

	if (r == 0 && slots.n > 0) {
		const uint64_t *at = (const uint64_t *)(const void *)slots.p;

		r = vault_shred(v, at, slots.n / sizeof(*at), err);
		row->generation = vault_generation(v);
		r = r < 0 ? r : tell(tx, row, at, slots.n / sizeof(*at), err);
	}
	buf_done(&slots);
	if (r == 0) {
		r = engine_erasure_slots_drop(tx->engine, &row->old, err);
	}
	row->state = ALIAS_DONE;
	return r < 0 ? r : engine_alias_put(tx->engine, row, err);
}

int tx_merge_step(struct tx *tx, const struct id *old, uint64_t backed_up, struct row_alias *ret,
	struct cu_err *err)
{
	struct row_alias row;
	int r = engine_alias_get(tx->engine, old, &row, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such merge");
	}
	if (r < 0) {
		return r;
	}
	r = 0;
	if (row.state == ALIAS_AGREED) {
		r = move(tx, &row, err);
	}
	if (r == 0 && row.state == ALIAS_MOVED && row.captures < backed_up) {
		r = shred(tx, &row, err);
	}
	if (r == 0) {
		*ret = row;
	}
	return r;
}
