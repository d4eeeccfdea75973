/* Who did what: the log by subject, operator, purpose and time. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/concern.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/log_walk.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "store/reader.h"

#define DEFAULT_COUNT    100
#define MAX_COUNT        1000 /* in one reply */

struct query {
	struct exchange *x;
	struct reader *reader;
	struct json *out;
	struct id subject; /* nil: any */
	struct buf ids;    /* its own, and those that were merged into it */
	struct log_filter filter;
	struct log_walk walk; /* to the end of the log before our own leaf */
	int64_t wanted, found;
	uint64_t nunknown; /* bulk reads of whose subjects nothing is known any more */
};

/* --- what is asked ------------------------------------------------------------------ */

static int take_day(const struct exchange *x, const char *name, int64_t absent,
	int days_later, int64_t *ret_ms, struct cu_err *err)
{
	const char *text = exchange_text(x, name);
	int32_t day;

	if (!text) {
		*ret_ms = absent;
		return 0;
	}
	if (!civil_parse_day(text, &day)) {
		return cu_err_set(err, CU_EINVAL, "%s: expected a date, as 2026-11-21", name);
	}
	*ret_ms = (day + (int64_t)days_later) * 86400000;
	return 0;
}

static int take_question(struct query *q, struct cu_err *err)
{
	int r = exchange_id(q->x, "subject", &q->subject, err);

	q->wanted = exchange_int(q->x, "count", DEFAULT_COUNT);
	q->walk.next = (uint64_t)exchange_int(q->x, "after", 0);
	if (r == 0) {
		r = log_filter_take_purpose(q->x, "purpose", &q->filter, err);
	}
	if (r == 0 && (q->wanted < 1 || q->wanted > MAX_COUNT)) {
		r = cu_err_set(err, CU_EINVAL, "count: expected 1 to %d", MAX_COUNT);
	}
	if (r == 0 && exchange_int(q->x, "after", 0) < 0) {
		r = cu_err_set(err, CU_EINVAL, "after: expected 0 or more");
	}
	if (r == 0) {
		r = take_day(q->x, "from", INT64_MIN, 0, &q->filter.from_ms, err);
	}
	if (r == 0) {
		r = take_day(q->x, "to", INT64_MAX, 1, &q->filter.to_ms, err);
	}
	return r < 0 ? r : log_filter_take_actor(q->x, q->reader, &q->filter, err);
}

/* --- what is found ------------------------------------------------------------------ */

static int show_actor(struct query *q, const struct leaf *l, struct cu_err *err)
{
	uint32_t uid;
	int r = id_is_nil(&l->by) ? 0 : reader_operator_uid(q->reader, &l->by, &uid, err);

	if (r > 0) {
		json_uint(q->out, "uid", uid);
	}
	return r < 0 ? r : 0;
}

static int show_entry(struct query *q, uint64_t index, struct span text,
	const struct leaf *l, bool is_bulk, struct cu_err *err)
{
	int r;

	json_open_object(q->out, NULL);
	json_uint(q->out, "index", index);
	json_int(q->out, "time_ms", l->t_ms);
	json_str(q->out, "act", leaf_act_word(l->act));
	r = show_actor(q, l, err);
	if (*l->purpose) {
		json_str(q->out, "purpose", l->purpose);
	}
	if (!id_is_nil(&l->sub)) {
		json_hex(q->out, "subject", l->sub.b, sizeof(l->sub.b));
	}
	if (is_bulk) {
		json_hex(q->out, "subject", q->subject.b, sizeof(q->subject.b));
	}
	if (l->count > 0) {
		json_uint(q->out, "count", l->count);
	}
	json_bool(q->out, "bulk", is_bulk);
	json_strn(q->out, "leaf", (const char *)text.p, text.n);
	json_close_object(q->out);
	q->found++;
	return r;
}

/* Ends the walk with 1 when the reply is full. */
static int judge(void *ctx, uint64_t index, struct span text, const struct leaf *l,
	struct cu_err *err)
{
	struct query *q = ctx;
	enum concern concern = CONCERN_NAMED;
	int r = 0;

	if (!log_filter_fits(&q->filter, l)) {
		return 0;
	}
	if (!id_is_nil(&q->subject)) {
		r = concern_of(q->reader, l, buf_span(&q->ids), &concern, err);
		q->nunknown += r == 0 && concern == CONCERN_UNKNOWN;
	}
	if (r < 0 || concern == CONCERN_NONE || concern == CONCERN_UNKNOWN) {
		return r;
	}
	r = show_entry(q, index, text, l, concern == CONCERN_SHOWN, err);
	return r < 0 ? r : q->found == q->wanted;
}

/* --- the call ----------------------------------------------------------------------- */

/* What was asked, not what was found: durable before anything is looked at.  The subject may
 * be forgotten since, or never have been here. */
static int put_leaf(struct query *q, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_LOG_QUERY, .sub = q->subject, .obj = q->filter.actor };

	strncpy(leaf.purpose, q->filter.purpose ? q->filter.purpose : "", sizeof(leaf.purpose) - 1);
	return exchange_note(q->x, &leaf, err);
}

static int answer(struct query *q, struct cu_err *err)
{
	int r;

	json_open_object(q->out, "result");
	json_open_array(q->out, "entries");
	r = q->filter.is_nobody ? 0 : log_walk(&q->walk, err);
	json_close_array(q->out);
	if (r >= 0 && !q->filter.is_nobody && q->walk.next < q->walk.end) {
		json_uint(q->out, "next", q->walk.next);
	}
	json_uint(q->out, "unknown", q->nunknown);
	json_close_object(q->out);
	return r < 0 ? r : 0;
}

int handle_LOG_QUERY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct query q = { .x = x, .out = out,
		.walk = { .x = x, .fn = judge, .end = ledger_size(x->daemon->house.ledger) } };
	int r;

	q.walk.ctx = &q;
	q.reader = store_reader_take(store);
	r = take_question(&q, err);
	if (r == 0) {
		r = concern_ids(q.reader, &q.subject, &q.ids, err);
	}
	if (r == 0) {
		r = put_leaf(&q, err);
	}
	if (r == 0) {
		r = answer(&q, err);
	}
	store_reader_give(store, q.reader);
	buf_done(&q.ids);
	return r;
}
