#include "check.h"

#include "base/civil.h"
#include "db/image.h"
#include "store/engine_sqlite.h"

/* --- helpers ------------------------------------------------------------------------------ */

static struct engine *open_engine(const char *dir, enum engine_mode mode)
{
	struct engine *e = NULL;
	struct cu_err err = { 0 };

	assert_ok(engine_open(dir, mode, &e, &err), &err);
	return e;
}

static struct engine *fresh(const char **ret_dir)
{
	const char *dir = fresh_dir();

	if (ret_dir) {
		*ret_dir = dir;
	}
	return open_engine(dir, ENGINE_CREATE);
}

/* An id whose bytes are all b: ids in an order that is known. */
static struct id id_of(uint8_t b)
{
	struct id id;

	memset(id.b, b, sizeof(id.b));
	return id;
}

static struct row_record record_of(uint8_t id, uint8_t subject, const char *collection)
{
	struct row_record row = { .id = id_of(id), .subject = id_of(subject), .slot = 1000u + id,
		.version = 1, .anchor_day = CIVIL_NO_DAY, .created_ms = 5, .updated_ms = 6,
		.seq = id, .sealed = span_str("sealed bytes") };

	snprintf(row.collection, sizeof(row.collection), "%s", collection);
	return row;
}

static void put_record(struct engine *e, const struct row_record *row)
{
	struct cu_err err = { 0 };

	assert_ok(engine_record_put(e, row, NULL, 0, &err), &err);
}

static void put_token(struct engine *e, uint8_t token, uint8_t subject, uint8_t record)
{
	struct id t = id_of(token), s = id_of(subject), r = id_of(record);
	struct cu_err err = { 0 };

	_Static_assert(TOKEN_SIZE == sizeof(t.b), "16 bytes");
	assert_ok(engine_token_put(e, t.b, &s, &r, &err), &err);
}

/* The records of a token, as the first byte of each id. */
static const char *hits(struct engine *e, uint8_t token)
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

static sqlite3_int64 rows_of(sqlite3 *db, const char *table)
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

static void begin(struct engine *e)
{
	struct cu_err err = { 0 };

	assert_ok(engine_begin(e, &err), &err);
}

static void commit(struct engine *e)
{
	struct cu_err err = { 0 };

	assert_ok(engine_commit(e, NULL, &err), &err);
}

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
	engine_close(e);
}

/* --- rows --------------------------------------------------------------------------------- */

static void meta_keeps_bytes_and_numbers(void **state)
{
	struct engine *e = fresh(NULL);
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;
	uint64_t v = 5;

	(void)state;
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 0);
	assert_int_equal(engine_meta_get_u64(e, "a", &v, &err), 0);
	assert_int_equal(v, 5);
	assert_ok(engine_meta_put(e, "a", span_str("xyz"), &err), &err);
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 1);
	assert_string_equal(buf_cstr(&b), "xyz");
	assert_fails(engine_meta_get_u64(e, "a", &v, &err), CU_ECORRUPT, &err, "meta a");
	assert_ok(engine_meta_put(e, "a", span_str(""), &err), &err);
	buf_clear(&b);
	assert_int_equal(engine_meta_get(e, "a", &b, &err), 1);
	assert_int_equal(b.n, 0);
	assert_ok(engine_meta_put_u64(e, "n", UINT64_MAX - 1, &err), &err);
	assert_int_equal(engine_meta_get_u64(e, "n", &v, &err), 1);
	assert_true(v == UINT64_MAX - 1);
	buf_done(&b);
	engine_close(e);
}

static void subjects_are_put_got_and_walked_in_the_order_of_their_ids(void **state)
{
	static const uint8_t order[] = { 0x80, 0x01, 0xff, 0x7f };
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_subject row = { .kind = SUBJECT_ORGANISATION, .state = SUBJECT_LIVE,
		.created_ms = -5, .run = UINT64_MAX / 4, .run_used = 3 }, got;
	struct cu_err err = { 0 };
	struct id *after = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		row.id = id_of(order[i]);
		assert_ok(engine_subject_put(e, &row, &err), &err);
	}
	row.id = id_of(0x7f);
	row.state = SUBJECT_ERASING;
	assert_ok(engine_subject_put(e, &row, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_READ);
	assert_int_equal(engine_subject_get(e, &row.id, &got, &err), 1);
	assert_true(id_eq(&got.id, &row.id));
	assert_int_equal(got.kind, SUBJECT_ORGANISATION);
	assert_int_equal(got.state, SUBJECT_ERASING);
	assert_true(got.created_ms == -5 && got.run == UINT64_MAX / 4 && got.run_used == 3);
	row.id = id_of(2);
	assert_int_equal(engine_subject_get(e, &row.id, &got, &err), 0);
	for (int i = 0; i < 4; i++) {
		static const uint8_t sorted[] = { 0x01, 0x7f, 0x80, 0xff };

		assert_int_equal(engine_subject_next(e, after, &got, &err), 1);
		assert_int_equal(got.id.b[0], sorted[i]);
		after = &got.id;
	}
	assert_int_equal(engine_subject_next(e, after, &got, &err), 0);
	engine_close(e);
}

static void slots_belong_to_a_subject_and_a_collection(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_slot row = { .subject = id_of(1), .collection = "profile", .slot = 12 };
	struct cu_err err = { 0 };
	struct buf b = BUF_INIT;
	uint64_t slot = 0, all[2];

	(void)state;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	assert_fails(engine_slot_put(e, &row, &err), CU_EEXIST, &err, "");
	strcpy(row.collection, "order");
	row.slot = UINT64_C(1) << 40;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	row.subject = id_of(2);
	row.slot = 7;
	assert_ok(engine_slot_put(e, &row, &err), &err);
	row.subject = id_of(1);
	assert_int_equal(engine_slot_get(e, &row.subject, "order", &slot, &err), 1);
	assert_true(slot == UINT64_C(1) << 40);
	assert_int_equal(engine_slot_get(e, &row.subject, "none", &slot, &err), 0);
	assert_ok(engine_slots_of(e, &row.subject, &b, &err), &err);
	assert_int_equal(b.n, sizeof(all));
	memcpy(all, b.p, sizeof(all));
	assert_true(all[0] == 12 && all[1] == UINT64_C(1) << 40);
	buf_done(&b);
	engine_close(e);
}

static void a_record_comes_back_with_every_column(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_record row = record_of(3, 4, "order"), got;
	struct cu_err err = { 0 };

	(void)state;
	row.has_cohort = true;
	row.cohort_slot = UINT64_C(1) << 50;
	row.version = UINT32_MAX;
	row.anchor_day = -1;
	row.level = 3;
	row.created_ms = INT64_MIN;
	row.updated_ms = INT64_MAX;
	row.seq = UINT64_C(1) << 60;
	put_record(e, &row);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_true(id_eq(&got.id, &row.id) && id_eq(&got.subject, &row.subject));
	assert_string_equal(got.collection, "order");
	assert_true(got.slot == row.slot && got.has_cohort && got.cohort_slot == row.cohort_slot);
	assert_true(got.version == UINT32_MAX && got.anchor_day == -1 && got.level == 3);
	assert_true(got.created_ms == INT64_MIN && got.updated_ms == INT64_MAX);
	assert_true(got.seq == row.seq);
	assert_true(span_eq(got.sealed, row.sealed));

	row.has_cohort = false;
	row.anchor_day = CIVIL_NO_DAY;
	row.sealed = span_str("other bytes");
	put_record(e, &row);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_false(got.has_cohort);
	assert_int_equal(got.anchor_day, CIVIL_NO_DAY);
	assert_true(span_eq(got.sealed, span_str("other bytes")));
	assert_int_equal(rows_of(e->data, "record"), 1);
	engine_close(e);
}

/* In the order of (collection, id), one subject's alone, with and without a filter; the row
 * that is passed is the one that is written over. */
static void records_of_a_subject_are_walked_in_order(void **state)
{
	static const struct {
		uint8_t id, subject;
		const char *collection;
	} rows[] = { { 9, 1, "a" }, { 2, 1, "b" }, { 8, 1, "b" }, { 1, 1, "c" }, { 3, 2, "b" },
		{ 200, 1, "b" } };
	static const uint8_t all[] = { 9, 2, 8, 200, 1 }, in_b[] = { 2, 8, 200 };
	struct engine *e = fresh(NULL);
	struct row_record got, *after = NULL;
	struct id subject = id_of(1), nobody = id_of(7);
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row_record row = record_of(rows[i].id, rows[i].subject, rows[i].collection);

		put_record(e, &row);
	}
	for (size_t i = 0; i < sizeof(all); i++) {
		assert_int_equal(engine_record_next(e, &subject, NULL, after, &got, &err), 1);
		assert_int_equal(got.id.b[0], all[i]);
		after = &got;
	}
	assert_int_equal(engine_record_next(e, &subject, NULL, after, &got, &err), 0);
	after = NULL;
	for (size_t i = 0; i < sizeof(in_b); i++) {
		assert_int_equal(engine_record_next(e, &subject, "b", after, &got, &err), 1);
		assert_int_equal(got.id.b[0], in_b[i]);
		after = &got;
	}
	assert_int_equal(engine_record_next(e, &subject, "b", after, &got, &err), 0);
	assert_int_equal(engine_record_next(e, &subject, "none", NULL, &got, &err), 0);
	assert_int_equal(engine_record_next(e, &nobody, NULL, NULL, &got, &err), 0);
	engine_close(e);
}

static void borrowed_bytes_stay_until_the_next_call(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "a"), got;
	struct cu_err err = { 0 };
	uint8_t big[30000]; /* over several pages */

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++) {
		big[i] = (uint8_t)(i * 31);
	}
	row.sealed = span_of(big, sizeof(big));
	begin(e);
	put_record(e, &row);
	assert_int_equal(engine_record_get(e, &row.id, &got, &err), 1);
	assert_true(span_eq(got.sealed, row.sealed));
	/* what was borrowed may be written back, under another id as well */
	got.id = id_of(2);
	put_record(e, &got);
	commit(e);
	assert_int_equal(engine_record_get(e, &got.id, &got, &err), 1);
	assert_true(span_eq(got.sealed, row.sealed));
	engine_close(e);
}

static void changed_records_are_walked_by_number_and_id(void **state)
{
	static const struct {
		uint8_t id, seq;
	} rows[] = { { 5, 10 }, { 6, 10 }, { 1, 11 }, { 200, 9 }, { 2, 12 } };
	static const uint8_t wanted[] = { 5, 6, 1, 2 };
	struct engine *e = fresh(NULL);
	struct id after;
	struct row_record got;
	struct cu_err err = { 0 };
	uint64_t seq = 9;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row_record row = record_of(rows[i].id, 1, "a");

		row.seq = rows[i].seq;
		put_record(e, &row);
	}
	memset(after.b, 0xff, sizeof(after.b)); /* all of number 9 are behind */
	for (size_t i = 0; i < sizeof(wanted); i++) {
		assert_int_equal(engine_record_changed(e, seq, &after, &got, &err), 1);
		assert_int_equal(got.id.b[0], wanted[i]);
		seq = got.seq;
		after = got.id;
	}
	assert_int_equal(engine_record_changed(e, seq, &after, &got, &err), 0);
	assert_int_equal(engine_record_changed(e, 9, NULL, &got, &err), 1);
	assert_int_equal(got.id.b[0], 200);
	engine_close(e);
}

static void cosubjects_are_replaced_with_their_record_and_go_with_it(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record row = record_of(1, 1, "a");
	struct id co[] = { id_of(2), id_of(3), id_of(2) };
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(engine_record_put(e, &row, co, 3, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 2);
	assert_ok(engine_record_put(e, &row, co + 1, 1, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 1);
	assert_ok(engine_record_delete(e, &row.id, &err), &err);
	assert_int_equal(rows_of(e->data, "cosubject"), 0);
	engine_close(e);
}

static void a_deleted_record_takes_its_tokens_along(void **state)
{
	struct engine *e = fresh(NULL);
	struct row_record a = record_of(1, 1, "a"), b = record_of(2, 1, "a"), got;
	struct cu_err err = { 0 };

	(void)state;
	put_record(e, &a);
	put_record(e, &b);
	put_token(e, 7, 1, 1);
	put_token(e, 7, 1, 2);
	put_token(e, 8, 1, 1);
	assert_ok(engine_record_delete(e, &a.id, &err), &err);
	assert_int_equal(engine_record_get(e, &a.id, &got, &err), 0);
	assert_int_equal(engine_record_get(e, &b.id, &got, &err), 1);
	assert_string_equal(hits(e, 7), "1/2");
	assert_string_equal(hits(e, 8), "");
	assert_ok(engine_record_delete(e, &a.id, &err), &err); /* again is fine */
	engine_close(e);
}

static void a_deleted_subject_leaves_nothing_and_others_stay(void **state)
{
	struct engine *e = fresh(NULL);
	struct id gone = id_of(1), nobody = id_of(99);
	struct cu_err err = { 0 };

	(void)state;
	for (uint8_t s = 1; s <= 2; s++) {
		struct row_subject who = { .id = id_of(s), .kind = SUBJECT_PERSON,
			.state = SUBJECT_LIVE };
		struct row_slot slot = { .subject = id_of(s), .collection = "a", .slot = s };
		struct row_record row = record_of(s, s, "a");
		struct id other = id_of((uint8_t)(3 - s)), third = id_of(3);
		struct id co[] = { other, third };

		assert_ok(engine_subject_put(e, &who, &err), &err);
		assert_ok(engine_slot_put(e, &slot, &err), &err);
		assert_ok(engine_record_put(e, &row, co, 2, &err), &err);
		put_token(e, 7, s, s);
	}
	assert_ok(engine_subject_delete(e, &nobody, &err), &err);
	assert_int_equal(rows_of(e->data, "subject"), 2);
	assert_ok(engine_subject_delete(e, &gone, &err), &err);
	assert_int_equal(rows_of(e->data, "subject"), 1);
	assert_int_equal(rows_of(e->data, "slot"), 1);
	assert_int_equal(rows_of(e->data, "record"), 1);
	assert_int_equal(rows_of(e->data, "cosubject"), 1); /* the third, in the second's record */
	assert_string_equal(hits(e, 7), "2/2");
	engine_close(e);
}

static void cohorts_are_told_apart_by_all_three_keys(void **state)
{
	struct engine *e = fresh(NULL);
	struct cu_err err = { 0 };
	uint64_t slot = 0;

	(void)state;
	assert_int_equal(engine_cohort_get(e, "order", "default", 202611, &slot, &err), 0);
	assert_ok(engine_cohort_put(e, "order", "default", 202611, 8, &err), &err);
	assert_ok(engine_cohort_put(e, "order", "default", 202612, 16, &err), &err);
	assert_ok(engine_cohort_put(e, "order", "long", 202611, 24, &err), &err);
	assert_ok(engine_cohort_put(e, "visit", "default", 20261130, 32, &err), &err);
	assert_fails(
		engine_cohort_put(e, "order", "default", 202611, 9, &err), CU_EEXIST, &err, "");
	assert_int_equal(engine_cohort_get(e, "order", "default", 202612, &slot, &err), 1);
	assert_int_equal(slot, 16);
	assert_int_equal(engine_cohort_get(e, "order", "long", 202611, &slot, &err), 1);
	assert_int_equal(slot, 24);
	assert_int_equal(engine_cohort_get(e, "visit", "default", 20261130, &slot, &err), 1);
	assert_int_equal(slot, 32);
	engine_close(e);
}

static void the_outbox_is_read_in_order_and_dropped_from_its_start(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct buf leaf = BUF_INIT;
	struct cu_err err = { 0 };
	uint64_t at = 0;

	(void)state;
	for (uint64_t seq = 5; seq >= 1; seq--) {
		char text[16];

		snprintf(text, sizeof(text), "leaf %d", (int)seq);
		assert_ok(engine_outbox_put(e, seq, span_str(text), &err), &err);
	}
	assert_fails(engine_outbox_put(e, 3, span_str("x"), &err), CU_EEXIST, &err, "");
	assert_ok(engine_outbox_drop(e, 2, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	for (uint64_t seq = 3; seq <= 5; seq++) {
		char text[16];

		snprintf(text, sizeof(text), "leaf %d", (int)seq);
		buf_clear(&leaf);
		assert_int_equal(engine_outbox_next(e, at, &at, &leaf, &err), 1);
		assert_int_equal(at, seq);
		assert_string_equal(buf_cstr(&leaf), text);
	}
	assert_int_equal(engine_outbox_next(e, at, &at, &leaf, &err), 0);
	assert_ok(engine_outbox_drop(e, INT64_MAX, &err), &err);
	assert_int_equal(engine_outbox_next(e, 0, &at, &leaf, &err), 0);
	buf_done(&leaf);
	engine_close(e);
}

static void requests_are_remembered_until_pruned(void **state)
{
	struct engine *e = fresh(NULL);
	struct id a = id_of(1), b = id_of(2);
	struct buf reply = BUF_INIT;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 0);
	assert_ok(engine_request_put(e, &a, 100, span_str("first"), &err), &err);
	assert_ok(engine_request_put(e, &b, 200, span_str(""), &err), &err);
	assert_fails(engine_request_put(e, &a, 300, span_str("x"), &err), CU_EEXIST, &err, "");
	assert_ok(engine_request_prune(e, -1, &err), &err);
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 1);
	assert_string_equal(buf_cstr(&reply), "first");
	assert_ok(engine_request_prune(e, 200, &err), &err);
	buf_clear(&reply);
	assert_int_equal(engine_request_get(e, &a, &reply, &err), 0);
	assert_int_equal(engine_request_get(e, &b, &reply, &err), 1);
	assert_int_equal(reply.n, 0);
	buf_done(&reply);
	engine_close(e);
}

static void erasures_are_put_got_and_found_while_open(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct row_erasure a = { .id = id_of(1), .subject = id_of(2), .state = ERASURE_SHREDDED,
		.begun_ms = 20, .due_ms = 20, .generation = 77 }, b = { .id = id_of(3), .subject = id_of(4),
		.state = ERASURE_COOLING_OFF, .begun_ms = 10, .due_ms = 10 }, got;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 0);
	assert_ok(engine_erasure_put(e, &a, &err), &err);
	assert_ok(engine_erasure_put(e, &b, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_WRITE);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 1);
	assert_true(id_eq(&got.id, &b.id)); /* the one that is due first */
	b.state = ERASURE_DONE;
	b.done_ms = 30;
	assert_ok(engine_erasure_put(e, &b, &err), &err);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 1);
	assert_true(id_eq(&got.id, &a.id) && id_eq(&got.subject, &a.subject));
	assert_true(got.state == ERASURE_SHREDDED && got.generation == 77 && got.begun_ms == 20);
	assert_int_equal(engine_erasure_get(e, &b.id, &got, &err), 1);
	assert_true(got.state == ERASURE_DONE && got.done_ms == 30);
	a.state = ERASURE_DONE;
	assert_ok(engine_erasure_put(e, &a, &err), &err);
	assert_int_equal(engine_erasure_next_open(e, NULL, &got, &err), 0);
	assert_int_equal(engine_erasure_get(e, &(struct id){ { 9 } }, &got, &err), 0);
	engine_close(e);
}

static void operators_have_one_id_each(void **state)
{
	struct engine *e = fresh(NULL);
	struct id a = id_of(1), b = id_of(2), got;
	struct cu_err err = { 0 };

	(void)state;
	assert_int_equal(engine_operator_get(e, 0, &got, &err), 0);
	assert_ok(engine_operator_put(e, 0, &a, &err), &err);
	assert_ok(engine_operator_put(e, UINT32_MAX, &b, &err), &err);
	assert_fails(engine_operator_put(e, 0, &b, &err), CU_EEXIST, &err, "");
	assert_int_equal(engine_operator_get(e, 0, &got, &err), 1);
	assert_true(id_eq(&got, &a));
	assert_int_equal(engine_operator_get(e, UINT32_MAX, &got, &err), 1);
	assert_true(id_eq(&got, &b));
	engine_close(e);
}

static void tokens_are_walked_by_record_and_dropped_by_record(void **state)
{
	const char *dir;
	struct engine *e = fresh(&dir);
	struct id record = id_of(5);
	struct cu_err err = { 0 };
	uint64_t seq = 0;

	(void)state;
	put_token(e, 7, 1, 9);
	put_token(e, 7, 2, 5);
	put_token(e, 7, 2, 5); /* twice is once */
	put_token(e, 8, 2, 5);
	assert_string_equal(hits(e, 7), "2/5 1/9");
	assert_string_equal(hits(e, 6), "");
	assert_ok(engine_token_drop_record(e, &record, &err), &err);
	assert_string_equal(hits(e, 7), "1/9");
	assert_string_equal(hits(e, 8), "");
	assert_ok(engine_index_set_seq(e, UINT64_C(1) << 40, &err), &err);
	engine_close(e);
	e = open_engine(dir, ENGINE_READ);
	assert_ok(engine_index_seq(e, &seq, &err), &err);
	assert_true(seq == UINT64_C(1) << 40);
	assert_string_equal(hits(e, 7), "1/9");
	engine_close(e);
}

/* A row that somebody else has spoilt is corrupt, not a crash. */
static void spoilt_rows_are_corrupt(void **state)
{
	static const struct {
		const char *sql, *says;
	} cases[] = { { "UPDATE record SET subject = x'00'", "column 1" },
		{ "UPDATE record SET id = x'00112233445566778899aabbccddeeff00'", "column 0" },
		{ "UPDATE record SET collection = ''||hex(zeroblob(40))", "column 2" } };
	struct row_record got;
	struct cu_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine *e = fresh(NULL);
		struct row_record row = record_of(3, 4, "a");

		put_record(e, &row);
		assert_int_equal(sqlite3_exec(e->data, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
		assert_fails(engine_record_changed(e, 0, NULL, &got, &err), CU_ECORRUPT, &err,
			cases[i].says);
		/* STRICT refuses what is of another type */
		assert_int_not_equal(sqlite3_exec(e->data, "UPDATE record SET sealed = 'text'",
					     NULL, NULL, NULL),
			SQLITE_OK);
		engine_close(e);
	}
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
		cmocka_unit_test(meta_keeps_bytes_and_numbers),
		cmocka_unit_test(subjects_are_put_got_and_walked_in_the_order_of_their_ids),
		cmocka_unit_test(slots_belong_to_a_subject_and_a_collection),
		cmocka_unit_test(a_record_comes_back_with_every_column),
		cmocka_unit_test(records_of_a_subject_are_walked_in_order),
		cmocka_unit_test(borrowed_bytes_stay_until_the_next_call),
		cmocka_unit_test(changed_records_are_walked_by_number_and_id),
		cmocka_unit_test(cosubjects_are_replaced_with_their_record_and_go_with_it),
		cmocka_unit_test(a_deleted_record_takes_its_tokens_along),
		cmocka_unit_test(a_deleted_subject_leaves_nothing_and_others_stay),
		cmocka_unit_test(cohorts_are_told_apart_by_all_three_keys),
		cmocka_unit_test(the_outbox_is_read_in_order_and_dropped_from_its_start),
		cmocka_unit_test(requests_are_remembered_until_pruned),
		cmocka_unit_test(erasures_are_put_got_and_found_while_open),
		cmocka_unit_test(operators_have_one_id_each),
		cmocka_unit_test(tokens_are_walked_by_record_and_dropped_by_record),
		cmocka_unit_test(spoilt_rows_are_corrupt),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
