/* How an erasure begins, and how it is taken back. */
#include "store/tx_erase.h"

#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_approval.h"
#include "store/tx_erase_internal.h"
#include "store/tx_hold.h"

int tx_erase_leaves(struct tx *tx, const struct row_erasure *row,
	const struct leaf *like, uint64_t *ret_first, struct cu_err *err)
{
	struct leaf leaf = *like;
	bool is_first = true;
	int r = 1;

	leaf.sub = row->subject;
	leaf.obj = row->id;
	leaf.rec = row->record;
	while (r > 0) {
		if (row->scope != ERASE_SUBJECT) {
			r = engine_erasure_part_next(tx->engine, &row->id,
				leaf.collection, leaf.collection, err);
		}
		if (r > 0) {
			r = tx_leaf(tx, &leaf, err);
			if (r == 0 && is_first && ret_first) {
				*ret_first = tx_last_leaf(tx);
			}
			is_first = false;
			r = r < 0 ? r : row->scope != ERASE_SUBJECT;
		}
	}
	return r;
}

/* --- begin ------------------------------------------------------------------------ */

static int require_free(struct tx *tx, const struct id *subject,
	struct row_subject *ret, struct cu_err *err)
{
	struct row_erasure open;
	char text[ID_TEXT_SIZE];
	int r = engine_subject_get(tx->engine, subject, ret, err);

	if (r == 0 || (r > 0 && ret->kind == SUBJECT_CASE)) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0) {
		r = engine_erasure_of(tx->engine, subject, &open, err);
	}
	if (r > 0) {
		id_format(&open.id, text);
		return cu_err_set(err, CU_EBUSY,
			"an erasure of this data subject is under way: see 'erase show "
			"%s'",
			text);
	}
	return r;
}

static int put_part(struct tx *tx, const struct row_erasure *row,
	const char *collection, struct cu_err *err)
{
	uint64_t slot;
	int r = engine_slot_get(tx->engine, &row->subject, collection, &slot, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "this data subject has nothing in %s",
			collection);
	}
	return r < 0 ? r
		     : engine_erasure_part_put(tx->engine, &row->id, collection, err);
}

static int put_parts(struct tx *tx, struct row_erasure *row,
	const struct erase_what *what, struct cu_err *err)
{
	struct row_record rec;
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->ncollections; i++) {
		row->scope = ERASE_COLLECTIONS;
		r = put_part(tx, row, what->collections[i], err);
	}
	if (r == 0 && !id_is_nil(&what->record)) {
		row->scope = ERASE_RECORD;
		row->record = what->record;
		r = engine_record_get(tx->engine, &what->record, &rec, err);
		if (r == 0 || (r > 0 && !id_eq(&rec.subject, &what->subject))) {
			return cu_err_set(
				err, CU_ENOENT, "this data subject has no such record");
		}
		r = r < 0 ? r : put_part(tx, row, rec.collection, err);
	}
	return r;
}

static int deny(struct tx *tx, struct row_subject *who, const struct row_erasure *row,
	struct cu_err *err)
{
	if (row->scope == ERASE_SUBJECT) {
		who->state = SUBJECT_ERASING;
	} else {
		who->is_partly = true;
	}
	return engine_subject_put(tx->engine, who, err);
}
int erase_find_hold(struct engine *e, const struct row_erasure *row, struct id *ret_hold,
	struct cu_err *err)
{
	const struct id *record = row->scope == ERASE_RECORD ? &row->record : NULL;
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	if (row->scope == ERASE_SUBJECT) {
		return engine_hold_covers(e, &row->subject, NULL, NULL, ret_hold, err);
	}
	while ((r = engine_erasure_part_next(e, &row->id, collection, collection, err)) > 0) {
		r = engine_hold_covers(e, &row->subject, collection, record, ret_hold, err);
		if (r != 0) {
			break;
		}
	}
	return r;
}

static int require_unheld(struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	struct id hold;
	int r = erase_find_hold(tx->engine, row, &hold, err);

	return r > 0 ? hold_refuse(&hold, err) : r;
}

int tx_erase_begin(struct tx *tx, const struct erase_what *what, struct id *ret_erasure, struct cu_err *err)
{
	struct row_erasure row = { .id = id_new(),
		.subject = what->subject,
		.scope = ERASE_SUBJECT,
		.asker = tx->actor,
		.is_now = what->is_now,
		.state = ERASURE_COOLING_OFF,
		.begun_ms = tx->now_ms,
		.due_ms = tx->now_ms + what->grace_ms };
	struct leaf leaf = { .act = LEAF_ERASE_BEGIN,
		.count = (uint64_t)what->grace_ms / 1000 };
	struct row_subject who;
	int r = require_free(tx, &what->subject, &who, err);

	strncpy(row.purpose, what->purpose, sizeof(row.purpose) - 1);
	strcpy(leaf.purpose, row.purpose);
	if (r == 0) {
		r = put_parts(tx, &row, what, err);
	}
	if (r == 0) {
		r = require_unheld(tx, &row, err);
	}
	if (r == 0) {
		r = deny(tx, &who, &row, err);
	}
	if (r == 0) {
		r = tx_erase_leaves(tx, &row, &leaf, &row.begin_leaf, err);
	}
	if (r == 0 && what->is_now) {
		r = tx_erase_ask(tx, &row, ERASE_KIND_NOW, what->approval_ms, err);
	}
	if (r == 0) {
		r = engine_erasure_put(tx->engine, &row, err);
	}
	if (r == 0) {
		*ret_erasure = row.id;
	}
	return r;
}

int erase_find_hold_of(struct engine *e, const struct erase_what *what, struct id *ret_hold,
	struct cu_err *err)
{
	const struct id *subject = &what->subject;
	struct row_record rec;
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->ncollections; i++) {
		r = engine_hold_covers(e, subject, what->collections[i], NULL, ret_hold, err);
	}
	if (r != 0 || what->ncollections > 0) {
		return r;
	}
	if (id_is_nil(&what->record)) {
		return engine_hold_covers(e, subject, NULL, NULL, ret_hold, err);
	}
	r = engine_record_get(e, &what->record, &rec, err);
	return r > 0 ?
		engine_hold_covers(e, subject, rec.collection, &what->record, ret_hold, err) :
		r;
}

int tx_erase_note_refusal(struct tx *tx, const struct erase_what *what, struct cu_err *err)
{
	struct id hold, attempt = id_new();
	int r = erase_find_hold_of(tx->engine, what, &hold, err);

	return r > 0 ? tx_hold_block(tx, &hold, &what->subject, "erase", &attempt, err) : r;
}

int tx_erase_get(struct tx *tx, const struct id *erasure, struct row_erasure *ret,
	struct cu_err *err)
{
	int r = engine_erasure_get(tx->engine, erasure, ret, err);

	return r == 0  ? cu_err_set(err, CU_ENOENT, "there is no such erasure")
	       : r < 0 ? r
		       : 0;
}

/* --- cancel ----------------------------------------------------------------------- */

int tx_erase_release(struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	struct row_subject who;
	int r = engine_subject_get(tx->engine, &row->subject, &who, err);

	if (r <= 0) {
		return r;
	}
	who.state = SUBJECT_LIVE;
	who.is_partly = false; /* a subject has one open erasure at most */
	return engine_subject_put(tx->engine, &who, err);
}

int tx_erase_take_back(
	struct tx *tx, struct row_erasure *row, const char *why, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_CANCEL };
	int r = tx_erase_release(tx, row, err);

	strcpy(leaf.purpose, row->purpose);
	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	row->state = ERASURE_CANCELLED;
	row->done_ms = tx->now_ms;
	if (r == 0) {
		r = engine_erasure_put(tx->engine, row, err);
	}
	if (r == 0 && !id_is_nil(&row->approval)) {
		r = tx_approval_drop(tx, &row->approval, err);
	}
	return r < 0 ? r : tx_erase_leaves(tx, row, &leaf, NULL, err);
}

int tx_erase_cancel(
	struct tx *tx, const struct id *erasure, const char *why, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r < 0) {
		return r;
	}
	switch (row.state) {
	case ERASURE_COOLING_OFF:
	case ERASURE_AWAITING_APPROVAL: return tx_erase_take_back(tx, &row, why, err);
	case ERASURE_CANCELLED: return 0;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
	case ERASURE_DONE: break;
	}
	return cu_err_set(err, CU_EBUSY,
		"it is too late to cancel: keys are being shredded, or are");
}
