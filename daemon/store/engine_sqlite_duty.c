/* The rows of duties that were done. */
#include "store/engine_duty.h"

#include <stdio.h>

#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_duty_put(struct engine *e, const struct row_duty *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DUTY_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_text(st, 2, row->duty);
	engine_bind_id(st, 3, &row->kase);
	sqlite3_bind_int(st, 4, row->day);
	sqlite3_bind_int(st, 5, row->due_day);
	sqlite3_bind_int64(st, 6, row->at_ms);
	engine_bind_id(st, 7, &row->actor);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_duty *ret, struct cu_err *err)
{
	int r = db_column_copy(st, 0, ret->id.b, sizeof(ret->id.b), err);

	if (r == 0) {
		r = db_column_copy(st, 2, ret->kase.b, sizeof(ret->kase.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 6, ret->actor.b, sizeof(ret->actor.b), err);
	}
	if (r == 0) {
		r = engine_column_key(st, 1, ret->duty, err);
	}
	ret->day = sqlite3_column_int(st, 3);
	ret->due_day = sqlite3_column_int(st, 4);
	ret->at_ms = sqlite3_column_int64(st, 5);
	return r;
}

static int read_one(sqlite3_stmt *st, struct row_duty *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		r = read_columns(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_duty_before(struct engine *e, const char *duty, const struct row_duty *before,
	struct row_duty *ret, struct cu_err *err)
{
	static const struct row_duty last = { .day = INT32_MAX, .at_ms = INT64_MAX };
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DUTY_BEFORE, &st, err);

	if (r < 0) {
		return r;
	}
	before = before ? before : &last;
	engine_bind_text(st, 1, duty);
	sqlite3_bind_int(st, 2, before->day);
	sqlite3_bind_int64(st, 3, before->at_ms);
	engine_bind_id(st, 4, &before->id);
	return read_one(st, ret, err);
}

int engine_duty_next_key(
	struct engine *e, const char *after, char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DUTY_NEXT_KEY, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, after);
	r = db_step(st, err);
	if (r > 0) {
		r = engine_column_key(st, 0, ret, err);
		db_reset(st);
		r = r < 0 ? r : 1;
	}
	return r;
}

int engine_duty_over(struct engine *e, int64_t before_ms, struct row_duty *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DUTY_OVER, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, before_ms);
	return read_one(st, ret, err);
}

int engine_duty_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	return engine_do_id(e, ST_DUTY_DEL, id, err);
}
