/* The rows of alarms. */
#include "store/engine_alarm.h"

#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_alarm_put(struct engine *e, const struct row_alarm *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ALARM_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, row->kind);
	engine_bind_text(st, 2, row->about);
	sqlite3_bind_int64(st, 3, row->since_ms);
	sqlite3_bind_int64(st, 4, row->ended_ms);
	return db_run(st, err);
}

int engine_alarm_drop(struct engine *e, const struct row_alarm *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ALARM_DROP, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, row->kind);
	engine_bind_text(st, 2, row->about);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_alarm *ret, struct cu_err *err)
{
	int r = engine_column_key(st, 0, ret->kind, err);

	if (r == 0) {
		r = engine_column_key(st, 1, ret->about, err);
	}
	ret->since_ms = sqlite3_column_int64(st, 2);
	ret->ended_ms = sqlite3_column_int64(st, 3);
	return r;
}

int engine_alarm_next(struct engine *e, const struct row_alarm *after, struct row_alarm *ret,
	struct cu_err *err)
{
	struct row_alarm row = { .kind = "" };
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ALARM_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, after ? after->kind : "");
	engine_bind_text(st, 2, after ? after->about : "");
	r = db_step(st, err);
	if (r > 0) {
		int bad = read_columns(st, &row, err);

		db_reset(st);
		*ret = row;
		return bad < 0 ? bad : 1;
	}
	return r;
}
