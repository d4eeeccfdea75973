/* Approvals: what a second user is asked to confirm. */
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/approval.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "store/reader.h"
#include "store/tx_approval.h"

/* In the interface's words; a time that is over is over before anybody has noted it. */
static const char *state_of(const struct row_approval *row, int64_t now_ms)
{
	switch (row->state) {
	case APPROVAL_ASKED: return now_ms < row->expires_ms ? "asked" : "expired";
	case APPROVAL_GRANTED: return "granted";
	case APPROVAL_DENIED: return "denied";
	case APPROVAL_EXPIRED: return "expired";
	case APPROVAL_USED: return "used";
	}
	return "expired";
}

static void show(struct exchange *x, struct json *out, const char *name,
	const struct row_approval *row)
{
	json_open_object(out, name);
	json_hex(out, "approval", row->id.b, sizeof(row->id.b));
	json_str(out, "kind", row->kind);
	json_hex(out, "object", row->object.b, sizeof(row->object.b));
	json_str(out, "state", state_of(row, clock_now_ms(&x->daemon->house.clock)));
	json_bool(out, "is_own", id_eq(&row->asker, &x->actor));
	json_int(out, "asked_ms", row->asked_ms);
	json_int(out, "expires_ms", row->expires_ms);
	json_hex(out, "scope", row->scope, sizeof(row->scope));
	json_close_object(out);
}

int handle_APPROVAL_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int64_t now_ms = clock_now_ms(&x->daemon->house.clock);
	struct row_approval row, *after = NULL;
	bool is_all = exchange_flag(x, "all");
	int r;

	json_open_array(out, "approvals");
	while ((r = reader_next_approval(rd, after, &row, err)) > 0) {
		after = &row;
		if (is_all || strcmp(state_of(&row, now_ms), "asked") == 0) {
			show(x, out, NULL, &row);
		}
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

/* The row and its kind, if this caller may decide. */
static int find(struct exchange *x, struct row_approval *ret, const struct approval_kind **ret_kind,
	struct cu_err *err)
{
	struct reader *rd;
	struct id id;
	int r = exchange_id(x, "approval", &id, err);

	if (r < 0) {
		return r;
	}
	rd = store_reader_take(x->daemon->house.store);
	r = reader_approval(rd, &id, ret, err);
	store_reader_give(x->daemon->house.store, rd);
	if (r <= 0) {
		return r < 0 ? r : cu_err_set(err, CU_ENOENT, "there is no such approval");
	}
	*ret_kind = approval_kind_find(ret->kind);
	if (!*ret_kind) {
		return cu_err_set(err, CU_EUNSUP, "an approval of a kind that this custos does not know");
	}
	return (*ret_kind)->may_decide(x, &ret->object, err);
}

int handle_APPROVAL_SHOW(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct approval_kind *kind;
	struct row_approval row;
	int r = find(x, &row, &kind, err);

	if (r < 0) {
		return r;
	}
	show(x, out, "approval", &row);
	json_open_array(out, "text");
	if (row.state == APPROVAL_ASKED || row.state == APPROVAL_GRANTED) {
		r = kind->say(x, &row.object, out, err);
	}
	json_close_array(out);
	return r;
}

/* --- deciding --------------------------------------------------------------------- */

struct decision {
	struct store_op op;
	const struct approval_kind *kind;
	struct row_approval row;
	bool is_granted;
};

static int apply_decision(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct decision *d = (struct decision *)op;
	struct buf scope = BUF_INIT;
	int r;

	if (!d->is_granted) {
		return tx_approval_deny(tx, &d->row.id, err);
	}
	r = d->kind->scope(tx, &d->row.object, &scope, err);
	if (r == 0) {
		r = tx_approval_grant(tx, &d->row.id, buf_span(&scope), err);
	}
	if (r == 0 && d->kind->apply) {
		r = d->kind->apply(tx, &d->row.id, err);
	}
	buf_done(&scope);
	return r;
}

static int decide(struct exchange *x, bool is_granted, struct cu_err *err)
{
	struct decision d = { .op.apply = apply_decision, .is_granted = is_granted };
	int r = find(x, &d.row, &d.kind, err);

	if (r == 0) {
		r = exchange_change(x, &d.op, err);
	}
	return r < 0 ? r : d.kind->decided(x, &d.row.id, is_granted, err);
}

int handle_APPROVAL_GRANT(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return decide(x, true, err);
}

int handle_APPROVAL_DENY(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)out;
	return decide(x, false, err);
}
