/*
 * The key tree as it is found on disk: two root blocks, and the rows of vault.db.
 *
 * The bits of the first byte: 1: the checksums of the root blocks are made anew after the changes; 2: what opens
 * serves on, it is scrubbed, grows, shreds, and opens again.  Of what follows, each four bytes are a change: of a byte
 * of a root block, or of a row: its place, its generation, its bytes, its being there.  What opens gives each
 * slot the key that it had, or none: no change puts a key in another's place, none brings a shredded one back.
 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/key.h"
#include "files.h"
#include "fuzz.h"
#include "vault/root.h"
#include "vault/vault.h"

#define NSLOTS   (2 * VAULT_LEAF_SLOTS)
#define LOOK     16 /* slots of which the keys are remembered: each NSLOTS / LOOK */
#define CHECKSUM 32

static const uint64_t dead[] = { 3, 32, 300 };

static struct {
	char dir[PATH_SIZE], work[PATH_SIZE], database[PATH_SIZE];
	struct files real;
	struct key_arena *arena;
	struct key *k0, *key, *keys[LOOK];
} w;

static uint64_t slot_at(size_t i)
{
	return i * (NSLOTS / LOOK);
}

static bool is_dead(uint64_t slot)
{
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		if (dead[i] == slot) {
			return true;
		}
	}
	return false;
}

static void must(int r, const struct cu_err *err)
{
	fuzz_must(r >= 0, err->msg);
}

static void make_world(void)
{
	struct vault *v = NULL;
	sqlite3 *db = NULL;
	struct cu_err err = { 0 };

	fuzz_fix_random();
	fuzz_make_dir(w.dir);
	must(path_join(w.work, w.dir, "work", &err), &err);
	must(path_join(w.database, w.work, "vault.db", &err), &err);
	must(path_make_dir(w.work, 0700, &err), &err);
	must(key_arena_new(VAULT_NODES_CACHED + 32, &w.arena, &err), &err);
	must(key_new(w.arena, &w.k0, &err), &err);
	must(key_new(w.arena, &w.key, &err), &err);
	key_fill_random(w.k0);
	must(vault_create(w.work, w.k0, w.arena, &err), &err);
	must(vault_open(w.work, w.k0, w.arena, &v, &err), &err);
	must(vault_extend(v, 2, &err), &err);
	for (size_t i = 0; i < LOOK; i++) {
		must(key_new(w.arena, &w.keys[i], &err), &err);
		must(vault_slot_key(v, slot_at(i), w.keys[i], &err), &err);
	}
	must(vault_shred(v, dead, sizeof(dead) / sizeof(dead[0]), &err), &err);
	vault_close(v);
	fuzz_must(sqlite3_open(w.database, &db) == SQLITE_OK &&
			  sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK &&
			  sqlite3_close(db) == SQLITE_OK,
		"all goes into the file");
	files_take(&w.real, w.work);
	fuzz_must(w.real.n == 3, "vault.db, and two roots behind it");
}

/* --- changes ---------------------------------------------------------------------- */

/* Without rowid, a row is named by its place. */
#define ROW " WHERE (copy, level, idx, gen) = (SELECT copy, level, idx, gen FROM node LIMIT 1 OFFSET ?1)"

static const char *const changes[] = {
	"DELETE FROM node" ROW,
	"UPDATE node SET gen = gen + ?2 - 2" ROW,
	"UPDATE node SET idx = ?2" ROW,
	"UPDATE node SET level = ?2" ROW,
	"UPDATE node SET copy = 1 - copy" ROW,
	"UPDATE node SET blob = (SELECT blob FROM node LIMIT 1 OFFSET ?2)" ROW,
	"UPDATE node SET blob = zeroblob(?2)" ROW,
	"UPDATE node SET blob = substr(blob, 1 + ?2)" ROW,
	"UPDATE node SET blob = CAST(blob AS TEXT)" ROW,
	"UPDATE node SET gen = 'text'" ROW,
	"INSERT INTO node SELECT copy, level, idx, gen + ?2 + 1, blob FROM node" ROW,
	"INSERT INTO node SELECT copy, level, idx + ?2 + 1, gen, blob FROM node" ROW,
	"UPDATE meta SET nleaves = nleaves + ?2 - 2",
	"UPDATE meta SET nleaves = -9223372036854775807 - ?2",
	"UPDATE meta SET unswept = 1 - unswept",
	"UPDATE meta SET format = ?2",
	"UPDATE meta SET vault_id = zeroblob(?2)",
	"DELETE FROM meta",
	"DROP TABLE node",
};

static void change_row(sqlite3 *db, uint8_t what, uint8_t which, uint8_t by)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, changes[what % (sizeof(changes) / sizeof(changes[0]))], -1, &st, NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int(st, 1, which % 16);
		(void)sqlite3_bind_int(st, 2, by % 8);
		(void)sqlite3_step(st); /* what a constraint refuses stays as it was */
	}
	sqlite3_finalize(st);
}

/* As docs/formats/vault.md has it: BLAKE2b-256 of all before it. */
static void reseal(struct buf *root)
{
	if (root->n == ROOT_SIZE) {
		crypto_generichash(root->p + ROOT_SIZE - CHECKSUM, CHECKSUM, root->p, ROOT_SIZE - CHECKSUM, NULL, 0);
	}
}

/* Changes of the roots to roots, those of rows to vault.db at once. */
static void change_all(struct span in, struct buf roots[2])
{
	sqlite3 *db = NULL;

	fuzz_must(sqlite3_open(w.database, &db) == SQLITE_OK, "vault.db opens");
	(void)sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	for (; in.n >= 4; in = span_of(in.p + 4, in.n - 4)) {
		if (in.p[0] & 0x80) {
			change_row(db, in.p[1], in.p[2], in.p[3]);
		} else {
			files_edit(&roots[in.p[0] & 1], in.p[1], in.p[2], in.p[3]);
		}
	}
	fuzz_must(sqlite3_close(db) == SQLITE_OK, "vault.db closes");
}

/* --- use -------------------------------------------------------------------------- */

static void check_keys(struct vault *v)
{
	struct cu_err err = { 0 };

	for (size_t i = 0; i < LOOK; i++) {
		int r = vault_slot_key(v, slot_at(i), w.key, &err);

		fuzz_must(r == 0 || err.msg[0], "a key that does not open has a reason");
		fuzz_must(r < 0 || !is_dead(slot_at(i)), "what was shredded opens nowhere");
		fuzz_must(r < 0 || key_is_equal(w.key, w.keys[i]), "a slot has its own key");
	}
}

/* Its further life. */
static void use(struct vault *v)
{
	const uint64_t slot = slot_at(5);
	struct cu_err err = { 0 };
	bool is_gone;

	(void)vault_scrub(v, &err);
	(void)vault_extend(v, 1, &err);
	is_gone = vault_shred(v, &slot, 1, &err) == 0;
	fuzz_must(!is_gone || vault_slot_key(v, slot, w.key, &err) < 0, "what is shredded does not open");
	vault_close(v);
	if (vault_open(w.work, w.k0, w.arena, &v, &err) == 0) {
		check_keys(v);
		fuzz_must(!is_gone || vault_slot_key(v, slot, w.key, &err) < 0, "nor after the next start");
		vault_close(v);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	uint8_t how = fuzz_take(&in);
	struct buf roots[2] = { BUF_INIT, BUF_INIT };
	struct vault *v = NULL;
	struct cu_err err = { 0 };

	if (w.real.n == 0) {
		make_world();
	}
	fuzz_empty_dir(w.work);
	files_put_all(&w.real, w.work);
	for (size_t i = 0; i < 2; i++) { /* behind vault.db by their names */
		buf_put_span(&roots[i], buf_span(&w.real.v[1 + i].bytes));
	}
	change_all(in, roots);
	for (size_t i = 0; i < 2; i++) {
		if (how & 1) {
			reseal(&roots[i]);
		}
		files_change(&w.real, w.work, 1 + i, buf_span(&roots[i]));
		buf_done(&roots[i]);
	}
	if (vault_open(w.work, w.k0, w.arena, &v, &err) < 0) {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
		return 0;
	}
	check_keys(v);
	if (how & 2) {
		use(v);
	} else {
		vault_close(v);
	}
	return 0;
}
