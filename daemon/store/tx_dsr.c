#include "store/tx_dsr.h"

#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "store/dsr_scope.h"
#include "store/store_internal.h"
#include "store/tx_case.h"

#define PAPERS      "custos.request"

int tx_dsr_open(struct tx *tx, struct row_dsr *row, struct cu_err *err)
{
	uint64_t last = 0;
	int r = engine_meta_get_u64(tx->engine, DSR_LAST_NUMBER, &last, err);

	if (r >= 0) { /* 0: the first of all */
		r = tx_case_open(tx, &row->kase, err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(tx->engine, DSR_LAST_NUMBER, last + 1, err);
	}
	row->id = id_new();
	row->number = (uint32_t)last + 1;
	row->entered_ms = tx->now_ms;
	return r < 0 ? r : tx_dsr_put(tx, row, LEAF_REQUEST_OPEN, "", err);
}

int tx_dsr_get(struct tx *tx, uint32_t number, struct row_dsr *ret, struct cu_err *err)
{
	int r = engine_dsr_get(tx->engine, number, ret, err);

	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no request %u", number) :
	       r < 0  ? r :
			0;
}

int tx_dsr_by_id(struct tx *tx, const struct id *id, struct row_dsr *ret, struct cu_err *err)
{
	int r = engine_dsr_by_id(tx->engine, id, ret, err);

	return r == 0 ? cu_err_set(err, CU_ENOENT, "there is no such request") : r < 0 ? r : 0;
}

int tx_dsr_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_REQUEST_END };
	struct row_dsr row;
	int r = engine_dsr_over(tx->engine, before_ms, &row, err);

	if (r <= 0) {
		return r;
	}
	leaf.obj = row.id;
	leaf.count = row.number;
	r = tx_case_end(tx, &row.kase, err);
	if (r == 0) {
		r = engine_dsr_delete(tx->engine, &row.id, err);
	}
	if (r == 0) {
		r = tx_leaf(tx, &leaf, err);
	}
	return r < 0 ? r : 1;
}

int tx_dsr_put(struct tx *tx, const struct row_dsr *row, enum leaf_act act, const char *why,
	struct cu_err *err)
{
	struct leaf leaf = { .act = act, .sub = row->subject, .obj = row->id, .count = row->number };
	int r = engine_dsr_put(tx->engine, row, err);

	strncpy(leaf.why, why, sizeof(leaf.why) - 1);
	return r < 0 ? r : tx_leaf(tx, &leaf, err);
}

int tx_dsr_paper(struct tx *tx, const struct row_dsr *row, const char *kind,
	const struct case_text *texts, size_t n, struct id *ret_id, struct cu_err *err)
{
	return tx_case_paper(tx, &row->kase, PAPERS, kind, texts, n, ret_id, err);
}

/* --- parts ------------------------------------------------------------------------ */

int tx_dsr_part_put(struct tx *tx, const struct row_dsr *row, const struct row_dsr_part *part,
	struct cu_err *err)
{
	return engine_dsr_part_put(tx->engine, &row->id, part, err);
}

int tx_dsr_part_drop(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err)
{
	return engine_dsr_part_drop(tx->engine, &row->id, kind, collection, err);
}

int tx_dsr_next_part(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err)
{
	return engine_dsr_part_next(tx->engine, &row->id, kind, after, ret, err);
}

int tx_dsr_has_part(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err)
{
	struct row_dsr_part part = { .collection = "" };
	int r;

	while ((r = engine_dsr_part_next(
			tx->engine, &row->id, kind, part.collection, &part, err)) > 0) {
		if (strcmp(part.collection, collection) == 0) {
			return 1;
		}
	}
	return r;
}

/* --- pauses ----------------------------------------------------------------------- */

/* The last one: 1, 0 or a code. */
static int last_pause(struct tx *tx, const struct row_dsr *row, struct row_dsr_pause *ret,
	struct cu_err *err)
{
	struct row_dsr_pause p = { INT32_MIN, 0 };
	int n = 0, r;

	while ((r = engine_dsr_pause_next(tx->engine, &row->id, p.from_day, &p, err)) > 0) {
		*ret = p;
		n = 1;
	}
	return r < 0 ? r : n;
}

int tx_dsr_pause(struct tx *tx, const struct row_dsr *row, int32_t day, struct cu_err *err)
{
	struct row_dsr_pause p, begins = { day, CIVIL_NO_DAY };
	int r = last_pause(tx, row, &p, err);

	if (r > 0 && (p.to_day == CIVIL_NO_DAY || p.from_day == day)) {
		return 0; /* it stands still already, or has today */
	}
	return r < 0 ? r : engine_dsr_pause_put(tx->engine, &row->id, &begins, err);
}

int tx_dsr_resume(struct tx *tx, const struct row_dsr *row, int32_t day, struct cu_err *err)
{
	struct row_dsr_pause p;
	int r = last_pause(tx, row, &p, err);

	if (r <= 0 || p.to_day != CIVIL_NO_DAY) {
		return r < 0 ? r : 0;
	}
	p.to_day = day > p.from_day ? day : p.from_day;
	return engine_dsr_pause_put(tx->engine, &row->id, &p, err);
}

int tx_dsr_next_pause(struct tx *tx, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err)
{
	return engine_dsr_pause_next(tx->engine, &row->id, after, ret, err);
}

/* --- scope ------------------------------------------------------------------------ */

static int put_line(void *ctx, const struct dsr_item *item, struct cu_err *err)
{
	(void)err;
	buf_putf(ctx, "%s %" PRIu64 " %s%s\n", item->collection, item->nrecords,
		item->is_mention ? "of others " : "", item->is_kept ? "kept" : "done");
	return 0;
}

int tx_dsr_scope(struct tx *tx, const struct row_dsr *row, struct buf *to, struct cu_err *err)
{
	char id[ID_TEXT_SIZE], subject[ID_TEXT_SIZE];
	int r;

	id_format(&row->id, id);
	id_format(&row->subject, subject);
	buf_putf(to, "request %s type %u law %s about %s subject %s\n", id, row->type, row->law,
		row->about, subject);
	r = dsr_scope_each(tx->engine, row, put_line, to, err);
	return r < 0 ? r : buf_check(to, err);
}

int tx_dsr_each(struct tx *tx, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	return dsr_scope_each(tx->engine, row, fn, ctx, err);
}

int tx_dsr_open_of(struct tx *tx, const struct id *subject, uint32_t after, struct row_dsr *ret,
	struct cu_err *err)
{
	return engine_dsr_of(tx->engine, subject, after, ret, err);
}
