/*
 * bench_plain DIR SECONDS: what the same inserts cost in plain SQLite.
 *
 * The same people as bench_store writes, as text: a subject, two records, their indexed
 * terms, two rows of an audit table.  WAL, synchronous=FULL.  One thread commits 32
 * people at a time without ever waiting for a caller, which is the best that group
 * commit can be.
 */
#include <sqlite3.h>
#include <string.h>

#include "bench.h"

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
	"CREATE TABLE subject (id BLOB PRIMARY KEY, kind INTEGER, state INTEGER, at "
	"INTEGER) WITHOUT ROWID;"
	"CREATE TABLE record (id BLOB PRIMARY KEY, subject BLOB, collection TEXT, "
	"version INTEGER,"
	"  at INTEGER, body TEXT) WITHOUT ROWID;"
	"CREATE INDEX record_subject ON record (subject, collection);"
	"CREATE TABLE term (kind TEXT, value TEXT, record BLOB, PRIMARY KEY (kind, "
	"value, record)) WITHOUT ROWID;"
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, line TEXT);";

enum { SUBJECT, RECORD, TERM, AUDIT, BEGIN, COMMIT, NSTATEMENTS };

static const char *const texts[NSTATEMENTS] = {
	[SUBJECT] = "INSERT INTO subject VALUES (?, 1, 1, ?)",
	[RECORD] = "INSERT INTO record VALUES (?, ?, ?, 1, ?, ?)",
	[TERM] = "INSERT INTO term VALUES (?, ?, ?)",
	[AUDIT] = "INSERT INTO audit (line) VALUES (?)",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
};

static sqlite3 *db;
static sqlite3_stmt *statements[NSTATEMENTS];

static void step(int which)
{
	if (sqlite3_step(statements[which]) != SQLITE_DONE) {
		bench_die(sqlite3_errmsg(db));
	}
	sqlite3_reset(statements[which]);
}

static void bind_id(int which, int at, const uint8_t id[16])
{
	sqlite3_bind_blob(statements[which], at, id, 16, SQLITE_TRANSIENT);
}

static void bind_text(int which, int at, const char *text)
{
	sqlite3_bind_text(statements[which], at, text, -1, SQLITE_TRANSIENT);
}

static void put_record(const uint8_t subject[16], const char *collection,
	const char *body, uint8_t ret_id[16])
{
	sqlite3_randomness(16, ret_id);
	bind_id(RECORD, 1, ret_id);
	bind_id(RECORD, 2, subject);
	bind_text(RECORD, 3, collection);
	sqlite3_bind_int64(statements[RECORD], 4, bench_ns());
	bind_text(RECORD, 5, body);
	step(RECORD);
}

static void put_term(const char *kind, const char *value, const uint8_t record[16])
{
	bind_text(TERM, 1, kind);
	bind_text(TERM, 2, value);
	bind_id(TERM, 3, record);
	step(TERM);
}

static void put_audit(const char *act, const uint8_t subject[16])
{
	char line[256], hex[33];

	for (int i = 0; i < 16; i++) {
		snprintf(hex + 2 * i, 3, "%02x", subject[i]);
	}
	snprintf(line, sizeof(line),
		"v=1 t=2026-11-21T22:09:04.123Z act=%s "
		"by=00112233445566778899aabbccddeeff "
		"for=customer_service sub=%s",
		act, hex);
	bind_text(AUDIT, 1, line);
	step(AUDIT);
}

static void add_person(uint64_t i)
{
	uint8_t subject[16], record[16];
	struct bench_person p;
	char body[512];

	bench_person(i, &p);
	sqlite3_randomness(16, subject);
	bind_id(SUBJECT, 1, subject);
	sqlite3_bind_int64(statements[SUBJECT], 2, bench_ns());
	step(SUBJECT);
	put_audit("subject.add", subject);
	snprintf(body, sizeof(body),
		"{\"given_name\":\"%s\",\"family_name\":\"%s\",\"birth_date\":\"%s\"}",
		p.given, p.family, p.birth);
	put_record(subject, "profile", body, record);
	snprintf(body, sizeof(body),
		"{\"email\":\"%s\",\"phone\":\"%s\",\"street\":\"%s\",\"city\":\"%s\","
		"\"postal_code\":\"%s\"}",
		p.email, p.phone, p.street, p.city, p.code);
	put_record(subject, "contact_point", body, record);
	put_term("contact_point.email", p.email, record);
	put_term("contact_point.phone", p.phone, record);
	put_audit("record.put", subject);
}

int main(int argc, char *argv[])
{
	double seconds = argc == 3 ? atof(argv[2]) : 0, took;
	char path[4096];
	uint64_t n = 0;
	int64_t from;

	if (seconds <= 0) {
		bench_die("bench_plain DIR SECONDS");
	}
	snprintf(path, sizeof(path), "%s/plain.db", argv[1]);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
		sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK) {
		bench_die(sqlite3_errmsg(db));
	}
	for (int i = 0; i < NSTATEMENTS; i++) {
		if (sqlite3_prepare_v2(db, texts[i], -1, &statements[i], NULL) !=
			SQLITE_OK) {
			bench_die(sqlite3_errmsg(db));
		}
	}
	from = bench_ns();
	while (bench_seconds(from) < seconds) {
		step(BEGIN);
		for (int i = 0; i < BENCH_THREADS; i++) {
			add_person(n++);
		}
		step(COMMIT);
	}
	took = bench_seconds(from);
	printf("{\"people\": %llu, \"per_second\": %.1f}\n", (unsigned long long)n,
		(double)n / took);
	return 0;
}
