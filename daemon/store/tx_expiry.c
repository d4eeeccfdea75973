/* A run of expiry, up to the moment from which its keys die: the list, and the brake. */
#include "store/engine_alias.h"
#include "store/tx_expiry.h"

#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "store/store_internal.h"
#include "store/tx_approval.h"
#include "store/tx_dsr.h"
#include "store/tx_hold.h"
#include "store/tx_rule.h"

#define DAY_MS (24 * 3600 * 1000LL)

/* Periods of months have six digits, those of days eight: a schema may have changed from one to
 * the other. */
int32_t expiry_last_day(uint32_t period)
{
	uint32_t number = period_is_own(period) ? period - PERIOD_OWN : period;
	bool is_month = number < 1000000;
	uint32_t month = is_month ? number : number / 100;
	struct civil c = { (int)(month / 100), (int)(month % 100), is_month ? 1 : (int)(number % 100) };

	if (!is_month) {
		return civil_to_day(c);
	}
	c.month++;
	if (c.month > 12) {
		c.month = 1;
		c.year++;
	}
	return civil_to_day(c) - 1;
}

bool expiry_is_over(const struct expiry_limit *limit, uint32_t period)
{
	return limit->is_own == period_is_own(period) && expiry_last_day(period) <= limit->last_day;
}

const char *expiry_class(const struct expiry_limit *limit)
{
	return limit->class_key[0] ? limit->class_key : COHORT_DEFAULT;
}

static int next_class(struct tx *tx, const struct expiry_limit *limit,
	char class_key[ENGINE_KEY_SIZE], struct cu_err *err)
{
	if (limit->is_own) {
		return engine_class_next(tx->engine, limit->collection, class_key, class_key, err);
	}
	if (class_key[0]) {
		return 0;
	}
	strcpy(class_key, expiry_class(limit));
	return 1;
}

int expiry_cohort_next(struct tx *tx, const struct expiry_limit *limit,
	char class_key[ENGINE_KEY_SIZE], struct row_cohort *at, struct cu_err *err)
{
	int r = class_key[0] ? 1 : next_class(tx, limit, class_key, err);

	while (r > 0 && (r = engine_cohort_next(tx->engine, limit->collection, class_key,
				 at->period, at, err)) == 0) {
		r = next_class(tx, limit, class_key, err);
		at->period = 0;
	}
	return r;
}

int tx_expiry_get(struct tx *tx, const struct id *run, struct row_expiry *ret,
	struct cu_err *err)
{
	int r = engine_expiry_get(tx->engine, run, ret, err);

	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no such run of 'retention'") :
	       r < 0  ? r :
			0;
}

/* --- the list --------------------------------------------------------------------- */

int tx_expiry_begin(struct tx *tx, bool is_review, int32_t day, struct id *ret,
	struct cu_err *err)
{
	struct row_expiry row;
	int r = engine_expiry_last(tx->engine, is_review, &row, err);

	if (r > 0 && row.state >= EXPIRY_ASKED && row.state <= EXPIRY_CLEARING) {
		return cu_err_set(err, CU_EBUSY, "what is due is being ended already");
	}
	if (r > 0 && row.state == EXPIRY_PLANNING) {
		row.state = EXPIRY_DROPPED;
		r = engine_expiry_items_drop(tx->engine, &row.id, err);
		r = r < 0 ? r : engine_expiry_put(tx->engine, &row, err);
	}
	row = (struct row_expiry){ .id = id_new(), .is_review = is_review, .day = day,
		.state = EXPIRY_PLANNING, .asker = tx->actor, .begun_ms = tx->now_ms };
	if (r >= 0) {
		r = engine_expiry_put(tx->engine, &row, err);
	}
	if (r == 0) {
		*ret = row.id;
	}
	return r;
}

/* What a second user confirms is a list, by the digest of its lines one after the other. */
static int list(struct tx *tx, struct row_expiry *run, const struct row_expiry_item *item,
	struct cu_err *err)
{
	char subject[ID_TEXT_SIZE];
	int r = engine_expiry_item_put(tx->engine, &run->id, item, err);

	if (r <= 0) {
		return r; /* on another list */
	}
	*(item->kind == EXPIRY_OWNER ? &run->nslots : &run->ncohorts) += 1;
	id_format(&item->subject, subject);
	buf_clear(&tx->scratch);
	buf_put(&tx->scratch, run->digest, sizeof(run->digest));
	buf_putf(&tx->scratch, "%s %s %" PRIu32 " %s %" PRIu64, item->collection, item->class_key,
		item->period, subject, item->slot);
	hash_blake2b(buf_span(&tx->scratch), run->digest);
	return buf_check(&tx->scratch, err);
}

static int get_planning(struct tx *tx, const struct id *run, struct row_expiry *ret,
	struct cu_err *err)
{
	int r = tx_expiry_get(tx, run, ret, err);

	return r == 0 && ret->state != EXPIRY_PLANNING ?
		cu_err_set(err, CU_EINTERNAL, "this list is complete") :
		r;
}

static int list_cohorts(struct tx *tx, struct row_expiry *run, const struct expiry_limit *limit,
	struct cu_err *err)
{
	struct row_expiry_item item = { .kind = EXPIRY_COHORT };
	struct row_cohort cohort = { 0 };
	int r;

	strcpy(item.collection, limit->collection);
	while ((r = expiry_cohort_next(tx, limit, item.class_key, &cohort, err)) > 0) {
		if (!expiry_is_over(limit, cohort.period)) {
			continue;
		}
		r = tx_hold_lets_cohort(tx, cohort.slot, limit->backed_up, err);
		if (r > 0) {
			item.period = cohort.period;
			item.slot = cohort.slot;
			r = list(tx, run, &item, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* What is still held stays. */
static int list_held(struct tx *tx, struct row_expiry *run, const struct expiry_limit *limit,
	struct cu_err *err)
{
	struct row_expiry_item item = { .kind = EXPIRY_HELD };
	struct row_hold_slot row;
	uint64_t at, *after = NULL;
	int r;

	strcpy(item.collection, limit->collection);
	while ((r = engine_hold_slot_next(tx->engine, after, &row, err)) > 0) {
		at = row.slot;
		after = &at;
		if (strcmp(row.collection, limit->collection) != 0 ||
			(!limit->is_own && strcmp(row.class_key, expiry_class(limit)) != 0) ||
			!expiry_is_over(limit, row.period)) {
			continue;
		}
		r = tx_hold_lets_key(tx, row.slot, err);
		if (r > 0) {
			item.period = row.period;
			item.slot = row.slot;
			strcpy(item.class_key, row.class_key);
			item.subject = row.subject;
			r = list(tx, run, &item, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

int tx_expiry_list_cohorts(struct tx *tx, const struct id *run, const struct expiry_limit *limit,
	struct cu_err *err)
{
	struct row_expiry row;
	int r = get_planning(tx, run, &row, err);

	if (r == 0) {
		r = list_cohorts(tx, &row, limit, err);
	}
	if (r == 0) {
		r = list_held(tx, &row, limit, err);
	}
	return r < 0 ? r : engine_expiry_put(tx->engine, &row, err);
}

/* 1: nothing is in the way of its end. */
static int is_let(struct tx *tx, const struct id *subject, const char *collection,
	struct cu_err *err)
{
	struct row_dsr request;
	struct id hold;
	int r = tx_hold_covers(tx, subject, collection, NULL, &hold, err);

	if (r > 0) {
		r = tx_hold_block(tx, &hold, subject, "retention", subject, err);
		return r < 0 ? r : 0;
	}
	if (r == 0) { /* what somebody asks for is not to be gone before the answer */
		r = tx_dsr_open_of(tx, subject, 0, &request, err);
	}
	return r < 0 ? r : r == 0;
}

/* One that is being erased is left to that; of one that is restricted all stays. */
/* The keys of an id that was merged into it are to end first (tx_merge.h). */
static int has_old_keys(struct tx *tx, const struct id *subject, struct cu_err *err)
{
	struct row_alias alias = { 0 };
	int r;

	while ((r = engine_alias_of(tx->engine, subject, &alias.old, &alias, err)) > 0) {
		if (alias.state != ALIAS_DONE) {
			break;
		}
	}
	return r;
}

int tx_expiry_is_owner_due(struct tx *tx, const struct id *subject,
	const struct expiry_limit *limit, struct cu_err *err)
{
	struct row_subject who;
	int32_t day = 0;
	int r = engine_subject_get(tx->engine, subject, &who, err);

	if (r > 0 && (who.state != SUBJECT_LIVE || who.is_partly || who.is_restricted ||
			     who.kind == SUBJECT_CASE)) {
		return 0;
	}
	if (r > 0) {
		r = limit->ends_in[0] ?
			engine_relationship_of(tx->engine, subject, limit->ends_in, &day, err) :
			engine_activity_of(tx->engine, subject, &day, err);
	}
	if (r <= 0 || day > limit->last_day) {
		return r < 0 ? r : 0;
	}
	r = has_old_keys(tx, subject, err);
	return r != 0 ? (r < 0 ? r : 0) : is_let(tx, subject, limit->collection, err);
}

int tx_expiry_list_subject(struct tx *tx, const struct id *run, const struct expiry_limit *limit,
	const struct id *subject, struct cu_err *err)
{
	struct row_expiry_item item = { .kind = EXPIRY_OWNER, .subject = *subject };
	struct row_expiry row;
	int r = get_planning(tx, run, &row, err);

	strcpy(item.collection, limit->collection);
	if (r == 0) {
		r = tx_expiry_is_owner_due(tx, subject, limit, err);
	}
	if (r > 0) {
		r = engine_slot_get(tx->engine, subject, limit->collection, &item.slot, err);
	}
	if (r > 0) {
		r = list(tx, &row, &item, err);
		r = r < 0 ? r : engine_expiry_put(tx->engine, &row, err);
	}
	return r;
}

/* --- the brake -------------------------------------------------------------------- */

int tx_expiry_scope(struct tx *tx, const struct id *run, struct buf *to, struct cu_err *err)
{
	char id[ID_TEXT_SIZE], day[CIVIL_DAY_SIZE], digest[2 * HASH_SIZE + 1];
	struct row_expiry row;
	int r = tx_expiry_get(tx, run, &row, err);

	if (r < 0) {
		return r;
	}
	id_format(&row.id, id);
	civil_format_day(row.day, day);
	text_hex(row.digest, sizeof(row.digest), digest);
	buf_putf(to, "custos retention v1 %s\nday %s cohorts %" PRIu64 " slots %" PRIu64 "\n%s\n",
		id, day, row.ncohorts, row.nslots, digest);
	return buf_check(to, err);
}

static int ask(struct tx *tx, struct row_expiry *row, int64_t keep_ms, struct cu_err *err)
{
	struct approval_ask question = { .kind = EXPIRY_KIND_RUN, .object = row->id,
		.asker = row->asker, .keep_ms = keep_ms };
	struct buf scope = BUF_INIT;
	int r = tx_expiry_scope(tx, &row->id, &scope, err);

	question.scope = buf_span(&scope);
	if (r == 0) {
		r = tx_approval_ask(tx, &question, &row->approval, err);
	}
	buf_done(&scope);
	row->state = EXPIRY_ASKED;
	return r;
}

static int go(struct tx *tx, struct row_expiry *row, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RETENTION_RUN, .obj = row->id,
		.count = row->ncohorts + row->nslots, .has_digest = true };

	memcpy(leaf.digest, row->digest, sizeof(leaf.digest));
	row->state = EXPIRY_GOING;
	row->went_ms = tx->now_ms;
	return tx_leaf(tx, &leaf, err);
}

static int drop(struct tx *tx, struct row_expiry *row, enum expiry_state state,
	struct cu_err *err)
{
	row->state = state;
	row->done_ms = tx->now_ms;
	return engine_expiry_items_drop(tx->engine, &row->id, err);
}

static int on_listed(struct tx *tx, struct row_expiry *row, const struct erase_limits *brake,
	struct cu_err *err)
{
	uint64_t slots = 0, cohorts = 0;
	int r = engine_erasure_spent(tx->engine, tx->now_ms - DAY_MS, &slots, &cohorts, err);

	if (r < 0) {
		return r;
	}
	if (row->ncohorts + row->nslots == 0) {
		return drop(tx, row, EXPIRY_DROPPED, err);
	}
	if (row->is_review || slots + row->nslots > brake->daily_slots ||
		cohorts + row->ncohorts > brake->daily_cohorts) {
		return ask(tx, row, brake->approval_ms, err);
	}
	return go(tx, row, err);
}

static int use(struct tx *tx, struct row_expiry *row, struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	int r = tx_expiry_scope(tx, &row->id, &scope, err);

	if (r == 0) {
		r = tx_approval_use(tx, &row->approval, EXPIRY_KIND_RUN, buf_span(&scope), err);
	}
	buf_done(&scope);
	return r < 0 ? r : go(tx, row, err);
}

static int on_answer(struct tx *tx, struct row_expiry *row, struct cu_err *err)
{
	struct row_approval a;
	int r = tx_approval_get(tx, &row->approval, &a, err);

	if (r < 0) {
		return r;
	}
	switch (a.state) {
	case APPROVAL_ASKED:
		return tx->now_ms < a.expires_ms ? 0 : drop(tx, row, EXPIRY_DROPPED, err);
	case APPROVAL_GRANTED: return use(tx, row, err);
	case APPROVAL_DENIED: return drop(tx, row, EXPIRY_DENIED, err);
	case APPROVAL_EXPIRED: return drop(tx, row, EXPIRY_DROPPED, err);
	case APPROVAL_USED: break;
	}
	return cu_err_set(err, CU_EINTERNAL, "an approval was used before");
}

int tx_expiry_admit(struct tx *tx, const struct id *run, const struct erase_limits *brake,
	struct row_expiry *ret, struct cu_err *err)
{
	struct row_expiry row;
	int r = tx_expiry_get(tx, run, &row, err);

	if (r == 0 && row.state == EXPIRY_PLANNING) {
		r = on_listed(tx, &row, brake, err);
	} else if (r == 0 && row.state == EXPIRY_ASKED) {
		r = on_answer(tx, &row, err);
	}
	if (r == 0) { /* of an empty list nothing is to be remembered */
		r = row.ncohorts + row.nslots == 0 ?
			engine_expiry_delete(tx->engine, &row.id, err) :
			engine_expiry_put(tx->engine, &row, err);
	}
	if (r == 0) {
		*ret = row;
	}
	return r;
}
