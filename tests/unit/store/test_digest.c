/* A data.db is held to the digests that were taken of it: what another content costs. */
#include "check.h"

#include "db/db.h"
#include "store/digest.h"
#include "store/store.h"

#define NRECORDS 9000 /* more than two steps */

static char dir[80];
static sqlite3 *db;
static struct digest wanted;

static void run(const char *sql)
{
	struct cu_err err = { 0 };

	if (db_exec(db, sql, &err) < 0) {
		fail_msg("%s: %s", sql, err.msg);
	}
}

static struct digest digest_now(void)
{
	struct digesting *d = NULL;
	struct digest ret;
	struct cu_err err = { 0 };
	int r;

	assert_int_equal(digest_begin(db, &d, &err), 0);
	while ((r = digest_step(d, &err)) > 0) {
	}
	assert_int_equal(r, 0);
	digest_result(d, &ret);
	digest_end(d);
	return ret;
}

/* Two collections, one record in ten in the second. */
static int make_database(void **state)
{
	struct id store = { { 1 } }, lineage = { { 2 } };
	char path[128];
	struct cu_err err = { 0 };

	(void)state;
	strcpy(dir, "/tmp/custos-test-XXXXXX");
	if (!mkdtemp(dir) || store_create(dir, &store, &lineage, &err) < 0) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/data.db", dir);
	if (db_open(path, DB_WRITE, true, &db, &err) < 0) {
		return -1;
	}
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
	    " INSERT INTO subject (id, kind, state, created_ms, run, run_used)"
	    " SELECT randomblob(16), 1, 1, i, i * 8, 2 FROM n");
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
	    " INSERT INTO record (id, subject, collection, slot, cohort_slot, version, anchor_day,"
	    " level, created_ms, updated_ms, seq, sealed) SELECT randomblob(16), randomblob(16),"
	    " iif(i % 10, 'transaction', 'profile'), i, NULL, 1, NULL, 1, 0, 0, i, randomblob(104)"
	    " FROM n");
	run("INSERT INTO consent (subject, purpose, seq, channel, state, method, notice, language,"
	    " at_ms, expires_ms, said_day, actor, record, leaf) SELECT id, 'mail', 1, '', 2, 1, '1',"
	    " 'en', created_ms, 0, 0, zeroblob(16), zeroblob(16), 0 FROM subject WHERE created_ms < 10");
	wanted = digest_now();
	return 0;
}

static int drop_database(void **state)
{
	char command[128];

	(void)state;
	db_close(db);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static int begin(void **state)
{
	(void)state;
	run("BEGIN");
	return 0;
}

static int undo(void **state)
{
	(void)state;
	run("ROLLBACK");
	return 0;
}

static void assert_differs(const char *sql, const char *what)
{
	struct digest is;
	char text[200] = "";

	run(sql);
	is = digest_now();
	assert_true(digest_differs(&wanted, &is, text, sizeof(text)));
	if (!strstr(text, what)) {
		fail_msg("'%s' is not in: %s", what, text);
	}
}

static void the_same_rows_have_the_same_digests(void **state)
{
	struct digest is = digest_now();
	char text[200];
	(void)state;

	assert_int_equal(is.subjects.rows, 100);
	assert_int_equal(is.ncollections, 3);
	assert_string_equal(is.collections[0].name, "custos.said");
	assert_int_equal(is.collections[0].rows, 9);
	assert_string_equal(is.collections[1].name, "profile");
	assert_int_equal(is.collections[1].rows, NRECORDS / 10);
	assert_int_equal(digest_records(&is), NRECORDS);
	assert_false(digest_differs(&wanted, &is, text, sizeof(text)));
}

static void one_records_bytes_in_anothers_place_are_noticed(void **state)
{
	(void)state;
	assert_differs("UPDATE record SET sealed = (SELECT sealed FROM record WHERE seq = 7)"
		       " WHERE seq = 8", "transaction: the rows are not those");
}

static void two_records_that_changed_places_are_noticed(void **state)
{
	(void)state;
	run("CREATE TEMP TABLE two AS SELECT seq, sealed FROM record WHERE seq IN (10, 20)");
	assert_differs("UPDATE record SET sealed = (SELECT sealed FROM two WHERE two.seq = 30 - record.seq)"
		       " WHERE seq IN (10, 20)", "profile: the rows are not those");
}

static void a_collection_that_is_gone_is_noticed(void **state)
{
	(void)state;
	assert_differs("DELETE FROM record WHERE collection = 'profile'",
		"profile: 0 rows are there instead of 900");
}

static void a_collection_that_was_not_there_is_noticed(void **state)
{
	(void)state;
	assert_differs("INSERT INTO record (id, subject, collection, slot, version, level, created_ms,"
		       " updated_ms, seq, sealed) VALUES (randomblob(16), randomblob(16), 'zzz', 1, 1, 1,"
		       " 0, 0, 99999, randomblob(104))", "zzz: 1 rows are there instead of 0");
}

static void a_record_under_another_persons_slot_is_noticed(void **state)
{
	(void)state;
	assert_differs("UPDATE record SET slot = slot + 1 WHERE seq = 4001", "transaction");
}

static void a_withdrawal_that_is_gone_or_another_one_is_noticed(void **state)
{
	(void)state;
	assert_differs("UPDATE consent SET state = 4 WHERE at_ms = 5", "custos.said");
	assert_differs("DELETE FROM consent WHERE at_ms = 7", "custos.said: 8 rows are there instead of 9");
	assert_differs("UPDATE subject SET is_restricted = 1 WHERE created_ms = 50", "subjects");
}

static void a_subject_that_changed_is_noticed(void **state)
{
	(void)state;
	assert_differs("UPDATE subject SET state = 2 WHERE created_ms = 50", "subjects");
}

#define undone(test) cmocka_unit_test_setup_teardown(test, begin, undo)

int main(void)
{
	const struct CMUnitTest tests[] = {
		undone(the_same_rows_have_the_same_digests),
		undone(one_records_bytes_in_anothers_place_are_noticed),
		undone(two_records_that_changed_places_are_noticed),
		undone(a_collection_that_is_gone_is_noticed),
		undone(a_collection_that_was_not_there_is_noticed),
		undone(a_record_under_another_persons_slot_is_noticed),
		undone(a_withdrawal_that_is_gone_or_another_one_is_noticed),
		undone(a_subject_that_changed_is_noticed),
	};

	return cmocka_run_group_tests(tests, make_database, drop_database);
}
