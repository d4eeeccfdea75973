#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

static const struct id nil_id;

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

static int column_id(sqlite3_stmt *st, int at, struct id *ret, struct cu_err *err)
{
	return db_column_copy(st, at, ret->b, sizeof(ret->b), err);
}

int engine_column_key(sqlite3_stmt *st, int at, char to[ENGINE_KEY_SIZE], struct cu_err *err)
{
	return db_column_text(st, at, to, ENGINE_KEY_SIZE, err);
}

/* Ends a lookup: r is what reading the row said. */
static int found(sqlite3_stmt *st, int r)
{
	db_reset(st);
	return r < 0 ? r : 1;
}

/* --- meta ------------------------------------------------------------------------- */

int engine_meta_get(struct engine *e, const char *key, struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_META_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, key);
	r = db_step(st, err);
	if (r > 0) {
		buf_put_span(to, db_column_span(st, 0));
		r = found(st, buf_check(to, err));
	}
	return r;
}

int engine_meta_put(struct engine *e, const char *key, struct span value, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_META_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, key);
	db_bind_span(st, 2, value);
	return db_run(st, err);
}

int engine_meta_get_u64(struct engine *e, const char *key, uint64_t *ret, struct cu_err *err)
{
	struct buf value = BUF_INIT;
	int r = engine_meta_get(e, key, &value, err);

	if (r > 0) {
		struct cursor c = cursor_of(buf_span(&value));
		uint64_t v = cursor_u64(&c);

		if (c.is_failed || c.n != 0) {
			r = cu_err_set(err, CU_ECORRUPT, "meta %s is no number", key);
		} else {
			*ret = v;
		}
	}
	buf_done(&value);
	return r;
}

int engine_meta_put_u64(struct engine *e, const char *key, uint64_t value, struct cu_err *err)
{
	uint8_t be[8];

	for (int i = 0; i < 8; i++) {
		be[i] = (uint8_t)(value >> (56 - 8 * i));
	}
	return engine_meta_put(e, key, span_of(be, sizeof(be)), err);
}

/* --- subjects, slots -------------------------------------------------------------- */

int engine_subject_put(struct engine *e, const struct row_subject *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SUBJECT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	sqlite3_bind_int(st, 2, (int)row->kind);
	sqlite3_bind_int(st, 3, (int)row->state);
	sqlite3_bind_int64(st, 4, row->created_ms);
	engine_bind_u64(st, 5, row->run);
	sqlite3_bind_int(st, 6, (int)row->run_used);
	sqlite3_bind_int(st, 7, row->is_partly);
	sqlite3_bind_int(st, 8, row->is_restricted);
	return db_run(st, err);
}

int engine_subjects_close_runs(struct engine *e, unsigned mark, unsigned size, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SUBJECT_CLOSE_RUNS, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int(st, 1, (int)mark);
	sqlite3_bind_int(st, 2, (int)size);
	return db_run(st, err);
}

static int read_subject(sqlite3_stmt *st, struct row_subject *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r <= 0) {
		return r;
	}
	r = column_id(st, 0, &ret->id, err);
	ret->kind = (enum subject_kind)sqlite3_column_int(st, 1);
	ret->state = (enum subject_state)sqlite3_column_int(st, 2);
	ret->created_ms = sqlite3_column_int64(st, 3);
	ret->run = column_u64(st, 4);
	ret->run_used = (unsigned)sqlite3_column_int(st, 5);
	ret->is_partly = sqlite3_column_int(st, 6) != 0;
	ret->is_restricted = sqlite3_column_int(st, 7) != 0;
	return found(st, r);
}

int engine_subject_get(struct engine *e, const struct id *id, struct row_subject *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SUBJECT_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	return read_subject(st, ret, err);
}

int engine_subject_next(struct engine *e, const struct id *after, struct row_subject *ret,
	struct cu_err *err)
{
	struct id from = after ? *after : nil_id; /* the row is written over *after, perhaps */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SUBJECT_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &from);
	return read_subject(st, ret, err);
}

int engine_subject_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	static const enum engine_statement steps[] = { ST_TOKEN_DEL_SUBJECT, ST_ACTIVITY_DEL,
		ST_EXPIRY_ITEM_DEL_OF, ST_HOLD_SLOTS_DEL,
		ST_SUBJECT_DEL_CO, ST_SUBJECT_DEL_CONSENTS, ST_SUBJECT_DEL_RULES,
		ST_SUBJECT_DEL_RECORDS, ST_SUBJECT_DEL_SLOTS, ST_SUBJECT_DEL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = engine_do_id(e, steps[i], id, err);
	}
	return r;
}

int engine_slot_put(struct engine *e, const struct row_slot *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SLOT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->subject);
	engine_bind_text(st, 2, row->collection);
	engine_bind_u64(st, 3, row->slot);
	return db_run(st, err);
}

int engine_slot_get(struct engine *e, const struct id *subject, const char *collection,
	uint64_t *ret_slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SLOT_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, collection);
	r = db_step(st, err);
	if (r > 0) {
		*ret_slot = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_slot_next(struct engine *e, const struct id *subject, const char *after,
	struct row_slot *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SLOT_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	r = db_copy_text(st, 2, after, err); /* perhaps of *ret */
	r = r < 0 ? r : db_step(st, err);
	if (r > 0) {
		ret->subject = *subject;
		ret->slot = column_u64(st, 1);
		r = found(st, engine_column_key(st, 0, ret->collection, err));
	}
	return r;
}

int engine_slot_delete(struct engine *e, const struct id *subject, const char *collection,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SLOT_DEL, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, collection);
	return db_run(st, err);
}

int engine_slots_of(struct engine *e, const struct id *subject, struct buf *to,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_SLOTS_OF, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	while ((r = db_step(st, err)) > 0) {
		uint64_t slot = column_u64(st, 0);

		buf_put(to, &slot, sizeof(slot));
	}
	return r < 0 ? r : buf_check(to, err);
}

/* --- records ---------------------------------------------------------------------- */

static int put_record_row(struct engine *e, const struct row_record *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	engine_bind_id(st, 2, &row->subject);
	engine_bind_text(st, 3, row->collection);
	engine_bind_u64(st, 4, row->slot);
	if (row->has_cohort) {
		engine_bind_u64(st, 5, row->cohort_slot);
	}
	sqlite3_bind_int64(st, 6, row->version);
	if (row->anchor_day != CIVIL_NO_DAY) {
		sqlite3_bind_int(st, 7, row->anchor_day);
	}
	sqlite3_bind_int(st, 8, (int)row->level);
	sqlite3_bind_int64(st, 9, row->created_ms);
	sqlite3_bind_int64(st, 10, row->updated_ms);
	engine_bind_u64(st, 11, row->seq);
	db_bind_span(st, 12, row->sealed);
	return db_run(st, err);
}

int engine_record_put(struct engine *e, const struct row_record *row,
	const struct id *cosubjects, unsigned ncosubjects, struct cu_err *err)
{
	int r = put_record_row(e, row, err);

	if (r == 0) {
		r = engine_do_id(e, ST_CO_DEL, &row->id, err);
	}
	for (unsigned i = 0; r == 0 && i < ncosubjects; i++) {
		sqlite3_stmt *st;

		r = engine_statement(e, ST_CO_PUT, &st, err);
		if (r == 0) {
			engine_bind_id(st, 1, &cosubjects[i]);
			engine_bind_id(st, 2, &row->id);
			r = db_run(st, err);
		}
	}
	return r;
}

/* The statement stays on its row, so that sealed can be borrowed. */
static int read_record(sqlite3_stmt *st, struct row_record *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r <= 0) {
		return r;
	}
	r = column_id(st, 0, &ret->id, err);
	if (r == 0) {
		r = column_id(st, 1, &ret->subject, err);
	}
	if (r == 0) {
		r = engine_column_key(st, 2, ret->collection, err);
	}
	ret->slot = column_u64(st, 3);
	ret->has_cohort = sqlite3_column_type(st, 4) != SQLITE_NULL;
	ret->cohort_slot = column_u64(st, 4);
	ret->version = (uint32_t)sqlite3_column_int64(st, 5);
	ret->anchor_day = sqlite3_column_type(st, 6) == SQLITE_NULL ? CIVIL_NO_DAY :
								      sqlite3_column_int(st, 6);
	ret->level = (unsigned)sqlite3_column_int(st, 7);
	ret->created_ms = sqlite3_column_int64(st, 8);
	ret->updated_ms = sqlite3_column_int64(st, 9);
	ret->seq = column_u64(st, 10);
	ret->sealed = db_column_span(st, 11);
	ret->rule = sqlite3_column_int64(st, 12); /* NULL is 0 */
	ret->expires_ms = sqlite3_column_int64(st, 13);
	if (r < 0) {
		db_reset(st);
		return r;
	}
	return 1;
}

int engine_record_get(struct engine *e, const struct id *id, struct row_record *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_GET, &st, err);

	if (r == 0) {
		r = db_copy_span(st, 1, span_of(id->b, sizeof(id->b)), err); /* perhaps of *ret */
	}
	return r < 0 ? r : read_record(st, ret, err);
}

int engine_record_reseal(struct engine *e, const struct id *id, uint64_t slot,
	struct span sealed, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_RESEAL, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	engine_bind_u64(st, 2, slot);
	db_bind_span(st, 3, sealed);
	return db_run(st, err);
}

int engine_record_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	int r = engine_do_id(e, ST_TOKEN_DEL_RECORD, id, err);

	if (r == 0) {
		r = engine_do_id(e, ST_CO_DEL, id, err);
	}
	if (r == 0) {
		r = engine_do_id(e, ST_RECORD_RULE_DEL, id, err);
	}
	return r < 0 ? r : engine_do_id(e, ST_RECORD_DEL, id, err);
}

int engine_record_next(struct engine *e, const struct id *subject, const char *filter,
	const struct row_record *after, struct row_record *ret, struct cu_err *err)
{
	const struct id *from = after ? &after->id : &nil_id;
	const char *in = filter ? filter : after ? after->collection : "";
	sqlite3_stmt *st;
	int r = engine_statement(e, filter ? ST_RECORD_NEXT_IN : ST_RECORD_NEXT, &st, err);

	/* copied, because ret may be after */
	if (r == 0) {
		r = db_copy_span(st, 1, span_of(subject->b, sizeof(subject->b)), err);
	}
	if (r == 0) {
		r = db_copy_text(st, 2, in, err);
	}
	if (r == 0) {
		r = db_copy_span(st, 3, span_of(from->b, sizeof(from->b)), err);
	}
	return r < 0 ? r : read_record(st, ret, err);
}

int engine_record_changed(struct engine *e, uint64_t seq, const struct id *after,
	struct row_record *ret, struct cu_err *err)
{
	const struct id *from = after ? after : &nil_id;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_CHANGED, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, seq);
	r = db_copy_span(st, 2, span_of(from->b, sizeof(from->b)), err);
	return r < 0 ? r : read_record(st, ret, err);
}

/* --- cohorts ---------------------------------------------------------------------- */

int engine_cohort_get(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, uint64_t *ret_slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COHORT_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, collection);
	engine_bind_text(st, 2, class_key);
	sqlite3_bind_int64(st, 3, period);
	r = db_step(st, err);
	if (r > 0) {
		*ret_slot = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_cohort_put(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, uint64_t slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COHORT_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, collection);
	engine_bind_text(st, 2, class_key);
	sqlite3_bind_int64(st, 3, period);
	engine_bind_u64(st, 4, slot);
	return db_run(st, err);
}

static int bind_cohorts(struct engine *e, enum engine_statement which, const char *collection,
	const char *class_key, uint32_t before, sqlite3_stmt **ret, struct cu_err *err)
{
	int r = engine_statement(e, which, ret, err);

	if (r == 0) {
		engine_bind_text(*ret, 1, collection);
		engine_bind_text(*ret, 2, class_key);
		sqlite3_bind_int64(*ret, 3, before);
	}
	return r;
}

int engine_cohorts_before(struct engine *e, const char *collection, const char *class_key,
	uint32_t period, struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_cohorts(e, ST_COHORTS_BEFORE, collection, class_key, period, &st, err);

	while (r == 0 && (r = db_step(st, err)) > 0) {
		uint64_t slot = column_u64(st, 0);

		buf_put(to, &slot, sizeof(slot));
		r = 0;
	}
	return r < 0 ? r : buf_check(to, err);
}

int engine_cohorts_delete(struct engine *e, const char *collection, const char *class_key,
	uint32_t before, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_cohorts(e, ST_COHORTS_DEL, collection, class_key, before, &st, err);

	return r < 0 ? r : db_run(st, err);
}
