#include "control/erase.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "control/approval.h"
#include "control/daemon.h"
#include "control/eraser.h"
#include "control/exchange.h"
#include "control/preview.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "vault/vault.h"

/* --- begin, cancel ---------------------------------------------------------------- */

struct begin {
	struct store_op op;
	const struct erase_request *request;
	struct id erasure;
};

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct begin *b = (struct begin *)op;
	const struct erase_request *q = b->request;
	struct buf known = BUF_INIT;
	int r = id_is_nil(&q->id) ? 0 : tx_request_get(tx, &q->id, &known, err);

	if (r > 0) {
		struct cursor c = cursor_of(buf_span(&known));

		cursor_copy(&c, b->erasure.b, sizeof(b->erasure.b));
	} else if (r == 0) {
		r = tx_erase_begin(tx, &q->what, &b->erasure, err);
		if (r == 0 && !id_is_nil(&q->id)) {
			r = tx_request_put(tx, &q->id, span_of(b->erasure.b, sizeof(b->erasure.b)),
				err);
		}
	}
	buf_done(&known);
	return r < 0 ? r : 0;
}

static int apply_note(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_note_refusal(tx, &((struct begin *)op)->request->what, err);
}

int erase_begin(struct daemon *d, struct erase_request *q, struct id *ret_erasure,
	struct cu_err *err)
{
	const struct erasure_rules *p = policy_erasure(d->policy);
	struct begin b = { .op = { .apply = apply_begin, .kind = STORE_CHANGE, .actor = q->actor },
		.request = q };
	int r;

	q->what.grace_ms = duration_seconds(p->grace) * 1000;
	q->what.approval_ms = duration_seconds(p->approval_expires) * 1000;
	r = store_run(d->house.store, &b.op, err);
	if (r == 0) {
		*ret_erasure = b.erasure;
		eraser_wake(&d->eraser);
	} else if (r == CU_EDENIED) { /* by a hold, which remembers it */
		b.op.apply = apply_note;
		(void)store_run(d->house.store, &b.op, NULL); /* the refusal itself is told */
	}
	return r;
}

static int apply_cancel(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_erase_cancel(tx, &((struct begin *)op)->erasure, "", err);
}

int erase_cancel(struct daemon *d, const struct id *actor, const struct id *erasure,
	struct cu_err *err)
{
	struct begin b = { .op = { .apply = apply_cancel, .kind = STORE_CHANGE, .actor = *actor },
		.erasure = *erasure };
	int r = store_run(d->house.store, &b.op, err);

	if (r == 0) {
		eraser_wake(&d->eraser);
	}
	return r;
}

/* --- what came of it -------------------------------------------------------------- */

static int get_row(struct daemon *d, const struct id *erasure, struct row_erasure *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = reader_erasure(rd, erasure, ret, err);

	store_reader_give(d->house.store, rd);
	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no such erasure") : r < 0 ? r : 0;
}

/* What the eraser was told by the targets; not for long, and not beyond a start.  What it has not asked
 * them yet, or finished before a start was over, is no answer. */
static bool find_result(struct eraser *e, const struct id *erasure, struct erase_result *ret)
{
	bool is_found = false;

	pthread_mutex_lock(&e->lock);
	for (unsigned i = 0; i < ERASER_RESULTS && !is_found; i++) {
		is_found = i < e->nresults && e->results[i].is_asked && id_eq(&e->results[i].row.id, erasure);
		if (is_found) {
			*ret = e->results[i];
		}
	}
	pthread_mutex_unlock(&e->lock);
	return is_found;
}

/* From what the store remembers of each target. */
static int ask_targets(struct daemon *d, struct erase_result *ret, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	struct repos_last last;
	int r = 0;

	ret->is_confirmed = targets->n > 0;
	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		r = repos_last(d, &targets->v[i], &last, err);
		ret->ntargets++;
		if (r == 0 && last.sequence > 0 && last.generation < ret->row.generation) {
			ret->is_confirmed = false;
			strncpy(ret->unconfirmed, targets->v[i].key, sizeof(ret->unconfirmed) - 1);
		}
	}
	return r;
}

int erase_get(struct daemon *d, const struct id *erasure, struct erase_result *ret,
	struct cu_err *err)
{
	struct erase_result got = { 0 };
	int r = get_row(d, erasure, &got.row, err);

	if (r == 0 && got.row.state == ERASURE_DONE && !find_result(&d->eraser, erasure, &got)) {
		r = ask_targets(d, &got, err);
	}
	if (r == 0) {
		*ret = got;
	}
	return r;
}

struct done_leaf {
	struct id erasure;
	uint64_t at;
};

static int is_done_leaf(void *ctx, uint64_t at, struct span text, struct cu_err *err)
{
	struct done_leaf *d = ctx;
	struct leaf leaf;

	(void)err;
	d->at = at;
	return leaf_parse(text, &leaf, NULL, 0, NULL) == 0 && leaf.act == LEAF_ERASE_DONE &&
		id_eq(&leaf.obj, &d->erasure);
}

/* 1: found.  0: the log has it not. */
static int look_for_end(
	struct daemon *d, const struct row_erasure *row, struct done_leaf *done, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = ledger_read(d->house.ledger, row->done_leaf, &text, NULL);

	r = r == 0 ? is_done_leaf(done, row->done_leaf, buf_span(&text), err) : 0;
	buf_done(&text);
	if (r == 0) { /* moved by a crash, or from before that was kept; it is not old */
		r = ledger_each_back(d->house.ledger, is_done_leaf, done, err);
	}
	return r;
}

static int apply_nothing(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)tx;
	(void)op;
	(void)err;
	return 0;
}

/* A row can be seen a moment before its leaf: the log is written after the commit.  What is
 * submitted now runs after both. */
static int wait_for_log(struct daemon *d, struct cu_err *err)
{
	struct store_op op = { .apply = apply_nothing, .kind = STORE_ALONE };

	return store_run(d->house.store, &op, err);
}

int erase_find_done_leaf(struct daemon *d, const struct row_erasure *row, uint64_t *ret,
	struct cu_err *err)
{
	struct done_leaf done = { .erasure = row->id };
	int r = look_for_end(d, row, &done, err);

	if (r == 0) {
		r = wait_for_log(d, err);
		r = r == 0 ? look_for_end(d, row, &done, err) : r;
		if (r == 0) {
			return cu_err_set(
				err, CU_EINTERNAL, "the log lacks the end of this erasure");
		}
	}
	if (r > 0) {
		*ret = done.at;
	}
	return r < 0 ? r : 0;
}

/* --- waiting ---------------------------------------------------------------------- */

#define LOOK_UP_EACH_MS 200 /* whether the call is cancelled */

struct waiting {
	struct exchange *x;
	struct eraser *eraser;
	erase_step_fn *step;
	void *ctx;
	const char *told; /* the last step */
};

static void tell(struct waiting *w, const struct row_erasure *row, const char *step)
{
	if (step && (!w->told || strcmp(w->told, step) != 0)) {
		w->told = step;
		w->step(w->ctx, row, step);
	}
}

/* For something to happen, a little while; what the eraser does with this erasure then. */
static void wait_for_change(struct waiting *w, const struct id *erasure, uint64_t *nchanges,
	const char **ret_step, bool *ret_busy, int *ret_code, struct cu_err *err)
{
	struct eraser *e = w->eraser;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_UP_EACH_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&e->lock);
	while (e->nchanges == *nchanges &&
		pthread_cond_timedwait(&e->changed, &e->lock, &until) != ETIMEDOUT) {
	}
	*nchanges = e->nchanges;
	*ret_step = e->step && id_eq(&e->at, erasure) ? e->step : NULL;
	*ret_busy = e->is_busy;
	*ret_code = 0;
	if (id_eq(&e->failed, erasure)) {
		e->failed = (struct id){ 0 };
		*ret_code = e->why.code;
		*err = e->why;
	}
	pthread_mutex_unlock(&e->lock);
}

static const char *name_of_wait(const struct row_erasure *row)
{
	return row->state == ERASURE_COOLING_OFF ? "cooling_off" :
		row->state == ERASURE_AWAITING_APPROVAL ? "awaiting_approval" :
							   NULL;
}

int erase_wait(struct exchange *x, const struct id *erasure, erase_step_fn *step, void *ctx,
	struct erase_result *ret, struct cu_err *err)
{
	struct waiting w = { x, &x->daemon->eraser, step, ctx, NULL };
	uint64_t nchanges = 0;

	for (;;) {
		struct row_erasure row;
		struct cu_err why = { 0 };
		const char *now;
		bool is_busy;
		int failed, r;

		wait_for_change(&w, erasure, &nchanges, &now, &is_busy, &failed, &why);
		r = get_row(x->daemon, erasure, &row, err);
		if (r < 0) {
			return r;
		}
		tell(&w, &row, now ? now : name_of_wait(&row));
		if (row.state == ERASURE_CANCELLED || (row.state == ERASURE_DONE && !is_busy)) {
			return erase_get(x->daemon, erasure, ret, err);
		}
		if (failed < 0 && row.state != ERASURE_DONE) {
			*err = why;
			return cu_err_wrap(err, failed, "the erasure goes on by itself, later");
		}
		if (exchange_is_cancelled(x)) {
			return cu_err_set(err, CU_ECANCELED, "the erasure waits on by itself");
		}
	}
}

/* --- approvals -------------------------------------------------------------------- */

static int scope_of(struct tx *tx, const struct id *erasure, struct buf *to, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erase_get(tx, erasure, &row, err);

	return r < 0 ? r : tx_erase_scope(tx, &row, to, err);
}

/* Whoever could ask for the erasure may decide about it; never root. */
static int may_decide(struct exchange *x, const struct id *erasure, struct cu_err *err)
{
	struct row_erasure row;
	int r = get_row(x->daemon, erasure, &row, err);

	if (r == 0 && !access_allows_purpose(&x->rights, "erase", row.purpose)) {
		r = cu_err_set(err, CU_EDENIED,
			"this is for whoever may erase for the purpose of the erasure%s",
			x->rights.is_root ? _(" (root never touches a person's data)") : "");
	}
	return r;
}

static int say(struct exchange *x, const struct id *erasure, struct json *lines,
	struct cu_err *err)
{
	struct row_erasure row;
	struct preview p;
	int r = get_row(x->daemon, erasure, &row, err);

	if (r == 0) {
		r = preview_of_erasure(x, &row, &p, err);
	}
	if (r == 0) {
		preview_say(&p, lines);
		preview_done(&p);
	}
	return r;
}

static int on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err)
{
	(void)approval;
	(void)is_granted;
	(void)err;
	eraser_wake(&x->daemon->eraser); /* it looks at the approval itself */
	return 0;
}

const struct approval_kind erase_approval_now = { ERASE_KIND_NOW, scope_of, may_decide, say,
	on_decided };
const struct approval_kind erase_approval_cap = { ERASE_KIND_CAP, scope_of, may_decide, say,
	on_decided };

/* --- targets that were away ------------------------------------------------------- */

void erase_catch_up(struct daemon *d, const struct watch *watch)
{
	const struct targets *targets = policy_targets(d->policy);
	uint64_t newest = vault_generation(d->house.vault);
	int64_t old_ms = clock_now_ms(&d->house.clock) - repos_bound_ms(d) / 2;

	/* looked at after the generation: what was shredded till then is at the targets, or missed
	 * them; what is shredded from now on is brought there by the eraser */
	if (eraser_is_busy(&d->eraser)) {
		return;
	}
	for (size_t i = 0; i < targets->n; i++) {
		struct cu_err err;
		int r = repos_renew(d, &targets->v[i], newest, old_ms, watch, &err);

		if (r > 0) {
			log_notice("target %s has the newest vault object now", targets->v[i].key);
		} else if (r < 0 && r != CU_ECANCELED) {
			log_warn("a target lacks the newest vault object: %s", err.msg);
		}
	}
}
