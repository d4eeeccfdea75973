#include "control/erase.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "policy/policy.h"
#include "store/tx.h"

/* One step on the writer thread. */
struct step {
	struct store_op op;
	int (*fn)(struct tx *tx, const struct id *erasure, struct cu_err *err);
	const struct id *subject;
	const char *purpose;
	struct id erasure;
	uint64_t generation;
	uint64_t leaf; /* of the last step */
	bool is_found;
};

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_erase_begin(tx, s->subject, s->purpose, &s->erasure, err);
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
	struct row_erasure row;
	int r = tx_erasure_get(tx, &s->erasure, &row, err);

	s->generation = row.generation;
	return r;
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
		r = run_alone(d, s, apply_flush, err);
	}
	if (r == 0) {
		step(ctx, "done");
		r = run_step(d, s, tx_erase_done, err);
	}
	return r;
}

/* A target that holds no backup has nothing to forget. */
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

int erase_run(struct daemon *d, const struct id *actor, const struct id *subject,
	const char *purpose, erase_step_fn *step, void *ctx, struct erase_result *ret,
	struct cu_err *err)
{
	struct step s = { .op = { .apply = apply_begin, .kind = STORE_CHANGE, .actor = *actor },
		.subject = subject, .purpose = purpose };
	int r;

	step(ctx, "begin");
	r = store_run(d->house.store, &s.op, err);
	if (r == 0) {
		r = finish(d, &s, step, ctx, err);
	}
	if (r == 0) {
		r = run_alone(d, &s, apply_result, err);
	}
	if (r < 0) {
		return r;
	}
	*ret = (struct erase_result){ .erasure = s.erasure, .generation = s.generation,
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
