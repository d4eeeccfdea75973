#include "control/request_duty.h"

#include "backup/watch.h"
#include "base/err.h"
#include "base/log.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/erase.h"
#include "control/linger.h"
#include "control/request_effect.h"
#include "store/tx_approval.h"
#include "store/tx_erase.h"
#include "store/tx_outgoing.h"

/* What was seen before the step; a row that is in another state by then is left alone. */
struct seen {
	unsigned state;
	enum request_event event;
	bool is_approval_over; /* the row's approval is to be taken away */
};

static int apply_move(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct seen *s = c->ctx;

	if (c->row.state != s->state) {
		return 0; /* somebody was faster */
	}
	if (s->event == REQ_ON_RELEASE) {
		struct id hold;
		int r = request_is_held(tx, &c->row, &hold, err);

		if (r != 0) {
			return r < 0 ? r : 0; /* still */
		}
	}
	if (s->is_approval_over) {
		c->row.approval = (struct id){ 0 };
	}
	if (s->event == REQ_ON_CANCEL) {
		int r = tx_outgoing_drop(tx, &c->row, err);

		c->row.erasure = (struct id){ 0 };
		if (r < 0) {
			return r;
		}
	}
	return request_move(tx, &c->row, s->event, err);
}

/* --- what has come ---------------------------------------------------------------- */

static int look_at_approval(struct daemon *d, const struct row_dsr *row, struct seen *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_approval approval;
	int r = reader_approval(rd, &row->approval, &approval, err);

	store_reader_give(d->house.store, rd);
	if (r <= 0) {
		return r;
	}
	if (row->state == REQ_AWAITING_APPROVAL && approval.state == APPROVAL_GRANTED) {
		ret->event = REQ_ON_GRANT;
		return 1;
	}
	ret->event = REQ_ON_WITHHOLD;
	ret->is_approval_over = true;
	return approval.state == APPROVAL_DENIED || approval.state == APPROVAL_EXPIRED;
}

static int look_at_erasure(struct daemon *d, const struct row_dsr *row, struct seen *ret,
	struct cu_err *err)
{
	struct erase_result e = { 0 };
	int r = erase_get(d, &row->erasure, &e, err);

	if (r < 0) {
		return r;
	}
	if (row->state == REQ_COOLING_OFF) {
		ret->event = e.row.state == ERASURE_CANCELLED ? REQ_ON_CANCEL : REQ_ON_GRACE_OVER;
		return e.row.state != ERASURE_COOLING_OFF && e.row.state != ERASURE_AWAITING_APPROVAL;
	}
	ret->event = REQ_ON_LIVE_DONE;
	return e.row.state == ERASURE_DONE && (e.is_confirmed || e.ntargets == 0);
}

static int look_at_backups(struct daemon *d, const struct row_dsr *row, struct seen *ret,
	struct cu_err *err)
{
	struct lingering linger = { 0 };
	struct erase_result e = { 0 };
	bool is_over;
	int r = erase_get(d, &row->erasure, &e, err);

	if (r == 0) {
		r = linger_of(d, e.row.generation, e.row.shredded_ms, &linger, err);
	}
	if (r < 0) {
		return r;
	}
	is_over = linger.all.state == HORIZON_GONE || linger.all.state == HORIZON_HOST_ONLY;
	linger_done(&linger);
	ret->event = is_over ? REQ_ON_COMPLETE : REQ_ON_AWAIT_BACKUPS;
	if (is_over && row->nuntold > 0) {
		return 0; /* somebody has to tell them first */
	}
	return is_over || row->state == REQ_LIVE_DONE;
}

/* 1 when there is a move to make, 0 or a code. */
static int look(struct daemon *d, const struct row_dsr *row, struct seen *ret, struct cu_err *err)
{
	*ret = (struct seen){ .state = row->state };
	switch (row->state) {
	case REQ_AWAITING_APPROVAL:
	case REQ_APPROVED: return look_at_approval(d, row, ret, err);
	case REQ_COOLING_OFF: return look_at_erasure(d, row, ret, err);
	case REQ_EXECUTING: return row->type == REQUEST_ERASURE ? look_at_erasure(d, row, ret, err) : 0;
	case REQ_HELD: ret->event = REQ_ON_RELEASE; return 1;
	case REQ_LIVE_DONE:
	case REQ_BACKUPS_PENDING: return look_at_backups(d, row, ret, err);
	default: return 0;
	}
}

/* As far as it goes. */
static int tend(struct daemon *d, struct row_dsr *row, struct cu_err *err)
{
	struct seen seen;
	struct casework c = { .number = row->number, .fn = apply_move, .ctx = &seen };
	int r;

	while ((r = look(d, row, &seen, err)) > 0) {
		r = casework_tend(d, &c, err);
		if (r < 0 || c.row.state == row->state) {
			break;
		}
		*row = c.row;
	}
	return r < 0 ? r : 0;
}

static int next_open(struct daemon *d, uint32_t after, struct row_dsr *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = reader_dsr_next(rd, after, false, ret, err);

	store_reader_give(d->house.store, rd);
	return r;
}

int request_duty(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = next_open(d, row.number, &row, err)) > 0) {
		struct cu_err why;

		if ((r = watch_step(watch, "requests", row.number, 0, err)) < 0) {
			break;
		}
		if (tend(d, &row, &why) < 0) { /* the others go on */
			log_warn("request %u: %s", row.number, why.msg);
		}
	}
	return r < 0 ? r : 0;
}

int request_tend(struct daemon *d, uint32_t number, struct cu_err *err)
{
	struct row_dsr row;
	int r = next_open(d, number - 1, &row, err);

	return r <= 0 || row.number != number ? (r < 0 ? r : 0) : tend(d, &row, err);
}
