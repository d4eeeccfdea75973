#include "control/erase.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/tx.h"
#include "vault/vault.h"

/* One step on the writer thread. */
struct step {
	struct store_op op;
	int (*fn)(struct tx *tx, const struct id *erasure, struct cu_err *err);
	const struct erase_request *request;
	struct id erasure;
	struct row_erasure row;
	uint64_t leaf; /* of the last step */
	bool is_found;
};

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	const struct erase_request *q = s->request;
	struct buf known = BUF_INIT;
	int r = id_is_nil(&q->id) ? 0 : tx_request_get(tx, &q->id, &known, err);

	if (r > 0) {
		struct cursor c = cursor_of(buf_span(&known));

		cursor_copy(&c, s->erasure.b, sizeof(s->erasure.b));
		s->is_found = true;
	} else if (r == 0) {
		r = tx_erase_begin(tx, &q->subject, q->purpose, &s->erasure, err);
		if (r == 0 && !id_is_nil(&q->id)) {
			r = tx_request_put(tx, &q->id, span_of(s->erasure.b, sizeof(s->erasure.b)),
				err);
		}
	}
	buf_done(&known);
	return r < 0 ? r : 0;
}

static int apply_step(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	int r = s->fn(tx, &s->erasure, err);

	s->leaf = tx_last_leaf(tx);
	return r;
}

static int apply_flush(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)op;
	return tx_flush(tx, err);
}

static int apply_result(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_erasure_get(tx, &s->erasure, &s->row, err);
}

static int apply_pending(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	int r = tx_erase_pending(tx, &s->erasure, err);

	s->is_found = r > 0;
	return r < 0 ? r : 0;
}

static int run_step(struct daemon *d, struct step *s,
	int (*fn)(struct tx *, const struct id *, struct cu_err *), struct cu_err *err)
{
	s->op.apply = apply_step;
	s->op.kind = STORE_CHANGE;
	s->fn = fn;
	return store_run(d->house.store, &s->op, err);
}

static int run_alone(struct daemon *d, struct step *s,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err)
{
	s->op.apply = apply;
	s->op.kind = STORE_ALONE;
	return store_run(d->house.store, &s->op, err);
}

/* From "begun" to "done" on this host. */
static int finish(struct daemon *d, struct step *s, erase_step_fn *step, void *ctx,
	struct cu_err *err)
{
	int r;

	step(ctx, "shred");
	r = run_step(d, s, tx_erase_shred, err);
	if (r == 0) {
		step(ctx, "rows");
		r = run_step(d, s, tx_erase_rows, err);
	}
	if (r == 0) {
		step(ctx, "flush");
		/* an image that a backup reads would be in the way: wait for its end */
		pthread_mutex_lock(&d->backing_up);
		r = run_alone(d, s, apply_flush, err);
		pthread_mutex_unlock(&d->backing_up);
	}
	if (r == 0) {
		step(ctx, "done");
		r = run_step(d, s, tx_erase_done, err);
	}
	return r;
}

/* A target that never held a backup has nothing to forget. */
static void confirm(struct daemon *d, struct erase_result *ret)
{
	const struct targets *targets = policy_targets(d->policy);
	struct snapshot_result result;

	ret->is_confirmed = targets->n > 0;
	for (size_t i = 0; i < targets->n; i++) {
		struct cu_err err;
		int r = repos_write(d, &targets->v[i], REPOS_VAULT, NULL, &result, &err);

		ret->ntargets++;
		if (r < 0 && r != CU_ENOENT) {
			log_warn("erasure: %s", err.msg);
			if (ret->is_confirmed) {
				snprintf(ret->unconfirmed, sizeof(ret->unconfirmed), "%s", err.msg);
			}
			ret->is_confirmed = false;
		}
	}
}

/* Of an erasure that was done before: from the newest leaf on, for it is not old. */
static int find_done_leaf(struct daemon *d, const struct id *erasure, uint64_t *ret,
	struct cu_err *err)
{
	struct ledger *l = d->house.ledger;
	struct buf text = BUF_INIT;
	struct leaf leaf;
	bool is_found = false;
	int r = 0;

	for (uint64_t i = ledger_size(l); r == 0 && !is_found && i-- > 0;) {
		buf_clear(&text);
		r = ledger_read(l, i, &text, err);
		is_found = r == 0 && leaf_parse(buf_span(&text), &leaf, NULL, 0, NULL) == 0 &&
			leaf.act == LEAF_ERASE_DONE && id_eq(&leaf.obj, erasure);
		if (is_found) {
			*ret = i;
		}
	}
	buf_done(&text);
	return r == 0 && !is_found ?
		cu_err_set(err, CU_EINTERNAL, "the log lacks the end of this erasure") :
		r;
}

/* Asked for again: answered, when it is done. */
static int answer_again(struct daemon *d, struct step *s, struct cu_err *err)
{
	int r = run_alone(d, s, apply_result, err);

	if (r == 0 && s->row.state != ERASURE_DONE) {
		r = cu_err_set(err, CU_EBUSY, "this erasure is under way");
	}
	return r < 0 ? r : find_done_leaf(d, &s->erasure, &s->leaf, err);
}

int erase_run(struct daemon *d, const struct erase_request *q, erase_step_fn *step, void *ctx,
	struct erase_result *ret, struct cu_err *err)
{
	struct step s = { .op = { .apply = apply_begin, .kind = STORE_CHANGE, .actor = q->actor },
		.request = q };
	int r;

	step(ctx, "begin");
	r = store_run(d->house.store, &s.op, err);
	if (r == 0 && s.is_found) {
		r = answer_again(d, &s, err);
	} else if (r == 0) {
		r = finish(d, &s, step, ctx, err);
		if (r == 0) {
			r = run_alone(d, &s, apply_result, err);
		}
	}
	if (r < 0) {
		return r;
	}
	*ret = (struct erase_result){ .erasure = s.erasure, .generation = s.row.generation,
		.leaf = s.leaf };
	step(ctx, "confirm");
	confirm(d, ret);
	return 0;
}

static void tell_nobody(void *ctx, const char *step)
{
	(void)ctx;
	(void)step;
}

int erase_resume(struct daemon *d, struct cu_err *err)
{
	int n = 0;

	for (;;) {
		struct step s = { 0 };
		int r = run_alone(d, &s, apply_pending, err);

		if (r == 0 && !s.is_found) {
			return n;
		}
		if (r == 0) {
			r = finish(d, &s, tell_nobody, NULL, err);
		}
		if (r < 0) {
			return r;
		}
		n++;
	}
}

void erase_catch_up(struct daemon *d, const struct watch *watch)
{
	const struct targets *targets = policy_targets(d->policy);
	uint64_t newest = vault_generation(d->house.vault);
	int64_t old_ms = clock_now_ms(&d->house.clock) - repos_bound_ms(d) / 2;

	for (size_t i = 0; i < targets->n; i++) {
		struct snapshot_result result;
		struct repos_last last;
		struct cu_err err;
		int r = repos_last(d, &targets->v[i], &last, &err);

		if (r == 0 && last.sequence > 0 &&
			(last.generation < newest || last.time_ms < old_ms)) {
			r = repos_write(d, &targets->v[i], REPOS_VAULT, watch, &result, &err);
			if (r == 0) {
				log_notice("target %s has the newest vault object now", targets->v[i].key);
			}
		}
		if (r < 0 && r != CU_ECANCELED) {
			log_warn("a target lacks the newest vault object: %s", err.msg);
		}
	}
}
