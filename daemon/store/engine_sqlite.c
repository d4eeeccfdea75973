#include "store/engine_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "db/db.h"
#include "db/image.h"

/* 16 MiB: a page that is written often is copied into the file once, and a start after a
 * crash reads no more than this. */
#define WAL_MAX_PAGES 4096

#define DATA_FORMAT  1
#define INDEX_FORMAT 1

/* docs/formats/record.md, part "data.db".  STRICT: a value of another type is refused. */
static const char data_schema[] =
	"PRAGMA application_id = 1129665619;" /* "CUSS" */
	"BEGIN;"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE subject (id BLOB PRIMARY KEY, kind INTEGER NOT NULL,"
	" state INTEGER NOT NULL, created_ms INTEGER NOT NULL, run INTEGER NOT NULL,"
	" run_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE slot (subject BLOB NOT NULL, collection TEXT NOT NULL,"
	" slot INTEGER NOT NULL, PRIMARY KEY (subject, collection)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE record (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
	" collection TEXT NOT NULL, slot INTEGER NOT NULL, cohort_slot INTEGER,"
	" version INTEGER NOT NULL, anchor_day INTEGER, level INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" sealed BLOB NOT NULL) STRICT;"
	"CREATE INDEX record_of ON record (subject, collection, id);"
	"CREATE INDEX record_changed ON record (seq, id);"
	"CREATE TABLE cosubject (subject BLOB NOT NULL, record BLOB NOT NULL,"
	" PRIMARY KEY (subject, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX cosubject_of ON cosubject (record);"
	"CREATE TABLE cohort (collection TEXT NOT NULL, class TEXT NOT NULL,"
	" period INTEGER NOT NULL, slot INTEGER NOT NULL,"
	" PRIMARY KEY (collection, class, period)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;"
	"CREATE TABLE request (id BLOB PRIMARY KEY, at_ms INTEGER NOT NULL,"
	" reply BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX request_age ON request (at_ms);"
	"CREATE TABLE erasure (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
	" state INTEGER NOT NULL, begun_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL,"
	" generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE operator (uid INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char index_schema[] =
	"BEGIN;"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE token (token BLOB NOT NULL, subject BLOB NOT NULL, record BLOB NOT NULL,"
	" PRIMARY KEY (token, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX token_record ON token (record);"
	"CREATE INDEX token_subject ON token (subject);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char *const statement_sql[] = {
#define X(id, db, sql) [ST_##id] = sql,
	ENGINE_STATEMENTS(X)
#undef X
};

static sqlite3 *database_of(struct engine *e, enum engine_statement which)
{
	enum { in_data, in_index };
	static const char where[] = {
#define X(id, db, sql) [ST_##id] = in_##db,
		ENGINE_STATEMENTS(X)
#undef X
	};

	return where[which] == in_index ? e->index : e->data;
}

int engine_statement(struct engine *e, enum engine_statement which, sqlite3_stmt **ret,
	struct cu_err *err)
{
	sqlite3_stmt **kept = &e->statements[which];

	if (!*kept) {
		int r = db_prepare(database_of(e, which), statement_sql[which], kept, err);

		if (r < 0) {
			return r;
		}
	} else {
		db_reset(*kept);
	}
	*ret = *kept;
	return 0;
}

int engine_do(struct engine *e, enum engine_statement which, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	return r < 0 ? r : db_run(st, err);
}

int engine_do_id(struct engine *e, enum engine_statement which, const struct id *id,
	struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r < 0) {
		return r;
	}
	engine_bind_id(st, 1, id);
	return db_run(st, err);
}

/* --- open, close ------------------------------------------------------------------------ */

static int check_format(sqlite3 *db, int want, const char *name, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db, "PRAGMA user_version", &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r > 0) {
		int has = sqlite3_column_int(st, 0);

		r = has == want ? 0 :
				  cu_err_set(err, has > want ? CU_EUNSUP : CU_ECORRUPT,
					  "%s is of format %d, this custos writes %d", name, has, want);
	}
	sqlite3_finalize(st);
	return r;
}

static int open_one(const char *path, enum db_mode mode, bool is_durable, const char *schema,
	int format, sqlite3 **ret, struct cu_err *err)
{
	int r = db_open(path, mode, is_durable, ret, err);

	if (r == 0 && mode == DB_CREATE) {
		r = db_exec(*ret, schema, err);
	}
	return r < 0 ? r : check_format(*ret, format, path, err);
}

static int count_pages(void *ctx, sqlite3 *db, const char *schema, int npages)
{
	(void)db;
	(void)schema;
	*(int *)ctx = npages;
	return SQLITE_OK;
}

int engine_open(const char *dir, enum engine_mode mode, struct engine **ret, struct cu_err *err)
{
	static const enum db_mode modes[] = { DB_CREATE, DB_WRITE, DB_READ };
	struct engine *e = calloc(1, sizeof(*e));
	enum db_mode index_mode = modes[mode];
	char index_path[PATH_SIZE];
	int r;

	if (!e) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = path_join(e->data_path, dir, "data.db", err);
	if (r == 0) {
		r = path_join(index_path, dir, "index.db", err);
	}
	if (r == 0) {
		r = open_one(e->data_path, modes[mode], true, data_schema, DATA_FORMAT, &e->data, err);
	}
	if (r == 0 && mode == ENGINE_WRITE && !path_exists(index_path)) {
		index_mode = DB_CREATE;
	}
	if (r == 0) {
		r = open_one(index_path, index_mode, false, index_schema, INDEX_FORMAT, &e->index, err);
	}
	if (r < 0) {
		engine_close(e);
		return r;
	}
	if (mode != ENGINE_READ) {
		/* in place of db.c's, and for the same reason: to decide here when to checkpoint */
		sqlite3_wal_hook(e->data, count_pages, &e->wal_pages);
		sqlite3_wal_hook(e->index, count_pages, &e->index_wal_pages);
	}
	*ret = e;
	return 0;
}

void engine_close(struct engine *e)
{
	if (!e) {
		return;
	}
	for (int i = 0; i < ST_COUNT_; i++) {
		sqlite3_finalize(e->statements[i]);
	}
	db_close(e->data);
	db_close(e->index);
	free(e);
}

/* --- transactions ------------------------------------------------------------------------ */

int engine_begin(struct engine *e, struct cu_err *err)
{
	int r = engine_do(e, ST_BEGIN, err);

	if (r == 0) {
		r = engine_do(e, ST_INDEX_BEGIN, err);
		if (r < 0) {
			(void)engine_do(e, ST_ROLLBACK, NULL); /* the first error is the one to tell */
		}
	}
	return r;
}

/* A statement that stands on a row keeps its view of the database open. */
static void release_rows(struct engine *e)
{
	static const enum engine_statement borrowed[] = { ST_RECORD_GET, ST_RECORD_NEXT,
		ST_RECORD_NEXT_IN, ST_RECORD_CHANGED };

	for (size_t i = 0; i < sizeof(borrowed) / sizeof(borrowed[0]); i++) {
		db_reset(e->statements[borrowed[i]]);
	}
}

int engine_commit(struct engine *e, struct cu_err *err)
{
	int r;

	release_rows(e);
	r = engine_do(e, ST_COMMIT, err);

	if (r < 0) {
		engine_rollback(e);
		return r;
	}
	return engine_do(e, ST_INDEX_COMMIT, err);
}

void engine_rollback(struct engine *e)
{
	release_rows(e);
	/* SQLite may have rolled back by itself (a full disk): then these fail, rightly */
	(void)engine_do(e, ST_ROLLBACK, NULL);
	(void)engine_do(e, ST_INDEX_ROLLBACK, NULL);
}

int engine_step_begin(struct engine *e, struct cu_err *err)
{
	int r = engine_do(e, ST_STEP, err);

	return r < 0 ? r : engine_do(e, ST_INDEX_STEP, err);
}

int engine_step_end(struct engine *e, bool is_kept, struct cu_err *err)
{
	int r = 0;

	if (!is_kept) {
		r = engine_do(e, ST_STEP_UNDO, err);
		if (r == 0) {
			r = engine_do(e, ST_INDEX_STEP_UNDO, err);
		}
	}
	if (r == 0) {
		r = engine_do(e, ST_STEP_KEEP, err);
	}
	return r < 0 ? r : engine_do(e, ST_INDEX_STEP_KEEP, err);
}

int engine_read_begin(struct engine *e, struct cu_err *err)
{
	int r = engine_do(e, ST_READ, err);

	if (r == 0) {
		r = engine_do(e, ST_INDEX_READ, err);
		if (r < 0) {
			(void)engine_do(e, ST_ROLLBACK, NULL); /* the first error is the one to tell */
		}
	}
	return r;
}

void engine_read_end(struct engine *e)
{
	engine_rollback(e);
}

/* --- upkeep ------------------------------------------------------------------------------ */

static int tidy_one(sqlite3 *db, const int *pages, struct cu_err *err)
{
	int rc;

	if (*pages < WAL_MAX_PAGES) {
		return 0;
	}
	rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/* busy: an image is being read, a later call will do */
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 : db_fail(db, err, "checkpoint");
}

int engine_tidy(struct engine *e, struct cu_err *err)
{
	int r = tidy_one(e->data, &e->wal_pages, err);

	return r < 0 ? r : tidy_one(e->index, &e->index_wal_pages, err);
}

int engine_flush(struct engine *e, struct cu_err *err)
{
	int r = db_checkpoint(e->data, err);

	return r < 0 ? r : db_checkpoint(e->index, err);
}

int engine_image_begin(struct engine *e, struct db_image **ret, struct cu_err *err)
{
	return db_image_begin(e->data, e->data_path, ret, err);
}

int engine_check(struct engine *e, struct cu_err *err)
{
	return db_check(e->data, err);
}

int engine_count(struct engine *e, struct engine_counts *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_COUNT, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r <= 0) {
		return r;
	}
	*ret = (struct engine_counts){ (uint64_t)sqlite3_column_int64(st, 0),
		(uint64_t)sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2) };
	db_reset(st);
	return 0;
}
