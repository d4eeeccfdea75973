#include "check.h"

#include "db/db.h"
#include "db/image.h"
#include "db/leftover.h"
#include "db/page.h"
#include "db/wipe.h"

#define NROWS 2000

/* Rows of a table with an index: an id, and a text that is long enough to overflow. */
static struct id ids[NROWS];
static const char *const allowed[] = { "kept", NULL };

static sqlite3 *open_db(const char *path, bool is_secure)
{
	sqlite3 *db = NULL;
	struct cu_err err = { 0 };

	assert_ok(db_open(path, access(path, F_OK) == 0 ? DB_WRITE : DB_CREATE, true,
			  &db, &err),
		&err);
	if (!is_secure) {
		assert_ok(db_exec(db, "PRAGMA secure_delete=OFF", &err), &err);
	}
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	struct cu_err err = { 0 };

	assert_ok(db_exec(db, sql, &err), &err);
}

static void insert(sqlite3 *db, const char *sql, size_t from, size_t end)
{
	struct cu_err err = { 0 };
	sqlite3_stmt *st = NULL;

	assert_ok(db_prepare(db, sql, &st, &err), &err);
	for (size_t i = from; i < end; i++) {
		sqlite3_bind_blob(st, 1, ids[i].b, sizeof(ids[i].b), SQLITE_STATIC);
		assert_ok(db_run(st, &err), &err);
	}
	sqlite3_finalize(st);
}

/* 2,000 rows, of which each second one is deleted, and a table that remembers 10 ids.
 */
static const char *make_db(const char *name, bool is_secure)
{
	const char *path = in_dir(tmp, name);
	sqlite3 *db = open_db(path, is_secure);
	struct cu_err err = { 0 };

	run(db, "CREATE TABLE t(id BLOB PRIMARY KEY, n INTEGER, x TEXT)");
	run(db, "CREATE TABLE kept(id BLOB PRIMARY KEY)");
	run(db, "BEGIN");
	insert(db,
		"INSERT INTO t SELECT ?1, (SELECT count(*) FROM t),"
		" hex(randomblob(30 + (SELECT count(*) FROM t) % 9 * 500))",
		0, NROWS);
	insert(db, "INSERT INTO kept VALUES (?1)", 0, 10);
	run(db, "COMMIT");
	assert_ok(db_checkpoint(db, &err), &err);
	run(db, "DELETE FROM t WHERE n % 2 = 0");
	assert_ok(db_checkpoint(db, &err), &err);
	db_close(db);
	return path;
}

struct seen {
	uint64_t bytes, ids_there, ids;
	uint64_t in_tables; /* of bytes and ids_there, not on pages of the free list */
	size_t npages;
	uint32_t pages[NROWS * 4]; /* with something where no row is */
};

static int see(void *ctx, const struct leftover *found, struct cu_err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->bytes += found->kind == LEFTOVER_BYTES;
	s->ids_there += found->kind == LEFTOVER_UNUSED_ID;
	s->ids += found->kind == LEFTOVER_ID;
	if (found->kind != LEFTOVER_ID && found->page > 0) {
		s->in_tables += *found->table != '\0';
		assert_true(s->npages < NROWS * 4);
		s->pages[s->npages++] = found->page;
	}
	return 0;
}

/* Looks for the ids of the rows that were deleted. */
static struct seen scan(const char *path, const char *const *where_allowed)
{
	struct leftover_counts counts = { 0 };
	struct leftover_ids *gone = NULL;
	struct id deleted[NROWS / 2];
	struct seen s = { 0 };
	struct cu_err err = { 0 };

	for (size_t i = 0; i < NROWS / 2; i++) {
		deleted[i] = ids[2 * i];
	}
	assert_ok(leftover_ids_new(deleted, NROWS / 2, &gone, &err), &err);
	assert_ok(leftover_scan_db(path, gone, where_allowed, see, &s, &counts, &err),
		&err);
	leftover_ids_free(gone);
	assert_true(counts.bytes > 100 * 4096);
	assert_int_equal(counts.found, s.bytes + s.ids_there + s.ids);
	return s;
}

/* Pages that are balanced keep some bytes of the rows that went to others. */
static void secure_delete_leaves_next_to_nothing(void **state)
{
	struct seen s = scan(make_db("secure", true), allowed);

	(void)state;
	assert_in_range(s.bytes, 0, 40); /* seen: 4 to 12, of some 1,300 pages */
	assert_in_range(s.ids_there, 0, 20);
	assert_int_equal(s.ids, 0);
}

static void without_secure_delete_bytes_and_ids_are_found(void **state)
{
	struct seen s = scan(make_db("insecure", false), allowed);

	(void)state;
	assert_in_range(s.bytes, 300, 3000);
	assert_in_range(s.ids_there, 300, 3000);
	assert_int_equal(s.ids, 0);
}

static void an_id_in_a_table_that_may_not_hold_it_is_found(void **state)
{
	struct seen s = scan(make_db("kept", true), NULL);

	(void)state;
	assert_int_equal(s.ids,
		2 * 5); /* the table's row and its index, of each second of ten */
}

static void an_id_in_any_other_file_is_found_at_every_offset(void **state)
{
	struct leftover_counts counts = { 0 };
	struct leftover_ids *gone = NULL;
	struct seen s = { 0 };
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;

	(void)state;
	memset(buf_room(&b, 3 << 20), 7, 3 << 20);
	b.n = 3 << 20;
	memcpy(b.p + 5, ids[0].b, 16);
	memcpy(b.p + (1 << 20) - 7, ids[1].b, 16); /* over the end of a slice */
	memcpy(b.p + (3 << 20) - 16, ids[2].b, 16);
	write_all(in_dir(tmp, "file"), buf_span(&b));
	assert_ok(leftover_ids_new(ids, 3, &gone, &err), &err);
	assert_ok(leftover_scan_file(in_dir(tmp, "file"), gone, see, &s, &counts, &err),
		&err);
	assert_int_equal(s.ids, 3);
	assert_ok(leftover_scan_file(in_dir(tmp, "none"), gone, see, &s, &counts, &err),
		&err);
	leftover_ids_free(gone);
	buf_done(&b);
}

static void what_is_no_database_is_corrupt(void **state)
{
	struct leftover_counts counts = { 0 };
	struct seen s = { 0 };
	struct cu_err err = { 0 };

	(void)state;
	write_all(in_dir(tmp, "text"),
		span_str("this is no database, however long the text is, and "
			 "it has to be longer than a hundred bytes to be read at all"));
	assert_fails(leftover_scan_db(
			     in_dir(tmp, "text"), NULL, NULL, see, &s, &counts, &err),
		CU_ECORRUPT, &err, "is not a database");
	assert_fails(leftover_scan_db(
			     in_dir(tmp, "absent"), NULL, NULL, see, &s, &counts, &err),
		CU_ENOENT, &err, "absent");
}

/* Whatever a page says of itself, nothing outside it is read (the sanitizer looks). */
static void a_page_of_random_bytes_is_never_clean(void **state)
{
	struct page_format f = { 4096, 4096 };
	uint8_t *page = malloc(f.size);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		id_random_bytes(page, f.size);
		page[0] = (uint8_t)(i % 4 == 0   ? 0x0d
				    : i % 4 == 1 ? 0x02
				    : i % 4 == 2 ? 0x0a
						 : i);
		assert_true(page_tree_leftover(&f, page, i % 2) >= 0);
		assert_true(page_free_leftover(&f, page, 100) >= 0);
		assert_true(page_overflow_leftover(&f, page, 4000) >= 0);
	}
	free(page);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	struct cu_err err = { 0 };
	sqlite3_stmt *st = NULL;
	int64_t n;

	assert_ok(db_prepare(db, sql, &st, &err), &err);
	assert_int_equal(db_step(st, &err), 1);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

#define SUM "SELECT sum(n * length(x) + unicode(x)) FROM t"

/* The scan closes the file in this process, and the locks go: it comes first, on a
 * closed one. */
static void what_no_row_uses_is_wiped_and_every_row_stays(void **state)
{
	const char *path = make_db("wiped", false);
	struct seen s = scan(path, allowed), after;
	sqlite3 *db = open_db(path, true);
	struct db_image *image = NULL;
	struct cu_err err = { 0 };
	int64_t sum = number(db, SUM);
	size_t n = 0;

	(void)state;
	assert_true(s.in_tables > 100);
	run(db, "UPDATE t SET n = n"); /* all pages are in the writer's memory */
	assert_ok(db_image_begin(db, path, &image, &err), &err);
	assert_ok(db_wipe(db, image, s.pages, s.npages, &n, &err), &err);
	db_image_end(image);
	assert_in_range(n, 100, s.npages);

	assert_int_equal(number(db, SUM), sum);
	assert_ok(db_check(db, &err), &err);
	run(db, "UPDATE t SET n = n + 1 WHERE n % 3 = 0"); /* what was in memory does
							      not return */
	run(db, "UPDATE t SET n = n - 1 WHERE n % 3 = 1");
	assert_ok(db_checkpoint(db, &err), &err);
	db_close(db);
	after = scan(path, allowed);
	assert_int_equal(after.ids, 0);
	assert_int_equal(after.in_tables,
		0); /* what a free page held before stays: no table's */
}

static void a_page_that_contradicts_itself_is_not_wiped(void **state)
{
	struct page_format f = { 4096, 4096 };
	uint8_t page[4096], before[4096];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		id_random_bytes(page, sizeof(page));
		page[0] = 0x0d;
		page[5] = 0x20; /* cells begin behind the page's end */
		memcpy(before, page, sizeof(page));
		assert_false(page_tree_wipe(&f, page, false));
		assert_memory_equal(before, page, sizeof(page));
	}
}

static int make_ids(void **state)
{
	for (size_t i = 0; i < NROWS; i++) {
		ids[i] = id_new();
	}
	return make_tmp(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secure_delete_leaves_next_to_nothing),
		cmocka_unit_test(without_secure_delete_bytes_and_ids_are_found),
		cmocka_unit_test(an_id_in_a_table_that_may_not_hold_it_is_found),
		cmocka_unit_test(an_id_in_any_other_file_is_found_at_every_offset),
		cmocka_unit_test(what_is_no_database_is_corrupt),
		cmocka_unit_test(a_page_of_random_bytes_is_never_clean),
		cmocka_unit_test(what_no_row_uses_is_wiped_and_every_row_stays),
		cmocka_unit_test(a_page_that_contradicts_itself_is_not_wiped),
	};

	return cmocka_run_group_tests_name("leftover", tests, make_ids, drop_tmp);
}
