/* The rows about approvals by a second user. */
#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_approval_put(
	struct engine *e, const struct row_approval *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_APPROVAL_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_text(st, 2, row->kind);
	db_bind_span(st, 3, span_of(row->scope, sizeof(row->scope)));
	engine_bind_id(st, 4, &row->object);
	engine_bind_id(st, 5, &row->asker);
	sqlite3_bind_int64(st, 6, row->asked_ms);
	sqlite3_bind_int64(st, 7, row->expires_ms);
	engine_bind_id(st, 8, &row->decider);
	sqlite3_bind_int64(st, 9, row->decided_ms);
	sqlite3_bind_int(st, 10, (int)row->state);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_approval *ret, struct cu_err *err)
{
	int r = db_column_copy(st, 0, ret->id.b, sizeof(ret->id.b), err);

	if (r == 0) {
		r = engine_column_key(st, 1, ret->kind, err);
	}
	if (r == 0) {
		r = db_column_copy(st, 2, ret->scope, sizeof(ret->scope), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 3, ret->object.b, sizeof(ret->object.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 4, ret->asker.b, sizeof(ret->asker.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 7, ret->decider.b, sizeof(ret->decider.b), err);
	}
	ret->asked_ms = sqlite3_column_int64(st, 5);
	ret->expires_ms = sqlite3_column_int64(st, 6);
	ret->decided_ms = sqlite3_column_int64(st, 8);
	ret->state = (enum approval_state)sqlite3_column_int(st, 9);
	return r;
}

static int read_approval(sqlite3_stmt *st, struct row_approval *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		r = read_columns(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_approval_get(struct engine *e, const struct id *id, struct row_approval *ret,
	struct cu_err *err)
{
	struct id wanted = *id; /* perhaps of *ret */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_APPROVAL_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &wanted);
	return read_approval(st, ret, err);
}

int engine_approval_next(struct engine *e, const struct row_approval *after,
	struct row_approval *ret, struct cu_err *err)
{
	struct id from = after ? after->id : (struct id){ 0 };
	int64_t from_ms = after ? after->asked_ms : INT64_MIN;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_APPROVAL_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, from_ms);
	engine_bind_id(st, 2, &from);
	return read_approval(st, ret, err);
}

int engine_approval_overdue(
	struct engine *e, int64_t now_ms, struct row_approval *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_APPROVAL_OVERDUE, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, now_ms);
	return read_approval(st, ret, err);
}
