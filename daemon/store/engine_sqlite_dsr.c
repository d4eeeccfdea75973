/* The rows of requests of data subjects. */
#include "base/err.h"
#include "db/db.h"
#include "store/engine_dsr.h"
#include "store/engine_sqlite.h"

/* --- requests --------------------------------------------------------------------- */

static void bind(sqlite3_stmt *st, const struct row_dsr *row)
{
	engine_bind_id(st, 1, &row->id);
	sqlite3_bind_int64(st, 2, row->number);
	engine_bind_id(st, 3, &row->kase);
	engine_bind_id(st, 4, &row->subject);
	sqlite3_bind_int64(st, 5, row->type);
	sqlite3_bind_int64(st, 6, row->state);
	sqlite3_bind_int64(st, 7, row->channel);
	sqlite3_bind_int64(st, 8, row->language);
	engine_bind_text(st, 9, row->law);
	engine_bind_text(st, 10, row->about);
	sqlite3_bind_int(st, 11, row->received_day);
	sqlite3_bind_int64(st, 12, row->entered_ms);
	sqlite3_bind_int(st, 13, row->due_day);
	sqlite3_bind_int64(st, 14, row->extension);
	sqlite3_bind_int(st, 15, row->extension_day);
	sqlite3_bind_int64(st, 16, row->method);
	sqlite3_bind_int64(st, 17, row->verified_ms);
	engine_bind_id(st, 18, &row->code);
	sqlite3_bind_int64(st, 19, row->code_attempts);
	sqlite3_bind_int64(st, 20, row->code_expires_ms);
	engine_bind_text(st, 21, row->reason);
	sqlite3_bind_int64(st, 22, row->duplicate_of);
	engine_bind_id(st, 23, &row->approval);
	engine_bind_id(st, 24, &row->erasure);
	sqlite3_bind_int64(st, 25, row->nkept);
	sqlite3_bind_int64(st, 26, row->closed_ms);
	sqlite3_bind_int64(st, 27, row->asked_ms);
	sqlite3_bind_int64(st, 28, row->prepared_ms);
	sqlite3_bind_int64(st, 29, row->nuntold);
	engine_bind_id(st, 30, &row->worker);
	sqlite3_bind_int64(st, 31, row->acts_as);
	sqlite3_bind_int64(st, 32, row->authority);
	sqlite3_bind_int64(st, 33, row->authority_ms);
}

int engine_dsr_put(struct engine *e, const struct row_dsr *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	bind(st, row);
	return db_run(st, err);
}

/* The columns that can be other than they should. */
static int read_checked(sqlite3_stmt *st, struct row_dsr *ret, struct cu_err *err)
{
	const struct {
		int at;
		struct id *to;
	} ids[] = { { 0, &ret->id }, { 2, &ret->kase }, { 3, &ret->subject },
		{ 17, &ret->code }, { 22, &ret->approval }, { 23, &ret->erasure },
		{ 29, &ret->worker } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		r = db_column_copy(st, ids[i].at, ids[i].to->b, sizeof(ids[i].to->b), err);
	}
	if (r == 0) {
		r = engine_column_key(st, 8, ret->law, err);
	}
	if (r == 0) {
		r = engine_column_key(st, 9, ret->about, err);
	}
	return r < 0 ? r : engine_column_key(st, 20, ret->reason, err);
}

static int read_columns(sqlite3_stmt *st, struct row_dsr *ret, struct cu_err *err)
{
	int r = read_checked(st, ret, err);

	ret->number = (uint32_t)sqlite3_column_int64(st, 1);
	ret->type = (unsigned)sqlite3_column_int64(st, 4);
	ret->state = (unsigned)sqlite3_column_int64(st, 5);
	ret->channel = (unsigned)sqlite3_column_int64(st, 6);
	ret->language = (unsigned)sqlite3_column_int64(st, 7);
	ret->received_day = sqlite3_column_int(st, 10);
	ret->entered_ms = sqlite3_column_int64(st, 11);
	ret->due_day = sqlite3_column_int(st, 12);
	ret->extension = (unsigned)sqlite3_column_int64(st, 13);
	ret->extension_day = sqlite3_column_int(st, 14);
	ret->method = (unsigned)sqlite3_column_int64(st, 15);
	ret->verified_ms = sqlite3_column_int64(st, 16);
	ret->code_attempts = (unsigned)sqlite3_column_int64(st, 18);
	ret->code_expires_ms = sqlite3_column_int64(st, 19);
	ret->duplicate_of = (uint32_t)sqlite3_column_int64(st, 21);
	ret->nkept = (unsigned)sqlite3_column_int64(st, 24);
	ret->closed_ms = sqlite3_column_int64(st, 25);
	ret->asked_ms = sqlite3_column_int64(st, 26);
	ret->prepared_ms = sqlite3_column_int64(st, 27);
	ret->nuntold = (unsigned)sqlite3_column_int64(st, 28);
	ret->acts_as = (unsigned)sqlite3_column_int64(st, 30);
	ret->authority = (unsigned)sqlite3_column_int64(st, 31);
	ret->authority_ms = sqlite3_column_int64(st, 32);
	return r;
}

static int read_row(sqlite3_stmt *st, struct row_dsr *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		r = read_columns(st, ret, err);
		db_reset(st);
		return r < 0 ? r : 1;
	}
	return r;
}

static int find_by_number(struct engine *e, enum engine_statement which, uint32_t number,
	struct row_dsr *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, number);
	return read_row(st, ret, err);
}

int engine_dsr_get(struct engine *e, uint32_t number, struct row_dsr *ret, struct cu_err *err)
{
	return find_by_number(e, ST_DSR_GET, number, ret, err);
}

int engine_dsr_next(struct engine *e, uint32_t after, struct row_dsr *ret, struct cu_err *err)
{
	return find_by_number(e, ST_DSR_NEXT, after, ret, err);
}

int engine_dsr_next_open(
	struct engine *e, uint32_t after, struct row_dsr *ret, struct cu_err *err)
{
	return find_by_number(e, ST_DSR_NEXT_OPEN, after, ret, err);
}

int engine_dsr_by_id(
	struct engine *e, const struct id *id, struct row_dsr *ret, struct cu_err *err)
{
	struct id wanted = *id; /* perhaps of *ret */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_BY_ID, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, &wanted);
	return read_row(st, ret, err);
}

int engine_dsr_of(struct engine *e, const struct id *subject, uint32_t after,
	struct row_dsr *ret, struct cu_err *err)
{
	struct id wanted = *subject;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_OF, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, after);
	engine_bind_id(st, 2, &wanted);
	return read_row(st, ret, err);
}

int engine_dsr_in_cohort(struct engine *e, uint64_t cohort_slot, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_IN_COHORT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_u64(st, 1, cohort_slot);
	r = db_step(st, err);
	db_reset(st);
	return r;
}

int engine_dsr_over(
	struct engine *e, int64_t before_ms, struct row_dsr *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_OVER, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, before_ms);
	return read_row(st, ret, err);
}

int engine_dsr_delete(struct engine *e, const struct id *id, struct cu_err *err)
{
	int r = engine_do_id(e, ST_DSR_DEL_PARTS, id, err);

	if (r == 0) {
		r = engine_do_id(e, ST_DSR_DEL_PAUSES, id, err);
	}
	if (r == 0) {
		r = engine_do_id(e, ST_OUTGOING_DROP, id, err);
	}
	return r < 0 ? r : engine_do_id(e, ST_DSR_DEL, id, err);
}

/* --- parts ------------------------------------------------------------------------ */

int engine_dsr_part_put(struct engine *e, const struct id *request,
	const struct row_dsr_part *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PART_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int(st, 2, (int)row->kind);
	engine_bind_text(st, 3, row->collection);
	engine_bind_id(st, 4, &row->note);
	return db_run(st, err);
}

int engine_dsr_part_drop(struct engine *e, const struct id *request, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PART_DROP, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int(st, 2, (int)kind);
	engine_bind_text(st, 3, collection);
	return db_run(st, err);
}

int engine_dsr_part_next(struct engine *e, const struct id *request, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PART_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int(st, 2, (int)kind);
	engine_bind_text(st, 3, after);
	r = db_step(st, err);
	if (r <= 0) {
		return r;
	}
	ret->kind = kind;
	r = engine_column_key(st, 0, ret->collection, err);
	if (r == 0) {
		r = db_column_copy(st, 1, ret->note.b, sizeof(ret->note.b), err);
	}
	db_reset(st);
	return r < 0 ? r : 1;
}

/* --- pauses ----------------------------------------------------------------------- */

int engine_dsr_pause_put(struct engine *e, const struct id *request,
	const struct row_dsr_pause *row, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PAUSE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int(st, 2, row->from_day);
	sqlite3_bind_int(st, 3, row->to_day);
	return db_run(st, err);
}

int engine_dsr_pause_next(struct engine *e, const struct id *request, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_DSR_PAUSE_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, request);
	sqlite3_bind_int(st, 2, after);
	r = db_step(st, err);
	if (r > 0) {
		ret->from_day = sqlite3_column_int(st, 0);
		ret->to_day = sqlite3_column_int(st, 1);
		db_reset(st);
	}
	return r;
}
