/*
 * db.h: the one way in which custos opens an SQLite database.
 *
 * WAL, synchronous=FULL, secure_delete, temp_store in memory, no trusted schema, no ATTACH,
 * no extension, no checkpoint on close.  One writer connection a database, which opens first
 * and alone checkpoints; that avoids the WAL-reset defect of SQLite 3.7.0 to 3.51.2 and makes
 * an exact image possible (image.h).  A connection belongs to one thread at a time.
 */
#ifndef CU_DB_DB_H
#define CU_DB_DB_H
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;

enum db_mode {
	DB_CREATE, /* the writer; the file must not be there yet */
	DB_WRITE,  /* the writer of a database that exists */
	DB_READ,
};

/* is_durable: synchronous=FULL; otherwise NORMAL, for what can be made anew (index.db).
 * Files are made with mode 0600.  CU_ENOENT, CU_EEXIST, CU_ECORRUPT, CU_EIO; CU_EUNSUP where
 * a write-ahead log is not possible (its file system lacks shared memory).  What has a trigger, a view
 * or a virtual table is CU_ECORRUPT for DB_WRITE, and so for all: a writer opens first. */
int db_open(const char *path, enum db_mode mode, bool is_durable, sqlite3 **ret,
	struct cu_err *err);
/* For reading the file alone, without its WAL and without locks: for one that stands still
 * (image.h), in a process that has it not open otherwise. */
int db_open_still(const char *path, sqlite3 **ret, struct cu_err *err);
void db_close(sqlite3 *db); /* NULL is fine; all statements must be finalised */

/* An error of SQLite as ours, with its message but without any bound value. */
int db_fail(sqlite3 *db, struct cu_err *err, const char *what);

int db_exec(sqlite3 *db, const char *sql, struct cu_err *err);
int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct cu_err *err);

/* 1 with a row, 0 at the end, negative on failure.  On 0 and failure the statement is reset
 * and its bindings are cleared, so that it can be used again. */
int db_step(sqlite3_stmt *st, struct cu_err *err);
/* For a statement that yields no row; 0 or a code. */
int db_run(sqlite3_stmt *st, struct cu_err *err);
/* Give up a statement half-way: reset and clear. */
void db_reset(sqlite3_stmt *st);

/* Bytes are borrowed until the statement is reset. */
void db_bind_span(sqlite3_stmt *st, int at, struct span bytes);
/* What may change before that is copied.  0, or CU_ENOMEM, and the statement is reset: it would take
 * what is not bound for NULL, and find nothing. */
int db_copy_span(sqlite3_stmt *st, int at, struct span bytes, struct cu_err *err);
int db_copy_text(sqlite3_stmt *st, int at, const char *text, struct cu_err *err);
struct span db_column_span(sqlite3_stmt *st, int at);
/* The column must hold exactly n bytes: CU_ECORRUPT otherwise. */
int db_column_copy(sqlite3_stmt *st, int at, void *to, size_t n, struct cu_err *err);
/* A text with its NUL, which it has at its end alone: what is walked in the order of such texts goes
 * on behind what was read, not before it.  CU_ECORRUPT. */
int db_column_text(sqlite3_stmt *st, int at, char *to, size_t size, struct cu_err *err);

/* Makes durable what lies in the WAL.  A killed process leaves commits there that no sync has
 * covered; its successor reads them, and must not build on them before this. */
int db_sync(sqlite3 *writer, struct cu_err *err);

/* Moves the WAL into the database and truncates it.  CU_EBUSY while a reader is in the way. */
int db_checkpoint(sqlite3 *writer, struct cu_err *err);

/* "integrity_check" is clean: 0, else CU_ECORRUPT with its first line. */
int db_check(sqlite3 *db, struct cu_err *err);

#endif
