#include "store/tx_duty.h"

#include <stdio.h>

#include "base/err.h"
#include "store/store_internal.h"
#include "store/tx_case.h"

#define NAME_SIZE (ENGINE_KEY_SIZE + 16)

static void note_name(const char *duty, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "duty.since.%s", duty);
}

int tx_duty_know(struct tx *tx, const char *duty, struct cu_err *err)
{
	char name[NAME_SIZE];
	uint64_t since;
	int r;

	note_name(duty, name);
	r = engine_meta_get_u64(tx->engine, name, &since, err);
	return r != 0 ? (r < 0 ? r : 0) : tx_note_put(tx, name, (uint64_t)tx->now_ms, err);
}

static int put_leaf(struct tx *tx, enum leaf_act act, const struct row_duty *row,
	struct cu_err *err)
{
	struct leaf leaf = { .act = act, .obj = row->id };

	snprintf(leaf.collection, sizeof(leaf.collection), "%s", row->duty);
	return tx_leaf(tx, &leaf, err);
}

int tx_duty_done(struct tx *tx, struct row_duty *row, struct span text, struct cu_err *err)
{
	const struct case_text evidence = { "text", text };
	int r = tx_case_open(tx, &row->kase, err);

	row->id = id_new();
	row->at_ms = tx->now_ms;
	row->actor = tx->actor;
	if (r == 0) {
		r = tx_case_paper(tx, &row->kase, DUTY_COLLECTION, "evidence", &evidence, 1, NULL, err);
	}
	if (r == 0) {
		r = engine_duty_put(tx->engine, row, err);
	}
	return r < 0 ? r : put_leaf(tx, LEAF_DUTY_DONE, row, err);
}

/* A restore may have found the keys of its case gone. */
int tx_duty_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err)
{
	struct row_duty row;
	int r = engine_duty_over(tx->engine, before_ms, &row, err);

	if (r <= 0) {
		return r;
	}
	r = tx_case_end(tx, &row.kase, err);
	if (r == 0 || r == CU_ENOENT) {
		r = engine_duty_delete(tx->engine, &row.id, err);
	}
	if (r == 0) {
		r = put_leaf(tx, LEAF_DUTY_END, &row, err);
	}
	return r < 0 ? r : 1;
}

/* --- reading ---------------------------------------------------------------------- */

int reader_duty_known(struct reader *rd, const char *duty, int64_t *ret_ms, struct cu_err *err)
{
	char name[NAME_SIZE];
	uint64_t ms = 0;
	int r;

	note_name(duty, name);
	r = reader_note(rd, name, &ms, err);
	if (r > 0) {
		*ret_ms = (int64_t)ms;
	}
	return r;
}

int reader_duty_before(struct reader *rd, const char *duty, const struct row_duty *before,
	struct row_duty *ret, struct cu_err *err)
{
	return engine_duty_before(rd->engine, duty, before, ret, err);
}

int reader_duty_next_key(
	struct reader *rd, const char *after, char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	return engine_duty_next_key(rd->engine, after, ret, err);
}
