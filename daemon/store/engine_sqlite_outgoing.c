/* The rows of what requests have to send. */
#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_outgoing.h"
#include "store/engine_sqlite.h"

int engine_outgoing_put(struct engine *e, const struct id *request,
	const struct row_outgoing *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OUTGOING_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int64(st, 2, row->kind);
	engine_bind_text(st, 3, row->recipient);
	sqlite3_bind_int64(st, 4, row->language);
	engine_bind_id(st, 5, &row->paper);
	sqlite3_bind_int64(st, 6, row->state);
	sqlite3_bind_int64(st, 7, row->why);
	sqlite3_bind_int64(st, 8, row->at_ms);
	engine_bind_id(st, 9, &row->actor);
	engine_bind_id(st, 10, &row->note);
	engine_bind_id(st, 11, &row->message);
	return db_run(st, err);
}

static int read_row(sqlite3_stmt *st, struct row_outgoing *ret, struct cu_err *err)
{
	int r = engine_column_key(st, 1, ret->recipient, err);

	ret->kind = (unsigned)sqlite3_column_int64(st, 0);
	ret->language = (unsigned)sqlite3_column_int64(st, 2);
	ret->state = (unsigned)sqlite3_column_int64(st, 4);
	ret->why = (unsigned)sqlite3_column_int64(st, 5);
	ret->at_ms = sqlite3_column_int64(st, 6);
	if (r == 0) {
		r = db_column_copy(st, 3, ret->paper.b, sizeof(ret->paper.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 7, ret->actor.b, sizeof(ret->actor.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 8, ret->note.b, sizeof(ret->note.b), err);
	}
	return r < 0 ? r : db_column_copy(st, 9, ret->message.b, sizeof(ret->message.b), err);
}

int engine_outgoing_next(struct engine *e, const struct id *request,
	const struct row_outgoing *after, struct row_outgoing *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OUTGOING_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int64(st, 2, after ? (int64_t)after->kind : -1);
	engine_bind_text(st, 3, after ? after->recipient : "");
	r = db_step(st, err);
	if (r > 0) {
		int failed = read_row(st, ret, err);

		db_reset(st);
		return failed < 0 ? failed : 1;
	}
	return r;
}

int engine_outgoing_of_message(struct engine *e, const struct id *message, struct id *ret_request,
	struct row_outgoing *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OUTGOING_OF_MESSAGE, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, message);
	r = db_step(st, err);
	if (r > 0) {
		int failed = read_row(st, ret, err);

		if (failed == 0) {
			failed = db_column_copy(st, 10, ret_request->b, sizeof(ret_request->b), err);
		}
		db_reset(st);
		return failed < 0 ? failed : 1;
	}
	return r;
}

int engine_outgoing_drop(struct engine *e, const struct id *request, struct cu_err *err)
{
	return engine_do_id(e, ST_OUTGOING_DROP, request, err);
}
