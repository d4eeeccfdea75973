#include "store/tx_case.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "vault/vault.h"

int tx_case_open(struct tx *tx, struct id *ret, struct cu_err *err)
{
	struct row_subject row = { .id = id_new(), .kind = SUBJECT_CASE, .state = SUBJECT_LIVE,
		.created_ms = tx->now_ms };
	int r = tx_take_run(tx, &row.run, err);

	if (r == 0) {
		r = engine_subject_put(tx->engine, &row, err);
	}
	if (r == 0) {
		*ret = row.id;
	}
	return r;
}

static int require_case(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct row_subject row;
	int r = engine_subject_get(tx->engine, id, &row, err);

	if (r == 0 || (r > 0 && row.kind != SUBJECT_CASE)) {
		return cu_err_set(err, CU_ENOENT, "there is no such case");
	}
	return r < 0 ? r : 0;
}

/* Shredded before the rows go: after a crash in between they name slots that are shredded again,
 * which does no harm. */
int tx_case_end(struct tx *tx, const struct id *id, struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	struct leaf leaf = { .act = LEAF_ERASE_SHRED, .sub = *id };
	int r = require_case(tx, id, err);

	buf_clear(&tx->scratch);
	if (r == 0) {
		r = slots_of_subject(tx->engine, id, &tx->scratch, err);
	}
	if (r == 0) {
		leaf.slots = (const uint64_t *)(const void *)tx->scratch.p;
		leaf.nslots = tx->scratch.n / sizeof(uint64_t);
		r = vault_shred(v, leaf.slots, leaf.nslots, err);
	}
	if (r == 0) {
		leaf.generation = vault_generation(v);
		r = engine_subject_delete(tx->engine, id, err);
	}
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int tx_case_paper(struct tx *tx, const struct id *kase, const char *collection, const char *kind,
	const struct case_text *texts, size_t n, struct id *ret_id, struct cu_err *err)
{
	struct record rec = { .subject = *kase, .anchor_day = CIVIL_NO_DAY, .level = 3,
		.origin = RECORD_INTERNAL };
	int r = record_set(&rec, span_str("kind"), span_str(kind), err);

	strncpy(rec.collection, collection, sizeof(rec.collection) - 1);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = record_set(&rec, span_str(texts[i].name), texts[i].text, err);
	}
	if (r == 0) {
		r = tx_record_put(tx, &rec, err);
	}
	if (r == 0 && ret_id) {
		*ret_id = rec.id;
	}
	return r;
}
