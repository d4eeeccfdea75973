/* The rows of records' own rules. */
#include "store/engine_rule.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

/* --- rules ------------------------------------------------------------------------ */

int engine_rule_get(struct engine *e, int64_t number, struct rule *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RULE_GET, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, number);
	r = db_step(st, err);
	if (r > 0) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		r = text ? rule_parse(text, ret, err) :
			   cu_err_set(err, CU_ECORRUPT, "a rule has no text");
		db_reset(st);
		r = r < 0 ? r : 1;
	}
	return r;
}

static int put_keys(struct engine *e, const struct rule *rule, int64_t number, struct cu_err *err)
{
	struct rule_entry entry;
	sqlite3_stmt *st;
	int r = 0;

	for (size_t at = 0; r == 0 && rule_next(rule, &at, &entry);) {
		r = engine_statement(e, ST_RULE_KEY_PUT, &st, err);
		if (r == 0) {
			sqlite3_bind_int(st, 1, (int)entry.kind);
			engine_bind_text(st, 2, entry.key);
			sqlite3_bind_int64(st, 3, number);
			r = db_run(st, err);
		}
	}
	return r;
}

int engine_rule_put(struct engine *e, const struct rule *rule, struct cu_err *err)
{
	int64_t number = rule_number(rule);
	struct rule there;
	sqlite3_stmt *st;
	int r;

	if (number == 0) {
		return 0;
	}
	r = engine_rule_get(e, number, &there, err);
	if (r != 0) {
		return r < 0 || strcmp(there.text, rule->text) == 0 ?
			(r < 0 ? r : 0) :
			cu_err_set(err, CU_ECORRUPT, "two rules of records have one number");
	}
	r = engine_statement(e, ST_RULE_PUT, &st, err);
	if (r == 0) {
		sqlite3_bind_int64(st, 1, number);
		engine_bind_text(st, 2, rule->text);
		r = db_run(st, err);
	}
	return r < 0 ? r : put_keys(e, rule, number, err);
}

int engine_rule_prune(struct engine *e, struct cu_err *err)
{
	int r = engine_do(e, ST_RULE_PRUNE, err);

	return r < 0 ? r : engine_do(e, ST_RULE_KEY_PRUNE, err);
}

int engine_record_rule_put(struct engine *e, const struct id *record, int64_t rule,
	int64_t expires_ms, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_RULE_PUT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, record);
	sqlite3_bind_int64(st, 2, rule);
	sqlite3_bind_int64(st, 3, expires_ms);
	return db_run(st, err);
}

/* --- which records ---------------------------------------------------------------- */

static int bind_ruled(struct engine *e, enum engine_statement which, enum rule_kind kind,
	const char *key, const char *collection, sqlite3_stmt **ret, struct cu_err *err)
{
	int r = engine_statement(e, which, ret, err);

	if (r == 0) {
		sqlite3_bind_int(*ret, 1, (int)kind);
		engine_bind_text(*ret, 2, key);
		if (collection) {
			engine_bind_text(*ret, 3, collection);
		}
	}
	return r;
}

static int bind_of(struct engine *e, enum engine_statement which, const struct id *subject,
	const char *collection, sqlite3_stmt **ret, struct cu_err *err)
{
	int r = engine_statement(e, which, ret, err);

	if (r == 0 && subject) {
		engine_bind_id(*ret, 1, subject);
	}
	if (r == 0 && collection) {
		engine_bind_text(*ret, 2, collection);
	}
	return r;
}

static int take_ids(sqlite3_stmt *st, struct buf *to, struct cu_err *err)
{
	int r;

	while ((r = db_step(st, err)) > 0) {
		struct id id;

		r = db_column_copy(st, 0, id.b, sizeof(id.b), err);
		if (r < 0) {
			db_reset(st);
			return r;
		}
		buf_put(to, id.b, sizeof(id.b));
	}
	return r < 0 ? r : buf_check(to, err);
}

static int take_count(sqlite3_stmt *st, uint64_t *ret, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		*ret = (uint64_t)sqlite3_column_int64(st, 0);
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

int engine_records_ruled(struct engine *e, enum rule_kind kind, const char *key,
	const char *collection, struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_ruled(e, collection ? ST_RECORDS_RULED_IN : ST_RECORDS_RULED, kind, key,
		collection, &st, err);

	return r < 0 ? r : take_ids(st, to, err);
}

int engine_records_of(struct engine *e, const struct id *subject, const char *collection,
	struct buf *to, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_of(e, subject ? ST_RECORDS_OF : ST_RECORDS_IN, subject, collection, &st, err);

	return r < 0 ? r : take_ids(st, to, err);
}

int engine_count_ruled(struct engine *e, enum rule_kind kind, const char *key,
	const char *collection, int64_t now_ms, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_ruled(e, ST_COUNT_RULED, kind, key, collection, &st, err);

	if (r == 0) {
		sqlite3_bind_int64(st, 4, now_ms);
		r = take_count(st, ret, err);
	}
	return r;
}

int engine_count_of(struct engine *e, const struct id *subject, const char *collection,
	int64_t now_ms, uint64_t *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = bind_of(e, subject ? ST_COUNT_OF : ST_COUNT_IN, subject, collection, &st, err);

	if (r == 0) {
		sqlite3_bind_int64(st, 3, now_ms);
		r = take_count(st, ret, err);
	}
	return r;
}

int engine_record_over(struct engine *e, int64_t now_ms, int64_t *at_ms, struct id *record,
	struct cu_err *err)
{
	struct id after = *record;
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_RECORD_OVER, &st, err);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(st, 1, now_ms);
	sqlite3_bind_int64(st, 2, *at_ms);
	engine_bind_id(st, 3, &after);
	r = db_step(st, err);
	if (r > 0) {
		*at_ms = sqlite3_column_int64(st, 0);
		r = db_column_copy(st, 1, record->b, sizeof(record->b), err);
		db_reset(st);
		r = r < 0 ? r : 1;
	}
	return r;
}
