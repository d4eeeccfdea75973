/* Who did what: the log by subject, operator, purpose and time. */
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/err.h"
#include "control/concern.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "policy/rows.h"
#include "store/reader.h"
#include "store/tx.h"
#include "vault/vault.h"

#define DEFAULT_COUNT    100
#define MAX_COUNT        1000 /* in one reply */
#define MAX_SLOTS        (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS) /* of one leaf, as ranges */
#define PROGRESS_EACH_MS 200
#define LOOK_UP_EACH     256 /* leaves, from looking whether we are cancelled */

struct query {
	struct exchange *x;
	struct reader *reader;
	struct json *out;
	struct id subject, actor; /* nil: any */
	const char *purpose;      /* NULL: any */
	int64_t from_ms, to_ms;   /* to is not in it */
	bool is_nobody;           /* of an operator that never did anything */
	uint64_t end;             /* of the log, before our own leaf */
	uint64_t next;            /* the first leaf that was not looked at */
	int64_t wanted, found;
	uint64_t nunknown; /* bulk reads of whose subjects nothing is known any more */
	int64_t told_ms;
	uint64_t *slots; /* of the leaf at hand */
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

static int take_actor(struct query *q, struct cu_err *err)
{
	int64_t uid = exchange_int(q->x, "actor", -1);
	int r;

	if (!exchange_has(q->x, "actor")) {
		return 0;
	}
	if (uid < 0 || uid > UINT32_MAX) {
		return cu_err_set(err, CU_EINVAL, "actor: expected the number of a user");
	}
	r = reader_operator(q->reader, (uint32_t)uid, &q->actor, err);
	q->is_nobody = r == 0;
	return r < 0 ? r : 0;
}

static int take_question(struct query *q, struct cu_err *err)
{
	int r = exchange_id(q->x, "subject", &q->subject, err);

	q->purpose = exchange_text(q->x, "purpose");
	q->wanted = exchange_int(q->x, "count", DEFAULT_COUNT);
	q->next = (uint64_t)exchange_int(q->x, "after", 0);
	if (r == 0 && q->purpose && !rows_is_name(q->purpose)) {
		r = cu_err_set(err, CU_EINVAL,
			"purpose: expected a key: 1 to 63 of a-z, 0-9, '_', '.' and '-'");
	}
	if (r == 0 && (q->wanted < 1 || q->wanted > MAX_COUNT)) {
		r = cu_err_set(err, CU_EINVAL, "count: expected 1 to %d", MAX_COUNT);
	}
	if (r == 0 && exchange_int(q->x, "after", 0) < 0) {
		r = cu_err_set(err, CU_EINVAL, "after: expected 0 or more");
	}
	if (r == 0) {
		r = take_day(q->x, "from", INT64_MIN, 0, &q->from_ms, err);
	}
	if (r == 0) {
		r = take_day(q->x, "to", INT64_MAX, 1, &q->to_ms, err);
	}
	return r < 0 ? r : take_actor(q, err);
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

static bool is_wanted(const struct query *q, const struct leaf *l)
{
	return l->t_ms >= q->from_ms && l->t_ms < q->to_ms &&
	       (id_is_nil(&q->actor) || id_eq(&q->actor, &l->by)) &&
	       (!q->purpose || strcmp(q->purpose, l->purpose) == 0);
}

static int judge(struct query *q, uint64_t index, struct span text, const struct leaf *l,
	struct cu_err *err)
{
	enum concern concern = CONCERN_NAMED;
	int r = 0;

	if (!is_wanted(q, l)) {
		return 0;
	}
	if (!id_is_nil(&q->subject)) {
		r = concern_of(q->reader, l, &q->subject, &concern, err);
		q->nunknown += r == 0 && concern == CONCERN_UNKNOWN;
	}
	if (r < 0 || concern == CONCERN_NONE || concern == CONCERN_UNKNOWN) {
		return r;
	}
	return show_entry(q, index, text, l, concern == CONCERN_SHOWN, err);
}

static void tell(struct query *q)
{
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - q->told_ms < PROGRESS_EACH_MS) {
		return;
	}
	q->told_ms = now;
	j = exchange_progress_begin(&frame);
	json_open_object(&j, "progress");
	json_uint(&j, "entries", q->next);
	json_uint(&j, "total", q->end);
	json_close_object(&j);
	exchange_progress_end(q->x, &j, &frame);
}

/* Ends the walk with 1 when the reply is full. */
static int on_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct query *q = ctx;
	struct leaf l;
	int r = leaf_parse(text, &l, q->slots, MAX_SLOTS, err);

	q->next = index + 1;
	if (r == 0) {
		r = judge(q, index, text, &l, err);
	}
	if (r == 0 && index % LOOK_UP_EACH == 0) {
		tell(q);
		if (exchange_is_cancelled(q->x)) {
			r = cu_err_set(err, CU_ECANCELED, "the query was cancelled");
		}
	}
	return r < 0 ? r : q->found == q->wanted;
}

/* --- the call ----------------------------------------------------------------------- */

struct asked {
	struct store_op op;
	struct leaf leaf;
};

static int apply_asked(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_leaf(tx, &((struct asked *)op)->leaf, err);
}

/* What was asked, not what was found: durable before anything is looked at.  The subject may
 * be forgotten since, or never have been here. */
static int put_leaf(struct query *q, struct cu_err *err)
{
	struct asked a = { .op = { .apply = apply_asked, .kind = STORE_LEAF, .actor = q->x->actor },
		.leaf = { .act = LEAF_LOG_QUERY, .sub = q->subject, .obj = q->actor } };

	strncpy(a.leaf.purpose, q->purpose ? q->purpose : "", sizeof(a.leaf.purpose) - 1);
	return store_run(q->x->daemon->house.store, &a.op, err);
}

static int answer(struct query *q, struct cu_err *err)
{
	int r = 0;

	json_open_object(q->out, "result");
	json_open_array(q->out, "entries");
	if (!q->is_nobody && q->next < q->end) {
		r = ledger_each(q->x->daemon->house.ledger, q->next, q->end, on_leaf, q, err);
	}
	json_close_array(q->out);
	if (r >= 0 && !q->is_nobody && q->next < q->end) {
		json_uint(q->out, "next", q->next);
	}
	json_uint(q->out, "unknown", q->nunknown);
	json_close_object(q->out);
	return r < 0 ? r : 0;
}

int handle_LOG_QUERY(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct query q = { .x = x, .out = out, .slots = malloc(MAX_SLOTS * sizeof(*q.slots)) };
	int r;

	if (!q.slots) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	q.end = ledger_size(x->daemon->house.ledger);
	q.reader = store_reader_take(store);
	r = take_question(&q, err);
	if (r == 0) {
		r = put_leaf(&q, err);
	}
	if (r == 0) {
		r = answer(&q, err);
	}
	store_reader_give(store, q.reader);
	free(q.slots);
	return r;
}
