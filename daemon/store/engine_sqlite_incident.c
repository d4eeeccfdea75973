/* The rows of incidents. */
#include "store/engine_incident.h"

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_incident_put(struct engine *e, const struct row_incident *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_INCIDENT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	sqlite3_bind_int64(st, 2, row->number);
	engine_bind_id(st, 3, &row->kase);
	sqlite3_bind_int64(st, 4, row->kind);
	sqlite3_bind_int64(st, 5, row->risk);
	sqlite3_bind_int(st, 6, row->keys_are_safe);
	sqlite3_bind_int64(st, 7, row->noticed_ms);
	sqlite3_bind_int64(st, 8, row->entered_ms);
	sqlite3_bind_int64(st, 9, row->from_ms);
	sqlite3_bind_int64(st, 10, row->to_ms);
	sqlite3_bind_int64(st, 11, row->scoped_ms);
	sqlite3_bind_int64(st, 12, (int64_t)row->naffected);
	sqlite3_bind_int64(st, 13, row->closed_ms);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_incident *ret, struct cu_err *err)
{
	int r = db_column_copy(st, 0, ret->id.b, sizeof(ret->id.b), err);

	if (r == 0) {
		r = db_column_copy(st, 2, ret->kase.b, sizeof(ret->kase.b), err);
	}
	ret->number = (uint32_t)sqlite3_column_int64(st, 1);
	ret->kind = (unsigned)sqlite3_column_int64(st, 3);
	ret->risk = (unsigned)sqlite3_column_int64(st, 4);
	ret->keys_are_safe = sqlite3_column_int(st, 5) != 0;
	ret->noticed_ms = sqlite3_column_int64(st, 6);
	ret->entered_ms = sqlite3_column_int64(st, 7);
	ret->from_ms = sqlite3_column_int64(st, 8);
	ret->to_ms = sqlite3_column_int64(st, 9);
	ret->scoped_ms = sqlite3_column_int64(st, 10);
	ret->naffected = (uint64_t)sqlite3_column_int64(st, 11);
	ret->closed_ms = sqlite3_column_int64(st, 12);
	return r;
}

static int read_after(struct engine *e, enum engine_statement which, int64_t after,
	struct row_incident *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, after);
	r = db_step(st, err);
	if (r > 0) {
		r = read_columns(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_incident_next(
	struct engine *e, uint32_t after, struct row_incident *ret, struct cu_err *err)
{
	return read_after(e, ST_INCIDENT_NEXT, after, ret, err);
}

int engine_incident_over(
	struct engine *e, int64_t before_ms, struct row_incident *ret, struct cu_err *err)
{
	return read_after(e, ST_INCIDENT_OVER, before_ms, ret, err);
}

int engine_incident_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	int r = engine_do_id(e, ST_INCIDENT_DEL_TOLD, id, err);

	return r < 0 ? r : engine_do_id(e, ST_INCIDENT_DEL, id, err);
}

int engine_incident_told_put(struct engine *e, const struct id *incident,
	const struct row_incident_told *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_INCIDENT_TOLD_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, incident);
	engine_bind_text(st, 2, row->law);
	sqlite3_bind_int64(st, 3, row->to);
	sqlite3_bind_int64(st, 4, row->at_ms);
	return db_run(st, err);
}

int engine_incident_first_told(struct engine *e, const struct id *incident, const char *law,
	unsigned to, int64_t *ret_ms, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_INCIDENT_FIRST_TOLD, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, incident);
	engine_bind_text(st, 2, law);
	sqlite3_bind_int64(st, 3, to);
	r = db_step(st, err);
	if (r > 0) {
		*ret_ms = sqlite3_column_int64(st, 0);
		db_reset(st);
	}
	return r;
}
