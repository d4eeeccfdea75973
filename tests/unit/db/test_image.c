#include "check.h"

#include <pthread.h>

#include "db/db.h"
#include "db/image.h"

#define MANY "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 3000)"

/* The linker's names (see the build file): what db_image_begin calls, and the real one. */
int __real_db_checkpoint(sqlite3 *writer, struct cu_err *err);
int __wrap_db_checkpoint(sqlite3 *writer, struct cu_err *err);

static sqlite3 *intruder; /* writes right after the next checkpoint */

int __wrap_db_checkpoint(sqlite3 *writer, struct cu_err *err)
{
	int r = __real_db_checkpoint(writer, err);

	if (intruder) {
		assert_int_equal(db_exec(intruder, "INSERT INTO t VALUES (NULL, 'late')", NULL), 0);
		intruder = NULL;
	}
	return r;
}

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

static sqlite3_int64 count(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	sqlite3_int64 n;

	assert_int_equal(db_prepare(db, "SELECT count(*) FROM t", &st, NULL), 0);
	assert_int_equal(db_step(st, NULL), 1);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* A database of 3,000 rows, half of them only in the WAL; its path lives on. */
static sqlite3 *sample(char path[PATH_SIZE])
{
	struct cu_err err = { 0 };
	sqlite3 *db;

	snprintf(path, PATH_SIZE, "%s/a.db", fresh_dir());
	db = open_db(path, DB_CREATE);
	run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x); CREATE INDEX i ON t (x)");
	run(db, MANY "INSERT INTO t (x) SELECT 'row ' || v FROM n WHERE v <= 1500");
	assert_ok(db_checkpoint(db, &err), &err);
	run(db, MANY "INSERT INTO t (x) SELECT 'row ' || v FROM n WHERE v > 1500");
	sqlite3_busy_timeout(db, 20);
	return db;
}

static struct db_image *begin(sqlite3 *db, const char *path)
{
	struct db_image *image = NULL;
	struct cu_err err = { 0 };

	assert_ok(db_image_begin(db, path, &image, &err), &err);
	return image;
}

static void read_image(struct db_image *image, struct buf *to)
{
	struct cu_err err = { 0 };
	uint32_t page = db_image_page_size(image);

	for (uint64_t at = 0; at < db_image_size(image); at += page) {
		uint8_t *room = buf_room(to, page);

		assert_ok(db_image_read(image, at, room, page, &err), &err);
		to->n += page;
	}
}

static void an_image_is_the_file_to_the_byte(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path);
	struct db_image *image = begin(db, path);
	struct buf b = BUF_INIT;
	const char *copy = in_dir(fresh_dir(), "cp.db");
	char command[3 * PATH_SIZE];
	struct buf file = BUF_INIT;

	(void)state;
	read_image(image, &b);
	/* by another process, whose close() leaves our locks alone */
	snprintf(command, sizeof(command), "cp '%s' '%s'", path, copy);
	assert_int_equal(system(command), 0);
	read_all(copy, &file);
	assert_int_equal(db_image_size(image), file.n);
	assert_true(span_eq(buf_span(&b), buf_span(&file)));
	assert_int_equal(db_image_page_size(image), 4096);
	db_image_end(image);
	db_close(db);
	buf_done(&b);
	buf_done(&file);
}

/* The image of a moment, opened as a database. */
static void assert_is_sound(struct span bytes, sqlite3_int64 nrows)
{
	const char *path = in_dir(fresh_dir(), "image.db");
	struct cu_err err = { 0 };
	sqlite3 *db;

	write_all(path, bytes);
	db = open_db(path, DB_WRITE);
	assert_ok(db_check(db, &err), &err);
	assert_int_equal(count(db), nrows);
	db_close(db);
}

static void an_image_stands_still_while_thousands_of_rows_are_written(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path);
	struct db_image *image = begin(db, path);
	struct buf first = BUF_INIT, later = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	read_image(image, &first);
	for (int i = 0; i < 10; i++) {
		run(db, MANY "INSERT INTO t (x) SELECT 'more ' || v FROM n");
		run(db, "DELETE FROM t WHERE id % 7 = 3; UPDATE t SET x = x || 'y' WHERE id % 5 = 1");
		/* both kinds of checkpoint are tried, and must leave the file alone */
		(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		assert_fails(db_checkpoint(db, &err), CU_EBUSY, &err, "checkpoint");
		if (i == 4) {
			run(db, "DROP INDEX i; CREATE INDEX i ON t (x)");
		}
	}
	read_image(image, &later);
	assert_true(span_eq(buf_span(&first), buf_span(&later)));
	db_image_end(image);
	assert_is_sound(buf_span(&first), 3000);

	assert_ok(db_checkpoint(db, &err), &err); /* the file moves on */
	image = begin(db, path);
	buf_clear(&later);
	read_image(image, &later);
	assert_false(span_eq(buf_span(&first), buf_span(&later)));
	db_image_end(image);
	assert_is_sound(buf_span(&later), count(db));
	db_close(db);
	buf_done(&first);
	buf_done(&later);
}

struct reading {
	struct db_image *image;
	struct buf bytes;
	int nrounds;
	bool is_same;
};

static void *keep_reading(void *arg)
{
	struct reading *rd = arg;

	rd->is_same = true;
	read_image(rd->image, &rd->bytes);
	for (int i = 0; i < rd->nrounds; i++) {
		struct buf again = BUF_INIT;

		read_image(rd->image, &again);
		rd->is_same = rd->is_same && span_eq(buf_span(&again), buf_span(&rd->bytes));
		buf_done(&again);
	}
	return NULL;
}

static void an_image_may_be_read_on_another_thread_beside_the_writer(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path);
	struct reading rd = { .image = begin(db, path), .nrounds = 20 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, keep_reading, &rd), 0);
	for (int i = 0; i < 60; i++) {
		run(db, "INSERT INTO t (x) VALUES (hex(randomblob(5000)))");
		(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
	pthread_join(thread, NULL);
	assert_true(rd.is_same);
	db_image_end(rd.image);
	assert_is_sound(buf_span(&rd.bytes), 3000);
	buf_done(&rd.bytes);
	db_close(db);
}

static void an_image_works_with_readers_and_images_around(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path), *idle = open_db(path, DB_READ), *reader = open_db(path, DB_READ);
	struct db_image *one, *two;
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(count(idle), 3000); /* has read before, reads nothing now */
	assert_ok(db_checkpoint(db, &err), &err);
	run(reader, "BEGIN");
	assert_int_equal(count(reader), 3000); /* looks at the file itself, no WAL between */
	one = begin(db, path);
	two = begin(db, path);
	run(db, "INSERT INTO t (x) VALUES ('late')");
	assert_int_equal(count(reader), 3000);
	assert_int_equal(count(idle), 3001);
	read_image(one, &a);
	db_image_end(one);
	read_image(two, &b);
	db_image_end(two);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	assert_is_sound(buf_span(&a), 3000);
	run(reader, "COMMIT");
	db_close(reader);
	db_close(idle);
	db_close(db);
	buf_done(&a);
	buf_done(&b);
}

static void an_image_is_refused_when_an_old_reader_is_in_the_way(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path), *reader = open_db(path, DB_READ);
	struct db_image *image = NULL;
	struct cu_err err = { 0 };

	(void)state;
	run(reader, "BEGIN");
	assert_int_equal(count(reader), 3000);
	run(db, "INSERT INTO t (x) VALUES ('late')");
	assert_fails(db_image_begin(db, path, &image, &err), CU_EBUSY, &err, "image of");
	assert_null(image);
	run(reader, "COMMIT");
	image = begin(db, path);
	db_image_end(image);
	db_close(reader);
	db_close(db);
}

/* There should be one writer only; if another comes in between, no image may be made. */
static void an_image_is_refused_when_something_was_written_meanwhile(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path), *other = open_db(path, DB_WRITE);
	struct db_image *image = NULL;
	struct cu_err err = { 0 };

	(void)state;
	intruder = other;
	assert_fails(
		db_image_begin(db, path, &image, &err), CU_EBUSY, &err, "written meanwhile");
	assert_null(image);
	image = begin(db, path);
	db_image_end(image);
	db_close(other);
	db_close(db);
}

static void a_read_outside_the_image_is_refused(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path);
	struct db_image *image = begin(db, path);
	uint64_t size = db_image_size(image);
	struct cu_err err = { 0 };
	uint8_t two[2];

	(void)state;
	assert_ok(db_image_read(image, size - 2, two, 2, &err), &err);
	assert_fails(db_image_read(image, size - 1, two, 2, &err), CU_EINTERNAL, &err, "end");
	assert_fails(db_image_read(image, size + 1, two, 0, &err), CU_EINTERNAL, &err, "end");
	assert_fails(db_image_read(image, UINT64_MAX, two, 2, &err), CU_EINTERNAL, &err, "end");
	db_image_end(image);
	db_image_end(NULL);
	db_close(db);
}

static void an_image_of_nothing_says_so(void **state)
{
	char path[PATH_SIZE];
	sqlite3 *db = sample(path);
	struct db_image *image = NULL;
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(db_image_begin(db, "/nonexistent/a.db", &image, &err), CU_ENOENT, &err,
		"image of /nonexistent/a.db");
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_the_file_to_the_byte),
		cmocka_unit_test(an_image_stands_still_while_thousands_of_rows_are_written),
		cmocka_unit_test(an_image_may_be_read_on_another_thread_beside_the_writer),
		cmocka_unit_test(an_image_works_with_readers_and_images_around),
		cmocka_unit_test(an_image_is_refused_when_an_old_reader_is_in_the_way),
		cmocka_unit_test(an_image_is_refused_when_something_was_written_meanwhile),
		cmocka_unit_test(a_read_outside_the_image_is_refused),
		cmocka_unit_test(an_image_of_nothing_says_so),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
