/* The steps of an erasure (DESIGN part 6); control/ puts them in order. */
#include <string.h>

#include "base/err.h"
#include "crypto/key.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "vault/vault.h"

int tx_erase_begin(struct tx *tx, const struct id *subject, const char *purpose,
	struct id *ret_erasure, struct cu_err *err)
{
	struct row_erasure row = { .id = id_new(), .subject = *subject, .state = ERASURE_BEGUN,
		.begun_ms = tx->now_ms };
	struct leaf leaf = { .act = LEAF_ERASE_BEGIN, .sub = *subject, .obj = row.id };
	struct row_subject who;
	int r = engine_subject_get(tx->engine, subject, &who, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0 && who.state == SUBJECT_ERASING) {
		return cu_err_set(err, CU_EBUSY,
			"an erasure of this data subject is under way; one that failed is "
			"finished at the next start");
	}
	if (r < 0) {
		return r;
	}
	who.state = SUBJECT_ERASING;
	r = engine_subject_put(tx->engine, &who, err);
	if (r == 0) {
		r = engine_erasure_put(tx->engine, &row, err);
	}
	if (r == 0) {
		strncpy(leaf.purpose, purpose, sizeof(leaf.purpose) - 1);
		r = tx_leaf(tx, &leaf, err);
	}
	if (r == 0) {
		*ret_erasure = row.id;
	}
	return r;
}

int tx_erasure_get(struct tx *tx, const struct id *erasure, struct row_erasure *ret,
	struct cu_err *err)
{
	int r = engine_erasure_get(tx->engine, erasure, ret, err);

	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no such erasure") : r < 0 ? r : 0;
}

int tx_erase_shred(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct vault *v = tx->store->cfg.vault;
	struct row_erasure row;
	struct leaf leaf = { .act = LEAF_ERASE_SHRED, .obj = *erasure };
	int r = tx_erasure_get(tx, erasure, &row, err);

	if (r < 0 || row.state != ERASURE_BEGUN) {
		return r;
	}
	buf_clear(&tx->scratch);
	r = slots_of_subject(tx->engine, &row.subject, &tx->scratch, err);
	if (r == 0) {
		leaf.sub = row.subject;
		leaf.slots = (const uint64_t *)(const void *)tx->scratch.p;
		leaf.nslots = tx->scratch.n / sizeof(uint64_t);
		r = vault_shred(v, leaf.slots, leaf.nslots, err);
	}
	if (r == 0) {
		row.generation = leaf.generation = vault_generation(v);
		row.state = ERASURE_SHREDDED;
		r = engine_erasure_put(tx->engine, &row, err);
	}
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

/* Nobody may call an erasure done while a key of the subject's still opens. */
static int require_shredded(struct tx *tx, const struct id *subject, struct cu_err *err)
{
	int r;

	buf_clear(&tx->scratch);
	r = slots_of_subject(tx->engine, subject, &tx->scratch, err);
	for (size_t i = 0; r == 0 && i < tx->scratch.n / sizeof(uint64_t); i++) {
		uint64_t slot;

		memcpy(&slot, tx->scratch.p + i * sizeof(slot), sizeof(slot));
		r = vault_slot_key(tx->store->cfg.vault, slot, tx->sealer->subject, err);
		key_wipe(tx->sealer->subject);
		if (r == 0) {
			return cu_err_set(err, CU_EINTERNAL, "a shredded key still opens");
		}
		r = r == CU_ENOKEY ? 0 : r;
	}
	return r;
}

int tx_erase_rows(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct row_erasure row;
	int r = tx_erasure_get(tx, erasure, &row, err);

	if (r == 0 && row.state == ERASURE_BEGUN) {
		r = cu_err_set(err, CU_EINTERNAL, "rows may not go before their keys");
	}
	if (r == 0) {
		r = require_shredded(tx, &row.subject, err);
	}
	return r < 0 ? r : engine_subject_delete(tx->engine, &row.subject, err);
}

int tx_erase_done(struct tx *tx, const struct id *erasure, struct cu_err *err)
{
	struct row_erasure row;
	struct leaf leaf = { .act = LEAF_ERASE_DONE, .obj = *erasure };
	struct row_subject who;
	int r = tx_erasure_get(tx, erasure, &row, err);

	if (r < 0 || row.state == ERASURE_DONE) {
		return r;
	}
	r = engine_subject_get(tx->engine, &row.subject, &who, err);
	if (r != 0) {
		return r < 0 ? r : cu_err_set(err, CU_EINTERNAL, "the subject's rows are still there");
	}
	row.state = ERASURE_DONE;
	row.done_ms = tx->now_ms;
	leaf.sub = row.subject;
	leaf.generation = row.generation;
	r = engine_erasure_put(tx->engine, &row, err);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int tx_erase_pending(struct tx *tx, struct id *ret_erasure, struct cu_err *err)
{
	struct row_erasure row;
	int r = engine_erasure_open(tx->engine, &row, err);

	if (r > 0) {
		*ret_erasure = row.id;
	}
	return r;
}
