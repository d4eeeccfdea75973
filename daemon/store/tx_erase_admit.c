/* The brake of an erasure: it lets go when its time has come, a second user agrees, nothing is held,
 * and the day's cap has room. */
#include <string.h>

#include "base/err.h"
#include "store/tx_approval.h"
#include "store/tx_erase_internal.h"
#include "store/tx_hold.h"

#define DAY_MS (24 * 3600 * 1000LL)

int tx_erase_ask(struct tx *tx, struct row_erasure *row, const char *kind,
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
	r = tx_erase_each_slot(tx, row, take_slot, &row->nslots, err);
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
		r = tx_erase_each_slot(tx, row, count_slot, &mine, err);
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
	r = tx_erase_ask(tx, row, ERASE_KIND_CAP, limits->approval_ms, err);
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
	case APPROVAL_DENIED: return tx_erase_take_back(tx, row, "approval.deny", err);
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
		      : tx_erase_take_back(tx, row, "approval.expire", err);
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
