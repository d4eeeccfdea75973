#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "fault.h"
#include "db/db.h"

static sqlite3 *open_db(const char *path, enum db_mode mode)
{
	sqlite3 *db = NULL;
	struct cu_err err = { 0 };

	assert_ok(db_open(path, mode, true, &db, &err), &err);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	struct cu_err err = { 0 };

	assert_ok(db_exec(db, sql, &err), &err);
}

static sqlite3_int64 number_of(sqlite3 *db, const char *sql)
{
	struct cu_err err = { 0 };
	sqlite3_stmt *st = NULL;
	sqlite3_int64 v;

	assert_ok(db_prepare(db, sql, &st, &err), &err);
	assert_int_equal(db_step(st, &err), 1);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static bool file_holds(const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	bool found;

	read_all(path, &b);
	found = memmem(b.p, b.n, text, strlen(text)) != NULL;
	buf_done(&b);
	return found;
}

/* --- hardening ---------------------------------------------------------------------------- */

static void assert_hardened(sqlite3 *db)
{
	static const struct {
		int op, wanted;
	} configs[] = { { SQLITE_DBCONFIG_DEFENSIVE, 1 }, { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 } };

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		int is = -1;

		assert_int_equal(sqlite3_db_config(db, configs[i].op, -1, &is), SQLITE_OK);
		assert_int_equal(is, configs[i].wanted);
	}
	assert_int_equal(number_of(db, "PRAGMA secure_delete"), 1);
	assert_int_equal(number_of(db, "PRAGMA temp_store"), 2);
	assert_int_equal(number_of(db, "PRAGMA cell_size_check"), 1);
	assert_int_equal(number_of(db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number_of(db, "PRAGMA mmap_size"), 0);
	assert_int_equal(number_of(db, "PRAGMA busy_timeout"), 5000);
	assert_int_equal(number_of(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, -1), 0);
}

static void each_way_of_opening_hardens(void **state)
{
	const char *path = in_dir(fresh_dir(), "a.db");
	struct cu_err err = { 0 };
	sqlite3 *made = open_db(path, DB_CREATE), *db;

	(void)state;
	run(made, "CREATE TABLE t (x)");
	assert_hardened(made);
	assert_int_equal(number_of(made, "PRAGMA synchronous"), 2);
	db = open_db(path, DB_READ);
	assert_hardened(db);
	db_close(db);
	db_close(made);
	db = open_db(path, DB_WRITE);
	assert_hardened(db);
	assert_int_equal(number_of(db, "PRAGMA synchronous"), 2);
	db_close(db);
	assert_ok(db_open(path, DB_WRITE, false, &db, &err), &err);
	assert_hardened(db);
	assert_int_equal(number_of(db, "PRAGMA synchronous"), 1);
	db_close(db);
}

static void attach_is_refused(void **state)
{
	const char *dir = fresh_dir();
	sqlite3 *db = open_db(in_dir(dir, "a.db"), DB_CREATE);

	(void)state;
	assert_true(db_exec(db, "ATTACH ':memory:' AS other", NULL) < 0);
	assert_true(db_exec(db, "VACUUM INTO '/tmp/custos-must-not-be'", NULL) < 0);
	db_close(db);
}

static void the_schema_cannot_be_written_by_hand(void **state)
{
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);

	(void)state;
	run(db, "CREATE TABLE t (x); PRAGMA writable_schema = ON;");
	assert_true(db_exec(db, "DELETE FROM sqlite_schema", NULL) < 0);
	db_close(db);
}

static void a_reader_cannot_write(void **state)
{
	const char *path = in_dir(fresh_dir(), "a.db");
	sqlite3 *made = open_db(path, DB_CREATE), *db;

	(void)state;
	run(made, "CREATE TABLE t (x)");
	db = open_db(path, DB_READ);
	assert_true(db_exec(db, "INSERT INTO t VALUES (1)", NULL) < 0);
	db_close(db);
	db_close(made);
}

static void all_files_are_private_whatever_the_umask(void **state)
{
	static const char *const names[] = { "a.db", "a.db-wal", "a.db-shm" };
	const char *dir = fresh_dir();
	mode_t old = umask(0);
	sqlite3 *db = open_db(in_dir(dir, "a.db"), DB_CREATE);

	(void)state;
	run(db, "CREATE TABLE t (x)");
	umask(old);
	for (size_t i = 0; i < 3; i++) {
		struct stat st;

		assert_int_equal(stat(in_dir(dir, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	db_close(db);
}

/* What was deleted is in no file any more, once the WAL was moved. */
static void a_deleted_value_is_gone_from_the_files(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(dir, "a.db"), DB_CREATE);

	(void)state;
	run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
	run(db, "INSERT INTO t VALUES (1, 'canary-7f3a'), (2, 'stays-1b2c')");
	assert_ok(db_checkpoint(db, &err), &err);
	assert_true(file_holds(in_dir(dir, "a.db"), "canary-7f3a"));
	run(db, "DELETE FROM t WHERE id = 1");
	assert_ok(db_checkpoint(db, &err), &err);
	assert_false(file_holds(in_dir(dir, "a.db"), "canary-7f3a"));
	assert_true(file_holds(in_dir(dir, "a.db"), "stays-1b2c"));
	assert_int_equal(size_of(in_dir(dir, "a.db-wal")), 0);
	db_close(db);
}

/* Over 1,000 pages SQLite itself would checkpoint at a commit, and always at the last close. */
static void nobody_checkpoints_but_by_asking(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(dir, "a.db"), DB_CREATE);
	off_t size;

	(void)state;
	run(db, "CREATE TABLE t (x)");
	assert_ok(db_checkpoint(db, &err), &err);
	size = size_of(in_dir(dir, "a.db"));
	for (int i = 0; i < 30; i++) {
		run(db, "INSERT INTO t VALUES (zeroblob(400000))");
	}
	assert_int_equal(size_of(in_dir(dir, "a.db")), size);
	assert_true(size_of(in_dir(dir, "a.db-wal")) > 2000 * 4096);
	db_close(db);
	assert_int_equal(size_of(in_dir(dir, "a.db")), size);
	assert_true(size_of(in_dir(dir, "a.db-wal")) > 2000 * 4096);

	db = open_db(in_dir(dir, "a.db"), DB_WRITE);
	assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 30);
	assert_ok(db_checkpoint(db, &err), &err);
	assert_true(size_of(in_dir(dir, "a.db")) > 30 * 400000);
	assert_int_equal(size_of(in_dir(dir, "a.db-wal")), 0);
	db_close(db);
}

static int nfiles, ncalls;

/* Counts the calls that open a database, in the sources that it is led through. */
static int look_for_open(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct buf b = BUF_INIT;
	const char *dot = strrchr(path, '.'), *s;

	(void)st;
	(void)at;
	if (kind != FTW_F || !dot || (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0)) {
		return 0;
	}
	read_all(path, &b);
	nfiles++;
	for (s = buf_cstr(&b); (s = strstr(s, "sqlite3_open")) != NULL; s++) {
		if (strcmp(path, "daemon/db/db.c") != 0) {
			fail_msg("%s opens a database by itself", path);
		}
		ncalls++;
	}
	buf_done(&b);
	return 0;
}

static void one_file_opens_all_databases(void **state)
{
	(void)state;
	assert_int_equal(nftw("daemon", look_for_open, 16, FTW_PHYS), 0);
	assert_true(nfiles > 50);
	assert_int_equal(ncalls, 2); /* db_open, and db_open_still */
}

/* --- opening ------------------------------------------------------------------------------ */

static void create_refuses_what_is_there(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;

	(void)state;
	write_all(in_dir(dir, "a.db"), span_str("something else"));
	assert_fails(db_open(in_dir(dir, "a.db"), DB_CREATE, true, &db, &err), CU_EEXIST, &err,
		"a.db");
	assert_null(db);
	assert_true(file_holds(in_dir(dir, "a.db"), "something else"));
	assert_int_equal(symlink("elsewhere", in_dir(dir, "link.db")), 0);
	assert_fails(db_open(in_dir(dir, "link.db"), DB_CREATE, true, &db, &err), CU_EEXIST, &err,
		"link.db");
}

static void create_says_what_is_wrong(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;

	(void)state;
	assert_fails(db_open(in_dir(dir, "none/a.db"), DB_CREATE, true, &db, &err), CU_ENOENT, &err,
		strerror(ENOENT));
	assert_fails(db_open("/proc/a.db", DB_CREATE, true, &db, &err), CU_ENOENT, &err,
		"/proc/a.db");
}

static void what_is_absent_is_not_made(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;

	(void)state;
	assert_fails(db_open(in_dir(dir, "a.db"), DB_WRITE, true, &db, &err), CU_ENOENT, &err, "a.db");
	assert_fails(db_open(in_dir(dir, "a.db"), DB_READ, true, &db, &err), CU_ENOENT, &err, "a.db");
	assert_false(path_exists(in_dir(dir, "a.db")));
}

static void what_is_no_database_is_corrupt(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;
	char text[8192];

	(void)state;
	memset(text, 'x', sizeof(text));
	write_all(in_dir(dir, "a.db"), span_of(text, sizeof(text)));
	assert_fails(db_open(in_dir(dir, "a.db"), DB_WRITE, true, &db, &err), CU_ECORRUPT, &err,
		"database a.db: file is not a database");
	assert_null(db);
}

static void a_database_with_sql_of_others_in_it_is_not_opened(void **state)
{
	static const char *const theirs[] = { "CREATE TRIGGER x AFTER DELETE ON t BEGIN DELETE FROM t; END",
		"CREATE VIEW x AS SELECT * FROM t",
		"CREATE VIRTUAL TABLE x USING fts5(a)" };
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
		char name[8] = { (char)('a' + i), '.', 'd', 'b' };
		sqlite3 *db = open_db(in_dir(dir, name), DB_CREATE);

		run(db, "CREATE TABLE t (a)");
		run(db, theirs[i]);
		db_close(db);
		db = NULL;
		assert_fails(db_open(in_dir(dir, name), DB_WRITE, true, &db, &err), CU_ECORRUPT, &err,
			"holds a trigger, a view or a virtual table");
		assert_null(db);
	}
}

/* On a VFS without shared memory SQLite answers "delete" and goes on. */
static void a_database_that_cannot_have_a_wal_is_refused(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3_vfs *usual = sqlite3_vfs_find(NULL), *none = sqlite3_vfs_find("unix-none");
	sqlite3 *db = NULL;
	int r;

	(void)state;
	assert_non_null(none);
	sqlite3_vfs_register(none, 1);
	r = db_open(in_dir(dir, "a.db"), DB_CREATE, true, &db, &err);
	sqlite3_vfs_register(usual, 1);
	assert_int_equal(r, CU_EUNSUP);
	assert_non_null(strstr(err.msg, "write-ahead"));
	assert_false(path_exists(in_dir(dir, "a.db"))); /* so that it can be tried again */
}

/* --- statements --------------------------------------------------------------------------- */

static void a_statement_is_ready_again_at_its_end(void **state)
{
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);
	sqlite3_stmt *st = NULL;

	(void)state;
	run(db, "CREATE TABLE t (x BLOB NOT NULL UNIQUE) STRICT");
	assert_ok(db_prepare(db, "INSERT INTO t VALUES (?1)", &st, &err), &err);
	db_bind_span(st, 1, span_str("a"));
	assert_ok(db_run(st, &err), &err);
	/* the binding is gone, so NULL is what it says */
	assert_fails(db_run(st, &err), CU_EEXIST, &err, "NOT NULL");
	db_bind_span(st, 1, span_of(NULL, 0));
	assert_ok(db_run(st, &err), &err); /* an empty blob is not NULL */
	db_bind_span(st, 1, span_str("a"));
	assert_fails(db_run(st, &err), CU_EEXIST, &err, "UNIQUE");
	db_bind_span(st, 1, span_str("b"));
	assert_ok(db_run(st, &err), &err);
	sqlite3_finalize(st);
	assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 3);
	db_close(db);
}

static void no_value_gets_into_a_message(void **state)
{
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);
	sqlite3_stmt *st = NULL;

	(void)state;
	run(db, "CREATE TABLE t (x INTEGER UNIQUE) STRICT; CREATE TABLE u (y BLOB UNIQUE) STRICT");
	assert_ok(db_prepare(db, "INSERT INTO t VALUES (?1)", &st, &err), &err);
	sqlite3_bind_text(st, 1, "Ada Lovelace", -1, SQLITE_STATIC);
	assert_int_equal(db_run(st, &err), CU_EEXIST);
	assert_null(strstr(err.msg, "Lovelace"));
	sqlite3_finalize(st);
	assert_ok(db_prepare(db, "INSERT INTO u VALUES (?1), (?1)", &st, &err), &err);
	db_bind_span(st, 1, span_str("Ada Lovelace"));
	assert_int_equal(db_run(st, &err), CU_EEXIST);
	assert_null(strstr(err.msg, "Lovelace"));
	sqlite3_finalize(st);
	db_close(db);
}

static void rows_come_one_by_one_and_can_be_given_up(void **state)
{
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);
	sqlite3_stmt *st = NULL;
	uint8_t three[3];

	(void)state;
	run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)");
	run(db, "INSERT INTO t VALUES (1, 'abc'), (2, x''), (3, NULL)");
	assert_ok(db_prepare(db, "SELECT x FROM t ORDER BY id", &st, &err), &err);
	assert_int_equal(db_step(st, &err), 1);
	assert_ok(db_column_copy(st, 0, three, 3, &err), &err);
	assert_memory_equal(three, "abc", 3);
	assert_fails(db_column_copy(st, 0, three, 2, &err), CU_ECORRUPT, &err, "3 bytes");
	assert_int_equal(db_step(st, &err), 1);
	assert_int_equal(db_column_span(st, 0).n, 0);
	assert_int_equal(db_step(st, &err), 1);
	assert_int_equal(db_column_span(st, 0).n, 0);
	assert_int_equal(db_step(st, &err), 0);
	assert_int_equal(db_step(st, &err), 1); /* from the start */
	db_reset(st);
	assert_int_equal(db_step(st, &err), 1);
	assert_ok(db_column_copy(st, 0, three, 3, &err), &err);
	db_reset(NULL);
	sqlite3_finalize(st);
	db_close(db);
	db_close(NULL);
}

static void a_checkpoint_past_a_reader_is_busy(void **state)
{
	const char *path = in_dir(fresh_dir(), "a.db");
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(path, DB_CREATE), *reader;

	(void)state;
	run(db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	reader = open_db(path, DB_READ);
	run(reader, "BEGIN");
	assert_int_equal(number_of(reader, "SELECT count(*) FROM t"), 1);
	run(db, "INSERT INTO t VALUES (2)");
	sqlite3_busy_timeout(db, 20);
	assert_fails(db_checkpoint(db, &err), CU_EBUSY, &err, "checkpoint");
	run(reader, "COMMIT");
	assert_ok(db_checkpoint(db, &err), &err);
	db_close(reader);
	db_close(db);
}

static void check_finds_damage(void **state)
{
	const char *dir = fresh_dir();
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(dir, "a.db"), DB_CREATE);
	struct buf b = BUF_INIT;

	(void)state;
	run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x); CREATE INDEX i ON t (x);"
		"WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 5000)"
		" INSERT INTO t SELECT v, v * 7 FROM n");
	assert_ok(db_check(db, &err), &err);
	assert_ok(db_checkpoint(db, &err), &err);
	db_close(db);

	read_all(in_dir(dir, "a.db"), &b);
	assert_true(b.n > 8 * 4096);
	memset(b.p + 5 * 4096 + 2000, 0x5a, 64);
	write_all(in_dir(dir, "b.db"), buf_span(&b));
	buf_done(&b);
	db = open_db(in_dir(dir, "b.db"), DB_WRITE);
	assert_fails(db_check(db, &err), CU_ECORRUPT, &err, "");
	db_close(db);
}

static void a_full_database_is_no_space(void **state)
{
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);

	(void)state;
	run(db, "CREATE TABLE t (x); PRAGMA max_page_count = 10;");
	assert_fails(db_exec(db, "INSERT INTO t VALUES (zeroblob(100000))", &err), CU_ENOSPC, &err,
		"full");
	db_close(db);
}

/* As a full disk, though SQLite says "disk I/O error": what is refused can be done when there is room again. */
static void a_quota_that_is_used_up_is_no_space(void **state)
{
	const struct rlimit small = { 100000, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	struct cu_err err = { 0 };
	sqlite3 *db = open_db(in_dir(fresh_dir(), "a.db"), DB_CREATE);

	(void)state;
	run(db, "CREATE TABLE t (x)");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails(db_exec(db, "INSERT INTO t VALUES (zeroblob(200000))", &err), CU_ENOSPC, &err, "too large");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(number_of(db, "SELECT count(*) FROM t"), 0);
	run(db, "INSERT INTO t VALUES (zeroblob(200000))");
	db_close(db);
}

/* What is in a write-ahead log whose name a power cut takes away is lost. */
static void a_writer_opens_only_with_a_durable_name_of_its_wal(void **state)
{
	const char *path = in_dir(fresh_dir(), "a.db");
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;

	(void)state;
	fault_arm(FAULT_SYNC, 1, FAULT_FAIL, EIO);
	assert_fails(db_open(path, DB_CREATE, true, &db, &err), CU_EIO, &err, "sync");
	assert_int_equal(fault_disarm(), 1);
	assert_false(path_exists(path));
	db_close(open_db(path, DB_CREATE));
	fault_arm(FAULT_SYNC, 1, FAULT_FAIL, EIO);
	assert_fails(db_open(path, DB_WRITE, true, &db, &err), CU_EIO, &err, "sync");
	fault_disarm();
	db_close(open_db(path, DB_READ));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_opening_hardens),
		cmocka_unit_test(attach_is_refused),
		cmocka_unit_test(the_schema_cannot_be_written_by_hand),
		cmocka_unit_test(a_reader_cannot_write),
		cmocka_unit_test(all_files_are_private_whatever_the_umask),
		cmocka_unit_test(a_deleted_value_is_gone_from_the_files),
		cmocka_unit_test(nobody_checkpoints_but_by_asking),
		cmocka_unit_test(one_file_opens_all_databases),
		cmocka_unit_test(create_refuses_what_is_there),
		cmocka_unit_test(create_says_what_is_wrong),
		cmocka_unit_test(what_is_absent_is_not_made),
		cmocka_unit_test(what_is_no_database_is_corrupt),
		cmocka_unit_test(a_database_with_sql_of_others_in_it_is_not_opened),
		cmocka_unit_test(a_database_that_cannot_have_a_wal_is_refused),
		cmocka_unit_test(a_statement_is_ready_again_at_its_end),
		cmocka_unit_test(no_value_gets_into_a_message),
		cmocka_unit_test(rows_come_one_by_one_and_can_be_given_up),
		cmocka_unit_test(a_checkpoint_past_a_reader_is_busy),
		cmocka_unit_test(check_finds_damage),
		cmocka_unit_test(a_full_database_is_no_space),
		cmocka_unit_test(a_quota_that_is_used_up_is_no_space),
		cmocka_unit_test(a_writer_opens_only_with_a_durable_name_of_its_wal),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
