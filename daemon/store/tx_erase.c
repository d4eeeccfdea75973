/* The brake: from "erase" to the moment after which nothing can be cancelled. */
#include "store/tx_erase.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "store/tx_approval.h"
#include "store/tx_erase_internal.h"
#include "store/tx_hold.h"

#define DAY_MS (24 * 3600 * 1000LL)

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

/* Asks a second user, in the name of whoever asked for the erasure. */
static int ask(struct tx *tx, struct row_erasure *row, const char *kind,
	int64_t keep_ms, struct cu_err *err)
{
	struct approval_ask question = { .kind = kind,
		.object = row->id,
		.subject = row->subject,
		.asker = row->asker,
		.keep_ms = keep_ms };
	struct buf scope = BUF_INIT;
	int r = tx_erase_scope(tx, row, &scope, err);

	question.scope = buf_span(&scope);
	if (r == 0) {
		r = tx_approval_ask(tx, &question, &row->approval, err);
	}
	buf_done(&scope);
	row->state = ERASURE_AWAITING_APPROVAL;
	return r;
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
		r = ask(tx, &row, ERASE_KIND_NOW, what->approval_ms, err);
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

/* --- what exactly ----------------------------------------------------------------- */

/* Calls fn for each slot that will be shredded, ascending within a collection. */
typedef int slot_fn(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err);

static int each_subject_slot(struct tx *tx, const struct row_erasure *row, slot_fn *fn,
	void *ctx, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = slots_of_subject(tx->engine, &row->subject, &slots, err);

	for (size_t at = 0; r == 0 && at < slots.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, slots.p + at, sizeof(slot));
		r = fn(tx, row, "", slot, ctx, err);
	}
	buf_done(&slots);
	return r;
}

static int each_slot(struct tx *tx, const struct row_erasure *row, slot_fn *fn,
	void *ctx, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	if (row->scope == ERASE_SUBJECT) {
		return each_subject_slot(tx, row, fn, ctx, err);
	}
	while ((r = engine_erasure_part_next(
			tx->engine, &row->id, collection, collection, err)) > 0) {
		uint64_t slot;

		r = engine_slot_get(tx->engine, &row->subject, collection, &slot, err);
		if (r > 0) {
			r = fn(tx, row, collection, slot, ctx, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int put_line(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err)
{
	(void)tx;
	(void)row;
	(void)err;
	buf_putf(ctx, "slot %" PRIu64 " %s\n", slot, collection);
	return 0;
}

int tx_erase_scope(struct tx *tx, const struct row_erasure *row, struct buf *to,
	struct cu_err *err)
{
	char text[ID_TEXT_SIZE];
	int r;

	id_format(&row->id, text);
	buf_putf(to, "custos erasure v1 %s\n", text);
	id_format(&row->subject, text);
	buf_putf(to, "subject %s scope %d\n", text, (int)row->scope);
	id_format(&row->record, text);
	buf_putf(to, "record %s\n", text);
	r = each_slot(tx, row, put_line, to, err);
	return r < 0 ? r : buf_check(to, err);
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

static int cancel(
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
	case ERASURE_AWAITING_APPROVAL: return cancel(tx, &row, why, err);
	case ERASURE_CANCELLED: return 0;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
	case ERASURE_DONE: break;
	}
	return cu_err_set(err, CU_EBUSY,
		"it is too late to cancel: keys are being shredded, or are");
}

/* --- letting go ------------------------------------------------------------------- */

static int take_slot(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err)
{
	++*(uint64_t *)ctx;
	return row->scope == ERASE_RECORD ? 0
					  : /* its old slot is named by the re-key */
		       engine_erasure_slot_put(
			       tx->engine, &row->id, collection, slot, err);
}

static int count_slot(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err)
{
	(void)tx;
	(void)row;
	(void)collection;
	(void)slot;
	(void)err;
	++*(uint64_t *)ctx;
	return 0;
}

static int go(struct tx *tx, struct row_erasure *row, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_ERASE_EXECUTE };
	int r;

	strcpy(leaf.purpose, row->purpose);
	row->nslots = 0;
	r = each_slot(tx, row, take_slot, &row->nslots, err);
	row->state = ERASURE_SHREDDING;
	if (r == 0) {
		r = engine_erasure_put(tx->engine, row, err);
	}
	return r < 0 ? r : tx_erase_leaves(tx, row, &leaf, NULL, err);
}

/* 1: what was shredded in the last 24 hours and this is more than may be. */
static int is_over_cap(struct tx *tx, const struct row_erasure *row,
	const struct erase_limits *limits, struct cu_err *err)
{
	uint64_t slots = 0, cohorts = 0, mine = 0;
	int r = engine_erasure_spent(
		tx->engine, tx->now_ms - DAY_MS, &slots, &cohorts, err);

	if (r == 0) {
		r = each_slot(tx, row, count_slot, &mine, err);
	}
	return r < 0 ? r
		     : slots + mine > limits->daily_slots ||
			       cohorts + row->ncohorts > limits->daily_cohorts;
}

/* Below the cap: goes.  Above: a second user is asked, or was and has not answered. */
static int pass_cap(struct tx *tx, struct row_erasure *row,
	const struct erase_limits *limits, bool is_asked, struct cu_err *err)
{
	int r = is_over_cap(tx, row, limits, err);

	if (r == 0 && is_asked) {
		r = tx_approval_drop(
			tx, &row->approval, err); /* there is room by now */
	}
	if (r == 0) {
		return go(tx, row, err);
	}
	if (r < 0 || is_asked) {
		return r < 0 ? r : 0;
	}
	r = ask(tx, row, ERASE_KIND_CAP, limits->approval_ms, err);
	return r < 0 ? r : engine_erasure_put(tx->engine, row, err);
}

static int use(
	struct tx *tx, struct row_erasure *row, const char *kind, struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	int r = tx_erase_scope(tx, row, &scope, err);

	if (r == 0) {
		r = tx_approval_use(tx, &row->approval, kind, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r;
}

static int on_answer(struct tx *tx, struct row_erasure *row,
	const struct erase_limits *limits, struct cu_err *err)
{
	struct row_approval a;
	int r = tx_approval_get(tx, &row->approval, &a, err);
	bool is_cap = r == 0 && strcmp(a.kind, ERASE_KIND_CAP) == 0;

	if (r < 0) {
		return r;
	}
	switch (a.state) {
	case APPROVAL_ASKED: return is_cap ? pass_cap(tx, row, limits, true, err) : 0;
	case APPROVAL_DENIED: return cancel(tx, row, "approval.deny", err);
	case APPROVAL_GRANTED:
		r = use(tx, row, a.kind, err);
		return r < 0    ? r
		       : is_cap ? go(tx, row, err)
				: pass_cap(tx, row, limits, false, err);
	case APPROVAL_EXPIRED: break;
	case APPROVAL_USED:
		return cu_err_set(err, CU_EINTERNAL, "an approval was used before");
	}
	/* nobody confirmed: what was to be at once is not to be; what is due is asked
	 * for again */
	return is_cap ? pass_cap(tx, row, limits, false, err)
		      : cancel(tx, row, "approval.expire", err);
}

/* Would it go on now, if nothing were held? */
static bool is_due(const struct row_erasure *row, const struct erase_limits *limits)
{
	return row->state == ERASURE_AWAITING_APPROVAL ||
		(row->state == ERASURE_COOLING_OFF && limits->now_ms >= row->due_ms);
}

/* 1: it waits for a hold, which is noted once. */
static int is_held(struct tx *tx, const struct row_erasure *row, struct cu_err *err)
{
	struct id hold;
	int r = erase_find_hold(tx->engine, row, &hold, err);

	if (r > 0) {
		r = tx_hold_block(tx, &hold, &row->subject, "erase", &row->id, err);
		r = r < 0 ? r : 1;
	}
	return r;
}

int tx_erase_admit(struct tx *tx, const struct id *erasure,
	const struct erase_limits *limits, struct row_erasure *ret, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	if (r == 0 && is_due(&row, limits)) {
		r = is_held(tx, &row, err);
		if (r > 0) {
			*ret = row;
			return 0;
		}
	}
	if (r < 0) {
		return r;
	}
	switch (row.state) {
	case ERASURE_COOLING_OFF:
		r = limits->now_ms < row.due_ms
			    ? 0
			    : pass_cap(tx, &row, limits, false, err);
		break;
	case ERASURE_AWAITING_APPROVAL: r = on_answer(tx, &row, limits, err); break;
	case ERASURE_SHREDDING:
	case ERASURE_SHREDDED:
	case ERASURE_DONE:
	case ERASURE_CANCELLED: break;
	}
	if (r == 0) {
		*ret = row;
	}
	return r;
}
