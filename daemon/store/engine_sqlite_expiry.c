/* The rows of what ends because its time is over. */
#include "store/engine_expiry.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

static uint64_t column_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

/* Ends a lookup: r is what reading the row said. */
static int found(sqlite3_stmt *st, int r)
{
	db_reset(st);
	return r < 0 ? r : 1;
}

/* --- runs ------------------------------------------------------------------------- */

int engine_expiry_put(struct engine *e, const struct row_expiry *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &row->id);
	sqlite3_bind_int(st, 2, row->is_review);
	sqlite3_bind_int(st, 3, (int)row->state);
	sqlite3_bind_int(st, 4, row->day);
	engine_bind_id(st, 5, &row->asker);
	engine_bind_id(st, 6, &row->approval);
	sqlite3_bind_int64(st, 7, row->begun_ms);
	sqlite3_bind_int64(st, 8, row->went_ms);
	sqlite3_bind_int64(st, 9, row->done_ms);
	engine_bind_u64(st, 10, row->ncohorts);
	engine_bind_u64(st, 11, row->nslots);
	engine_bind_u64(st, 12, row->nrecords);
	engine_bind_u64(st, 13, row->generation);
	db_bind_span(st, 14, span_of(row->digest, sizeof(row->digest)));
	return db_run(st, err);
}

static int read_columns(sqlite3_stmt *st, struct row_expiry *ret, struct cu_err *err)
{
	int r = db_column_copy(st, 0, ret->id.b, sizeof(ret->id.b), err);

	if (r == 0) {
		r = db_column_copy(st, 4, ret->asker.b, sizeof(ret->asker.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 5, ret->approval.b, sizeof(ret->approval.b), err);
	}
	if (r == 0) {
		r = db_column_copy(st, 13, ret->digest, sizeof(ret->digest), err);
	}
	ret->is_review = sqlite3_column_int(st, 1) != 0;
	ret->state = (enum expiry_state)sqlite3_column_int(st, 2);
	ret->day = sqlite3_column_int(st, 3);
	ret->begun_ms = sqlite3_column_int64(st, 6);
	ret->went_ms = sqlite3_column_int64(st, 7);
	ret->done_ms = sqlite3_column_int64(st, 8);
	ret->ncohorts = column_u64(st, 9);
	ret->nslots = column_u64(st, 10);
	ret->nrecords = column_u64(st, 11);
	ret->generation = column_u64(st, 12);
	return r;
}

static int read_run(sqlite3_stmt *st, struct row_expiry *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	return r > 0 ? found(st, read_columns(st, ret, err)) : r;
}

int engine_expiry_get(struct engine *e, const struct id *id, struct row_expiry *ret,
	struct cu_err *err)
{
	struct id wanted = *id; /* perhaps of *ret */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_GET, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &wanted);
	return read_run(st, ret, err);
}

int engine_expiry_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	return engine_do_id(e, ST_EXPIRY_DEL, id, err);
}

int engine_expiry_last(struct engine *e, bool is_review, struct row_expiry *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_LAST, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int(st, 1, is_review);
	return read_run(st, ret, err);
}

int engine_expiry_next(struct engine *e, const struct row_expiry *before,
	struct row_expiry *ret, struct cu_err *err)
{
	struct id from = before ? before->id : (struct id){ 0 };
	int64_t from_ms = before ? before->begun_ms : INT64_MAX;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, from_ms);
	engine_bind_id(st, 2, &from);
	return read_run(st, ret, err);
}

/* --- the keys of a run ------------------------------------------------------------ */

int engine_expiry_item_put(struct engine *e, const struct id *run,
	const struct row_expiry_item *item, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_ITEM_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, run);
	engine_bind_u64(st, 2, item->slot);
	sqlite3_bind_int(st, 3, (int)item->kind);
	engine_bind_text(st, 4, item->collection);
	sqlite3_bind_int64(st, 5, item->period);
	engine_bind_id(st, 6, &item->subject);
	engine_bind_text(st, 7, item->class_key[0] ? item->class_key : COHORT_DEFAULT);
	r = db_run(st, err);
	return r < 0 ? r : sqlite3_changes(e->data) > 0;
}

int engine_expiry_item_next(struct engine *e, const struct id *run, bool is_shredded,
	const uint64_t *after, struct row_expiry_item *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_ITEM_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, run);
	sqlite3_bind_int(st, 2, is_shredded);
	sqlite3_bind_int64(st, 3, after ? (sqlite3_int64)*after : -1);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	ret->slot = column_u64(st, 0);
	ret->kind = (enum expiry_kind)sqlite3_column_int(st, 1);
	ret->period = (uint32_t)sqlite3_column_int64(st, 3);
	r = engine_column_key(st, 2, ret->collection, err);
	if (r == 0) {
		r = db_column_copy(st, 4, ret->subject.b, sizeof(ret->subject.b), err);
	}
	if (r == 0) {
		r = engine_column_key(st, 5, ret->class_key, err);
	}
	return found(st, r);
}

static int do_slot(struct engine *e, enum engine_statement which, uint64_t slot,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, slot);
	return db_run(st, err);
}

int engine_expiry_item_set_shredded(struct engine *e, uint64_t slot, struct cu_err *err)
{
	return do_slot(e, ST_EXPIRY_ITEM_SHREDDED, slot, err);
}

int engine_expiry_item_delete(struct engine *e, uint64_t slot, struct cu_err *err)
{
	return do_slot(e, ST_EXPIRY_ITEM_DEL, slot, err);
}

int engine_expiry_items_drop(struct engine *e, const struct id *run, struct cu_err *err)
{
	return engine_do_id(e, ST_EXPIRY_ITEMS_DROP, run, err);
}

/* --- what may be due -------------------------------------------------------------- */

int engine_cohort_next(struct engine *e, const char *collection, const char *class_key,
	uint32_t after, struct row_cohort *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COHORT_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, collection);
	sqlite3_bind_int64(st, 2, after);
	engine_bind_text(st, 3, class_key);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	*ret = (struct row_cohort){ .period = (uint32_t)sqlite3_column_int64(st, 0),
		.slot = column_u64(st, 1) };
	return found(st, 0);
}

static int read_class(sqlite3_stmt *st, char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	int r = db_step(st, err);

	return r > 0 ? found(st, engine_column_key(st, 0, ret, err)) : r;
}

int engine_class_of(struct engine *e, uint64_t cohort_slot, char ret[ENGINE_KEY_SIZE],
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CLASS_OF, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, cohort_slot);
	return read_class(st, ret, err);
}

int engine_class_next(struct engine *e, const char *collection, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_CLASS_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, collection);
	r = db_copy_text(st, 2, after, err); /* perhaps ret */
	return r < 0 ? r : read_class(st, ret, err);
}

int engine_cohort_count(struct engine *e, struct row_cohort *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COHORT_COUNT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, row->slot);
	r = db_step(st, err);
	if (r > 0) {
		row->nrecords = column_u64(st, 0);
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

int engine_cohort_slot_next(struct engine *e, const uint64_t *after, uint64_t *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COHORT_SLOT_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, after ? (sqlite3_int64)*after : -1);
	r = db_step(st, err);
	if (r > 0) {
		*ret = column_u64(st, 0);
		r = found(st, 0);
	}
	return r;
}

int engine_cohort_delete(struct engine *e, uint64_t slot, struct cu_err *err)
{
	return do_slot(e, ST_COHORT_DEL, slot, err);
}

static int read_id(sqlite3_stmt *st, struct id *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	return r > 0 ? found(st, db_column_copy(st, 0, ret->b, sizeof(ret->b), err)) : r;
}

int engine_record_in_cohort(struct engine *e, uint64_t cohort_slot, struct id *ret,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_IN_COHORT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, cohort_slot);
	return read_id(st, ret, err);
}

int engine_record_under_slot(struct engine *e, const struct id *subject,
	const char *collection, uint64_t slot, struct id *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_UNDER, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, collection);
	engine_bind_u64(st, 3, slot);
	return read_id(st, ret, err);
}

/* The 1st of January of year 1 is day -719162. */
static int32_t column_activity(sqlite3_stmt *st, int at)
{
	int day = sqlite3_column_int(st, at);

	return day < -719162 ? CIVIL_NO_DAY : day;
}

int engine_activity_next(struct engine *e, const struct id *after, int64_t created_before_ms,
	const char *ends_in, struct row_activity *ret, struct cu_err *err)
{
	struct id from = after ? *after : (struct id){ 0 };
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ACTIVITY_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &from);
	sqlite3_bind_int64(st, 2, created_before_ms);
	engine_bind_text(st, 3, ends_in);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	r = db_column_copy(st, 0, ret->subject.b, sizeof(ret->subject.b), err);
	ret->day = column_activity(st, 1);
	ret->ended_day = sqlite3_column_type(st, 2) == SQLITE_NULL ? CIVIL_NO_DAY :
								     sqlite3_column_int(st, 2);
	return found(st, r);
}

int engine_activity_of(struct engine *e, const struct id *subject, int32_t *ret_day,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int32_t day;
	int r = engine_statement(e, ST_ACTIVITY_OF, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	day = column_activity(st, 0);
	db_reset(st);
	if (day == CIVIL_NO_DAY) {
		return 0;
	}
	*ret_day = day;
	return 1;
}

int engine_relationship_of(struct engine *e, const struct id *subject, const char *ends_in,
	int32_t *ret_day, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RELATIONSHIP_OF, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_text(st, 2, ends_in);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	r = sqlite3_column_type(st, 0) != SQLITE_NULL;
	if (r > 0) {
		*ret_day = sqlite3_column_int(st, 0);
	}
	db_reset(st);
	return r;
}

int engine_activity_raise(struct engine *e, const struct id *subject, int32_t day,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ACTIVITY_RAISE, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	sqlite3_bind_int(st, 2, day);
	return db_run(st, err);
}

/* --- rules ------------------------------------------------------------------------ */

int engine_expiry_rule_put(struct engine *e, const struct row_expiry_rule *row,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_RULE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, row->collection);
	engine_bind_text(st, 2, row->keep);
	engine_bind_text(st, 3, row->minimum);
	sqlite3_bind_int(st, 4, row->is_review);
	engine_bind_text(st, 5, row->class_key);
	return db_run(st, err);
}

int engine_expiry_rule_next(struct engine *e, const struct row_expiry_rule *after,
	struct row_expiry_rule *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_RULE_NEXT, &st, err);

	/* copied, because ret may be after */
	if (r == 0) {
		r = db_copy_text(st, 1, after->collection, err);
	}
	if (r == 0) {
		r = db_copy_text(st, 2, after->class_key, err);
	}
	r = r < 0 ? r : db_step(st, err);
	if (r <= 0) {
		return r;
	}
	ret->is_review = sqlite3_column_int(st, 3) != 0;
	r = engine_column_key(st, 0, ret->collection, err);
	if (r == 0) {
		r = engine_column_key(st, 4, ret->class_key, err);
	}
	if (r == 0) {
		r = db_column_text(st, 1, ret->keep, sizeof(ret->keep), err);
	}
	return found(st, r < 0 ? r : db_column_text(st, 2, ret->minimum, sizeof(ret->minimum), err));
}

int engine_expiry_rule_delete(struct engine *e, const char *collection, const char *class_key,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_EXPIRY_RULE_DEL, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_text(st, 1, collection);
	engine_bind_text(st, 2, class_key);
	return db_run(st, err);
}
