#include "store/tx_hold.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/engine_dsr.h"
#include "store/store_internal.h"
#include "store/tx_case.h"
#include "store/tx_expiry.h"

#define CAPTURES      "backup.captures" /* the number of the last image that was taken */
#define CAPTURES_KEPT 4096              /* a drill of an older backup counts for nothing here */

/* --- place, release --------------------------------------------------------------- */

static int require_subject(struct tx *tx, const struct id *subject, struct cu_err *err)
{
	struct row_subject who;
	struct row_erasure open;
	int r = engine_subject_get(tx->engine, subject, &who, err);

	if (r == 0 || (r > 0 && who.kind == SUBJECT_CASE)) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0) {
		r = engine_erasure_of(tx->engine, subject, &open, err);
	}
	if (r > 0 && open.state >= ERASURE_SHREDDING) {
		return cu_err_set(err, CU_EBUSY,
			"it is too late: keys of this data subject are being shredded, or are");
	}
	return r < 0 ? r : 0;
}

/* The collections are rows of the hold; that of a record is looked up. */
static int put_parts(struct tx *tx, struct row_hold *row, const struct hold_what *what,
	struct cu_err *err)
{
	struct row_record rec;
	int r = 0;

	row->scope = what->ncollections > 0 ? HOLD_COLLECTIONS : HOLD_SUBJECT;
	for (size_t i = 0; r == 0 && i < what->ncollections; i++) {
		r = engine_hold_part_put(tx->engine, &row->id, what->collections[i], err);
	}
	if (r < 0 || id_is_nil(&what->record)) {
		return r;
	}
	row->scope = HOLD_RECORD;
	row->record = what->record;
	r = engine_record_get(tx->engine, &what->record, &rec, err);
	if (r == 0 || (r > 0 && !id_eq(&rec.subject, &what->subject))) {
		return cu_err_set(err, CU_ENOENT, "this data subject has no such record");
	}
	return r < 0 ? r : engine_hold_part_put(tx->engine, &row->id, rec.collection, err);
}

/* One for each of its collections, or one for the subject: a restore finds holds by them. */
static int put_leaves(struct tx *tx, const struct row_hold *row, enum leaf_act act,
	struct cu_err *err)
{
	struct leaf leaf = { .act = act, .sub = row->subject, .obj = row->id, .rec = row->record };
	int r = 1;

	while (r > 0) {
		if (row->scope != HOLD_SUBJECT) {
			r = engine_hold_part_next(
				tx->engine, &row->id, leaf.collection, leaf.collection, err);
		}
		if (r > 0) {
			r = tx_leaf(tx, &leaf, err);
			r = r < 0 ? r : row->scope != HOLD_SUBJECT;
		}
	}
	return r;
}

static int put_text(struct tx *tx, const struct row_hold *row, struct span text,
	struct cu_err *err)
{
	struct record rec = { .subject = row->kase, .collection = HOLD_COLLECTION,
		.anchor_day = CIVIL_NO_DAY, .level = 3, .origin = RECORD_INTERNAL };
	int r = record_set(&rec, span_str("text"), text, err);

	return r < 0 ? r : tx_record_put(tx, &rec, err);
}

int tx_hold_place(struct tx *tx, const struct hold_what *what, struct id *ret,
	struct cu_err *err)
{
	struct row_hold row = { .id = id_new(), .subject = what->subject, .state = HOLD_ACTIVE,
		.review_day = what->review_day, .placed_ms = tx->now_ms, .placer = tx->actor };
	int r = require_subject(tx, &what->subject, err);

	if (r == 0) {
		r = put_parts(tx, &row, what, err);
	}
	if (r == 0) {
		r = tx_case_open(tx, &row.kase, err);
	}
	if (r == 0) {
		r = put_text(tx, &row, what->text, err);
	}
	if (r == 0) {
		r = engine_hold_put(tx->engine, &row, err);
	}
	if (r == 0) {
		r = put_leaves(tx, &row, LEAF_HOLD_PLACE, err);
	}
	if (r == 0) {
		*ret = row.id;
	}
	return r;
}

int tx_hold_release(struct tx *tx, const struct id *hold, struct cu_err *err)
{
	struct row_hold row;
	int r = engine_hold_get(tx->engine, hold, &row, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such hold");
	}
	if (r > 0 && row.state != HOLD_ACTIVE) {
		return cu_err_set(err, CU_EBUSY, "this hold was released before");
	}
	if (r < 0) {
		return r;
	}
	row.state = HOLD_RELEASED;
	row.released_ms = tx->now_ms;
	r = engine_hold_put(tx->engine, &row, err);
	return r < 0 ? r : put_leaves(tx, &row, LEAF_HOLD_RELEASE, err);
}

/* A restore may have lost the case, or have found its keys gone. */
int tx_hold_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_HOLD_END };
	struct row_hold row;
	int r = engine_hold_over(tx->engine, before_ms, &row, err);

	if (r <= 0) {
		return r;
	}
	leaf.obj = row.id;
	r = id_is_nil(&row.kase) ? 0 : tx_case_end(tx, &row.kase, err);
	if (r == 0 || r == CU_ENOENT) {
		r = engine_hold_delete(tx->engine, &row.id, err);
	}
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	return r < 0 ? r : 1;
}

/* --- what it stops ---------------------------------------------------------------- */

int tx_hold_covers(struct tx *tx, const struct id *subject, const char *collection,
	const struct id *record, struct id *ret_hold, struct cu_err *err)
{
	return engine_hold_covers(tx->engine, subject, collection, record, ret_hold, err);
}

int tx_hold_block(struct tx *tx, const struct id *hold, const struct id *subject,
	const char *what, const struct id *object, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_HOLD_BLOCK, .obj = *hold, .sub = *subject };
	int r = engine_hold_block_put(tx->engine, hold, what, object, tx->now_ms, err);

	strncpy(leaf.why, what, sizeof(leaf.why) - 1);
	return r <= 0 ? r : tx_leaf(tx, &leaf, err);
}

int hold_refuse(const struct id *hold, struct cu_err *err)
{
	char text[ID_TEXT_SIZE];

	id_format(hold, text);
	return cu_err_set(err, CU_EDENIED,
		"it is kept by a legal hold: see 'hold show %s'; once that is released, ask again",
		text);
}

/* --- cohorts that are over -------------------------------------------------------- */

/* The key that stands for the cohort's, of this subject. */
static int private_slot(struct tx *tx, const struct row_record *rec, const char *class_key,
	uint32_t period, uint64_t *ret, struct cu_err *err)
{
	struct row_hold_slot row = { .subject = rec->subject, .cohort_slot = rec->cohort_slot,
		.period = period };
	int r = engine_meta_get_u64(tx->engine, CAPTURES, &row.captures, err);

	strcpy(row.collection, rec->collection);
	strcpy(row.class_key, class_key);
	if (r >= 0) {
		r = engine_hold_slot_of(tx->engine, &rec->subject, rec->collection, rec->cohort_slot,
			&row.slot, err);
	}
	if (r == 0) {
		r = tx_take_run(tx, &row.slot, err);
	}
	if (r >= 0) { /* a record more may be under it now: the newest backup has to hold that, too */
		r = engine_hold_slot_put(tx->engine, &row, err);
	}
	*ret = row.slot;
	return r;
}

static int reseal(struct tx *tx, const struct id *record, const struct id *hold,
	const char *class_key, uint32_t period, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_HOLD_RESEAL, .obj = *hold, .rec = *record };
	struct row_record rec;
	uint64_t slot = 0;
	int r = engine_record_get(tx->engine, record, &rec, err);

	if (r > 0) {
		leaf.sub = rec.subject;
		strcpy(leaf.collection, rec.collection);
		buf_clear(&tx->scratch);
		r = private_slot(tx, &rec, class_key, period, &slot, err);
	}
	if (r == 0) { /* read again: the row was borrowed until the calls in between */
		r = engine_record_get(tx->engine, record, &rec, err);
	}
	if (r > 0) {
		r = sealer_reseal_under(tx->sealer, &rec, &slot, &tx->scratch, err);
	}
	if (r == 0) {
		r = engine_record_move_cohort(tx->engine, record, &slot, rec.sealed, err);
	}
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	return r < 0 || id_is_nil(hold) ?
		r :
		tx_hold_block(tx, hold, &leaf.sub, "retention", record, err);
}

int tx_hold_reseal(struct tx *tx, const struct expiry_limit *limit, struct cu_err *err)
{
	char class_key[ENGINE_KEY_SIZE] = "";
	struct row_cohort cohort = { 0 };
	int n = 0, r;

	while ((r = expiry_cohort_next(tx, limit, class_key, &cohort, err)) > 0) {
		struct id record, hold;

		if (!expiry_is_over(limit, cohort.period)) {
			continue;
		}
		while (n < EXPIRY_BATCH &&
			(r = engine_hold_in_cohort(tx->engine, cohort.slot, &record, &hold, err)) > 0) {
			r = reseal(tx, &record, &hold, class_key, cohort.period, err);
			if (r < 0) {
				return r;
			}
			n++;
		}
		if (r < 0 || n == EXPIRY_BATCH) {
			return r < 0 ? r : 1;
		}
	}
	return r;
}

int tx_hold_lets_key(struct tx *tx, uint64_t slot, struct cu_err *err)
{
	struct id record, hold;
	int r = engine_hold_in_cohort(tx->engine, slot, &record, &hold, err);

	if (r == 0) { /* whoever asks for their data is answered first; that is not for long */
		r = engine_dsr_in_cohort(tx->engine, slot, err);
	}
	return r < 0 ? r : r == 0;
}

int tx_hold_lets_cohort(struct tx *tx, uint64_t cohort_slot, uint64_t backed_up,
	struct cu_err *err)
{
	uint64_t captures = 0;
	int r = tx_hold_lets_key(tx, cohort_slot, err);

	if (r <= 0) {
		return r;
	}
	r = engine_hold_resealed(tx->engine, cohort_slot, &captures, err);
	return r < 0 ? r : r == 0 || captures < backed_up;
}

/* --- backups in their order ------------------------------------------------------- */

int tx_hold_capture_begin(struct tx *tx, uint64_t *ret, struct cu_err *err)
{
	uint64_t last = 0;
	int r = engine_meta_get_u64(tx->engine, CAPTURES, &last, err);

	if (r >= 0) {
		r = engine_meta_put_u64(tx->engine, CAPTURES, last + 1, err);
	}
	if (r == 0) {
		*ret = last + 1;
	}
	return r;
}

int tx_hold_captures(struct tx *tx, uint64_t *ret, struct cu_err *err)
{
	int r = engine_meta_get_u64(tx->engine, CAPTURES, ret, err);

	return r < 0 ? r : 0;
}

int tx_hold_capture_done(struct tx *tx, uint64_t number, int64_t data_ms, struct cu_err *err)
{
	uint64_t keep = number > CAPTURES_KEPT ? number - CAPTURES_KEPT : 0;

	return engine_capture_put(tx->engine, number, data_ms, keep, err);
}

int tx_hold_capture_of(struct tx *tx, int64_t data_ms, uint64_t *ret, struct cu_err *err)
{
	uint64_t number = 0;
	int r = engine_capture_of(tx->engine, data_ms, &number, err);

	if (r >= 0) {
		*ret = number;
	}
	return r < 0 ? r : 0;
}
