/* The rows about what happens: outbox, requests, operators; and the index. */
#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

/* --- outbox ----------------------------------------------------------------------- */

int engine_outbox_put(struct engine *e, uint64_t seq, struct span leaf, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OUTBOX_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, seq);
	db_bind_span(st, 2, leaf);
	return db_run(st, err);
}

int engine_outbox_next(struct engine *e, uint64_t after, uint64_t *ret_seq, struct buf *leaf,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OUTBOX_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, after);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	*ret_seq = (uint64_t)sqlite3_column_int64(st, 0);
	buf_put_span(leaf, db_column_span(st, 1));
	db_reset(st);
	r = buf_check(leaf, err);
	return r < 0 ? r : 1;
}

static int do_u64(struct engine *e, enum engine_statement which, uint64_t v, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, v);
	return db_run(st, err);
}

int engine_outbox_drop(struct engine *e, uint64_t upto, struct cu_err *err)
{
	return do_u64(e, ST_OUTBOX_DROP, upto, err);
}

/* --- requests --------------------------------------------------------------------- */

int engine_request_get(struct engine *e, const struct id *id, struct buf *reply,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_REQUEST_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	buf_put_span(reply, db_column_span(st, 0));
	db_reset(st);
	r = buf_check(reply, err);
	return r < 0 ? r : 1;
}

int engine_request_put(struct engine *e, const struct id *id, int64_t at_ms, struct span reply,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_REQUEST_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	sqlite3_bind_int64(st, 2, at_ms);
	db_bind_span(st, 3, reply);
	return db_run(st, err);
}

int engine_request_prune(struct engine *e, int64_t before_ms, struct cu_err *err)
{
	return do_u64(e, ST_REQUEST_PRUNE, (uint64_t)before_ms, err);
}

/* --- operators -------------------------------------------------------------------- */

int engine_operator_get(struct engine *e, uint32_t uid, struct id *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OPERATOR_GET, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, uid);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	r = db_column_copy(st, 0, ret->b, sizeof(ret->b), err);
	db_reset(st);
	return r < 0 ? r : 1;
}

int engine_operator_uid(struct engine *e, const struct id *id, uint32_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OPERATOR_UID, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	r = db_step(st, err);
	if (r > 0) {
		*ret = (uint32_t)sqlite3_column_int64(st, 0);
		db_reset(st);
	}
	return r;
}

int engine_operator_put(struct engine *e, uint32_t uid, const struct id *id, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_OPERATOR_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, uid);
	engine_bind_id(st, 2, id);
	return db_run(st, err);
}

/* --- the index -------------------------------------------------------------------- */

int engine_index_seq(struct engine *e, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_INDEX_SEQ, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r < 0) {
		return r;
	}
	*ret = r > 0 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return 0;
}

int engine_index_set_seq(struct engine *e, uint64_t seq, struct cu_err *err)
{
	return do_u64(e, ST_INDEX_SET_SEQ, seq, err);
}

int engine_token_put(struct engine *e, const uint8_t token[TOKEN_SIZE],
	const struct id *subject, const struct id *record, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_TOKEN_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_blob(st, 1, token, TOKEN_SIZE, SQLITE_STATIC);
	engine_bind_id(st, 2, subject);
	engine_bind_id(st, 3, record);
	return db_run(st, err);
}

int engine_token_next(struct engine *e, const uint8_t token[TOKEN_SIZE],
	const struct id *after, struct id *ret_subject, struct id *ret_record,
	struct cu_err *err)
{
	static const struct id nil;
	struct id from = after ? *after : nil;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_TOKEN_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_blob(st, 1, token, TOKEN_SIZE, SQLITE_STATIC);
	engine_bind_id(st, 2, &from);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	r = db_column_copy(st, 0, ret_subject->b, sizeof(ret_subject->b), err);
	if (r == 0) {
		r = db_column_copy(st, 1, ret_record->b, sizeof(ret_record->b), err);
	}
	db_reset(st);
	return r < 0 ? r : 1;
}

int engine_token_drop_record(struct engine *e, const struct id *record, struct cu_err *err)
{
	return engine_do_id(e, ST_TOKEN_DEL_RECORD, record, err);
}
