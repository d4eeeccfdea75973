#include "store/engine_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "db/db.h"
#include "db/image.h"
#include "db/wipe.h"
#include "store/migrate.h"

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

/* --- open, close ------------------------------------------------------------------ */

static int open_data(struct engine *e, enum db_mode mode, struct cu_err *err)
{
	int r = db_open(e->data_path, mode, true, &e->data, err);

	if (r == 0) {
		r = migrate_data(e->data, mode, e->data_path, err);
	}
	/* what is found is built on: leaves of its outbox go to the log */
	return r == 0 && mode == DB_WRITE ? db_sync(e->data, err) : r;
}

/* The index can always be made anew, so the writer makes one that is absent, and finishes one
 * whose making was cut short; its tables come in one transaction, all or none. */
static int open_index(struct engine *e, const char *dir, enum db_mode mode, struct cu_err *err)
{
	char path[PATH_SIZE];
	int r = path_join(path, dir, "index.db", err);

	if (r == 0) {
		mode = mode == DB_WRITE && !path_exists(path) ? DB_CREATE : mode;
		r = db_open(path, mode, false, &e->index, err);
	}
	return r < 0 ? r : migrate_index(e->index, mode, path, err);
}

/* Takes the place of the hook that db_open sets, and like it checkpoints nothing. */
static int count_pages(void *ctx, sqlite3 *db, const char *schema, int npages)
{
	(void)db;
	(void)schema;
	*(int *)ctx = npages;
	return SQLITE_OK;
}

/* That a transaction ends may not fail for want of memory. */
static int prepare_ends(struct engine *e, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, ST_ROLLBACK, &st, err);

	return r < 0 ? r : engine_statement(e, ST_INDEX_ROLLBACK, &st, err);
}

int engine_open(const char *dir, enum engine_mode mode, struct engine **ret, struct cu_err *err)
{
	static const enum db_mode modes[] = { DB_CREATE, DB_WRITE, DB_READ };
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = path_join(e->data_path, dir, "data.db", err);
	if (r == 0) {
		r = open_data(e, modes[mode], err);
	}
	if (r == 0) {
		r = open_index(e, dir, modes[mode], err);
	}
	if (r < 0) {
		engine_close(e);
		return r;
	}
	if (mode != ENGINE_READ) {
		sqlite3_wal_hook(e->data, count_pages, &e->data_pages);
		sqlite3_wal_hook(e->index, count_pages, &e->index_pages);
	}
	r = prepare_ends(e, err);
	if (r < 0) {
		engine_close(e);
		return r;
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

/* --- transactions ----------------------------------------------------------------- */

/* What could not be ended before, whyever, is no part of what begins now. */
static int end_before(struct engine *e, struct cu_err *err)
{
	int r = 0;

	if (!sqlite3_get_autocommit(e->data)) {
		r = engine_do(e, ST_ROLLBACK, err);
	}
	if (r == 0 && !sqlite3_get_autocommit(e->index)) {
		r = engine_do(e, ST_INDEX_ROLLBACK, err);
	}
	return r;
}

int engine_begin(struct engine *e, struct cu_err *err)
{
	int r = end_before(e, err);

	if (r == 0) {
		r = engine_do(e, ST_BEGIN, err);
	}
	if (r == 0) {
		r = engine_do(e, ST_INDEX_BEGIN, err);
		if (r < 0) {
			(void)engine_do(e, ST_ROLLBACK, NULL); /* the first error is the one to tell */
		}
	}
	return r;
}

void engine_release(struct engine *e)
{
	static const enum engine_statement borrowed[] = { ST_RECORD_GET, ST_RECORD_NEXT,
		ST_RECORD_NEXT_IN, ST_RECORD_CHANGED };

	for (size_t i = 0; i < sizeof(borrowed) / sizeof(borrowed[0]); i++) {
		db_reset(e->statements[borrowed[i]]);
	}
}

int engine_commit(struct engine *e, bool *ret_has_rows, struct cu_err *err)
{
	int r;

	engine_release(e);
	r = engine_do(e, ST_COMMIT, err);
	if (ret_has_rows) {
		*ret_has_rows = r == 0;
	}
	if (r == 0) {
		r = engine_do(e, ST_INDEX_COMMIT, err);
		r = r < 0 ? cu_err_wrap(err, r, "index") : 0;
	}
	if (r < 0) {
		engine_rollback(e);
	}
	return r;
}

void engine_rollback(struct engine *e)
{
	engine_release(e);
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
	int r = end_before(e, err);

	if (r == 0) {
		r = engine_do(e, ST_READ, err);
	}
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

/* --- upkeep ----------------------------------------------------------------------- */

/* 16 MiB: a page that is written often is copied into the file once, and a start after a crash
 * reads no more than this.  Not compared with other sizes. */
#define TIDY_PAGES 4096

static int tidy_one(sqlite3 *db, int *npages, const char *what, struct cu_err *err)
{
	int rc;

	if (*npages < TIDY_PAGES) {
		return 0;
	}
	rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc == SQLITE_OK) {
		*npages = 0; /* or a reader was in the way: the next commit counts again */
	}
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 : db_fail(db, err, what);
}

int engine_tidy(struct engine *e, struct cu_err *err)
{
	int r = tidy_one(e->data, &e->data_pages, "checkpoint", err);

	return r < 0 ? r : tidy_one(e->index, &e->index_pages, "checkpoint of the index", err);
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

int engine_index_image_begin(struct engine *e, struct db_image **ret, struct cu_err *err)
{
	return db_image_begin(e->index, sqlite3_db_filename(e->index, "main"), ret, err);
}

int engine_wipe(struct engine *e, bool is_index, struct db_image *image, const uint32_t *pages,
	size_t n, size_t *ret_n, struct cu_err *err)
{
	return db_wipe(is_index ? e->index : e->data, image, pages, n, ret_n, err);
}

int engine_check(struct engine *e, struct cu_err *err)
{
	return db_check(e->data, err);
}

/* The third column, where there is one, is the bytes. */
static int count(struct engine *e, enum engine_statement which, struct engine_counts *ret, struct cu_err *err)
{
	sqlite3_stmt *st;
	int r = engine_statement(e, which, &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r <= 0) {
		return r;
	}
	*ret = (struct engine_counts){ (uint64_t)sqlite3_column_int64(st, 0),
		(uint64_t)sqlite3_column_int64(st, 1),
		sqlite3_column_count(st) > 2 ? (uint64_t)sqlite3_column_int64(st, 2) : 0 };
	db_reset(st);
	return 0;
}

int engine_count(struct engine *e, struct engine_counts *ret, struct cu_err *err)
{
	return count(e, ST_COUNT, ret, err);
}

int engine_count_rows(struct engine *e, struct engine_counts *ret, struct cu_err *err)
{
	return count(e, ST_COUNT_ROWS, ret, err);
}
