#include "engine_help.h"

#include "db/image.h"

/* --- opening ------------------------------------------------------------------------------ */

static void both_files_are_made_and_opened_again(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };
	uint64_t seq = 9;

	(void)state;
	assert_ok(engine_index_seq(e, &seq, &err), &err);
	assert_int_equal(seq, 0);
	assert_ok(engine_check(e, &err), &err);
	engine_close(e);
	engine_close(open_engine(dir, ENGINE_WRITE));
	engine_close(open_engine(dir, ENGINE_READ));
	engine_close(NULL);
	assert_fails(engine_open(dir, ENGINE_CREATE, &e, &err), CU_EEXIST, &err, "data.db");
}

static void nothing_is_opened_where_nothing_is(void **state)
{
	const char *dir = fresh_dir();
	struct engine *e = NULL;
	struct cu_err err = { 0 };

	(void)state;
	assert_fails(engine_open(dir, ENGINE_WRITE, &e, &err), CU_ENOENT, &err, "data.db");
	assert_fails(engine_open(dir, ENGINE_READ, &e, &err), CU_ENOENT, &err, "data.db");
	assert_false(path_exists(in_dir(dir, "index.db")));
	assert_null(e);
}

static void an_absent_index_is_made_for_the_writer_and_empty(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };
	uint64_t seq = 9;

	(void)state;
	begin(e);
	put_token(e, 1, 2, 3);
	assert_ok(engine_index_set_seq(e, 7, &err), &err);
	commit(e);
	engine_close(e);
	/* its write-ahead log stays behind, as after a crash */
	assert_true(path_exists(in_dir(dir, "index.db-wal")));
	assert_int_equal(unlink(in_dir(dir, "index.db")), 0);
	assert_fails(engine_open(dir, ENGINE_READ, &e, &err), CU_ENOENT, &err, "index.db");
	e = open_engine(dir, ENGINE_WRITE);
	assert_ok(engine_index_seq(e, &seq, &err), &err);
	assert_int_equal(seq, 0);
	assert_string_equal(hits(e, 1), "");
	engine_close(e);
}

/* A crash while the index was made: the file is there, its tables are not. */
static void an_index_that_was_never_finished_is_finished(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;

	(void)state;
	engine_close(e);
	for (int i = 0; i < 2; i++) {
		remove(in_dir(dir, "index.db"));
		remove(in_dir(dir, "index.db-wal"));
		remove(in_dir(dir, "index.db-shm"));
		if (i == 0) {
			write_all(in_dir(dir, "index.db"), span_str(""));
		} else {
			assert_int_equal(sqlite3_open(in_dir(dir, "index.db"), &db), SQLITE_OK);
			sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
			sqlite3_close(db);
		}
		e = open_engine(dir, ENGINE_WRITE);
		put_token(e, 1, 2, 3);
		assert_string_equal(hits(e, 1), "2/3");
		engine_close(e);
	}
	/* but a data.db without tables is no store */
	remove(in_dir(dir, "data.db"));
	remove(in_dir(dir, "data.db-wal"));
	write_all(in_dir(dir, "data.db"), span_str(""));
	assert_fails(engine_open(dir, ENGINE_WRITE, &e, &err), CU_ECORRUPT, &err, "format 0");
}

static void a_later_format_is_told_from_damage(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(
		sqlite3_exec(e->data, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	engine_close(e);
	assert_fails(engine_open(dir, ENGINE_WRITE, &e, &err), CU_EUNSUP, &err, "format 99");
}

/* --- transactions ------------------------------------------------------------------------- */

static void a_rollback_takes_back_both_databases(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "profile"), got;

	(void)state;
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	engine_rollback(e);
	assert_int_equal(engine_record_get(e, &row.id, &got, NULL), 0);
	assert_string_equal(hits(e, 1), "");
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	commit(e);
	assert_int_equal(engine_record_get(e, &row.id, &got, NULL), 1);
	assert_string_equal(hits(e, 1), "1/1");
	engine_close(e);
}

static void a_step_is_undone_alone_with_its_index_rows(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };

	(void)state;
	begin(e);
	for (uint8_t i = 1; i <= 5; i++) {
		struct row_record row = record_of(i, 1, "profile"), got;
		bool is_kept = i != 2 && i != 4;

		assert_ok(engine_step_begin(e, &err), &err);
		put_record(e, &row);
		put_token(e, 9, 1, i);
		assert_ok(engine_index_set_seq(e, i, &err), &err);
		assert_ok(engine_meta_put_u64(e, "n", i, &err), &err);
		/* a row is still borrowed when the step ends */
		assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
		assert_ok(engine_step_end(e, is_kept, &err), &err);
	}
	commit(e);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_string_equal(hits(e, 9), "1/1 1/3 1/5");
	for (uint8_t i = 1; i <= 5; i++) {
		struct id id = id_of(i);
		struct row_record got;

		assert_int_equal(engine_record_get(e, &id, &got, NULL), i != 2 && i != 4);
	}
	engine_close(e);
}

static void what_is_not_committed_is_not_there_after_opening_again(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_record row = record_of(1, 1, "profile"), got;

	(void)state;
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_int_equal(engine_record_get(e, &row.id, &got, NULL), 0);
	assert_string_equal(hits(e, 1), "");
	engine_close(e);
}

static int refuse(void *ctx)
{
	(void)ctx;
	return 1;
}

/* The two cannot be committed at once; what came of each is told. */
static void a_commit_that_the_index_refuses_has_rows_and_says_so(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "profile"), got;
	struct cu_err err = { 0 };
	bool has_rows = false;

	(void)state;
	sqlite3_commit_hook(e->index, refuse, NULL);
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	assert_true(engine_commit(e, &has_rows, &err) < 0);
	assert_true(has_rows);
	assert_non_null(strstr(err.msg, "index"));
	assert_int_equal(engine_record_get(e, &row.id, &got, NULL), 1);
	assert_string_equal(hits(e, 1), "");

	/* and nothing is left open */
	sqlite3_commit_hook(e->index, NULL, NULL);
	begin(e);
	put_token(e, 1, 1, 1);
	commit(e);
	assert_string_equal(hits(e, 1), "1/1");
	engine_close(e);
}

static void a_commit_that_the_rows_refuse_has_neither(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "profile"), got;
	bool has_rows = true;

	(void)state;
	sqlite3_commit_hook(e->data, refuse, NULL);
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	assert_true(engine_commit(e, &has_rows, NULL) < 0);
	assert_false(has_rows);
	sqlite3_commit_hook(e->data, NULL, NULL);
	assert_int_equal(engine_record_get(e, &row.id, &got, NULL), 0);
	assert_string_equal(hits(e, 1), "");
	begin(e);
	commit(e);
	engine_close(e);
}

static void a_view_stands_still_until_its_end(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir), *reader = open_engine(dir, ENGINE_READ);
	struct row_record one = record_of(1, 1, "profile"), two = record_of(2, 1, "profile"), got;
	struct cu_err err = { 0 };

	(void)state;
	put_record(e, &one);
	put_token(e, 1, 1, 1);
	assert_ok(engine_read_begin(reader, &err), &err);
	assert_int_equal(engine_record_get(reader, &two.id, &got, &err), 0);
	assert_string_equal(hits(reader, 1), "1/1");
	begin(e);
	put_record(e, &two);
	put_token(e, 1, 1, 2);
	commit(e);
	assert_int_equal(engine_record_get(reader, &two.id, &got, &err), 0);
	assert_string_equal(hits(reader, 1), "1/1");
	engine_read_end(reader);
	assert_int_equal(engine_record_get(reader, &two.id, &got, &err), 1);
	assert_string_equal(hits(reader, 1), "1/1 1/2");
	engine_close(reader);
	engine_close(e);
}

static void a_reader_cannot_change_rows(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir), *reader = open_engine(dir, ENGINE_READ);

	(void)state;
	assert_true(engine_meta_put_u64(reader, "n", 1, NULL) < 0);
	assert_true(engine_index_set_seq(reader, 1, NULL) < 0);
	engine_close(reader);
	engine_close(e);
}

/* --- upkeep ------------------------------------------------------------------------------- */

static off_t size_of(const char *dir, const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_dir(dir, name), &st), 0);
	return st.st_size;
}

static void tidying_keeps_the_write_ahead_logs_short(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct cu_err err = { 0 };
	uint8_t big[40000];

	(void)state;
	memset(big, 7, sizeof(big));
	for (unsigned i = 1; i <= 1200; i++) {
		struct row_record row = record_of((uint8_t)(i % 200), 1, "profile");

		row.sealed = span_of(big, sizeof(big));
		begin(e);
		put_record(e, &row);
		commit(e);
		assert_ok(engine_tidy(e, &err), &err);
	}
	/* 1,200 times ten pages were written: 48 MiB */
	assert_true(size_of(dir, "data.db-wal") < 20 * 1024 * 1024);
	engine_close(e);
}

static void flush_empties_the_logs_even_with_a_row_borrowed(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_record row = record_of(1, 1, "profile"), got;
	struct cu_err err = { 0 };

	(void)state;
	begin(e);
	put_record(e, &row);
	put_token(e, 1, 1, 1);
	commit(e);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	engine_release(e);
	assert_ok(engine_flush(e, &err), &err);
	assert_int_equal(size_of(dir, "data.db-wal"), 0);
	assert_int_equal(size_of(dir, "index.db-wal"), 0);
	engine_close(e);
}

static void an_image_holds_the_rows_and_not_the_index(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "profile");
	struct db_image *image = NULL;
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;
	uint8_t *room;
	uint32_t n;

	(void)state;
	row.sealed = span_str("a sealed mark 5e1f");
	begin(e);
	put_record(e, &row);
	put_token(e, 0xc7, 1, 1);
	commit(e);
	assert_ok(engine_image_begin(e, &image, &err), &err);
	n = (uint32_t)db_image_size(image);
	room = buf_room(&b, n);
	assert_ok(db_image_read(image, 0, room, n, &err), &err);
	b.n = n;
	assert_non_null(memmem(b.p, b.n, row.sealed.p, row.sealed.n));
	assert_null(memmem(b.p, b.n, id_of(0xc7).b, 16));
	db_image_end(image);
	buf_done(&b);
	engine_close(e);
}

static void counts_are_of_subjects_records_and_their_bytes(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_subject s = { .id = id_of(1), .kind = SUBJECT_PERSON, .state = SUBJECT_LIVE };
	struct row_record a = record_of(1, 1, "profile"), b = record_of(2, 1, "order");
	struct engine_counts n = { 9, 9, 9 };
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(engine_count(e, &n, &err), &err);
	assert_true(n.subjects == 0 && n.records == 0 && n.sealed_bytes == 0);
	assert_ok(engine_subject_put(e, &s, &err), &err);
	put_record(e, &a);
	put_record(e, &b);
	assert_ok(engine_count(e, &n, &err), &err);
	assert_true(n.subjects == 1 && n.records == 2 && n.sealed_bytes == 24);
	assert_int_equal(engine_count_rows(e, &n, NULL), 0);
	assert_true(n.subjects == 1 && n.records == 2 && n.sealed_bytes == 0);
	engine_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_files_are_made_and_opened_again),
		cmocka_unit_test(nothing_is_opened_where_nothing_is),
		cmocka_unit_test(an_absent_index_is_made_for_the_writer_and_empty),
		cmocka_unit_test(an_index_that_was_never_finished_is_finished),
		cmocka_unit_test(a_later_format_is_told_from_damage),
		cmocka_unit_test(a_rollback_takes_back_both_databases),
		cmocka_unit_test(a_step_is_undone_alone_with_its_index_rows),
		cmocka_unit_test(what_is_not_committed_is_not_there_after_opening_again),
		cmocka_unit_test(a_commit_that_the_index_refuses_has_rows_and_says_so),
		cmocka_unit_test(a_commit_that_the_rows_refuse_has_neither),
		cmocka_unit_test(a_view_stands_still_until_its_end),
		cmocka_unit_test(a_reader_cannot_change_rows),
		cmocka_unit_test(tidying_keeps_the_write_ahead_logs_short),
		cmocka_unit_test(flush_empties_the_logs_even_with_a_row_borrowed),
		cmocka_unit_test(an_image_holds_the_rows_and_not_the_index),
		cmocka_unit_test(counts_are_of_subjects_records_and_their_bytes),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
