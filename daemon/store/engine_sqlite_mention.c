/* Who is named in records of others. */
#include "store/engine_mention.h"

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

int engine_mention_next(struct engine *e, const struct id *subject, const struct id *after,
	struct id *ret_record, struct cu_err *err)
{
	struct id from = after ? *after : (struct id){ { 0 } }; /* it may be *ret_record */
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MENTION_NEXT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	engine_bind_id(st, 2, &from);
	r = db_step(st, err);
	if (r > 0) {
		r = db_column_copy(st, 0, ret_record->b, sizeof(ret_record->b), err);
		db_reset(st);
		r = r < 0 ? r : 1;
	}
	return r;
}

int engine_mention_count(struct engine *e, const struct id *subject, const char *after,
	char ret_collection[ENGINE_KEY_SIZE], uint64_t *ret_n, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_MENTION_COUNT, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, subject);
	r = db_copy_text(st, 2, after, err); /* it may be ret_collection */
	r = r < 0 ? r : db_step(st, err);
	if (r > 0) {
		r = engine_column_key(st, 0, ret_collection, err);
		*ret_n = (uint64_t)sqlite3_column_int64(st, 1);
		db_reset(st);
		r = r < 0 ? r : 1;
	}
	return r;
}
