#include "crypto/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "crypto/hash.h"
#include "crypto/keyring_internal.h"

/* A wrap: this line, the source, the store's id, when the root key was made, what
 * Argon2id is asked for (zeros else), the commitment, the root key wrapped with all
 * before it as additional data. */
static const char mark[] = "custos root wrap v2\n";
/* The first format, of a key file only: the line, the commitment, the root key wrapped
 * with the line as additional data. */
static const char old_mark[] = "custos root wrap v1\n";

#define OLD_NAME  "root.wrap"
#define MARK_SIZE (sizeof(mark) - 1)
#define COST_SIZE (crypto_pwhash_argon2id_SALTBYTES + 8 + 8)
#define HEAD_SIZE (MARK_SIZE + 1 + sizeof(struct id) + 8 + COST_SIZE)
#define WRAP_SIZE (HEAD_SIZE + HASH_SIZE + KEY_WRAPPED_SIZE(1))
#define OLD_SIZE  (MARK_SIZE + HASH_SIZE + KEY_WRAPPED_SIZE(1))
#define NAME_SIZE 32

_Static_assert(sizeof(old_mark) == sizeof(mark), "both lines are as long");

static const char *const words[KEYRING_NSOURCES] = {
#define X(id, word) [KEYRING_##id] = word,
	KEYRING_SOURCES(X)
#undef X
};

const char *keyring_word(enum keyring_source source)
{
	return words[source];
}

bool keyring_parse(const char *word, enum keyring_source *ret)
{
	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum keyring_source)i;
			return true;
		}
	}
	return false;
}

static bool has_file(const char *dir, const char *name)
{
	char path[PATH_SIZE];

	return path_join(path, dir, name, NULL) == 0 && path_exists(path);
}

static void name_of(enum keyring_source source, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s.wrap", words[source]);
}

unsigned keyring_sources(const char *dir)
{
	unsigned all = has_file(dir, OLD_NAME) ? KEYRING_BIT(KEYRING_FILE) : 0;

	for (unsigned i = 0; i < KEYRING_NSOURCES; i++) {
		char name[NAME_SIZE];

		name_of((enum keyring_source)i, name);
		all |= has_file(dir, name) ? KEYRING_BIT(i) : 0;
	}
	return all;
}

/* --- a wrap's bytes --------------------------------------------------------------- */

/* Over the head as well, so that it binds the source, the store and Argon2id's salt. */
static void commit_to(
	const uint8_t *head, size_t n, const struct key *by, uint8_t out[HASH_SIZE])
{
	uint8_t all[HEAD_SIZE + KEY_SIZE];

	memcpy(all, head, n);
	memcpy(all + n, by->b, KEY_SIZE);
	hash_blake2b(span_of(all, n + KEY_SIZE), out);
	sodium_memzero(all, sizeof(all));
}

static int put_wrap(const char *dir, enum keyring_source source,
	const struct keyring_about *about, const struct keyring_cost *cost,
	const struct key *by, const struct key *root, struct cu_err *err)
{
	struct buf file = BUF_INIT_WIPE;
	uint8_t commitment[HASH_SIZE], wrapped[KEY_WRAPPED_SIZE(1)];
	char name[NAME_SIZE];
	int r;

	name_of(source, name);
	buf_put_str(&file, mark);
	buf_put_u8(&file, (uint8_t)source);
	buf_put(&file, about->store.b, sizeof(about->store.b));
	buf_put_u64(&file, (uint64_t)about->made_ms);
	buf_put(&file, cost->salt, sizeof(cost->salt));
	buf_put_u64(&file, cost->passes);
	buf_put_u64(&file, cost->memory_bytes);
	r = buf_check(&file, err);
	if (r == 0) {
		commit_to(file.p, file.n, by, commitment);
		buf_put(&file, commitment, sizeof(commitment));
		r = buf_check(&file, err);
	}
	if (r == 0) {
		key_wrap(by, buf_span(&file), &root, 1, wrapped);
		buf_put(&file, wrapped, sizeof(wrapped));
		r = buf_check(&file, err);
	}
	if (r == 0) {
		r = path_put_file(dir, name, buf_span(&file), 0400, err);
	}
	sodium_memzero(commitment, sizeof(commitment));
	sodium_memzero(wrapped, sizeof(wrapped));
	buf_done(&file);
	return r;
}

/* A wrap that was read; the spans are borrowed from its bytes. */
struct wrap {
	struct keyring_about about;
	struct keyring_cost cost;
	struct span aad, commitment, wrapped;
	size_t ncommitted; /* bytes of aad that the commitment covers */
};

static int decode_wrap(struct span file, enum keyring_source source, const char *path,
	struct wrap *ret, struct cu_err *err)
{
	struct cursor c = cursor_of(file);
	struct span line = cursor_take(&c, MARK_SIZE);
	bool is_old = source == KEYRING_FILE && file.n == OLD_SIZE &&
		      memcmp(line.p, old_mark, MARK_SIZE) == 0;

	*ret = (struct wrap){ .aad = span_of(file.p,
				      is_old ? MARK_SIZE : HEAD_SIZE + HASH_SIZE),
		.ncommitted = is_old ? 0 : HEAD_SIZE };
	if (!is_old && (file.n != WRAP_SIZE || memcmp(line.p, mark, MARK_SIZE) != 0 ||
			       cursor_u8(&c) != source)) {
		return cu_err_set(err, CU_ECORRUPT,
			"%s: not a root key wrapped for this source", path);
	}
	if (!is_old) {
		cursor_copy(&c, ret->about.store.b, sizeof(ret->about.store.b));
		ret->about.made_ms = (int64_t)cursor_u64(&c);
		cursor_copy(&c, ret->cost.salt, sizeof(ret->cost.salt));
		ret->cost.passes = cursor_u64(&c);
		ret->cost.memory_bytes = cursor_u64(&c);
	}
	ret->commitment = cursor_take(&c, HASH_SIZE);
	ret->wrapped = cursor_take(&c, KEY_WRAPPED_SIZE(1));
	if (source == KEYRING_PASSPHRASE && !keyring_cost_is_bounded(&ret->cost)) {
		return cu_err_set(err, CU_ECORRUPT,
			"%s: asks Argon2id for more than this program ever would",
			path);
	}
	return 0;
}

static int refuse_key(enum keyring_source source, const char *path, struct cu_err *err)
{
	return source == KEYRING_PASSPHRASE
		       ? cu_err_set(err, CU_ENOKEY, "the passphrase is wrong")
		       : cu_err_set(err, CU_ENOKEY, "%s: made with another %s", path,
				 source == KEYRING_FILE ? _("key file") : _("credential"));
}

static int open_wrap(const struct wrap *w, enum keyring_source source, const char *path,
	const struct key *by, struct key *root, struct cu_err *err)
{
	uint8_t commitment[HASH_SIZE];
	bool is_right;
	int r;

	commit_to(w->aad.p, w->ncommitted, by, commitment);
	is_right = sodium_memcmp(commitment, w->commitment.p, HASH_SIZE) == 0;
	sodium_memzero(commitment, sizeof(commitment));
	if (!is_right) {
		return refuse_key(source, path, err);
	}
	r = key_unwrap(by, w->aad, w->wrapped, &root, 1, err);
	return r < 0 ? cu_err_wrap(err, r, "%s", path) : 0;
}

/* --- adding a source -------------------------------------------------------------- */

static int check_passphrase(struct span passphrase, struct cu_err *err)
{
	return !passphrase.p || (passphrase.n >= KEYRING_PASSPHRASE_MIN &&
					passphrase.n <= KEYRING_PASSPHRASE_MAX)
		       ? 0
		       : cu_err_set(err, CU_EINVAL, "a passphrase has %d to %d bytes",
				 KEYRING_PASSPHRASE_MIN, KEYRING_PASSPHRASE_MAX);
}

int keyring_add(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, const struct keyring_about *about,
	const struct key *root, struct cu_err *err)
{
	struct keyring_cost cost = { 0 };
	struct key by = { { 0 } };
	int r = key_library_init(err);

	if (r == 0 && keyring_sources(dir) & KEYRING_BIT(source)) {
		r = cu_err_set(
			err, CU_EEXIST, "the root key has a %s already", words[source]);
	}
	if (r == 0 && source == KEYRING_PASSPHRASE) {
		keyring_cost_fill(&cost);
		r = check_passphrase(hand->passphrase, err);
	}
	if (r == 0) { /* what an attempt that was cut off has left */
		r = keyring_remove(dir, source, err);
	}
	if (r == 0 && source == KEYRING_FILE) {
		r = keyring_make_key_file(dir, err);
	}
	if (r == 0) {
		r = keyring_secret(dir, source, hand, &cost, &by, err);
	}
	if (r == 0) {
		r = put_wrap(dir, source, about, &cost, &by, root, err);
	}
	key_wipe(&by);
	return r;
}

/* --- opening by one --------------------------------------------------------------- */

static int path_of_wrap(const char *dir, enum keyring_source source,
	char out[PATH_SIZE], struct cu_err *err)
{
	char name[NAME_SIZE];
	bool is_old;

	name_of(source, name);
	is_old = source == KEYRING_FILE && !has_file(dir, name) &&
		 has_file(dir, OLD_NAME);
	return path_join(out, dir, is_old ? OLD_NAME : name, err);
}

int keyring_open(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, struct keyring_about *ret_about,
	struct key *root, struct cu_err *err)
{
	struct buf file = BUF_INIT_WIPE;
	struct key by = { { 0 } };
	char path[PATH_SIZE];
	struct wrap w;
	int r = key_library_init(err);

	if (r == 0) {
		r = path_of_wrap(dir, source, path, err);
	}
	if (r == 0) {
		r = path_read_file(path, WRAP_SIZE, &file, err);
	}
	if (r == CU_ELIMIT) {
		r = cu_err_set(
			err, CU_ECORRUPT, "%s: too long for a wrapped root key", path);
	}
	if (r == 0) {
		r = decode_wrap(buf_span(&file), source, path, &w, err);
	}
	if (r == 0) {
		r = keyring_secret(dir, source, hand, &w.cost, &by, err);
	}
	if (r == 0) {
		r = open_wrap(&w, source, path, &by, root, err);
	}
	if (r == 0) {
		*ret_about = w.about;
	}
	key_wipe(&by);
	buf_done(&file);
	return r;
}

/* --- taking one away -------------------------------------------------------------- */

bool keyring_is_damaged(const char *dir, enum keyring_source source)
{
	struct buf file = BUF_INIT_WIPE;
	char path[PATH_SIZE];
	struct wrap w;
	int r = path_of_wrap(dir, source, path, NULL);

	if (r == 0) {
		r = path_read_file(path, WRAP_SIZE, &file, NULL);
	}
	if (r == 0) {
		r = decode_wrap(buf_span(&file), source, path, &w, NULL);
	}
	buf_done(&file);
	return r == CU_ECORRUPT;
}

static int overwrite(const char *path, off_t size, struct cu_err *err)
{
	uint8_t noise[256];
	int r = 0, fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		return cu_err_errno(err, errno, "overwrite %s", path);
	}
	for (off_t at = 0; r == 0 && at < size; at += (off_t)sizeof(noise)) {
		off_t left = size - at;
		size_t n = left < (off_t)sizeof(noise) ? (size_t)left : sizeof(noise);

		randombytes_buf(noise, sizeof(noise));
		r = path_pwrite_fd(fd, span_of(noise, n), (uint64_t)at, err);
	}
	if (r == 0) {
		r = path_sync_fd(fd, path, err);
	}
	(void)close(fd); /* it is synced, or has failed */
	return r;
}

static int wipe_one(const char *dir, const char *name, struct cu_err *err)
{
	char path[PATH_SIZE];
	struct stat st;
	int r = path_join(path, dir, name, err);

	if (r < 0) {
		return r;
	}
	if (lstat(path, &st) < 0) {
		return errno == ENOENT ? 0 : cu_err_errno(err, errno, "%s", path);
	}
	if (S_ISREG(st.st_mode)) {
		/* 0400 keeps its owner from writing, too */
		r = chmod(path, 0600) < 0 ? cu_err_errno(err, errno, "chmod %s", path)
					  : overwrite(path, st.st_size, err);
	}
	return r < 0 ? r : path_remove(dir, name, err);
}

int keyring_wipe_file(const char *dir, const char *name, struct cu_err *err)
{
	char hidden[PATH_NEW_SIZE];
	int r;

	path_new_name(name, hidden);
	r = wipe_one(dir, hidden, err);
	return r < 0 ? r : wipe_one(dir, name, err);
}

int keyring_remove(const char *dir, enum keyring_source source, struct cu_err *err)
{
	char name[NAME_SIZE];
	int r;

	name_of(source, name);
	r = keyring_wipe_file(dir, name, err);
	if (r == 0 && source == KEYRING_FILE) {
		r = keyring_wipe_file(dir, OLD_NAME, err);
	}
	if (r == 0 && source == KEYRING_FILE) {
		r = keyring_wipe_file(dir, KEYRING_KEY_FILE, err);
	}
	return r;
}
