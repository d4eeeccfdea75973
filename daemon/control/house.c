#include "control/house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backup/identity.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "control/house_keys.h"
#include "control/merge.h"
#include "crypto/key.h"
#include "ledger/ledger.h"
#include "store/tx.h"
#include "vault/vault.h"

#define UNFINISHED  "unfinished" /* lies there while a store is being made */
#define NREADERS    16
#define LOG_KEY_MAX 4096

int house_take(struct house *h, const char *dir, struct cu_err *err)
{
	char lock[PATH_SIZE];
	int r = path_make_dir(dir, 0700, err);

	h->lock_fd = -1;
	pthread_mutex_init(&h->publishing, NULL);
	if (r == 0) {
		r = path_join(h->keys_dir, dir, "keys", err);
	}
	if (r == 0) {
		r = path_join(h->log_dir, dir, "log", err);
	}
	if (r == 0) {
		r = path_join(lock, dir, "lock", err);
	}
	if (r < 0) {
		return r;
	}
	strcpy(h->dir, dir);
	h->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (h->lock_fd < 0) {
		return cu_err_errno(err, errno, "open %s", lock);
	}
	if (flock(h->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		return cu_err_set(err, CU_EBUSY, "%s is in use by another custosd", dir);
	}
	return key_arena_new(VAULT_NODES_CACHED + 8, &h->arena, err);
}

static bool is_there(const struct house *h, const char *name)
{
	char path[PATH_SIZE];

	return path_join(path, h->dir, name, NULL) == 0 && path_exists(path);
}

bool house_is_empty(const struct house *h)
{
	return !is_there(h, "data.db") || is_there(h, UNFINISHED);
}

/* --- making one ------------------------------------------------------------------- */

/* Only ever called while the mark of an unfinished store lies there. */
static int remove_remains(struct house *h, struct cu_err *err)
{
	static const char *const names[] = { "data.db", "data.db-wal", "data.db-shm", "index.db",
		"index.db-wal", "index.db-shm", "vault.db", "vault.db-wal", "vault.db-shm",
		"vault.root.a", "vault.root.b", "log", "keys" };
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = path_join(path, h->dir, names[i], err);

		if (r < 0) {
			return r;
		}
		r = path_remove_tree(path, err);
		if (r < 0) {
			return r;
		}
	}
	return path_sync_dir(h->dir, err);
}

static int make_signer(struct house *h, const struct id *lineage, struct cu_err *err)
{
	char name[NOTE_NAME_SIZE], text[ID_TEXT_SIZE];
	int r;

	id_format(lineage, text);
	snprintf(name, sizeof(name), "custos/%s", text);
	r = signer_new(name, &h->signer, err);
	if (r == 0) {
		signer_verifier(h->signer, &h->verifier);
		r = house_ring_put_signer(h, h->ring, h->k0, err);
	}
	return r == 0 ? ledger_create(h->log_dir, name, h->signer, err) : r;
}

/* How a store is made: what `init` was told. */
struct making {
	int identity_fd;
	enum keyring_source source;
	struct span passphrase;
	struct id store, lineage;
};

static int make_keys(struct house *h, const struct making *m, struct cu_err *err)
{
	unsigned first = (unsigned)strtoul(KEYRING_FIRST, NULL, 10);
	int r = path_make_dir(h->keys_dir, 0700, err);

	if (r == 0) {
		r = key_new(h->arena, &h->k0, err);
	}
	if (r == 0) {
		key_fill_random(h->k0);
		r = house_ring_create(h, first, m->source, m->passphrase, &m->store, err);
	}
	return r == 0 ? vault_create(h->dir, h->k0, h->arena, err) : r;
}

/* The identity is with the administrator before anything counts on it. */
static int hand_out_identity(struct house *h, const struct id *store, int fd,
	struct cu_err *err)
{
	struct buf file = BUF_INIT_WIPE;
	int r = identity_create(store, &h->verifier, &h->verifier, &file, &h->recipients, err);

	if (r == 0) {
		r = path_write_fd(fd, buf_span(&file), err);
	}
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS) { /* a pipe cannot */
		r = cu_err_errno(err, errno, "sync the identity file");
	}
	buf_done(&file);
	return r < 0 ? r : recipients_save(h->keys_dir, &h->recipients, err);
}

static int first_leaf(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_STORE_INIT };

	(void)op;
	return tx_leaf(tx, &leaf, err);
}

void house_close(struct house *h)
{
	store_close(h->store);
	ledger_close(h->ledger);
	vault_close(h->vault);
	signer_free(h->signer);
	key_free(h->arena, h->k0);
	h->store = NULL;
	h->ledger = NULL;
	h->vault = NULL;
	h->signer = NULL;
	h->k0 = NULL;
}

static int make_all(struct house *h, const struct making *m, struct cu_err *err)
{
	int r = make_keys(h, m, err);

	if (r == 0) {
		r = make_signer(h, &m->lineage, err);
	}
	if (r == 0) {
		r = store_create(h->dir, &m->store, &m->lineage, err);
	}
	return r == 0 ? hand_out_identity(h, &m->store, m->identity_fd, err) : r;
}

int house_create(struct house *h, int identity_fd, enum keyring_source source,
	struct span passphrase, struct cu_err *err)
{
	struct store_op op = { .apply = first_leaf, .kind = STORE_CHANGE };
	struct making m = { identity_fd, source, passphrase, id_new(), id_new() };
	int r;

	if (!house_is_empty(h)) {
		return cu_err_set(err, CU_EEXIST, "there is a store already");
	}
	r = path_put_file(h->dir, UNFINISHED, span_str("a store was being made\n"), 0600, err);
	if (r == 0) {
		r = remove_remains(h, err);
	}
	if (r == 0) {
		r = make_all(h, &m, err);
	}
	house_close(h);
	if (r == 0) {
		r = house_open(h, KEYRING_BIT(source), passphrase, err);
	}
	if (r == 0) {
		r = store_run(h->store, &op, err);
	}
	if (r == 0) { /* from here on it is a store */
		r = path_remove(h->dir, UNFINISHED, err);
	}
	if (r < 0) {
		house_close(h);
	}
	return r;
}

/* --- opening one ------------------------------------------------------------------ */

static int load_signer(struct house *h, struct cu_err *err)
{
	struct buf wrapped = BUF_INIT;
	char path[PATH_SIZE], ring[PATH_SIZE];
	int r = house_ring_path(h, h->ring, ring, err);

	if (r == 0) {
		r = path_join(path, ring, HOUSE_LOG_KEY, err);
	}
	if (r == 0) {
		r = path_read_file(path, LOG_KEY_MAX, &wrapped, err);
	}
	if (r == 0) {
		r = signer_unwrap(buf_span(&wrapped), h->k0, &h->signer, err);
	}
	if (r == 0) {
		signer_verifier(h->signer, &h->verifier);
	}
	buf_done(&wrapped);
	return r;
}

static int open_store(struct house *h, struct cu_err *err)
{
	struct store_config cfg = { .dir = h->dir, .arena = h->arena, .vault = h->vault,
		.ledger = h->ledger, .clock = h->clock, .index = h->index, .nreaders = NREADERS,
		.on_fatal = h->on_fatal, .on_fatal_ctx = h->on_fatal_ctx };

	return store_open(&cfg, &h->store, err);
}

/* The vault says whether k0 is the one that its roots are under. */
static int open_services(struct house *h, struct cu_err *err)
{
	int r = vault_open(h->dir, h->k0, h->arena, &h->vault, err);

	if (r == 0) {
		r = load_signer(h, err);
	}
	if (r == 0) {
		r = recipients_load(h->keys_dir, &h->recipients, err);
	}
	if (r == 0) {
		r = ledger_open(h->log_dir, h->signer, &h->ledger, err);
	}
	return r == 0 ? open_store(h, err) : r;
}

/* One ring: CU_ENOKEY also when its root key is not that of the vault. */
static int open_by_ring(struct house *h, unsigned ring, unsigned sources, struct span passphrase,
	struct cu_err *err)
{
	struct id store;
	int r = key_new(h->arena, &h->k0, err);

	if (r == 0) {
		r = house_ring_unlock(h, ring, sources, passphrase, err);
	}
	if (r == 0) {
		h->ring = ring;
		r = open_services(h, err);
	}
	if (r == 0) {
		store = store_id(h->store);
		if (!id_is_nil(&h->about.store) && !id_eq(&h->about.store, &store)) {
			r = cu_err_set(err, CU_ECORRUPT, "the root key was wrapped for another store");
		}
	}
	if (r < 0) {
		house_close(h);
	}
	return r;
}

/* A ring that was begun, or is half wiped, has wraps that are no such thing. */
static bool may_be_another(int code)
{
	return code == CU_ENOKEY || code == CU_ENOENT || code == CU_ESEALED || code == CU_ECORRUPT;
}

int house_open(struct house *h, unsigned sources, struct span passphrase, struct cu_err *err)
{
	unsigned rings[HOUSE_RINGS_MAX] = { 0 };
	struct cu_err untidy;
	size_t n;
	int r = house_rings(h, rings, &n, err);

	if (r < 0) {
		return r;
	}
	if (n == 0) { /* to say what is not there */
		n = 1;
	}
	r = open_by_ring(h, rings[0], sources, passphrase, err);
	for (size_t i = 1; may_be_another(r) && i < n; i++) {
		struct cu_err why;
		int code = open_by_ring(h, rings[i], sources, passphrase, &why);

		if (code == 0) {
			r = 0;
		} else if (r != CU_ENOKEY) {
			r = cu_err_set(err, code, "%s", why.msg);
		}
	}
	if (r == 0) {
		merge_after_restore(h->store);
		h->is_rekey_unsure = false;
		if (house_rings_tidy(h, &untidy) < 0) {
			log_warn("an older root key is not wiped yet: %s", untidy.msg);
		}
	}
	return r;
}

void house_leave(struct house *h)
{
	house_close(h);
	key_arena_free(h->arena);
	h->arena = NULL;
	if (h->lock_fd >= 0) {
		close(h->lock_fd);
		h->lock_fd = -1;
	}
}

int house_publish(struct house *h, struct cu_err *err)
{
	uint64_t size;
	int r;

	pthread_mutex_lock(&h->publishing);
	r = ledger_publish(h->ledger, &size, err);
	pthread_mutex_unlock(&h->publishing);
	return r;
}
