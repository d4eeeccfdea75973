/*
 * migrate.h: the tables of data.db and index.db, and how older ones become today's.
 *
 * A format is a number in the database (user_version).  Each step goes from one to the
 * next in one transaction; a new database takes all of them.  docs/formats/record.md,
 * part "data.db".
 */
#ifndef CU_STORE_MIGRATE_H
#define CU_STORE_MIGRATE_H
#include <sqlite3.h>

#include "db/db.h"

struct cu_err;

/* DB_CREATE makes the tables, DB_WRITE brings older ones up to date, DB_READ only
 * looks. CU_ECORRUPT: no database of ours; or, for DB_READ, an older one.  CU_EUNSUP: a
 * later one. name is for messages. */
int migrate_data(sqlite3 *db, enum db_mode mode, const char *name, struct cu_err *err);
/* The same; an index without tables is made for any writer. */
int migrate_index(sqlite3 *db, enum db_mode mode, const char *name, struct cu_err *err);

#endif
