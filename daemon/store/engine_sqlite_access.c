/* The rows of the access journal. */
#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_access_put(struct engine *e, const struct row_access *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ACCESS_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	sqlite3_bind_int64(st, 2, row->period);
	db_bind_span(st, 3, row->sealed);
	return db_run(st, err);
}

int engine_access_get(struct engine *e, const struct id *id, struct row_access *ret,
	struct buf *sealed, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ACCESS_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	ret->id = *id;
	ret->period = (uint32_t)sqlite3_column_int64(st, 0);
	buf_put_span(sealed, db_column_span(st, 1));
	db_reset(st);
	ret->sealed = buf_span(sealed);
	r = buf_check(sealed, err);
	return r < 0 ? r : 1;
}

int engine_access_drop(struct engine *e, uint32_t before, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ACCESS_DROP, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, before);
	return db_run(st, err);
}
