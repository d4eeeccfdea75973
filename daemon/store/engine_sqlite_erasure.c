/* The rows about erasures. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_erasure_put(
	struct engine *e, const struct row_erasure *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_id(st, 2, &row->subject);
	sqlite3_bind_int(st, 3, (int)row->scope);
	engine_bind_id(st, 4, &row->record);
	engine_bind_text(st, 5, row->purpose);
	engine_bind_id(st, 6, &row->asker);
	engine_bind_id(st, 7, &row->approval);
	sqlite3_bind_int(st, 8, row->is_now);
	sqlite3_bind_int(st, 9, (int)row->state);
	sqlite3_bind_int64(st, 10, row->begun_ms);
	sqlite3_bind_int64(st, 11, row->due_ms);
	sqlite3_bind_int64(st, 12, row->shredded_ms);
	sqlite3_bind_int64(st, 13, row->done_ms);
	engine_bind_u64(st, 14, row->generation);
	engine_bind_u64(st, 15, row->nslots);
	engine_bind_u64(st, 16, row->ncohorts);
	engine_bind_u64(st, 17, row->begin_leaf);
	engine_bind_u64(st, 18, row->shred_leaf);
	engine_bind_u64(st, 19, row->done_leaf);
	return db_run(st, err);
}

static void read_numbers(sqlite3_stmt *st, struct row_erasure *ret)
{
	ret->scope = (enum erasure_scope)sqlite3_column_int(st, 2);
	ret->is_now = sqlite3_column_int(st, 7) != 0;
	ret->state = (enum erasure_state)sqlite3_column_int(st, 8);
	ret->begun_ms = sqlite3_column_int64(st, 9);
	ret->due_ms = sqlite3_column_int64(st, 10);
	ret->shredded_ms = sqlite3_column_int64(st, 11);
	ret->done_ms = sqlite3_column_int64(st, 12);
	ret->generation = (uint64_t)sqlite3_column_int64(st, 13);
	ret->nslots = (uint64_t)sqlite3_column_int64(st, 14);
	ret->ncohorts = (uint64_t)sqlite3_column_int64(st, 15);
	ret->begin_leaf = (uint64_t)sqlite3_column_int64(st, 16);
	ret->shred_leaf = (uint64_t)sqlite3_column_int64(st, 17);
	ret->done_leaf = (uint64_t)sqlite3_column_int64(st, 18);
}

static int read_erasure(sqlite3_stmt *st, struct row_erasure *ret, struct cu_err *err)
{
	struct {
		int at;
		struct id *to;
	} ids[] = { { 0, &ret->id }, { 1, &ret->subject }, { 3, &ret->record },
		{ 5, &ret->asker }, { 6, &ret->approval } };
	int r = db_step(st, err);

	if (r <= 0) {
		return r;
	}
	r = engine_column_key(st, 4, ret->purpose, err);
	for (size_t i = 0; r == 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		r = db_column_copy(
			st, ids[i].at, ids[i].to->b, sizeof(ids[i].to->b), err);
	}
	read_numbers(st, ret);
	db_reset(st);
	return r < 0 ? r : 1;
}

static int get_by_id(struct engine *e, enum engine_statement which, const struct id *id,
	struct row_erasure *ret, struct cu_err *err)
{
	struct id wanted = *id; /* perhaps of *ret */
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &wanted);
	return read_erasure(st, ret, err);
}

int engine_erasure_get(struct engine *e, const struct id *id, struct row_erasure *ret,
	struct cu_err *err)
{
	return get_by_id(e, ST_ERASURE_GET, id, ret, err);
}

int engine_erasure_of(struct engine *e, const struct id *subject,
	struct row_erasure *ret, struct cu_err *err)
{
	return get_by_id(e, ST_ERASURE_OF, subject, ret, err);
}

static int get_after(struct engine *e, enum engine_statement which, int64_t from_ms,
	const struct row_erasure *after, struct row_erasure *ret, struct cu_err *err)
{
	struct id from = after ? after->id : (struct id){ 0 };
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, from_ms);
	engine_bind_id(st, 2, &from);
	return read_erasure(st, ret, err);
}

int engine_erasure_next(struct engine *e, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err)
{
	return get_after(e, ST_ERASURE_NEXT, after ? after->begun_ms : INT64_MIN, after,
		ret, err);
}

int engine_erasure_next_open(struct engine *e, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err)
{
	return get_after(e, ST_ERASURE_NEXT_OPEN, after ? after->due_ms : INT64_MIN,
		after, ret, err);
}

int engine_erasure_spent(struct engine *e, int64_t since_ms, uint64_t *ret_slots,
	uint64_t *ret_cohorts, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_SPENT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, since_ms);
	r = db_step(st, err);
	if (r <= 0) {
		return r < 0 ? r : cu_err_set(err, CU_EINTERNAL, "a sum has no row");
	}
	*ret_slots = (uint64_t)sqlite3_column_int64(st, 0);
	*ret_cohorts = (uint64_t)sqlite3_column_int64(st, 1);
	db_reset(st);
	return 0;
}

int engine_erasure_hides(struct engine *e, const struct id *subject,
	const char *collection, const struct id *record, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_HIDES, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, collection);
	engine_bind_id(st, 3, record);
	r = db_step(st, err);
	db_reset(st);
	return r;
}

/* --- what it is about ------------------------------------------------------------- */

int engine_erasure_part_put(struct engine *e, const struct id *erasure,
	const char *collection, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_PART_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, erasure);
	engine_bind_text(st, 2, collection);
	return db_run(st, err);
}

int engine_erasure_part_next(struct engine *e, const struct id *erasure,
	const char *after, char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_PART_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, erasure);
	r = db_copy_text(st, 2, after, err); /* perhaps ret itself */
	r = r < 0 ? r : db_step(st, err);
	if (r > 0) {
		r = engine_column_key(st, 0, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

int engine_erasure_slot_put(struct engine *e, const struct id *erasure,
	const char *collection, uint64_t slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_SLOT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, erasure);
	engine_bind_u64(st, 2, slot);
	engine_bind_text(st, 3, collection);
	return db_run(st, err);
}

int engine_erasure_slots(struct engine *e, const struct id *erasure,
	const char *collection, struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_SLOTS, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, erasure);
	if (collection) {
		engine_bind_text(st, 2, collection);
	}
	while ((r = db_step(st, err)) > 0) {
		uint64_t slot = (uint64_t)sqlite3_column_int64(st, 0);

		buf_put(to, &slot, sizeof(slot));
	}
	return r < 0 ? r : buf_check(to, err);
}

int engine_erasure_slots_drop(
	struct engine *e, const struct id *erasure, struct cu_err *err)
{
	return engine_do_id(e, ST_ERASURE_SLOTS_DROP, erasure, err);
}

int engine_erasure_first(struct engine *e, int64_t *ret_ms, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ERASURE_FIRST, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r <= 0) {
		return r;
	}
	r = sqlite3_column_type(st, 0) != SQLITE_NULL;
	if (r > 0) {
		*ret_ms = sqlite3_column_int64(st, 0);
	}
	db_reset(st);
	return r;
}
