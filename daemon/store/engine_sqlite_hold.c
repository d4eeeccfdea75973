/* The rows of legal holds. */
#include "store/engine_hold.h"

#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

static int column_id(sqlite3_stmt *st, int at, struct id *ret, struct cu_err *err)
{
	return db_column_copy(st, at, ret->b, sizeof(ret->b), err);
}

/* Ends a lookup: r is what reading the row said. */
static int found(sqlite3_stmt *st, int r)
{
	db_reset(st);
	return r < 0 ? r : 1;
}

/* --- holds ------------------------------------------------------------------------ */

int engine_hold_put(struct engine *e, const struct row_hold *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_id(st, 2, &row->subject);
	engine_bind_id(st, 3, &row->kase);
	sqlite3_bind_int(st, 4, (int)row->scope);
	engine_bind_id(st, 5, &row->record);
	sqlite3_bind_int(st, 6, (int)row->state);
	if (row->review_day != CIVIL_NO_DAY) {
		sqlite3_bind_int(st, 7, row->review_day);
	}
	sqlite3_bind_int64(st, 8, row->placed_ms);
	sqlite3_bind_int64(st, 9, row->released_ms);
	engine_bind_id(st, 10, &row->placer);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_hold *ret, struct cu_err *err)
{
	int r = column_id(st, 0, &ret->id, err);

	if (r == 0) {
		r = column_id(st, 1, &ret->subject, err);
	}
	if (r == 0) {
		r = column_id(st, 2, &ret->kase, err);
	}
	if (r == 0) {
		r = column_id(st, 4, &ret->record, err);
	}
	if (r == 0) {
		r = column_id(st, 9, &ret->placer, err);
	}
	ret->scope = (enum hold_scope)sqlite3_column_int(st, 3);
	ret->state = (enum hold_state)sqlite3_column_int(st, 5);
	ret->review_day = sqlite3_column_type(st, 6) == SQLITE_NULL ? CIVIL_NO_DAY :
								      sqlite3_column_int(st, 6);
	ret->placed_ms = sqlite3_column_int64(st, 7);
	ret->released_ms = sqlite3_column_int64(st, 8);
	ret->nblocked = column_u64(st, 10);
	return r;
}

static int read_hold(sqlite3_stmt *st, struct row_hold *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	return r > 0 ? found(st, read_columns(st, ret, err)) : r;
}

int engine_hold_get(struct engine *e, const struct id *id, struct row_hold *ret,
	struct cu_err *err)
{
	struct id wanted = *id; /* perhaps of *ret */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &wanted);
	return read_hold(st, ret, err);
}

int engine_hold_over(struct engine *e, int64_t before_ms, struct row_hold *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_OVER, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, before_ms);
	return read_hold(st, ret, err);
}

int engine_hold_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	int r = engine_do_id(e, ST_HOLD_DEL_PARTS, id, err);

	if (r == 0) {
		r = engine_do_id(e, ST_HOLD_DEL_BLOCKS, id, err);
	}
	return r < 0 ? r : engine_do_id(e, ST_HOLD_DEL, id, err);
}

int engine_hold_next(struct engine *e, const struct row_hold *after, struct row_hold *ret,
	struct cu_err *err)
{
	struct id from = after ? after->id : (struct id){ 0 };
	int64_t from_ms = after ? after->placed_ms : INT64_MIN;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, from_ms);
	engine_bind_id(st, 2, &from);
	return read_hold(st, ret, err);
}

int engine_hold_part_put(struct engine *e, const struct id *hold, const char *collection,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_PART_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, hold);
	engine_bind_text(st, 2, collection);
	return db_run(st, err);
}

int engine_hold_part_next(struct engine *e, const struct id *hold, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_PART_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, hold);
	if (after) {
		r = db_copy_text(st, 2, after, err); /* perhaps ret */
	}
	r = r < 0 ? r : db_step(st, err);
	return r > 0 ? found(st, engine_column_key(st, 0, ret, err)) : r;
}

/* --- what they hold --------------------------------------------------------------- */

int engine_hold_covers(struct engine *e, const struct id *subject, const char *collection,
	const struct id *record, struct id *ret_hold, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_COVERS, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	if (collection) {
		engine_bind_text(st, 2, collection);
	}
	if (record) {
		engine_bind_id(st, 3, record);
	}
	r = db_step(st, err);
	return r > 0 ? found(st, column_id(st, 0, ret_hold, err)) : r;
}

int engine_hold_in_cohort(struct engine *e, uint64_t cohort_slot, struct id *ret_record,
	struct id *ret_hold, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_IN_COHORT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, cohort_slot);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	r = column_id(st, 0, ret_record, err);
	return found(st, r < 0 ? r : column_id(st, 1, ret_hold, err));
}

int engine_hold_block_put(struct engine *e, const struct id *hold, const char *what,
	const struct id *object, int64_t at_ms, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_BLOCK_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, hold);
	engine_bind_text(st, 2, what);
	engine_bind_id(st, 3, object);
	sqlite3_bind_int64(st, 4, at_ms);
	r = db_run(st, err);
	return r < 0 ? r : sqlite3_changes(e->data) > 0;
}

/* --- keys that stand for a cohort's ----------------------------------------------- */

int engine_hold_slot_put(struct engine *e, const struct row_hold_slot *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_SLOT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, row->slot);
	engine_bind_u64(st, 2, row->cohort_slot);
	engine_bind_id(st, 3, &row->subject);
	engine_bind_text(st, 4, row->collection);
	sqlite3_bind_int64(st, 5, row->period);
	engine_bind_u64(st, 6, row->captures);
	engine_bind_text(st, 7, row->class_key[0] ? row->class_key : "default");
	return db_run(st, err);
}

static int read_slot(sqlite3_stmt *st, struct row_hold_slot *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r <= 0) {
		return r;
	}
	ret->slot = column_u64(st, 0);
	ret->cohort_slot = column_u64(st, 1);
	ret->period = (uint32_t)sqlite3_column_int64(st, 4);
	ret->captures = column_u64(st, 5);
	r = column_id(st, 2, &ret->subject, err);
	if (r == 0) {
		r = engine_column_key(st, 3, ret->collection, err);
	}
	return found(st, r < 0 ? r : engine_column_key(st, 6, ret->class_key, err));
}

int engine_hold_slot_next(struct engine *e, const uint64_t *after, struct row_hold_slot *ret,
	struct cu_err *err)
{
	sqlite3_int64 from = after ? (sqlite3_int64)*after : -1;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_SLOT_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, from);
	return read_slot(st, ret, err);
}

int engine_hold_slot_get(struct engine *e, uint64_t slot, struct row_hold_slot *ret,
	struct cu_err *err)
{
	uint64_t before = slot - 1;
	int r = engine_hold_slot_next(e, slot > 0 ? &before : NULL, ret, err);

	return r > 0 ? ret->slot == slot : r;
}

int engine_hold_slot_of(struct engine *e, const struct id *subject, const char *collection,
	uint64_t cohort_slot, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_SLOT_OF, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, collection);
	engine_bind_u64(st, 3, cohort_slot);
	r = db_step(st, err);
	if (r > 0) {
		*ret = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_hold_resealed(struct engine *e, uint64_t cohort_slot, uint64_t *ret_captures,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_RESEALED, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, cohort_slot);
	r = db_step(st, err);
	if (r > 0) {
		*ret_captures = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_hold_slot_delete(struct engine *e, uint64_t slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_HOLD_SLOT_DEL, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, slot);
	return db_run(st, err);
}

int engine_capture_put(struct engine *e, uint64_t number, int64_t time_ms, uint64_t keep,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CAPTURE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, number);
	sqlite3_bind_int64(st, 2, time_ms);
	r = db_run(st, err);
	if (r == 0) {
		r = engine_statement(e, ST_CAPTURE_DEL, &st, err);
	}
	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, keep);
	return db_run(st, err);
}

int engine_capture_of(struct engine *e, int64_t time_ms, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CAPTURE_OF, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, time_ms);
	r = db_step(st, err);
	if (r > 0) {
		*ret = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_record_move_cohort(struct engine *e, const struct id *id, const uint64_t *cohort_slot,
	struct span sealed, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_MOVE_COHORT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	if (cohort_slot) {
		engine_bind_u64(st, 2, *cohort_slot);
	}
	db_bind_span(st, 3, sealed);
	return db_run(st, err);
}
