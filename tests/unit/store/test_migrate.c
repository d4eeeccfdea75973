#include "store_help.h"

#include <sqlite3.h>

#include "store/migrate.h"

/* What a custos of format 1 left: today's tables without those that came later. */
static void make_older(const char *dir)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(in_dir(dir, "data.db"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			"DROP TABLE dsr; DROP TABLE dsr_part; DROP TABLE dsr_pause; DROP TABLE dsr_outgoing;"
			"DROP TABLE message; DROP TABLE incident; DROP TABLE incident_told; DROP TABLE aggregate; DROP TABLE tally;"
			"DROP TABLE job_run; DROP TABLE alias; DROP TABLE duty_done;"
			"DROP TABLE hold; DROP TABLE hold_part; DROP TABLE hold_block; DROP TABLE hold_slot; DROP TABLE capture;"
			"DROP TABLE rule; DROP TABLE rule_key; DROP TABLE record_rule;"
			"DROP INDEX record_cohort; DROP INDEX cohort_slot; DROP TABLE expiry; DROP TABLE expiry_item; DROP TABLE expiry_rule; DROP TABLE activity;"
			"DROP TABLE alarm; DROP TABLE approval; DROP TABLE access; DROP TABLE erasure; DROP TABLE erasure_part;"
			"DROP TABLE erasure_slot; ALTER TABLE subject DROP COLUMN is_partly;"
			"DROP INDEX subject_restricted; ALTER TABLE subject DROP COLUMN is_restricted; DROP TABLE consent;"
			"CREATE TABLE erasure (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
			" state INTEGER NOT NULL, begun_ms INTEGER NOT NULL,"
			" done_ms INTEGER NOT NULL, generation INTEGER NOT NULL)"
			" STRICT, WITHOUT ROWID;"
			"INSERT INTO erasure SELECT x'0102030405060708090a0b0c0d0e0f10', id, 1, 5, 0, 0"
			" FROM subject LIMIT 1;"
			"UPDATE subject SET state = 2;"
			"PRAGMA user_version = 1",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
}

static int format_of(const char *dir)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int format;

	assert_int_equal(sqlite3_open(in_dir(dir, "data.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	format = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return format;
}

static void an_older_store_is_brought_up_to_date_and_keeps_its_people(void **state)
{
	struct house h = { 0 };
	struct person p;
	const char *dir;
	struct row_erasure erasure;
	struct reader *rd;
	int today;

	(void)state;
	must_open(&h, new_store_dir());
	p = must_add(&h, "Ada", "ada@example.org");
	dir = h.dir;
	house_close(&h);
	today = format_of(dir);
	make_older(dir);
	assert_int_equal(format_of(dir), 1);

	must_open(&h, dir);

	assert_int_equal(records_of(&h, &p.subject), 1);
	rd = store_reader_take(h.store);
	assert_int_equal(reader_erasure_of(rd, &p.subject, &erasure, NULL), 1);
	store_reader_give(h.store, rd);
	assert_int_equal(erasure.state, ERASURE_COOLING_OFF); /* begun before: it is due */
	assert_int_equal(erasure.due_ms, 5);
	house_close(&h);
	assert_int_equal(format_of(dir), today);
}

static void a_reader_does_not_change_an_older_one(void **state)
{
	struct engine *e = NULL;
	struct cu_err err = { 0 };
	const char *dir = new_store_dir();

	(void)state;
	make_older(dir);
	assert_fails(engine_open(dir, ENGINE_READ, &e, &err), CU_ECORRUPT, &err, "format 1");
	assert_int_equal(format_of(dir), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_store_is_brought_up_to_date_and_keeps_its_people),
		cmocka_unit_test(a_reader_does_not_change_an_older_one),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_template, drop_tmp);
}
