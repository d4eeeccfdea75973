#include "store/tx_incident.h"

#include <string.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_case.h"

#define LAST_NUMBER "incident.number"
#define TEXTS       "custos.incident"

int tx_incident_open(struct tx *tx, struct row_incident *row, struct cu_err *err)
{
	uint64_t last = 0;
	int r = engine_meta_get_u64(tx->engine, LAST_NUMBER, &last, err);

	if (r >= 0) { /* 0: the first of all */
		r = tx_case_open(tx, &row->kase, err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(tx->engine, LAST_NUMBER, last + 1, err);
	}
	row->id = id_new();
	row->number = (uint32_t)last + 1;
	row->entered_ms = tx->now_ms;
	return r < 0 ? r : tx_incident_put(tx, row, LEAF_INCIDENT_OPEN, "", err);
}

int tx_incident_get(struct tx *tx, uint32_t number, struct row_incident *ret, struct cu_err *err)
{
	int r = number == 0 ? 0 : engine_incident_next(tx->engine, number - 1, ret, err);

	if (r == 0 || (r > 0 && ret->number != number)) {
		return cu_err_set(err, CU_ENOENT, "there is no incident %u", number);
	}
	return r < 0 ? r : 0;
}

static int put_leaf(struct tx *tx, const struct row_incident *row, enum leaf_act act,
	const char *law, const char *why, struct cu_err *err)
{
	struct leaf leaf = { .act = act, .obj = row->id, .count = row->number };

	strncpy(leaf.collection, law, sizeof(leaf.collection) - 1);
	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	return tx_leaf(tx, &leaf, err);
}

int tx_incident_put(struct tx *tx, const struct row_incident *row, enum leaf_act act,
	const char *why, struct cu_err *err)
{
	int r = engine_incident_put(tx->engine, row, err);

	return r < 0 ? r : put_leaf(tx, row, act, "", why, err);
}

/* A restore may have found the keys of its case gone. */
int tx_incident_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_INCIDENT_END };
	struct row_incident row;
	int r = engine_incident_over(tx->engine, before_ms, &row, err);

	if (r <= 0) {
		return r;
	}
	leaf.obj = row.id;
	leaf.count = row.number;
	r = tx_case_end(tx, &row.kase, err);
	if (r == 0 || r == CU_ENOENT) {
		r = engine_incident_delete(tx->engine, &row.id, err);
	}
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	return r < 0 ? r : 1;
}

int tx_incident_text(struct tx *tx, const struct row_incident *row, const char *about,
	struct span text, struct cu_err *err)
{
	const struct case_text it = { "text", text };

	return tx_case_paper(tx, &row->kase, TEXTS, about, &it, 1, NULL, err);
}

int tx_incident_told(struct tx *tx, const struct row_incident *row,
	const struct row_incident_told *told, const char *whom, struct cu_err *err)
{
	int r = engine_incident_told_put(tx->engine, &row->id, told, err);

	return r < 0 ? r : put_leaf(tx, row, LEAF_INCIDENT_TELL, told->law, whom, err);
}

int tx_incident_scope(struct tx *tx, struct row_incident *row, const char *purpose,
	struct span ids, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_INCIDENT_SCOPE, .rec = row->id };
	int r;

	strncpy(leaf.purpose, purpose, sizeof(leaf.purpose) - 1);
	row->naffected = ids.n / sizeof(struct id);
	row->scoped_ms = tx->now_ms;
	r = engine_incident_put(tx->engine, row, err);
	if (r == 0) { /* nobody leaves no entry there */
		r = ids.n > 0 ? tx_access_note(tx, &leaf, ids, err) : tx_leaf(tx, &leaf, err);
	}
	return r;
}
