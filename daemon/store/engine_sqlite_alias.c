/* The rows of ids that were merged into others. */
#include "store/engine_alias.h"

#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_alias_put(struct engine *e, const struct row_alias *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ALIAS_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->old);
	engine_bind_id(st, 2, &row->subject);
	sqlite3_bind_int(st, 3, (int)row->state);
	engine_bind_text(st, 4, row->purpose);
	engine_bind_id(st, 5, &row->actor);
	engine_bind_u64(st, 6, row->captures);
	engine_bind_u64(st, 7, row->nrecords);
	engine_bind_u64(st, 8, row->generation);
	return db_run(st, err);
}

static int read_row(sqlite3_stmt *st, struct row_alias *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r <= 0) {
		return r;
	}
	r = db_column_copy(st, 0, ret->old.b, sizeof(ret->old.b), err);
	if (r == 0) {
		r = db_column_copy(st, 1, ret->subject.b, sizeof(ret->subject.b), err);
	}
	if (r == 0) {
		r = engine_column_key(st, 3, ret->purpose, err);
	}
	if (r == 0) {
		r = db_column_copy(st, 4, ret->actor.b, sizeof(ret->actor.b), err);
	}
	ret->state = (enum alias_state)sqlite3_column_int(st, 2);
	ret->captures = (uint64_t)sqlite3_column_int64(st, 5);
	ret->nrecords = (uint64_t)sqlite3_column_int64(st, 6);
	ret->generation = (uint64_t)sqlite3_column_int64(st, 7);
	db_reset(st);
	return r < 0 ? r : 1;
}

/* Ids are copied: they may lie in *ret. */
static int find(struct engine *e, enum engine_statement which, const struct id *first,
	const struct id *second, struct row_alias *ret, struct cu_err *err)
{
	struct id one = first ? *first : (struct id){ 0 }, two = second ? *second : (struct id){ 0 };
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &one);
	if (which == ST_ALIAS_OF) {
		engine_bind_id(st, 2, &two);
	}
	return read_row(st, ret, err);
}

int engine_alias_get(struct engine *e, const struct id *old, struct row_alias *ret,
	struct cu_err *err)
{
	return find(e, ST_ALIAS_GET, old, NULL, ret, err);
}

int engine_alias_of(struct engine *e, const struct id *subject, const struct id *after,
	struct row_alias *ret, struct cu_err *err)
{
	return find(e, ST_ALIAS_OF, subject, after, ret, err);
}

int engine_alias_next_open(struct engine *e, const struct id *after, struct row_alias *ret,
	struct cu_err *err)
{
	return find(e, ST_ALIAS_OPEN, after, NULL, ret, err);
}

int engine_alias_next(struct engine *e, const struct id *after, struct row_alias *ret,
	struct cu_err *err)
{
	return find(e, ST_ALIAS_NEXT, after, NULL, ret, err);
}

/* --- what is of the old id -------------------------------------------------------- */

static int newest_event(struct engine *e, const struct id *subject, uint64_t *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CONSENT_NEWEST, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	r = db_step(st, err);
	if (r > 0) {
		uint64_t seq = (uint64_t)sqlite3_column_int64(st, 0);

		*ret = seq > *ret ? seq : *ret;
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

static int take(struct engine *e, enum engine_statement which, const struct id *old,
	const struct id *subject, const uint64_t *upto, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, old);
	engine_bind_id(st, 2, subject);
	if (upto) {
		engine_bind_u64(st, 3, *upto);
	}
	return db_run(st, err);
}

int engine_alias_point(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err)
{
	return take(e, ST_ALIAS_POINT, old, subject, NULL, err);
}

int engine_alias_take(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err)
{
	static const enum engine_statement steps[] = { ST_ALIAS_POINT, ST_DSR_TAKE, ST_HOLD_TAKE,
		ST_HOLD_SLOT_TAKE, ST_CO_TAKE };
	uint64_t upto = 0;
	int r = newest_event(e, old, &upto, err);

	if (r == 0) {
		r = newest_event(e, subject, &upto, err);
	}
	if (r == 0) {
		r = take(e, ST_CONSENT_TAKE, old, subject, &upto, err);
	}
	if (r == 0) {
		r = take(e, ST_CONSENT_DROP, old, subject, &upto, err);
	}
	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = take(e, steps[i], old, subject, NULL, err);
	}
	return r;
}
