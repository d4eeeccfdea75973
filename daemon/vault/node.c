#include "vault/node.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/key.h"
#include "db/db.h"

#define FORMAT    1
#define AAD_MAGIC "custos node v1"
#define AAD_SIZE  (14 + 16 + 1 + 4 + 8) /* magic, vault id, level, idx, generation */

/* How long a checkpoint waits for a reader.  Those of the vault itself are done in far less;
 * an image is read for minutes, and is not waited for. */
#define CHECKPOINT_WAIT_MS 250
#define BUSY_WAIT_MS       5000 /* as db_open sets it */

/* The copy comes first in the key so that the two copies of a node lie on different pages: one
 * damaged page shall not take both. */
static const char schema[] =
	"CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT "
	"NULL,"
	" vault_id BLOB NOT NULL, nleaves INTEGER NOT NULL, unswept INTEGER NOT NULL) "
	"STRICT;"
	"CREATE TABLE node(copy INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER "
	"NOT NULL,"
	" gen INTEGER NOT NULL, blob BLOB NOT NULL,"
	" PRIMARY KEY (copy, level, idx, gen)) STRICT, WITHOUT ROWID;";

/* --- opening ---------------------------------------------------------------------- */

static int prepare(struct node_table *t, bool is_writer, struct cu_err *err)
{
	int r = db_prepare(t->db,
		"SELECT gen, blob FROM node WHERE copy = ?1 AND level = ?2 AND idx = ?3"
		" AND gen <= ?4 ORDER BY gen DESC LIMIT 1",
		&t->get, err);

	if (r == 0 && is_writer) {
		r = db_prepare(t->db,
			"INSERT OR REPLACE INTO node(copy, level, idx, gen, blob)"
			" VALUES (?1, ?2, ?3, ?4, ?5)",
			&t->put, err);
	}
	if (r == 0 && is_writer) {
		r = db_prepare(t->db,
			"DELETE FROM node WHERE copy = ?1 AND level = ?2 AND idx = ?3 "
			"AND gen < ?4",
			&t->drop, err);
	}
	return r;
}

static int insert_meta(struct node_table *t, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(t->db,
		"INSERT INTO meta(id, format, vault_id, nleaves, unswept) VALUES (1, "
		"?1, ?2, 0, 0)",
		&st, err);

	if (r == 0) {
		sqlite3_bind_int(st, 1, FORMAT);
		db_bind_span(st, 2, span_of(t->vault_id.b, sizeof(t->vault_id.b)));
		r = db_run(st, err);
	}
	sqlite3_finalize(st);
	return r;
}

int node_table_create(const char *path, const struct id *vault_id,
	struct node_table *ret, struct cu_err *err)
{
	struct node_table t = { .vault_id = *vault_id };
	int r = db_open(path, DB_CREATE, true, &t.db, err);

	if (r == 0) {
		r = node_table_begin(&t, err);
	}
	if (r == 0) {
		r = db_exec(t.db, schema, err);
	}
	if (r == 0) {
		r = insert_meta(&t, err);
	}
	if (r == 0) {
		r = node_table_commit(&t, err);
	}
	if (r == 0) {
		r = prepare(&t, true, err);
	}
	if (r < 0) {
		node_table_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

static int read_meta(struct node_table *t, struct node_meta *ret, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int64_t nleaves = 0;
	int r = db_prepare(t->db,
		"SELECT format, vault_id, nleaves, unswept FROM meta WHERE id = 1", &st,
		err);

	if (r < 0 && (sqlite3_errcode(t->db) & 0xff) == SQLITE_ERROR) {
		r = cu_err_set(err, CU_ECORRUPT,
			"has no table meta"); /* its making was cut off */
	}
	if (r == 0) {
		r = db_step(st, err);
		if (r == 0) {
			r = cu_err_set(err, CU_ECORRUPT, "meta is empty");
		}
	}
	if (r > 0 && sqlite3_column_int64(st, 0) != FORMAT) {
		r = cu_err_set(
			err, CU_EUNSUP, "is of a format that this version cannot read");
	}
	if (r > 0) {
		nleaves = sqlite3_column_int64(st, 2);
		ret->is_unswept = sqlite3_column_int64(st, 3) != 0;
		r = db_column_copy(st, 1, t->vault_id.b, sizeof(t->vault_id.b), err);
	}
	sqlite3_finalize(st);
	if (r == 0 && (nleaves < 0 || nleaves > NODE_MAX_LEAVES)) {
		r = cu_err_set(
			err, CU_ECORRUPT, "meta: the number of leaves is out of range");
	}
	if (r == 0) {
		ret->nleaves = (uint32_t)nleaves;
	}
	return r;
}

int node_table_open(
	const char *path, bool is_writer, struct node_table *ret, struct cu_err *err)
{
	struct node_table t = { 0 };
	struct node_meta meta;
	int r = db_open(path, is_writer ? DB_WRITE : DB_READ, true, &t.db, err);

	if (r == 0) {
		r = read_meta(&t, &meta, err);
	}
	if (r == 0 && is_writer) {
		r = db_sync(t.db, err); /* slots that are found are handed out */
	}
	if (r == 0) {
		r = prepare(&t, is_writer, err);
	}
	if (r < 0) {
		node_table_close(&t);
		return cu_err_wrap(err, r, "vault.db");
	}
	*ret = t;
	return 0;
}

void node_table_close(struct node_table *t)
{
	sqlite3_finalize(t->get);
	sqlite3_finalize(t->put);
	sqlite3_finalize(t->drop);
	db_close(t->db);
	memset(t, 0, sizeof(*t));
}

/* --- meta and transactions -------------------------------------------------------- */

int node_table_meta(struct node_table *t, struct node_meta *ret, struct cu_err *err)
{
	int r = read_meta(t, ret, err);

	return r < 0 ? cu_err_wrap(err, r, "vault.db") : 0;
}

static int run_number(
	struct node_table *t, const char *sql, int64_t value, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(t->db, sql, &st, err);

	if (r == 0) {
		sqlite3_bind_int64(st, 1, value);
		r = db_run(st, err);
	}
	sqlite3_finalize(st);
	return r;
}

int node_table_set_leaves(struct node_table *t, uint32_t nleaves, struct cu_err *err)
{
	return run_number(t, "UPDATE meta SET nleaves = ?1", nleaves, err);
}

int node_table_set_unswept(struct node_table *t, bool is_unswept, struct cu_err *err)
{
	return run_number(t, "UPDATE meta SET unswept = ?1", is_unswept, err);
}

int node_table_begin(struct node_table *t, struct cu_err *err)
{
	return db_exec(t->db, "BEGIN IMMEDIATE", err);
}

int node_table_commit(struct node_table *t, struct cu_err *err)
{
	return db_exec(t->db, "COMMIT", err);
}

void node_table_rollback(struct node_table *t)
{
	/* after some failures SQLite has rolled back by itself */
	if (t->db && !sqlite3_get_autocommit(t->db)) {
		(void)db_exec(t->db, "ROLLBACK", NULL);
	}
}

int node_table_checkpoint(struct node_table *t, struct cu_err *err)
{
	int r;

	sqlite3_busy_timeout(t->db, CHECKPOINT_WAIT_MS);
	r = db_checkpoint(t->db, err);
	sqlite3_busy_timeout(t->db, BUSY_WAIT_MS);
	return r == CU_EBUSY ? 0 : r;
}

/* --- rows ------------------------------------------------------------------------- */

static struct span make_aad(const struct node_table *t, struct node_at at, uint64_t gen,
	uint8_t aad[AAD_SIZE])
{
	uint8_t *p = aad;

	memcpy(p, AAD_MAGIC, 14);
	memcpy(p + 14, t->vault_id.b, sizeof(t->vault_id.b));
	p += 14 + sizeof(t->vault_id.b);
	*p++ = (uint8_t)at.level;
	for (int i = 3; i >= 0; i--) {
		*p++ = (uint8_t)(at.idx >> (8 * i));
	}
	for (int i = 7; i >= 0; i--) {
		*p++ = (uint8_t)(gen >> (8 * i));
	}
	return span_of(aad, AAD_SIZE);
}

static void bind_place(sqlite3_stmt *st, struct node_at at, unsigned copy, uint64_t gen)
{
	sqlite3_bind_int64(st, 1, copy);
	sqlite3_bind_int64(st, 2, at.level);
	sqlite3_bind_int64(st, 3, at.idx);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)gen);
}

int node_get_copy(struct node_table *t, struct node_at at, unsigned copy,
	uint64_t max_gen, const struct key *by, struct keyset *set, uint64_t *ret_gen,
	struct cu_err *err)
{
	uint8_t aad[AAD_SIZE];
	int r;

	bind_place(t->get, at, copy, max_gen);
	r = db_step(t->get, err);
	if (r == 0) {
		r = cu_err_set(err, CU_ECORRUPT, "is missing");
	} else if (r > 0) {
		uint64_t gen = (uint64_t)sqlite3_column_int64(t->get, 0);

		r = keyset_unwrap(by, make_aad(t, at, gen, aad),
			db_column_span(t->get, 1), set, err);
		if (r == 0) {
			*ret_gen = gen;
		}
	}
	db_reset(t->get);
	return r < 0 ? cu_err_wrap(err, r, "node %u/%u copy %u", at.level, at.idx, copy)
		     : 0;
}

/* Any row that opens is the right one: each generation of a node has a key of its own, and
 * within a generation a row is only ever replaced together with its other copy. */
int node_get(struct node_table *t, struct node_at at, uint64_t max_gen,
	const struct key *by, struct keyset *set, uint64_t *ret_gen,
	bool *ret_is_damaged, struct cu_err *err)
{
	int r = node_get_copy(t, at, 0, max_gen, by, set, ret_gen, err);

	if (r == 0 || r == CU_ENOMEM || node_ncopies(at.level) == 1) {
		return r;
	}
	if (node_get_copy(t, at, 1, max_gen, by, set, ret_gen, NULL) == 0) {
		*ret_is_damaged = true;
		return 0;
	}
	return r;
}

int node_put_copy(struct node_table *t, struct node_at at, unsigned copy, uint64_t gen,
	const struct key *by, struct keyset *set, struct cu_err *err)
{
	uint8_t aad[AAD_SIZE], wrapped[KEYSET_WRAPPED_SIZE];
	int r;

	keyset_wrap(by, make_aad(t, at, gen, aad), set, wrapped);
	bind_place(t->put, at, copy, gen);
	db_bind_span(t->put, 5, span_of(wrapped, sizeof(wrapped)));
	r = db_run(t->put, err);
	return r < 0 ? cu_err_wrap(err, r, "node %u/%u", at.level, at.idx) : 0;
}

int node_put(struct node_table *t, struct node_at at, uint64_t gen,
	const struct key *by, struct keyset *set, struct cu_err *err)
{
	int r = 0;

	for (unsigned copy = 0; r == 0 && copy < node_ncopies(at.level); copy++) {
		r = node_put_copy(t, at, copy, gen, by, set, err);
	}
	return r;
}

int node_drop_older(
	struct node_table *t, struct node_at at, uint64_t gen, struct cu_err *err)
{
	int r = 0;

	for (unsigned copy = 0; r == 0 && copy < node_ncopies(at.level); copy++) {
		bind_place(t->drop, at, copy, gen);
		r = db_run(t->drop, err);
	}
	return r;
}

int node_table_sweep(struct node_table *t, uint64_t gen, struct cu_err *err)
{
	int r = node_table_begin(t, err);

	if (r == 0) {
		r = run_number(t, "DELETE FROM node WHERE gen > ?1", (int64_t)gen, err);
	}
	if (r == 0) {
		r = db_exec(t->db,
			"DELETE FROM node AS n WHERE gen < (SELECT max(m.gen) FROM "
			"node AS m"
			" WHERE m.copy IN (0, 1) AND m.level = n.level AND m.idx = "
			"n.idx)",
			err);
	}
	if (r == 0) {
		r = node_table_set_unswept(t, false, err);
	}
	if (r == 0) {
		r = node_table_commit(t, err);
	}
	if (r < 0) {
		node_table_rollback(t);
		return cu_err_wrap(err, r, "drop nodes of other generations");
	}
	return 0;
}
