#include "store/tx_rule.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/engine_expiry.h"
#include "store/store_internal.h"
#include "store/tx_dsr.h"
#include "store/tx_hold.h"

uint32_t period_of_end(int64_t expires_ms)
{
	return PERIOD_OWN + civil_number_of_day(civil_day_of_ms(expires_ms - 1));
}

int tx_rule_get(struct tx *tx, int64_t number, struct rule *ret, struct cu_err *err)
{
	int r;

	if (number == 0) {
		ret->n = 0;
		ret->text[0] = '\0';
		return 0;
	}
	r = engine_rule_get(tx->engine, number, ret, err);
	return r == 0 ? cu_err_set(err, CU_ECORRUPT, "a record has a rule that is not there") :
	       r < 0  ? r :
			0;
}

/* --- another end ------------------------------------------------------------------ */

/* The cohort that a record has without an end of its own stands in its bytes. */
static int cohort_of(struct tx *tx, const struct row_record *row, int64_t expires_ms,
	uint32_t *ret, struct cu_err *err)
{
	struct record rec;
	int r = 0;

	if (expires_ms != 0) {
		*ret = period_of_end(expires_ms);
		return 0;
	}
	r = sealer_open(tx->sealer, row, &rec, err);
	*ret = r == 0 ? rec.cohort : 0;
	return r;
}

static int reseal(struct tx *tx, const struct id *record, int64_t expires_ms, struct cu_err *err)
{
	struct row_record row;
	char collection[ENGINE_KEY_SIZE], class_key[ENGINE_KEY_SIZE] = "";
	uint32_t period = 0;
	uint64_t slot = 0;
	int r = engine_record_get(tx->engine, record, &row, err);

	if (r > 0) {
		memcpy(collection, row.collection, sizeof(collection));
		r = cohort_of(tx, &row, expires_ms, &period, err);
	}
	if (r == 0) {
		r = tx_record_class(tx, &row, class_key, err);
		r = r < 0 ? r : 0;
	}
	if (r == 0 && period != 0) {
		r = tx_cohort_slot(tx, collection, class_key, period, &slot, err);
	}
	if (r == 0) { /* again: the row was borrowed until the calls in between */
		r = engine_record_get(tx->engine, record, &row, err);
	}
	if (r > 0) {
		buf_clear(&tx->scratch);
		r = sealer_reseal_under(tx->sealer, &row, period != 0 ? &slot : NULL, &tx->scratch, err);
	}
	return r < 0 ? r :
		       engine_record_move_cohort(
			       tx->engine, record, period != 0 ? &slot : NULL, row.sealed, err);
}

/* The time of day is no matter: the key is the day's. */
static bool has_other_day(const struct row_record *row, int64_t expires_ms)
{
	if (row->expires_ms == 0 || expires_ms == 0) {
		return row->expires_ms != expires_ms;
	}
	return period_of_end(row->expires_ms) != period_of_end(expires_ms);
}

int tx_rule_put(struct tx *tx, const struct id *record, const struct rule *rule,
	int64_t expires_ms, struct cu_err *err)
{
	struct row_record row;
	int r = engine_record_get(tx->engine, record, &row, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such record");
	}
	if (r > 0) {
		r = has_other_day(&row, expires_ms) ? reseal(tx, record, expires_ms, err) : 0;
	}
	if (r == 0) {
		r = engine_rule_put(tx->engine, rule, err);
	}
	return r < 0 ? r :
		       engine_record_rule_put(
			       tx->engine, record, rule_number(rule), expires_ms, err);
}

int tx_rule_put_again(struct tx *tx, const struct row_record *row, const struct rule *rule,
	struct cu_err *err)
{
	return engine_record_rule_put(tx->engine, &row->id, rule_number(rule), row->expires_ms, err);
}

/* --- the end ---------------------------------------------------------------------- */

int tx_record_delete(struct tx *tx, const struct id *record, struct cu_err *err)
{
	struct row_record row;
	int32_t day = 0;
	int r = engine_record_get(tx->engine, record, &row, err);

	if (r > 0) {
		r = engine_activity_of(tx->engine, &row.subject, &day, err);
	}
	if (r > 0) {
		r = engine_activity_raise(tx->engine, &row.subject, day, err);
	}
	return r < 0 ? r : engine_record_delete(tx->engine, record, err);
}

int tx_record_row(struct tx *tx, const struct id *record, struct row_record *ret,
	struct cu_err *err)
{
	struct row_subject who;
	int r = engine_record_get(tx->engine, record, ret, err);

	ret->sealed = span_of(NULL, 0);
	if (r > 0) {
		r = engine_subject_get(tx->engine, &ret->subject, &who, err);
	}
	if (r <= 0 || who.state != SUBJECT_LIVE || who.kind == SUBJECT_CASE) {
		return r < 0 ? r : 0;
	}
	r = tx_is_hidden(tx, &who, ret->collection, record, err);
	return r < 0 ? r : r == 0;
}

int tx_record_may_go(struct tx *tx, const struct row_record *row, const char *what,
	struct cu_err *err)
{
	struct row_subject who;
	struct row_dsr request;
	struct id hold;
	int r = engine_subject_get(tx->engine, &row->subject, &who, err);

	if (r <= 0 || who.is_restricted) {
		return r < 0 ? r : 0;
	}
	r = tx_hold_covers(tx, &row->subject, row->collection, &row->id, &hold, err);
	if (r > 0) {
		r = what ? tx_hold_block(tx, &hold, &row->subject, what, &row->id, err) : 0;
		return r < 0 ? r : 0;
	}
	if (r == 0) {
		r = tx_dsr_open_of(tx, &row->subject, 0, &request, err);
	}
	return r < 0 ? r : r == 0;
}

/* 1: it went, and its subject is among the ids. */
static int end_one(struct tx *tx, const struct id *record, struct buf *ids, struct cu_err *err)
{
	struct row_record row;
	int r = tx_record_row(tx, record, &row, err);

	if (r > 0) {
		r = tx_record_may_go(tx, &row, "retention", err);
	}
	if (r > 0) {
		buf_put(ids, row.subject.b, sizeof(row.subject.b));
		r = tx_record_delete(tx, record, err);
		r = r < 0 ? r : 1;
	}
	return r;
}

int tx_rule_end_some(struct tx *tx, int64_t *at_ms, struct id *record, uint64_t *n,
	struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RECORD_DELETE, .why = "retention" };
	struct buf ids = BUF_INIT;
	int code = 0, r = 1;

	for (int looked = 0; code == 0 && looked < RULE_END_STEP; looked++) {
		r = engine_record_over(tx->engine, tx->now_ms, at_ms, record, err);
		if (r <= 0) {
			break;
		}
		code = end_one(tx, record, &ids, err);
		code = code < 0 ? code : 0;
	}
	code = code < 0 ? code : r < 0 ? r : buf_check(&ids, err);
	*n += ids.n / sizeof(struct id);
	if (code == 0 && ids.n > 0) {
		code = tx_access_note(tx, &leaf, buf_span(&ids), err);
	}
	buf_done(&ids);
	if (code == 0 && r == 0 && *n > 0) {
		code = engine_rule_prune(tx->engine, err);
	}
	return code < 0 ? code : r;
}
