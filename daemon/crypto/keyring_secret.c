/* What the sources hold, and the wrapping key that follows from it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "crypto/keyring_internal.h"

#define HEX_SIZE (2 * KEY_SIZE + 1) /* the digits and a newline */

/* A wrap found on disk may be anybody's work: it must not make us ask for a terabyte,
 * nor compute for a day.  1 GiB is libsodium's SENSITIVE, 16 passes four times its
 * number. */
#define MAX_MEMORY crypto_pwhash_argon2id_MEMLIMIT_SENSITIVE
#define MAX_PASSES 16

static const char credential_mark[] = "custos root key from a credential v1\n";

/* --- the key file ----------------------------------------------------------------- */

int keyring_make_key_file(const char *dir, struct cu_err *err)
{
	struct key by;
	char hex[HEX_SIZE + 1];
	int r;

	key_fill_random(&by);
	text_hex(by.b, KEY_SIZE, hex);
	hex[HEX_SIZE - 1] = '\n';
	r = path_put_file(dir, KEYRING_KEY_FILE, span_of(hex, HEX_SIZE), 0400, err);
	key_wipe(&by);
	sodium_memzero(hex, sizeof(hex));
	return r;
}

static int open_private(
	const char *path, mode_t forbidden, int *ret_fd, struct cu_err *err)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		return cu_err_errno(err, errno, "%s", path);
	}
	if (fstat(fd, &st) < 0) {
		r = cu_err_errno(err, errno, "%s", path);
	} else if (!S_ISREG(st.st_mode)) {
		r = cu_err_set(err, CU_ECORRUPT, "%s: not a regular file", path);
	} else if (st.st_mode & forbidden) {
		r = cu_err_set(err, CU_EDENIED,
			"%s: mode %04o lets others than its owner at the key", path,
			(unsigned)st.st_mode & 07777);
	}
	if (r < 0) {
		(void)close(fd); /* only read from */
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int read_private(const char *path, mode_t forbidden, size_t limit,
	struct buf *to, struct cu_err *err)
{
	int fd = -1, r = open_private(path, forbidden, &fd, err);

	if (r < 0) {
		return r;
	}
	r = path_read_fd(fd, limit, to, err);
	(void)close(fd); /* only read from */
	return r == CU_ELIMIT ? cu_err_set(err, CU_ECORRUPT, "%s: over %zu bytes long",
					path, limit)
			      : r;
}

static int from_file(const char *dir, struct key *by, struct cu_err *err)
{
	struct buf text = BUF_INIT_WIPE;
	char path[PATH_SIZE];
	int r = path_join(path, dir, KEYRING_KEY_FILE, err);

	if (r == 0) {
		r = read_private(path, 077, HEX_SIZE, &text, err);
	}
	if (r == 0 && text.n == HEX_SIZE && text.p[HEX_SIZE - 1] == '\n') {
		text.n--;
	}
	if (r == 0 && !text_unhex((const char *)text.p, text.n, by->b, KEY_SIZE)) {
		r = cu_err_set(err, CU_ECORRUPT, "%s: not 64 hex digits", path);
	}
	buf_done(&text);
	return r;
}

/* --- the credential --------------------------------------------------------------- */

/* As it is good for 32 bytes of randomness or more, one hash makes a key of it. */
static int from_credential(const char *path, struct key *by, struct cu_err *err)
{
	struct buf secret = BUF_INIT_WIPE;
	int r;

	if (!path) {
		return cu_err_set(err, CU_ENOENT,
			"systemd has handed over no credential %s",
			KEYRING_CREDENTIAL_NAME);
	}
	/* it may be the service's by an ACL, whose mask shows as the group's bits */
	r = read_private(path, 07, KEYRING_CREDENTIAL_MAX, &secret, err);
	if (r == 0 && secret.n < KEYRING_CREDENTIAL_MIN) {
		r = cu_err_set(err, CU_ECORRUPT,
			"%s: %zu bytes are too few, %d are needed", path, secret.n,
			KEYRING_CREDENTIAL_MIN);
	}
	if (r == 0) {
		(void)crypto_generichash(by->b, KEY_SIZE, secret.p, secret.n,
			(const uint8_t *)credential_mark, sizeof(credential_mark) - 1);
	}
	buf_done(&secret);
	return r;
}

/* --- the passphrase --------------------------------------------------------------- */

void keyring_cost_fill(struct keyring_cost *cost)
{
	randombytes_buf(cost->salt, sizeof(cost->salt));
	cost->passes = crypto_pwhash_argon2id_OPSLIMIT_MODERATE;
	cost->memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_MODERATE;
}

bool keyring_cost_is_bounded(const struct keyring_cost *cost)
{
	return cost->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
	       cost->passes <= MAX_PASSES &&
	       cost->memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN &&
	       cost->memory_bytes <= MAX_MEMORY;
}

static int from_passphrase(struct span passphrase, const struct keyring_cost *cost,
	struct key *by, struct cu_err *err)
{
	if (!passphrase.p) {
		return cu_err_set(err, CU_ENOENT, "nobody has given the passphrase");
	}
	if (crypto_pwhash_argon2id(by->b, KEY_SIZE, (const char *)passphrase.p,
		    passphrase.n, cost->salt, cost->passes, (size_t)cost->memory_bytes,
		    crypto_pwhash_argon2id_ALG_ARGON2ID13) < 0) {
		return cu_err_set(err, CU_ENOMEM, "Argon2id needs %zu MiB of memory",
			(size_t)(cost->memory_bytes >> 20));
	}
	return 0;
}

int keyring_secret(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, const struct keyring_cost *cost,
	struct key *by, struct cu_err *err)
{
	switch (source) {
	case KEYRING_FILE: return from_file(dir, by, err);
	case KEYRING_CREDENTIAL: return from_credential(hand->credential, by, err);
	case KEYRING_PASSPHRASE:
		return from_passphrase(hand->passphrase, cost, by, err);
	case KEYRING_NSOURCES: break;
	}
	return cu_err_set(err, CU_EINVAL, "no source of the root key");
}
