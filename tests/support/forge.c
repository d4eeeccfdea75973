#include "forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup/chain.h"
#include "backup/drill_key.h"
#include "backup/identity.h"
#include "backup/object.h"
#include "backup/rebuild.h"
#include "backup/recipients.h"
#include "backup/repo.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "db/db.h"
#include "stage.h"
#include "store/engine.h"
#include "vault/vault.h"
#include "root_key.h"

struct forge {
	struct stage *st;
	char keys[192], ring[192], dir[192], data[224];
	struct key_arena *arena;
	struct key *k0, *run, *range;
	struct signer *signer;
	struct note_verifier verifier;
	struct repo repo;
	struct chain chain;
	struct manifest manifest;
};

static void require(int r, const struct cu_err *err)
{
	if (r < 0) {
		fail_msg("forge: %s", err->msg);
	}
}

static void open_keys(struct forge *f)
{
	struct buf wrapped = BUF_INIT;
	char path[224];
	struct cu_err err;

	require(key_arena_new(VAULT_NODES_CACHED + 8, &f->arena, &err), &err);
	require(key_new(f->arena, &f->k0, &err), &err);
	require(key_new(f->arena, &f->run, &err), &err);
	require(key_new(f->arena, &f->range, &err), &err);
	require(root_key_get(f->ring, f->k0, &err), &err);
	snprintf(path, sizeof(path), "%s/log.key", f->ring);
	require(path_read_file(path, 4096, &wrapped, &err), &err);
	require(signer_unwrap(buf_span(&wrapped), f->k0, &f->signer, &err), &err);
	signer_verifier(f->signer, &f->verifier);
	buf_done(&wrapped);
}

/* From the vault as it lies there, by the day of the manifest. */
static void find_run_key(struct forge *f)
{
	struct engine *e = NULL;
	struct vault *v = NULL;
	uint64_t slot = 0;
	struct cu_err err;

	require(engine_open(f->st->state, ENGINE_WRITE, &e, &err), &err);
	assert_int_equal(
		engine_cohort_get(e, "drill", "default", f->manifest.drill_day, &slot, &err), 1);
	engine_close(e);
	require(vault_open(f->st->state, f->k0, f->arena, &v, &err), &err);
	require(vault_slot_key(v, slot, f->run, &err), &err);
	vault_close(v);
	drill_key_run(f->run, &f->manifest.drill_nonce, f->run);
	drill_key_range(f->run, 0, f->range);
}

static void change_data(struct forge *f, const char *sql)
{
	struct rebuild_opener by = { .run = f->run, .scratch = f->range };
	sqlite3 *db = NULL;
	struct cu_err err;

	assert_int_equal(f->manifest.nranges, 1);
	require(rebuild_data(&f->repo, &f->manifest, by, f->dir, NULL, &err), &err);
	require(db_open(f->data, DB_WRITE, true, &db, &err), &err);
	require(db_exec(db, sql, &err), &err);
	assert_true(sqlite3_changes(db) > 0);
	require(db_checkpoint(db, &err), &err);
	db_close(db);
}

static void put_data(struct forge *f)
{
	struct manifest_range *range = &f->manifest.ranges[0];
	struct recipients_file recipients;
	struct age_recipients *to = NULL;
	struct object_writer *w = NULL;
	struct buf image = BUF_INIT;
	char name[REPO_NAME_SIZE];
	struct cu_err err;

	require(path_read_file(f->data, 1u << 28, &image, &err), &err);
	require(recipients_load(f->keys, &recipients, &err), &err);
	require(recipients_for_age(&recipients.data, &to, &err), &err);
	drill_key_range(f->run, 0, f->range);
	require(object_writer_new(to, f->range, &w, &err), &err);
	require(object_writer_attach(w, &f->repo, &err), &err);
	require(object_writer_put(w, buf_span(&image), &err), &err);
	require(object_writer_finish(w, &range->object, &err), &err);
	repo_name_data(range->object.hash, name);
	require(object_writer_store(w, name, &err), &err);
	range->length = f->manifest.data_size = image.n;
	hash_sha256(buf_span(&image), range->hash);
	memcpy(f->manifest.data_hash, range->hash, sizeof(range->hash));
	object_writer_free(w);
	age_recipients_free(to);
	buf_done(&image);
}

static void put_manifest(struct forge *f, const struct chain_link *newest)
{
	struct buf text = BUF_INIT, sig = BUF_INIT;
	char name[REPO_NAME_SIZE];
	struct cu_err err;

	f->manifest.sequence = newest->sequence + 1;
	f->manifest.has_previous = true;
	memcpy(f->manifest.previous, newest->hash, sizeof(newest->hash));
	require(manifest_format(&f->manifest, &text, &err), &err);
	require(manifest_sign(&f->manifest, buf_span(&text), f->signer, &sig, &err), &err);
	repo_name_signature(f->manifest.sequence, name);
	require(repo_put(&f->repo, name, buf_span(&sig), &err), &err);
	repo_name_manifest(f->manifest.sequence, name);
	require(repo_put(&f->repo, name, buf_span(&text), &err), &err);
	buf_done(&text);
	buf_done(&sig);
}

void forge_backup(struct stage *st, const char *sql)
{
	struct forge f = { .st = st };
	const struct chain_link *newest;
	struct cu_err err;

	stage_stop(st);
	snprintf(f.keys, sizeof(f.keys), "%s/keys", st->state);
	snprintf(f.ring, sizeof(f.ring), "%s/keys/" KEYRING_FIRST, st->state);
	snprintf(f.dir, sizeof(f.dir), "%s/forge", st->files);
	snprintf(f.data, sizeof(f.data), "%s/data.db", f.dir);
	require(path_make_dir(f.dir, 0700, &err), &err);
	open_keys(&f);
	require(repo_open(st->repo, &f.repo, &err), &err);
	require(chain_load(&f.repo, &f.verifier, NULL, NULL, &f.chain, &err), &err);
	newest = &f.chain.at[f.chain.n - 1];
	require(chain_get(&f.repo, newest, &f.manifest, &err), &err);
	find_run_key(&f);
	change_data(&f, sql);
	put_data(&f);
	put_manifest(&f, newest);
	manifest_done(&f.manifest);
	chain_done(&f.chain);
	signer_free(f.signer);
	key_arena_free(f.arena);
	/* what root made must be the daemon's */
	free(run_shell("chown -R --reference='%s' '%s' '%s'", st->state, st->state, st->repo));
	stage_start(st);
}
