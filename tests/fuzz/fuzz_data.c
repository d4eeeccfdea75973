/*
 * data.db as it is found on disk: rows that somebody has changed who can write there, and has no key.
 *
 * Each five bytes are a change, by SQL, of a value that some row has: by none, by a number, a text, bytes of another
 * form, by what stands in another row; or the row goes.  The store opens or says why not; what it shows of somebody is
 * what was written of them, never of others; it goes on, or gives up with a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/log.h"

#include "files.h"
#include "fuzz.h"
#include "store_help.h"

#define NPEOPLE     3
#define NCOLUMNS    512
#define CHANGES_MAX 8

static struct {
	struct files real;
	char dir[PATH_SIZE], database[PATH_SIZE];
	struct person people[NPEOPLE];
	struct {
		char table[64], column[64];
	} columns[NCOLUMNS];
	size_t ncolumns;
} w;

/* --- a real one ------------------------------------------------------------------- */

static int put_column(void *ctx, int n, char **values, char **names)
{
	(void)ctx;
	(void)n;
	(void)names;
	fuzz_must(w.ncolumns < NCOLUMNS, "there is room for all columns");
	(void)snprintf(w.columns[w.ncolumns].table, sizeof(w.columns[0].table), "%s", values[0]);
	(void)snprintf(w.columns[w.ncolumns++].column, sizeof(w.columns[0].column), "%s", values[1]);
	return 0;
}

/* All is in the file then; columns of data.db are listed, those of tables with rows. */
static void settle(const char *dir, const char *name, bool is_listed)
{
	sqlite3 *db = NULL;

	fuzz_must(sqlite3_open(in_dir(dir, name), &db) == SQLITE_OK &&
			  sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK,
		"it goes into the file");
	if (is_listed) {
		fuzz_must(sqlite3_exec(db,
				  "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
				  "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1, c.cid",
				  put_column, NULL, NULL) == SQLITE_OK,
			"its columns can be listed");
	}
	fuzz_must(sqlite3_close(db) == SQLITE_OK, "it closes");
}

static void make_world(void)
{
	static const struct person people[NPEOPLE] = { { .name = "Ada", .email = "ada@example.org", .key = "a" },
		{ .name = "Grace", .email = "grace@example.org", .key = "b" },
		{ .name = "Mary", .email = "mary@example.org", .collection = "order", .cohort = 202611 } };
	struct house h = { .now_ms = 0 };
	const char *dir;
	void *none = NULL;

	log_set_level(LOG_LEVEL_ERROR);
	fuzz_make_dir(w.dir);
	fuzz_must(make_template(&none) == 0 && path_join(w.database, w.dir, "data.db", NULL) == 0, "a store can be made");
	dir = new_store_dir();
	must_open(&h, dir);
	for (size_t i = 0; i < NPEOPLE; i++) {
		w.people[i] = people[i];
		must_run(&h, STORE_CHANGE, add_person, &w.people[i]);
	}
	house_close(&h);
	settle(dir, "data.db", true);
	settle(dir, "index.db", false);
	settle(dir, "vault.db", false);
	files_take(&w.real, dir);
	(void)drop_tmp(&none);
}

/* --- changes ---------------------------------------------------------------------- */

/* T is the table, C the column; how many of the rows have this value is not asked. */
#define SET(value) "UPDATE T SET C = " value " WHERE C IS (SELECT C FROM T LIMIT 1 OFFSET ?1)"

static const char *const changes[] = { SET("NULL"), SET("C + 1"), SET("C - 1"), SET("9223372036854775807"), SET("-1"),
	SET("zeroblob(16)"), SET("'text'"), SET("CAST(C AS TEXT)"), SET("CAST(C AS BLOB)"), SET("substr(C, 2)"),
	SET("C || x'00'"), SET("(SELECT C FROM T LIMIT 1 OFFSET ?2)"), SET("?2"),
	"DELETE FROM T WHERE C IS (SELECT C FROM T LIMIT 1 OFFSET ?1)" };

static void change(sqlite3 *db, const uint8_t how[5])
{
	size_t i = (size_t)(how[0] << 8 | how[1]) % w.ncolumns;
	const char *at = changes[how[2] % (sizeof(changes) / sizeof(changes[0]))];
	struct buf text = BUF_INIT;
	const char *sql;
	sqlite3_stmt *st = NULL;

	for (; *at; at++) {
		bool is_alone = at[1] == ' ' || at[1] == ',' || at[1] == '\0';

		if (*at == 'T' && is_alone && (at[-1] == ' ' || at[-1] == '(')) {
			buf_put_str(&text, w.columns[i].table);
		} else if (*at == 'C' && is_alone && (at[-1] == ' ' || at[-1] == '(')) {
			buf_put_str(&text, w.columns[i].column);
		} else {
			buf_put_u8(&text, (uint8_t)*at);
		}
	}
	sql = buf_cstr(&text);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int(st, 1, how[3] % 8);
		(void)sqlite3_bind_int(st, 2, how[4] % 8);
		(void)sqlite3_step(st); /* what a constraint refuses stays as it was */
	}
	sqlite3_finalize(st);
	buf_done(&text);
}

static void change_all(struct span in)
{
	sqlite3 *db = NULL;

	fuzz_must(sqlite3_open(w.database, &db) == SQLITE_OK, "data.db opens");
	(void)sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	for (int i = 0; in.n >= 5 && i < CHANGES_MAX; i++) {
		change(db, in.p);
		in = span_of(in.p + 5, in.n - 5);
	}
	fuzz_must(sqlite3_close(db) == SQLITE_OK, "it closes");
}

/* --- looking ---------------------------------------------------------------------- */

static int check_record(void *ctx, const struct row_record *row, const struct record *r, struct cu_err *err)
{
	const struct person *p = ctx;
	bool has_name = false;

	(void)row;
	(void)err;
	fuzz_must(id_eq(&r->subject, &p->subject), "what is shown is of the one who was asked for");
	for (unsigned i = 0; i < r->nfields; i++) {
		const char *want = span_eq(r->fields[i].name, span_str("name")) ? p->name : p->email;

		has_name = true;
		fuzz_must(span_eq(r->fields[i].value, span_str(want)), "it is what was written of them");
	}
	fuzz_must(has_name, "and whole");
	return 0;
}

static void look_at(struct house *h, const struct person *p)
{
	struct reader *rd = store_reader_take(h->store);
	struct row_erasure erasure;
	struct row_subject who;
	struct cu_err err = { 0 };
	int r = reader_begin(rd, &err);

	if (r == 0) {
		r = reader_subject(rd, &p->subject, &who, &err);
		fuzz_must(r >= 0 || err.msg[0], "what fails has a reason");
		err.msg[0] = '\0';
		r = reader_records(rd, &p->subject, NULL, check_record, (void *)(uintptr_t)p, &err);
		fuzz_must(r >= 0 || err.msg[0], "what fails has a reason");
		(void)reader_find(rd, "profile.email", span_str(p->email), check_record, (void *)(uintptr_t)p, &err);
		(void)reader_erasure_of(rd, &p->subject, &erasure, &err);
		reader_end(rd);
	}
	store_reader_give(h->store, rd);
}

static void look(struct house *h)
{
	struct person other = { .name = "Hedy", .email = "hedy@example.org" };
	struct cu_err err = { 0 };

	for (size_t i = 0; i < NPEOPLE; i++) {
		look_at(h, &w.people[i]);
	}
	if (run_op(h, STORE_CHANGE, add_person, &other, &err) == 0) {
		look_at(h, &other);
	} else {
		fuzz_must(err.msg[0] != '\0', "what fails has a reason");
	}
	fuzz_must(h->nfatal == 0 || h->fatal.msg[0], "who gives up says why");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct house h = { .now_ms = 0 };
	struct cu_err err = { 0 };

	if (w.real.n == 0) {
		make_world();
	}
	fuzz_empty_dir(w.dir);
	files_put_all(&w.real, w.dir);
	change_all(span_of(data, size));
	if (house_open(&h, w.dir, &err) == 0) {
		look(&h);
		house_close(&h);
	} else {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
		fuzz_must(size >= 5, err.msg); /* as it was, it opens */
	}
	return 0;
}
