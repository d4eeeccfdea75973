/* The rows of jobs that ran. */
#include "store/engine_job.h"

#include <stdio.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_job_put(struct engine *e, const struct row_job *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_JOB_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, row->job);
	sqlite3_bind_int64(st, 2, row->started_ms);
	sqlite3_bind_int64(st, 3, row->due_ms);
	sqlite3_bind_int64(st, 4, row->ended_ms);
	/* codes are numbered anew with each version: names are not */
	engine_bind_text(st, 5, row->code == 0 ? "" : cu_err_wire_name(row->code));
	engine_bind_id(st, 6, &row->actor);
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_job *ret, struct cu_err *err)
{
	const char *why = (const char *)sqlite3_column_text(st, 4);
	int r;

	*ret = (struct row_job){ .started_ms = sqlite3_column_int64(st, 1),
		.due_ms = sqlite3_column_int64(st, 2), .ended_ms = sqlite3_column_int64(st, 3),
		.code = why && *why ? cu_err_from_wire_name(why) : 0 };
	r = engine_column_key(st, 0, ret->job, err);
	return r < 0 ? r : db_column_copy(st, 5, ret->actor.b, sizeof(ret->actor.b), err);
}

int engine_job_before(struct engine *e, const char *job, int64_t before_ms, struct row_job *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_JOB_BEFORE, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, job);
	sqlite3_bind_int64(st, 2, before_ms);
	r = db_step(st, err);
	if (r > 0) {
		r = read_columns(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_jobs_drop(struct engine *e, const char *job, unsigned keep, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_JOBS_DROP, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, job);
	sqlite3_bind_int64(st, 2, keep);
	return db_run(st, err);
}
