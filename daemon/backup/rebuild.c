#include "backup/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/chain.h"
#include "backup/drill_key.h"
#include "backup/history.h"
#include "backup/manifest.h"
#include "backup/object.h"
#include "backup/repo.h"
#include "backup/vault_object.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/keyring.h"
#include "db/db.h"
#include "ledger/leaf.h"
#include "ledger/ledger.h"
#include "vault/vault.h"

#define SLICE (1u << 20)

/* --- data ------------------------------------------------------------------------- */

struct data {
	struct repo *repo;
	const struct manifest *manifest;
	struct rebuild_opener by;
	const struct watch *watch;
	int fd;
	uint8_t *slice;
	struct hash_sha256 image_hash;
};

static int copy_range(struct data *d, struct object_reader *reader,
	const struct manifest_range *range, struct cu_err *err)
{
	struct hash_sha256 hash;
	uint8_t is[HASH_SIZE];
	uint64_t done = 0;
	long n = 0;
	int r = 0;

	hash_sha256_init(&hash);
	while (r == 0 && (n = object_reader_read(reader, d->slice, SLICE, err)) > 0) {
		struct span bytes = span_of(d->slice, (size_t)n);

		hash_sha256_put(&hash, bytes);
		hash_sha256_put(&d->image_hash, bytes);
		done += bytes.n;
		r = path_write_fd(d->fd, bytes, err);
		if (r == 0) {
			r = watch_step(d->watch, "data", range->offset + done,
				d->manifest->data_size, err);
		}
	}
	hash_sha256_done(&hash, is);
	if (r < 0 || n < 0) {
		return r < 0 ? r : (int)n;
	}
	if (done != range->length || memcmp(is, range->hash, HASH_SIZE) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "does not hold what the manifest says");
	}
	return 0;
}

static int restore_range(struct data *d, const struct manifest_range *range, struct cu_err *err)
{
	struct object_reader *reader = NULL;
	char name[REPO_NAME_SIZE];
	int r;

	repo_name_data(range->object.hash, name);
	if (!d->by.ids) {
		drill_key_range(d->by.run, range->offset / MANIFEST_RANGE_MAX, d->by.scratch);
	}
	r = object_reader_open(d->repo, name, &range->object,
		(struct object_opener){ d->by.ids, d->by.scratch }, range->length, &reader, err);
	if (r == 0) {
		r = copy_range(d, reader, range, err);
	}
	object_reader_close(reader);
	if (!d->by.ids) {
		key_wipe(d->by.scratch);
	}
	return r;
}

static int restore_ranges(struct data *d, struct cu_err *err)
{
	uint8_t is[HASH_SIZE];
	int r = 0;

	hash_sha256_init(&d->image_hash);
	for (size_t i = 0; r == 0 && i < d->manifest->nranges; i++) {
		r = restore_range(d, &d->manifest->ranges[i], err);
	}
	hash_sha256_done(&d->image_hash, is);
	if (r == 0 && memcmp(is, d->manifest->data_hash, HASH_SIZE) != 0) {
		r = cu_err_set(err, CU_ECORRUPT, "the ranges do not make up the image of the manifest");
	}
	return r == 0 ? path_sync_fd(d->fd, "data.db", err) : r;
}

static int check_database(const char *path, struct cu_err *err)
{
	sqlite3 *db = NULL;
	int r = db_open(path, DB_WRITE, true, &db, err);

	if (r == 0) {
		r = db_check(db, err);
	}
	db_close(db);
	return r < 0 ? cu_err_wrap(err, r, "data.db") : 0;
}

int rebuild_data(struct repo *repo, const struct manifest *m, struct rebuild_opener by,
	const char *dir, const struct watch *watch, struct cu_err *err)
{
	struct data d = { repo, m, by, watch, .fd = -1 };
	char path[PATH_SIZE];
	int r = path_join(path, dir, "data.db", err);

	d.slice = malloc(SLICE);
	if (r == 0 && !d.slice) {
		r = cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		d.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		r = d.fd < 0 ? cu_err_errno(err, errno, "create %s", path) : restore_ranges(&d, err);
	}
	if (d.fd >= 0) {
		close(d.fd);
	}
	free(d.slice);
	return r == 0 ? check_database(path, err) : r;
}

/* --- vault ------------------------------------------------------------------------ */

static int replay(const char *dir, const struct key *k0, struct key_arena *arena,
	const struct vault_object_head *head, const struct history *history,
	uint64_t *ret_generation, struct cu_err *err)
{
	struct vault *v = NULL;
	struct id id;
	int r = vault_open(dir, k0, arena, &v, err);

	if (r < 0) {
		return r;
	}
	id = vault_id(v);
	if (!id_eq(&id, &head->vault)) {
		r = cu_err_set(err, CU_ECORRUPT, "the vault has another id than its object says");
	}
	if (r == 0 && history->nslots > 0) {
		r = vault_shred(v, history->slots, history->nslots, err);
	}
	if (r == 0) {
		*ret_generation = vault_generation(v);
	}
	vault_close(v);
	return r;
}

int rebuild_vault(struct repo *repo, const struct chain_link *link,
	const struct age_identities *ids, const struct history *history, const char *dir,
	const struct key *k0, struct key_arena *arena, const struct watch *watch,
	uint64_t *ret_generation, struct cu_err *err)
{
	struct vault_object_head head = { 0 };
	struct key *epoch = NULL;
	char path[PATH_SIZE], name[REPO_NAME_SIZE];
	int r = path_join(path, dir, "vault.db", err);

	if (r == 0) {
		r = key_new(arena, &epoch, err);
	}
	if (r == 0) {
		r = vault_object_read(repo, link->generation, link->vault_log_size, &link->vault,
			link->vault_size, ids, path, epoch, &head, watch, err);
	}
	if (r < 0) {
		goto out; /* names the object already */
	}
	r = vault_restore(dir, k0, epoch, head.generation, arena, err);
	if (r == 0) {
		r = replay(dir, k0, arena, &head, history, ret_generation, err);
	}
	if (r < 0) {
		repo_name_vault(link->generation, link->vault.hash, name);
		r = cu_err_wrap(err, r, "%s", name);
	}
out:
	key_free(arena, epoch);
	return r;
}

/* --- log -------------------------------------------------------------------------- */

static int save_signer(const struct signer *signer, const struct key *k0, const char *dir,
	struct cu_err *err)
{
	struct buf wrapped = BUF_INIT;
	char keys[PATH_SIZE];
	int r = path_join(keys, dir, "keys/" KEYRING_FIRST, err);

	if (r == 0) {
		r = signer_wrap(signer, k0, &wrapped, err);
	}
	if (r == 0) {
		r = path_put_file(keys, "log.key", buf_span(&wrapped), 0600, err);
	}
	buf_done(&wrapped);
	return r;
}

static int append(struct ledger *log, const struct leaf *leaf, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = leaf_format(leaf, &text, err);

	if (r == 0) {
		struct ledger_entry entry = { .outbox = 0, .leaf = buf_span(&text) };

		r = ledger_append(log, &entry, 1, err);
	}
	buf_done(&text);
	return r;
}

/* The first leaves of the new lineage: what was restored, by which key it goes on, and whether
 * something is missing. */
static int append_first(struct ledger *log, const struct rebuild_leaves *l,
	const struct note_verifier *key, struct cu_err *err)
{
	struct leaf restored = {
		.act = LEAF_STORE_RESTORE,
		.t_ms = l->now_ms,
		.obj = l->lineage,
		.count = l->sequence,
		.generation = l->generation,
		.has_digest = true,
	};
	struct leaf new_key = { .act = LEAF_LOG_KEY, .t_ms = l->now_ms, .has_digest = true };
	int r;

	memcpy(restored.digest, l->manifest_hash, sizeof(restored.digest));
	snprintf(restored.why, sizeof(restored.why), "%s", l->has_gap ? "gap" : "");
	hash_sha256(span_of(key->public_key, sizeof(key->public_key)), new_key.digest);
	r = append(log, &restored, err);
	return r == 0 ? append(log, &new_key, err) : r;
}

static int continue_log(const char *mirror_dir, const struct note_verifier *by, const char *dir,
	const struct signer *signer, const struct note_verifier *key,
	const struct rebuild_leaves *leaves, struct cu_err *err)
{
	struct ledger *log = NULL;
	uint64_t size;
	int r = ledger_continue(mirror_dir, by, dir, key->name, signer, err);

	if (r == 0) {
		r = ledger_open(dir, signer, &log, err);
	}
	if (r == 0) {
		r = append_first(log, leaves, key, err);
	}
	if (r == 0) {
		r = ledger_publish(log, &size, err);
	}
	ledger_close(log);
	return r;
}

int rebuild_log(const char *mirror_dir, const struct note_verifier *by, const char *dir,
	const struct key *k0, const struct rebuild_leaves *leaves,
	struct note_verifier *ret, struct cu_err *err)
{
	struct signer *signer = NULL;
	struct note_verifier key;
	char name[NOTE_NAME_SIZE], id[ID_TEXT_SIZE], to[PATH_SIZE];
	int r = path_join(to, dir, "log", err);

	id_format(&leaves->lineage, id);
	snprintf(name, sizeof(name), "custos/%s", id);
	if (r == 0) {
		r = signer_new(name, &signer, err);
	}
	if (r == 0) {
		signer_verifier(signer, &key);
		r = save_signer(signer, k0, dir, err);
	}
	if (r == 0) {
		r = continue_log(mirror_dir, by, to, signer, &key, leaves, err);
	}
	if (r == 0) {
		*ret = key;
	}
	signer_free(signer);
	return r;
}
