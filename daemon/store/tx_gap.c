#include "store/tx_gap.h"

#include <inttypes.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_approval.h"

int tx_gap_get(struct tx *tx, uint64_t *ret_leaves, struct cu_err *err)
{
	uint64_t is_restricted = 0, leaves = 0;
	int r = engine_meta_get_u64(tx->engine, "restricted", &is_restricted, err);

	if (r >= 0 && !is_restricted) {
		return cu_err_set(
			err, CU_ENOENT, "there is no gap in the log to be accepted");
	}
	if (r >= 0) {
		r = engine_meta_get_u64(tx->engine, "gap_leaves", &leaves, err);
	}
	if (r >= 0) {
		*ret_leaves = leaves;
	}
	return r < 0 ? r : 0;
}

int tx_gap_scope(struct tx *tx, struct buf *to, struct cu_err *err)
{
	struct id lineage = store_lineage(tx->store);
	char text[ID_TEXT_SIZE];
	uint64_t leaves = 0;
	int r = tx_gap_get(tx, &leaves, err);

	if (r < 0) {
		return r;
	}
	id_format(&lineage, text);
	buf_putf(to, "custos gap v1 %s\nleaves %" PRIu64 "\n", text, leaves);
	return buf_check(to, err);
}

/* One that still counts for this gap: 1, 0 or a code. */
static int find_open(
	struct tx *tx, struct span scope, struct row_approval *ret, struct cu_err *err)
{
	struct row_approval row, *after = NULL;
	int r;

	while ((r = engine_approval_next(tx->engine, after, &row, err)) > 0) {
		after = &row;
		if (tx_approval_is_open(tx, &row, GAP_KIND, scope)) {
			*ret = row;
			break;
		}
	}
	return r;
}

int tx_gap_ask(
	struct tx *tx, int64_t keep_ms, struct row_approval *ret, struct cu_err *err)
{
	struct approval_ask ask = { .kind = GAP_KIND, .keep_ms = keep_ms };
	struct buf scope = BUF_INIT;
	struct id id;
	int r = tx_gap_scope(tx, &scope, err);

	ask.scope = buf_span(&scope);
	if (r == 0) {
		r = find_open(tx, ask.scope, ret, err);
	}
	if (r == 0) {
		r = tx_approval_ask(tx, &ask, &id, err);
		if (r == 0) {
			r = tx_approval_get(tx, &id, ret, err);
		}
	}
	buf_done(&scope);
	return r < 0 ? r : 0;
}

/* --- accepted --------------------------------------------------------------------- */

int tx_gap_accept(struct tx *tx, const struct id *approval, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_GAP_ACCEPTED, .obj = *approval };
	struct buf scope = BUF_INIT;
	int r = tx_gap_get(tx, &leaf.count, err);

	if (r == 0) {
		r = tx_gap_scope(tx, &scope, err);
	}
	if (r == 0) {
		r = tx_approval_use(tx, approval, GAP_KIND, buf_span(&scope), err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(tx->engine, "restricted", 0, err);
	}
	buf_done(&scope);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

void store_lift_restriction(struct store *st)
{
	atomic_store(&st->is_restricted, false);
}

struct accept {
	struct store_op op;
	struct id approval;
};

static int apply_accept(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_gap_accept(tx, &((struct accept *)op)->approval, err);
}

int store_accept_gap(struct store *st, const struct id *actor, const struct id *approval,
	struct cu_err *err)
{
	struct accept a = { .op = { .apply = apply_accept,
				    .kind = STORE_CHANGE,
				    .actor = *actor },
		.approval = *approval };
	int r = store_run(st, &a.op, err);

	if (r == 0) { /* rows and leaf are durable */
		store_lift_restriction(st);
	}
	return r;
}
