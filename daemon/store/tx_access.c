/* The access journal: who was shown to whom in bulk stands there before it happens. */
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/store_internal.h"

/* Whose erasure began while the read was under way is not shown any more. */
static int require_all(struct tx *tx, struct span ids, struct cu_err *err)
{
	struct row_subject who;
	int r = 0;

	for (size_t at = 0; r == 0 && at < ids.n; at += sizeof(struct id)) {
		struct id id;

		memcpy(id.b, ids.p + at, sizeof(id.b));
		r = tx_subject_require(tx, &id, &who, err);
	}
	return r;
}

static int put_entry(struct tx *tx, const struct leaf *given, struct span ids,
	struct cu_err *err)
{
	struct row_access row = { .id = id_new(),
		.period = civil_number_of_day(civil_day_of_ms(tx->now_ms)) };
	struct leaf leaf = *given;
	uint64_t slot = 0;
	int r = tx_cohort_slot(tx, ACCESS_COLLECTION, "", row.period, &slot, err);

	buf_clear(&tx->scratch);
	if (r == 0) {
		r = access_seal(tx->sealer, slot, &row, ids, leaf.digest, &tx->scratch, err);
	}
	if (r == 0) {
		row.sealed = buf_span(&tx->scratch);
		r = engine_access_put(tx->engine, &row, err);
	}
	if (r == 0) {
		leaf.obj = row.id;
		leaf.has_digest = true;
		leaf.count = ids.n / sizeof(struct id);
		r = tx_leaf(tx, &leaf, err);
	}
	return r;
}

int tx_access_put(
	struct tx *tx, const struct leaf *leaf, struct span ids, struct cu_err *err)
{
	int r = require_all(tx, ids, err);

	return r < 0 ? r : tx_access_note(tx, leaf, ids, err);
}

int tx_access_note(
	struct tx *tx, const struct leaf *leaf, struct span ids, struct cu_err *err)
{
	const size_t max = ACCESS_MAX_IDS * sizeof(struct id);
	int r = 0;

	for (size_t at = 0; r == 0 && at < ids.n; at += max) {
		size_t n = ids.n - at < max ? ids.n - at : max;

		r = put_entry(tx, leaf, span_of(ids.p + at, n), err);
	}
	return r;
}

/* The keys first: rows without a key tell nothing, and the next end takes them away. */
int tx_access_end(struct tx *tx, uint32_t before, size_t *ret_n, struct cu_err *err)
{
	int r = tx_cohorts_end(tx, ACCESS_COLLECTION, before, ret_n, err);

	return r < 0 ? r : engine_access_drop(tx->engine, before, err);
}
