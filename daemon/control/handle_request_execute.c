/* Requests of data subjects: carrying them out, once they may be. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/addressee.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/deliver.h"
#include "control/handle.h"
#include "control/request_approval.h"
#include "control/request_effect.h"
#include "control/request_notices.h"
#include "control/withdrawal.h"
#include "policy/policy.h"
#include "store/tx_approval.h"
#include "store/tx_erase.h"

#define MAX_COLLECTIONS 128

/* --- execute ---------------------------------------------------------------------- */

struct execution {
	int64_t grace_ms, approval_ms;
	char collections[MAX_COLLECTIONS][ENGINE_KEY_SIZE];
	const char *names[MAX_COLLECTIONS];
	size_t n;        /* of those that are not kept */
	bool is_changed; /* since it was approved */
	bool is_own_only; /* what others' records say stays with them */
	bool is_held;    /* by this hold */
	struct id hold;
	struct addressee who; /* of an erasure: whom the last letter goes to */
	struct notices notices; /* what there will be to send */
};

static int take_item(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	struct execution *e = ctx;

	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->names[i], item->collection) == 0) {
			return 0; /* of itself and of others */
		}
	}
	if (item->is_kept || (item->is_mention && e->is_own_only)) {
		return 0;
	}
	if (e->n == MAX_COLLECTIONS) {
		return cu_err_set(err, CU_ELIMIT, "it is about more than %d collections", MAX_COLLECTIONS);
	}
	strcpy(e->collections[e->n], item->collection);
	e->names[e->n] = e->collections[e->n];
	e->n++;
	return 0;
}

static bool wants_file(const struct row_dsr *row)
{
	return row->type == REQUEST_ACCESS || row->type == REQUEST_PORTABILITY;
}

/* Whoever asks to see their data and to have it erased is shown it first. */
static int require_answered(struct tx *tx, const struct row_dsr *row, struct cu_err *err)
{
	struct row_dsr other = { .number = 0 };
	int r;

	while ((r = tx_dsr_open_of(tx, &row->subject, other.number, &other, err)) > 0) {
		if (other.method != 0 && wants_file(&other)) {
			return cu_err_set(err, CU_EBUSY,
				"the same person asks for the data, too: answer request %u first", other.number);
		}
	}
	return r;
}

/* The whole person, if nothing stays and nothing else was asked for. */
static int begin_erasure(struct tx *tx, struct casework *c, struct execution *e,
	struct cu_err *err)
{
	struct erase_what what = { .subject = c->row.subject, .collections = e->names,
		.purpose = request_purpose(c->row.type), .grace_ms = e->grace_ms,
		.approval_ms = e->approval_ms };
	struct row_dsr_part part;
	int r = require_answered(tx, &c->row, err);
	bool is_whole;

	if (r == 0) {
		r = tx_dsr_next_part(tx, &c->row, DSR_WANTED, "", &part, err);
	}
	is_whole = r == 0 && c->row.nkept == 0;

	if (r >= 0) {
		r = tx_dsr_each(tx, &c->row, take_item, e, err);
	}
	if (r == 0 && !is_whole && e->n == 0) {
		return cu_err_set(err, CU_EBUSY,
			"nothing is left that could be erased: 'request deny %u' says so to the person",
			c->row.number);
	}
	what.ncollections = is_whole ? 0 : e->n;
	return r < 0 ? r : tx_erase_begin(tx, &what, &c->row.erasure, err);
}

/* 1: it is approved for exactly this; 0: what is held has changed since. */
static int use_approval(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	struct buf scope = BUF_INIT;
	struct row_approval approval;
	int r = tx_dsr_scope(tx, row, &scope, err);

	if (r == 0) {
		r = tx_approval_get(tx, &row->approval, &approval, err);
	}
	if (r == 0 && !tx_approval_is_open(tx, &approval, REQUEST_APPROVAL, buf_span(&scope))) {
		r = tx_approval_drop(tx, &row->approval, err);
	} else if (r == 0) {
		r = tx_approval_use(tx, &row->approval, REQUEST_APPROVAL, buf_span(&scope), err);
		r = r < 0 ? r : 1;
	}
	buf_done(&scope);
	return r;
}

static int carry_out(struct tx *tx, struct casework *c, struct execution *e, struct cu_err *err)
{
	int r = notices_seal(tx, &c->row, &e->notices, err);

	if (r == 0) {
		r = c->row.type == REQUEST_ERASURE ?
			begin_erasure(tx, c, e, err) :
			request_take_effect(tx, c->daemon->policy, &c->row, err);
	}
	if (r == 0) {
		r = addressee_seal(tx, &c->row, &e->who, err);
	}
	if (r == 0) {
		r = request_move(tx, &c->row, REQ_ON_EXECUTE, err);
	}
	return r < 0 || c->row.type == REQUEST_ERASURE ? r :
							 request_move(tx, &c->row, REQ_ON_HAND_OVER, err);
}

static int apply_execute(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct execution *e = c->ctx;
	int r;

	r = request_is_at_once(c->row.type) ? request_may(&c->row, REQ_ON_EXECUTE, err) : 1;
	if (r <= 0) {
		return r < 0 ? r : carry_out(tx, c, e, err);
	}
	if (c->row.state != REQ_APPROVED) {
		return request_may(&c->row, REQ_ON_EXECUTE, err);
	}
	r = c->row.type == REQUEST_ERASURE ? request_is_held(tx, &c->row, &e->hold, err) : 0;
	e->is_held = r > 0;
	if (r != 0) { /* with its approval: it waits */
		return r < 0 ? r : request_move(tx, &c->row, REQ_ON_HOLD, err);
	}
	r = use_approval(tx, &c->row, err);
	e->is_changed = r == 0;
	if (r > 0) {
		return carry_out(tx, c, e, err);
	}
	c->row.approval = (struct id){ 0 };
	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_WITHHOLD, err);
}

/* Before a file is written for it. */
static int apply_check(struct tx *tx, struct casework *c, struct cu_err *err)
{
	struct execution *e = c->ctx;
	struct row_approval approval;
	struct buf scope = BUF_INIT;
	int r = request_may(&c->row, REQ_ON_EXECUTE, err);

	if (r == 0) {
		r = tx_dsr_scope(tx, &c->row, &scope, err);
	}
	if (r == 0) {
		r = tx_approval_get(tx, &c->row.approval, &approval, err);
	}
	e->is_changed = r == 0 &&
		!tx_approval_is_open(tx, &approval, REQUEST_APPROVAL, buf_span(&scope));
	buf_done(&scope);
	return r < 0 || !e->is_changed ? r : apply_execute(tx, c, err); /* it takes the approval away */
}

/* Which collections are shown: none are named where nothing is kept back, and nothing less was asked
 * for. */
static int list_shown(struct exchange *x, const struct row_dsr *row, struct execution *e,
	json_t *collections, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_dsr_part part;
	int r = reader_dsr_scope(rd, row, take_item, e, err);
	int wants = r < 0 ? r : reader_dsr_part(rd, row, DSR_WANTED, "", &part, err);

	store_reader_give(x->daemon->house.store, rd);
	if (wants < 0) {
		return wants;
	}
	if (e->n == 0) {
		return cu_err_set(err, CU_EBUSY,
			"nothing is held that could be shown: 'request deny %u' says so to the person", row->number);
	}
	if (wants == 0 && row->nkept == 0 && !e->is_own_only) {
		return 0;
	}
	for (size_t i = 0; i < e->n; i++) {
		if (json_array_append_new(collections, json_string(e->names[i])) < 0) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	return 0;
}

/* The archive for the person, of all that is not kept back. */
static int deliver(struct exchange *x, const struct row_dsr *row, struct execution *e,
	struct json *out, struct cu_err *err)
{
	static const char *const languages[] = {
#define X(id, word) word,
		LANGUAGES(X)
#undef X
	};
	struct delivery what = { .subject = row->subject, .language = languages[row->language],
		.recipients = json_object_get(x->call.parameters, "recipients"),
		.is_own_only = e->is_own_only };
	json_t *collections = json_array();
	int r = list_shown(x, row, e, collections, err);

	what.collections = collections;
	x->purpose = request_purpose(row->type);
	if (r == 0) {
		r = permit_begin(&x->rights, "request.execute", x->purpose, (unsigned)x->uid,
			"hand out a person's data", &x->permit, err);
		if (r == CU_EDENIED) {
			exchange_log_refusal(x, &row->subject);
		}
	}
	if (r == 0) {
		r = deliver_dossier(x, &what, out, err);
	}
	json_decref(collections);
	return r;
}

/* While it is there. */
static int find_addressee(struct exchange *x, const struct row_dsr *row, struct addressee *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = addressee_find(rd, row, ret, err);
		reader_end(rd);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

/* Else the step says what comes first, and no letter is needed for that. */
static bool may_be_next(const struct row_dsr *row)
{
	return row->state == (request_is_at_once(row->type) ? REQ_SCOPING : REQ_APPROVED);
}

static int require_file(const struct exchange *x, const struct row_dsr *row, struct cu_err *err)
{
	if (wants_file(row) && x->fd < 0) {
		return cu_err_set(err, CU_EINVAL,
			"file: expected a new file for the person: 'request execute %u dossier.zip'",
			row->number);
	}
	return !wants_file(row) && x->fd >= 0 ?
		cu_err_set(err, CU_EINVAL, "file: request %u shows nobody anything", row->number) :
		0;
}

/* What the consent alone kept goes with it; the withdrawal holds in any case. */
static void follow_withdrawal(struct exchange *x, const struct row_dsr *row)
{
	const struct purpose *purpose = policy_find_purpose(x->daemon->policy, row->about);
	struct id erasure;
	struct cu_err why;

	if (row->type == REQUEST_WITHDRAWAL && purpose &&
		withdrawal_follow(x, purpose, &row->subject, &erasure, &why) < 0) {
		log_notice("request %u: what was kept for '%s' alone is not erased: %s", row->number,
			purpose->key, why.msg);
	}
}

int handle_REQUEST_EXECUTE(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct erasure_rules *rules = policy_erasure(x->daemon->policy);
	struct execution e = { .grace_ms = duration_seconds(rules->grace) * 1000,
		.approval_ms = duration_seconds(rules->approval_expires) * 1000 };
	struct casework c = { .fn = apply_execute, .ctx = &e };
	struct row_dsr row;
	int r = casework_find(x, &row, err);

	if (r == 0) {
		/* what others told was not given by the person (GDPR Art. 20(1), (4)) */
		e.is_own_only = row.type != REQUEST_ACCESS;
		r = require_file(x, &row, err);
	}
	if (r == 0 && wants_file(&row)) {
		c.number = row.number;
		c.fn = apply_check;
		r = casework_change(x, &c, err);
		if (r == 0 && !e.is_changed) {
			r = deliver(x, &row, &e, out, err);
		}
	}
	if (r == 0 && row.type == REQUEST_ERASURE) {
		r = find_addressee(x, &row, &e.who, err);
	}
	if (r == 0 && !e.is_changed && may_be_next(&row)) {
		r = notices_write(x->daemon, &row, &e.notices, err);
	}
	if (r == 0 && !e.is_changed) {
		c.fn = apply_execute;
		r = casework_run(x, &c, out, err);
	}
	notices_done(&e.notices);
	addressee_done(&e.who);
	if (r == 0 && e.is_held) {
		char hold[ID_TEXT_SIZE];

		id_format(&e.hold, hold);
		return cu_err_set(err, CU_EBUSY,
			"a legal hold keeps what it is about ('hold show %s'): request %u waits until that is released",
			hold, row.number);
	}
	if (r == 0 && e.is_changed) {
		return cu_err_set(err, CU_EDENIED,
			"what is held of this person has changed since it was approved, or the approval has expired: 'request approve %u' again",
			row.number);
	}
	if (r == 0) {
		follow_withdrawal(x, &row);
		eraser_wake(&x->daemon->eraser);
	}
	return r;
}

/* --- done ------------------------------------------------------------------------- */

static int apply_done(struct tx *tx, struct casework *c, struct cu_err *err)
{
	int r = request_move(tx, &c->row, REQ_ON_ANSWER, err);

	return r < 0 ? r : request_move(tx, &c->row, REQ_ON_COMPLETE, err);
}

int handle_REQUEST_DONE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct casework c = { .fn = apply_done };

	return casework_run(x, &c, out, err);
}
