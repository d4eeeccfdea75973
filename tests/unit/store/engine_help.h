/*
 * engine_help.h: an engine in a fresh directory, and rows whose ids are one byte.
 */
#ifndef CU_TESTS_ENGINE_HELP_H
#define CU_TESTS_ENGINE_HELP_H
#include "check.h"

#include "base/civil.h"
#include "store/engine_sqlite.h"

static inline struct engine *open_engine(const char *dir, enum engine_mode mode)
{
	struct engine *e = NULL;
	struct cu_err err = { 0 };

	assert_ok(engine_open(dir, mode, &e, &err), &err);
	return e;
}

static inline struct engine *fresh(const char **ret_dir)
{
	const char *dir = fresh_dir();

	if (ret_dir) {
		*ret_dir = dir;
	}
	return open_engine(dir, ENGINE_CREATE);
}

/* An id whose bytes are all b: ids in an order that is known. */
static inline struct id id_of(uint8_t b)
{
	struct id id;

	memset(id.b, b, sizeof(id.b));
	return id;
}

static inline struct row_record record_of(uint8_t id, uint8_t subject, const char *collection)
{
	struct row_record row = { .id = id_of(id), .subject = id_of(subject), .slot = 1000u + id,
		.version = 1, .anchor_day = CIVIL_NO_DAY, .created_ms = 5, .updated_ms = 6,
		.seq = id, .sealed = span_str("sealed bytes") };

	snprintf(row.collection, sizeof(row.collection), "%s", collection);
	return row;
}

static inline void put_record(struct engine *e, const struct row_record *row)
{
	struct cu_err err = { 0 };

	assert_ok(engine_record_put(e, row, NULL, 0, &err), &err);
}

static inline void put_token(struct engine *e, uint8_t token, uint8_t subject, uint8_t record)
{
	struct id t = id_of(token), s = id_of(subject), r = id_of(record);
	struct cu_err err = { 0 };

	_Static_assert(TOKEN_SIZE == sizeof(t.b), "16 bytes");
	assert_ok(engine_token_put(e, t.b, &s, &r, &err), &err);
}

/* The records of a token, as the first byte of each id. */
static inline const char *hits(struct engine *e, uint8_t token)
{
	static char out[64];
	struct id t = id_of(token), at, subject, *after = NULL;
	struct cu_err err = { 0 };
	size_t n = 0;
	int r;

	while ((r = engine_token_next(e, t.b, after, &subject, &at, &err)) > 0) {
		after = &at;
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%u/%u ", subject.b[0], at.b[0]);
	}
	assert_ok(r, &err);
	out[n > 0 ? n - 1 : 0] = '\0';
	return out;
}

static inline sqlite3_int64 rows_of(sqlite3 *db, const char *table)
{
	char sql[64];
	sqlite3_stmt *st = NULL;
	sqlite3_int64 n;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static inline void begin(struct engine *e)
{
	struct cu_err err = { 0 };

	assert_ok(engine_begin(e, &err), &err);
}

static inline void commit(struct engine *e)
{
	struct cu_err err = { 0 };

	assert_ok(engine_commit(e, NULL, &err), &err);
}

#endif
