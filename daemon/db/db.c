#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"

/* SQLite knows of ENOSPC alone as the end of all room, and of others only that a write failed; nor does
 * sqlite3_system_errno() tell, but the call has just been made. */
static bool is_over_a_limit(sqlite3 *db, int last_errno)
{
	return sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE &&
	       (last_errno == EDQUOT || last_errno == EFBIG);
}

int db_fail(sqlite3 *db, struct cu_err *err, const char *what)
{
	int last_errno = errno, rc = sqlite3_errcode(db), code = CU_EIO;

	if (is_over_a_limit(db, last_errno)) {
		return cu_err_errno(err, last_errno, "%s", what);
	}

	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: code = CU_ECORRUPT; break;
	case SQLITE_FULL: code = CU_ENOSPC; break;
	case SQLITE_NOMEM: code = CU_ENOMEM; break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: code = CU_EBUSY; break;
	case SQLITE_CONSTRAINT: code = CU_EEXIST; break;
	case SQLITE_MISUSE: code = CU_EINTERNAL; break;
	}
	return cu_err_set(err, code, "%s: %s", what, sqlite3_errmsg(db));
}

/* "database data.db": which of them it is says the most. */
static int fail_in(sqlite3 *db, struct cu_err *err)
{
	const char *path = sqlite3_db_filename(db, "main"), *slash = path ? strrchr(path, '/') : NULL;
	char what[NAME_MAX + 16];

	snprintf(what, sizeof(what), "database %s", slash ? slash + 1 : path ? path : "");
	return db_fail(db, err, what);
}

int db_exec(sqlite3 *db, const char *sql, struct cu_err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return fail_in(db, err);
	}
	return 0;
}

int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct cu_err *err)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) != SQLITE_OK) {
		return db_fail(db, err, "prepare");
	}
	return 0;
}

void db_reset(sqlite3_stmt *st)
{
	if (st) {
		sqlite3_reset(st);
		sqlite3_clear_bindings(st);
	}
}

int db_step(sqlite3_stmt *st, struct cu_err *err)
{
	int r, rc = sqlite3_step(st);

	if (rc == SQLITE_ROW) {
		return 1;
	}
	r = rc == SQLITE_DONE ? 0 : fail_in(sqlite3_db_handle(st), err);
	db_reset(st);
	return r;
}

int db_run(sqlite3_stmt *st, struct cu_err *err)
{
	int r = db_step(st, err);

	if (r > 0) {
		db_reset(st);
	}
	return r < 0 ? r : 0;
}

void db_bind_span(sqlite3_stmt *st, int at, struct span bytes)
{
	/* an empty blob is a blob, not NULL */
	sqlite3_bind_blob64(st, at, bytes.n ? (const void *)bytes.p : "", bytes.n, SQLITE_STATIC);
}

static int bound(sqlite3_stmt *st, int rc, struct cu_err *err)
{
	int r = rc == SQLITE_OK ? 0 : fail_in(sqlite3_db_handle(st), err);

	if (r < 0) {
		db_reset(st);
	}
	return r;
}

int db_copy_span(sqlite3_stmt *st, int at, struct span bytes, struct cu_err *err)
{
	return bound(st, sqlite3_bind_blob64(st, at, bytes.n ? (const void *)bytes.p : "", bytes.n, SQLITE_TRANSIENT),
		err);
}

int db_copy_text(sqlite3_stmt *st, int at, const char *text, struct cu_err *err)
{
	return bound(st, sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT), err);
}

struct span db_column_span(sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_blob(st, at);

	return span_of(p, p ? (size_t)sqlite3_column_bytes(st, at) : 0);
}

int db_column_text(sqlite3_stmt *st, int at, char *to, size_t size, struct cu_err *err)
{
	const char *text = (const char *)sqlite3_column_text(st, at);
	size_t n = (size_t)sqlite3_column_bytes(st, at);

	if (!text || n >= size || strlen(text) != n) {
		return cu_err_set(err, CU_ECORRUPT, "column %d holds no text below %zu bytes", at, size);
	}
	memcpy(to, text, n + 1);
	return 0;
}

int db_column_copy(sqlite3_stmt *st, int at, void *to, size_t n, struct cu_err *err)
{
	struct span s = db_column_span(st, at);

	if (s.n != n) {
		return cu_err_set(err, CU_ECORRUPT, "column %d holds %zu bytes instead of %zu",
			at, s.n, n);
	}
	if (n > 0) {
		memcpy(to, s.p, n);
	}
	return 0;
}

static int is_set(sqlite3 *db, int op, int on)
{
	return sqlite3_db_config(db, op, on, NULL) == SQLITE_OK;
}

static int harden(sqlite3 *db, struct cu_err *err)
{
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	if (!is_set(db, SQLITE_DBCONFIG_DEFENSIVE, 1) ||
		!is_set(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) ||
		!is_set(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0) ||
		!is_set(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)) {
		return db_fail(db, err, "configure");
	}
	return db_exec(db,
		"PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON;"
		"PRAGMA mmap_size=0; PRAGMA cache_size=-8192; PRAGMA busy_timeout=5000;",
		err);
}

static int never_checkpoint(void *ctx, sqlite3 *db, const char *schema, int npages)
{
	(void)ctx;
	(void)db;
	(void)schema;
	(void)npages;
	return SQLITE_OK;
}

/* Where a WAL is not possible SQLite keeps its old mode and calls it no error. */
static int require_wal(sqlite3 *db, struct cu_err *err)
{
	const char *mode;
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db, "PRAGMA journal_mode=WAL", &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r > 0) {
		mode = (const char *)sqlite3_column_text(st, 0);
		r = mode && strcmp(mode, "wal") == 0 ?
			0 :
			cu_err_set(err, CU_EUNSUP, "no write-ahead log is possible there");
	}
	sqlite3_finalize(st);
	return r;
}

/* Our own hook replaces SQLite's automatic checkpoint: the writer's thread decides when.
 * Set last: PRAGMA wal_autocheckpoint would silently take it away. */
static int set_up_writer(sqlite3 *db, bool is_durable, struct cu_err *err)
{
	int r = require_wal(db, err);

	if (r == 0) {
		r = db_exec(db,
			is_durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", err);
	}
	if (r == 0) {
		sqlite3_wal_hook(db, never_checkpoint, NULL);
	}
	return r;
}

/* A database that somebody else made could run SQL of theirs in ours: custos makes tables and
 * indices, and nothing that acts. */
static int require_plain(sqlite3 *db, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r;

	/* the schema is read only now: here it shows whether it can be */
	if (sqlite3_prepare_v2(db,
		    "SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index') OR rootpage < 1 LIMIT 1", -1,
		    &st, NULL) != SQLITE_OK) {
		return fail_in(db, err);
	}
	r = db_step(st, err);
	if (r > 0) {
		r = cu_err_set(err, CU_ECORRUPT,
			"holds a trigger, a view or a virtual table, which custos never makes: somebody changed it");
	}
	sqlite3_finalize(st);
	return r;
}

/* SQLite would make the file with the umask's mode; it is ours alone. */
static int make_private_file(const char *path, struct cu_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", path);
	}
	close(fd); /* before SQLite opens it: POSIX locks end with any close() */
	return 0;
}

int db_open(const char *path, enum db_mode mode, bool is_durable, sqlite3 **ret,
	struct cu_err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	sqlite3 *db = NULL;
	int r = 0;

	if (mode == DB_CREATE) {
		r = make_private_file(path, err);
	} else if (!path_exists(path)) {
		r = cu_err_set(err, CU_ENOENT, "%s does not exist", path);
	}
	if (r < 0) {
		return r;
	}
	if (mode == DB_READ) {
		flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	}
	if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
		r = db ? db_fail(db, err, path) : cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		r = harden(db, err);
	}
	if (r == 0 && mode != DB_READ) {
		r = set_up_writer(db, is_durable, err);
	}
	if (r == 0 && mode == DB_WRITE) {
		r = require_plain(db, err);
	}
	if (r == 0 && mode != DB_READ) {
		/* SQLite syncs the new WAL's name as well, but does not look whether that worked */
		r = path_sync_above(path, err);
	}
	if (r < 0) {
		sqlite3_close(db);
		if (mode == DB_CREATE) {
			(void)unlink(path); /* ours, and of no use; another try makes it anew */
		}
		return r;
	}
	*ret = db;
	return 0;
}

int db_open_still(const char *path, sqlite3 **ret, struct cu_err *err)
{
	char uri[3 * PATH_SIZE + 32], *to = uri + sprintf(uri, "file:");
	sqlite3 *db = NULL;
	int r = 0;

	for (const char *c = path; *c; c++) { /* sqlite.org/uri.html 3.1 */
		to += sprintf(to, strchr("%?#", *c) ? "%%%02X" : "%c", *c);
	}
	strcpy(to, "?immutable=1");
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK) {
		r = db_fail(db, err, "open");
		db_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void db_close(sqlite3 *db)
{
	sqlite3_close(db);
}

int db_sync(sqlite3 *writer, struct cu_err *err)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 0;
	int rc = sqlite3_file_control(writer, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	if (rc != SQLITE_OK || !wal || !wal->pMethods) {
		return cu_err_set(err, CU_EINTERNAL, "the WAL is not open");
	}
	rc = wal->pMethods->xFileSize(wal, &size);
	if (rc == SQLITE_OK && size > 0) {
		rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
	}
	return rc == SQLITE_OK ? 0 : cu_err_set(err, CU_EIO, "the WAL could not be synced");
}

int db_checkpoint(sqlite3 *writer, struct cu_err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_fail(writer, err, "checkpoint");
}

int db_check(sqlite3 *db, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db, "PRAGMA integrity_check(1)", &st, err);

	if (r < 0) {
		return r;
	}
	r = db_step(st, err);
	if (r > 0) {
		const char *says = (const char *)sqlite3_column_text(st, 0);

		r = says && strcmp(says, "ok") == 0 ?
			0 :
			cu_err_set(err, CU_ECORRUPT, "integrity check: %s", says ? says : "no answer");
	}
	sqlite3_finalize(st);
	return r;
}
