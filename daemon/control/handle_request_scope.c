/* Requests of data subjects: what they are about, what a law keeps of it, and who approves. */
#include <string.h>

#include "base/err.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/request_approval.h"
#include "policy/policy.h"
#include "store/reader_hold.h"
#include "store/tx_approval.h"
#include "store/tx_erase.h"

/* --- scope ------------------------------------------------------------------------ */

struct scope {
	struct exchange *x;
	struct reader *reader;
	struct json *out;
	const struct row_dsr *row;
};

struct citing {
	const struct id *paper;
	struct json *out;
};

static int show_citation(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct citing *c = ctx;
	struct span text = record_get(rec, "citation");

	(void)err;
	if (!id_eq(&row->id, c->paper)) {
		return 0;
	}
	json_strn(c->out, "citation", (const char *)text.p, text.n);
	return 1;
}

/* 1: a legal hold stops the erasure of this; 0 or a code. */
static int is_held(struct scope *s, const struct dsr_item *item, struct id *ret_hold,
	struct cu_err *err)
{
	const char *const collections[] = { item->collection };
	struct erase_what what = { .subject = s->row->subject, .collections = collections,
		.ncollections = 1 };

	return s->row->type != REQUEST_ERASURE || item->is_kept || item->is_mention ?
		0 :
		reader_hold_of(s->reader, &what, ret_hold, err);
}

/* What becomes of it, in the interface's words. */
static const char *action_of(const struct row_dsr *row, const struct dsr_item *item, bool held)
{
	if (item->is_kept) {
		return "kept";
	}
	if (held) {
		return "held";
	}
	if (item->is_mention && row->type == REQUEST_ERASURE) {
		return "unlinked";
	}
	if (item->is_mention && row->type != REQUEST_ACCESS && row->type != REQUEST_RECTIFICATION) {
		return "untouched";
	}
	switch ((enum request_type)row->type) {
	case REQUEST_ACCESS:
	case REQUEST_PORTABILITY: return "shown";
	case REQUEST_RECTIFICATION: return "corrected";
	case REQUEST_ERASURE: return "erased";
	case REQUEST_RESTRICTION: return "restricted";
	case REQUEST_OBJECTION:
	case REQUEST_WITHDRAWAL:
	case NREQUEST_TYPES: break;
	}
	return "used_less";
}

static int show_item(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	struct scope *s = ctx;
	const struct collection *c = policy_find_collection(s->x->daemon->policy, item->collection);
	struct citing citing = { &item->note, s->out };
	struct id hold;
	int r = is_held(s, item, &hold, err);

	if (r < 0) {
		return r;
	}
	json_open_object(s->out, NULL);
	json_str(s->out, "collection", item->collection);
	json_bool(s->out, "of_others", item->is_mention);
	if (c && c->text) {
		json_str(s->out, "text", c->text);
	}
	json_uint(s->out, "records", item->nrecords);
	json_str(s->out, "action", action_of(s->row, item, r > 0));
	if (r > 0) {
		json_hex(s->out, "hold", hold.b, sizeof(hold.b));
	}
	if (item->is_kept) {
		r = reader_records(s->reader, &s->row->kase, REQUEST_COLLECTION, show_citation, &citing,
			err);
	}
	json_close_object(s->out);
	return r < 0 ? r : 0;
}

int handle_REQUEST_SCOPE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct row_dsr row;
	struct scope s = { .x = x, .out = out, .row = &row };
	int r = casework_find(x, &row, err);

	if (r == 0 && id_is_nil(&row.subject)) {
		r = cu_err_set(err, CU_EBUSY, "it is not known whose data it is about: 'request identify %u'",
			row.number);
	}
	if (r == 0) {
		r = casework_read_leaf(x, &row, "request.scope", err);
	}
	if (r < 0) {
		return r;
	}
	s.reader = store_reader_take(x->daemon->house.store);
	r = reader_begin(s.reader, err);
	json_open_array(out, "scope");
	if (r == 0) {
		r = reader_dsr_scope(s.reader, &row, show_item, &s, err);
		reader_end(s.reader);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, s.reader);
	return r;
}

/* --- exempt ----------------------------------------------------------------------- */

struct exemption {
	const char *collection, *citation;
	bool is_undone;
};

static int put_exemption(struct tx *tx, struct casework *c, const struct exemption *e, int has,
	struct cu_err *err)
{
	struct row_dsr_part part = { .kind = DSR_KEPT };
	const struct case_text texts[] = { { "collection", span_str(e->collection) },
		{ "citation", span_str(e->citation) } };
	int r = tx_dsr_paper(tx, &c->row, "exemption", texts, 2, &part.note, err);

	strncpy(part.collection, e->collection, sizeof(part.collection) - 1);
	c->row.nkept += has == 0;
	return r < 0 ? r : tx_dsr_part_put(tx, &c->row, &part, err);
}

static int apply_exempt(struct tx *tx, struct casework *c, struct cu_err *err)
{
	const struct exemption *e = c->ctx;
	int has, r;

	if (c->row.state != REQ_SCOPING) {
		return cu_err_set(err, CU_EBUSY,
			"request %u is %s: what is kept is said before it is approved ('approval deny' takes that back)",
			c->row.number, intl_word(request_state_word(c->row.state)));
	}
	has = r = tx_dsr_has_part(tx, &c->row, DSR_KEPT, e->collection, err);
	if (r >= 0 && !e->is_undone) {
		r = put_exemption(tx, c, e, has, err);
	} else if (r > 0) {
		r = tx_dsr_part_drop(tx, &c->row, DSR_KEPT, e->collection, err);
		c->row.nkept--;
	}
	return r < 0 ? r : tx_dsr_put(tx, &c->row, LEAF_REQUEST_NOTE, e->is_undone ? "exempt.undo" : "exempt", err);
}

int handle_REQUEST_EXEMPT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct exemption e = { exchange_text(x, "collection"), exchange_text(x, "citation"),
		exchange_flag(x, "undo") };
	struct casework c = { .fn = apply_exempt, .ctx = &e };

	if (!policy_find_collection(x->daemon->policy, e.collection)) {
		return cu_err_set(err, CU_EINVAL, "collection: schema.yaml has no such collection");
	}
	if (!e.is_undone && (!e.citation || !*e.citation)) {
		return cu_err_set(err, CU_EINVAL,
			"citation: expected the article of the law that demands it, such as 'HGB § 257'");
	}
	return casework_run(x, &c, out, err);
}

/* --- approve ---------------------------------------------------------------------- */

static int apply_approve(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	struct approval_ask ask = { .kind = REQUEST_APPROVAL, .object = c->row.id,
		.subject = c->row.subject, .keep_ms = *(const int64_t *)c->ctx };
	int r = request_may(&c->row, REQ_ON_ASK, err);

	if (r == 0) {
		r = tx_dsr_scope(tx, &c->row, &scope, err);
	}
	if (r == 0) {
		ask.scope = buf_span(&scope);
		r = tx_approval_ask(tx, &ask, &c->row.approval, err);
	}
	buf_done(&scope);
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_ASK, err);
}

int handle_REQUEST_APPROVE(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t keep_ms =
		duration_seconds(policy_erasure(x->daemon->policy)->approval_expires) * 1000;
	struct casework c = { .fn = apply_approve, .ctx = &keep_ms };

	return casework_run(x, &c, out, err);
}
