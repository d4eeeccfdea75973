/* The rows of messages. */
#include "store/engine_message.h"

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_message_put(struct engine *e, const struct row_message *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MESSAGE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_text(st, 2, row->kind);
	engine_bind_text(st, 3, row->about);
	engine_bind_text(st, 4, row->route);
	engine_bind_id(st, 5, &row->kase);
	sqlite3_bind_int(st, 6, (int)row->state);
	sqlite3_bind_int64(st, 7, row->nattempts);
	sqlite3_bind_int64(st, 8, row->made_ms);
	sqlite3_bind_int64(st, 9, row->next_ms);
	sqlite3_bind_int64(st, 10, row->tried_ms);
	sqlite3_bind_int64(st, 11, row->ended_ms);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_message *ret, struct cu_err *err)
{
	int r = db_column_copy(st, 0, ret->id.b, sizeof(ret->id.b), err);

	if (r == 0) {
		r = engine_column_key(st, 1, ret->kind, err);
	}
	if (r == 0) {
		r = engine_column_key(st, 2, ret->about, err);
	}
	if (r == 0) {
		r = engine_column_key(st, 3, ret->route, err);
	}
	if (r == 0) {
		r = db_column_copy(st, 4, ret->kase.b, sizeof(ret->kase.b), err);
	}
	ret->state = (enum message_state)sqlite3_column_int(st, 5);
	ret->nattempts = (unsigned)sqlite3_column_int64(st, 6);
	ret->made_ms = sqlite3_column_int64(st, 7);
	ret->next_ms = sqlite3_column_int64(st, 8);
	ret->tried_ms = sqlite3_column_int64(st, 9);
	ret->ended_ms = sqlite3_column_int64(st, 10);
	return r;
}

static int read_one(sqlite3_stmt *st, struct row_message *ret, struct cu_err *err)
{
	struct row_message row = { .state = 0 };
	int r = db_step(st, err);

	if (r > 0) {
		int e = read_columns(st, &row, err);

		db_reset(st);
		if (e < 0) {
			return e;
		}
		*ret = row;
	}
	return r;
}

int engine_message_get(
	struct engine *e, const struct id *id, struct row_message *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MESSAGE_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	return read_one(st, ret, err);
}

static int next_of(struct engine *e, enum engine_statement which, int64_t at_ms,
	const struct id *after, struct row_message *ret, struct cu_err *err)
{
	static const struct id none;
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, at_ms);
	engine_bind_id(st, 2, after ? after : &none);
	return read_one(st, ret, err);
}

int engine_message_next(struct engine *e, const struct row_message *after,
	struct row_message *ret, struct cu_err *err)
{
	return next_of(e, ST_MESSAGE_NEXT, after ? after->made_ms : INT64_MIN,
		after ? &after->id : NULL, ret, err);
}

int engine_message_next_waiting(struct engine *e, const struct row_message *after,
	struct row_message *ret, struct cu_err *err)
{
	return next_of(e, ST_MESSAGE_NEXT_WAITING, after ? after->next_ms : INT64_MIN,
		after ? &after->id : NULL, ret, err);
}

int engine_message_last(struct engine *e, const char *kind, const char *about,
	const char *route, struct row_message *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MESSAGE_LAST, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, kind);
	engine_bind_text(st, 2, about);
	engine_bind_text(st, 3, route);
	return read_one(st, ret, err);
}

int engine_message_over(
	struct engine *e, int64_t before_ms, struct row_message *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MESSAGE_OVER, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, before_ms);
	return read_one(st, ret, err);
}

int engine_message_spent(struct engine *e, struct row_message *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MESSAGE_SPENT, &st, err);

	return r < 0 ? r : read_one(st, ret, err);
}

int engine_message_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	return engine_do_id(e, ST_MESSAGE_DEL, id, err);
}
