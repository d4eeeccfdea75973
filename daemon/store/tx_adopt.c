#include "store/tx_adopt.h"

#include "base/err.h"
#include "store/store_internal.h"

/* Looks again: two may ask at once. */
static int apply_adopt(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct leaf leaf = { .act = LEAF_STORE_ADOPT };
	int r;

	(void)op;
	if (!store_waits(tx->store)) {
		return cu_err_set(err, CU_ENOENT, "this store did not come out of a backup, or was adopted before");
	}
	r = engine_meta_put_u64(tx->engine, "adopted", 1, err);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int store_adopt(struct store *st, const struct id *actor, struct cu_err *err)
{
	struct store_op op = { .apply = apply_adopt, .kind = STORE_CHANGE, .actor = *actor };
	int r = store_run(st, &op, err);

	if (r == 0) { /* row and leaf are durable */
		atomic_store(&st->is_adopted, true);
	}
	return r;
}
