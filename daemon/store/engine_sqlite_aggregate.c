/* The rows of what ended records leave behind as numbers. */
#include "store/engine_aggregate.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

static int found(sqlite3_stmt *st, int r)
{
	db_reset(st);
	return r < 0 ? r : 1;
}

/* --- tallies ---------------------------------------------------------------------- */

int engine_tally_put(struct engine *e, const struct row_tally *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_TALLY_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->run);
	engine_bind_id(st, 2, &row->tally);
	engine_bind_u64(st, 3, row->slot);
	db_bind_span(st, 4, span_of(row->digest, sizeof(row->digest)));
	engine_bind_u64(st, 5, row->nrecords);
	engine_bind_u64(st, 6, row->seq);
	return db_run(st, err);
}

int engine_tally_get(struct engine *e, const struct id *run, struct row_tally *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_TALLY_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, run);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	*ret = (struct row_tally){ .run = *run, .slot = column_u64(st, 2),
		.nrecords = column_u64(st, 4), .seq = column_u64(st, 5) };
	r = db_column_copy(st, 1, ret->tally.b, sizeof(ret->tally.b), err);
	if (r == 0) {
		r = db_column_copy(st, 3, ret->digest, sizeof(ret->digest), err);
	}
	return found(st, r);
}

int engine_tally_delete(struct engine *e, const struct id *run, struct cu_err *err)
{
	return engine_do_id(e, ST_TALLY_DEL, run, err);
}

/* --- groups ----------------------------------------------------------------------- */

int engine_aggregate_put(struct engine *e, const struct row_aggregate *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_AGGREGATE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->tally);
	engine_bind_text(st, 2, row->collection);
	engine_bind_text(st, 3, row->group);
	engine_bind_u64(st, 4, row->nrecords);
	engine_bind_text(st, 5, row->sums);
	return db_run(st, err);
}

int engine_aggregates_drop(struct engine *e, const struct id *tally, struct cu_err *err)
{
	return engine_do_id(e, ST_AGGREGATES_DROP, tally, err);
}

int engine_aggregate_next(struct engine *e, const struct row_aggregate *after,
	struct row_aggregate *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_AGGREGATE_NEXT, &st, err);

	/* copied, because ret may be after */
	if (r == 0) {
		r = db_copy_text(st, 1, after->collection, err);
	}
	if (r == 0) {
		r = db_copy_text(st, 2, after->group, err);
	}
	if (r == 0) {
		r = db_copy_span(st, 3, span_of(after->tally.b, sizeof(after->tally.b)), err);
	}
	r = r < 0 ? r : db_step(st, err);
	if (r <= 0) {
		return r;
	}
	ret->nrecords = column_u64(st, 3);
	r = db_column_copy(st, 0, ret->tally.b, sizeof(ret->tally.b), err);
	if (r == 0) {
		r = engine_column_key(st, 1, ret->collection, err);
	}
	if (r == 0) {
		r = db_column_text(st, 2, ret->group, sizeof(ret->group), err);
	}
	if (r == 0) {
		r = db_column_text(st, 4, ret->sums, sizeof(ret->sums), err);
	}
	return found(st, r);
}

/* --- records under a key ---------------------------------------------------------- */

static int prepare(struct engine *e, const struct row_expiry_item *item,
	enum engine_statement of_owner, enum engine_statement of_cohort, sqlite3_stmt **ret,
	struct cu_err *err)
{
	bool is_owner = item->kind == EXPIRY_OWNER;
	int r = engine_statement(e, is_owner ? of_owner : of_cohort, ret, err);

	if (r == 0) {
		engine_bind_u64(*ret, 1, item->slot);
	}
	if (r == 0 && is_owner) {
		engine_bind_id(*ret, 3, &item->subject);
		engine_bind_text(*ret, 4, item->collection);
	}
	return r;
}

int engine_keyed_count(struct engine *e, const struct row_expiry_item *item, uint64_t *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = prepare(e, item, ST_OWNED_COUNT, ST_COHORT_COUNT, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r > 0) {
		*ret = column_u64(st, 0);
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

int engine_keyed_changed(struct engine *e, const struct row_expiry_item *item, uint64_t seq,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = prepare(e, item, ST_OWNED_CHANGED, ST_COHORT_CHANGED, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 2, seq);
	r = db_step(st, err);
	return r > 0 ? found(st, 0) : r;
}

int engine_keyed_next(struct engine *e, const struct row_expiry_item *item, int64_t *at,
	struct id *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = prepare(e, item, ST_OWNED_NEXT, ST_COHORT_RECORD_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 2, *at);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	*at = sqlite3_column_int64(st, 0);
	return found(st, db_column_copy(st, 1, ret->b, sizeof(ret->b), err));
}
