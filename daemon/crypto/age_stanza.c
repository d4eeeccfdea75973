#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/age_internal.h"
#include "crypto/kdf.h"

static const char x25519_type[] = "X25519";
static const char scrypt_type[] = "scrypt";
static const char x25519_label[] = "age-encryption.org/v1/X25519";
static const char scrypt_label[] = "age-encryption.org/v1/scrypt";

#define WRAP_KEY_SIZE     32
#define SCRYPT_R          8 /* with p = 1 fixed by the format */
#define SCRYPT_SALT_BYTES (sizeof(scrypt_label) - 1 + AGE_SALT_SIZE)

/* --- the wrapping key ------------------------------------------------------------- */

/* From an agreed secret; the salt binds it to the two public keys. */
static void key_from_shared(const uint8_t shared[AGE_X25519_SIZE],
	const uint8_t share[AGE_X25519_SIZE], const uint8_t recipient[AGE_X25519_SIZE],
	uint8_t key[WRAP_KEY_SIZE])
{
	uint8_t salt[2 * AGE_X25519_SIZE];

	memcpy(salt, share, AGE_X25519_SIZE);
	memcpy(salt + AGE_X25519_SIZE, recipient, AGE_X25519_SIZE);
	/* Cannot fail: the length is constant and short. */
	(void)kdf_hkdf(span_of(shared, AGE_X25519_SIZE), span_of(salt, sizeof(salt)),
		span_str(x25519_label), key, WRAP_KEY_SIZE);
}

/* 128 * r * 2^log_n bytes of memory; fails when there are not so many. */
static int key_from_passphrase(struct span passphrase,
	const uint8_t salt[AGE_SALT_SIZE], unsigned log_n, uint8_t key[WRAP_KEY_SIZE],
	struct cu_err *err)
{
	uint8_t full[SCRYPT_SALT_BYTES];

	memcpy(full, scrypt_label, sizeof(scrypt_label) - 1);
	memcpy(full + sizeof(scrypt_label) - 1, salt, AGE_SALT_SIZE);
	if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase.p, passphrase.n, full,
		    sizeof(full), UINT64_C(1) << log_n, SCRYPT_R, 1, key,
		    WRAP_KEY_SIZE) != 0) {
		return cu_err_set(err, CU_ENOMEM,
			"passphrase: no memory for a work factor of %u", log_n);
	}
	return 0;
}

/* The key is used once, so the nonce may be zero. */
static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void wrap(const uint8_t key[WRAP_KEY_SIZE],
	const uint8_t file_key[AGE_FILE_KEY_SIZE], uint8_t out[AGE_WRAPPED_SIZE])
{
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, file_key,
		AGE_FILE_KEY_SIZE, NULL, 0, NULL, zero_nonce, key); /* always 0 */
}

static bool unwrap(const uint8_t key[WRAP_KEY_SIZE], struct span body,
	uint8_t file_key[AGE_FILE_KEY_SIZE])
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(file_key, NULL, NULL, body.p,
		       body.n, NULL, 0, zero_nonce, key) == 0;
}

/* --- writing ---------------------------------------------------------------------- */

static int put_x25519(const uint8_t recipient[AGE_X25519_SIZE],
	const uint8_t file_key[AGE_FILE_KEY_SIZE], struct buf *header,
	struct cu_err *err)
{
	uint8_t ephemeral[AGE_X25519_SIZE], share[AGE_X25519_SIZE],
		shared[AGE_X25519_SIZE];
	uint8_t key[WRAP_KEY_SIZE], body[AGE_WRAPPED_SIZE];
	char share64[TEXT_BASE64_SIZE(AGE_X25519_SIZE)], args[64];
	int r = 0;

	randombytes_buf(ephemeral, sizeof(ephemeral));
	(void)crypto_scalarmult_curve25519_base(share, ephemeral); /* always 0 */
	if (crypto_scalarmult_curve25519(shared, ephemeral, recipient) != 0) {
		r = cu_err_set(err, CU_EINVAL, "recipient: a key of low order");
	} else {
		key_from_shared(shared, share, recipient, key);
		wrap(key, file_key, body);
		(void)text_base64(share, sizeof(share), false, share64);
		(void)snprintf(args, sizeof(args), "%s %s", x25519_type, share64);
		age_header_put_stanza(header, args, span_of(body, sizeof(body)));
	}
	sodium_memzero(ephemeral, sizeof(ephemeral));
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(key, sizeof(key));
	return r;
}

static int put_scrypt(struct span passphrase, unsigned log_n,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], struct buf *header,
	struct cu_err *err)
{
	uint8_t salt[AGE_SALT_SIZE], key[WRAP_KEY_SIZE], body[AGE_WRAPPED_SIZE];
	char salt64[TEXT_BASE64_SIZE(AGE_SALT_SIZE)], args[64];
	int r;

	randombytes_buf(salt, sizeof(salt));
	r = key_from_passphrase(passphrase, salt, log_n, key, err);
	if (r == 0) {
		wrap(key, file_key, body);
		(void)text_base64(salt, sizeof(salt), false, salt64);
		(void)snprintf(
			args, sizeof(args), "%s %s %u", scrypt_type, salt64, log_n);
		age_header_put_stanza(header, args, span_of(body, sizeof(body)));
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

int age_stanza_put_all(const struct age_recipients *to,
	const uint8_t file_key[AGE_FILE_KEY_SIZE], struct buf *header,
	struct cu_err *err)
{
	int r = 0;

	if (to->passphrase) {
		return put_scrypt(span_of(to->passphrase, to->npassphrase), to->log_n,
			file_key, header, err);
	}
	if (to->n == 0) {
		return cu_err_set(err, CU_EINVAL, "an age file needs a recipient");
	}
	for (size_t i = 0; r == 0 && i < to->n; i++) {
		r = put_x25519(to->list[i], file_key, header, err);
	}
	return r;
}

/* --- reading ---------------------------------------------------------------------- */

#define MAX_WORDS 3 /* type, share or salt, work factor */

/* A stanza of one of the two types that are known, checked and decoded. */
struct known {
	enum { OTHER, X25519, SCRYPT } type;
	uint8_t share[AGE_X25519_SIZE]; /* X25519 */
	uint8_t salt[AGE_SALT_SIZE];    /* scrypt */
	unsigned log_n;
	struct span body; /* AGE_WRAPPED_SIZE bytes */
};

static int bad(
	enum age_fault *ret_fault, struct cu_err *err, int code, const char *what)
{
	*ret_fault = AGE_FAULT_HEADER;
	return cu_err_set(err, code, "age header: %s", what);
}

/* Up to MAX_WORDS words; the number there really are. */
static size_t split_words(struct span args, struct span words[MAX_WORDS])
{
	size_t n = 0;

	for (;;) {
		const uint8_t *blank = memchr(args.p, ' ', args.n);
		size_t len = blank ? (size_t)(blank - args.p) : args.n;

		if (n < MAX_WORDS) {
			words[n] = span_of(args.p, len);
		}
		n++;
		if (!blank) {
			return n;
		}
		args = span_of(blank + 1, args.n - len - 1);
	}
}

static bool decode(struct span word, uint8_t *out, size_t n)
{
	return text_unbase64((const char *)word.p, word.n, false, out, n) == (long)n;
}

/* A decimal without sign and leading zero.  What has three digits is far over the limit
 * already, and is not computed. */
static bool parse_log_n(struct span word, unsigned *ret)
{
	unsigned v = 0;

	if (word.n == 0 || word.p[0] == '0') {
		return false;
	}
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < '0' || word.p[i] > '9') {
			return false;
		}
		v = v < 100 ? v * 10 + (unsigned)(word.p[i] - '0') : v;
	}
	*ret = v;
	return true;
}

/* Also a stanza that no identity at hand is for is checked: a malformed header is one to
 * every reader. */
static int inspect(const struct age_header *h, size_t at, struct known *ret,
	enum age_fault *ret_fault, struct cu_err *err)
{
	struct span words[MAX_WORDS];
	size_t nwords = split_words(age_header_args(h, at), words);

	*ret = (struct known){ .type = OTHER, .body = age_header_body(h, at) };
	if (span_eq(words[0], span_str(x25519_type))) {
		if (nwords != 2 || !decode(words[1], ret->share, sizeof(ret->share))) {
			return bad(ret_fault, err, CU_ECORRUPT,
				"an X25519 recipient is malformed");
		}
		ret->type = X25519;
	} else if (span_eq(words[0], span_str(scrypt_type))) {
		if (h->nstanzas != 1) {
			return bad(ret_fault, err, CU_ECORRUPT,
				"a passphrase beside other recipients");
		}
		if (nwords != 3 || !decode(words[1], ret->salt, sizeof(ret->salt)) ||
			!parse_log_n(words[2], &ret->log_n)) {
			return bad(ret_fault, err, CU_ECORRUPT,
				"a scrypt recipient is malformed");
		}
		ret->type = SCRYPT;
	}
	/* The length is checked before the key is tried: a longer body could open under two
	 * keys ("partitioning oracle"). */
	if (ret->type != OTHER && ret->body.n != AGE_WRAPPED_SIZE) {
		return bad(ret_fault, err, CU_ECORRUPT,
			"a wrapped file key has a wrong length");
	}
	return 0;
}

/* 1: opened, 0: not for this identity, or a code. */
static int try_x25519(const struct known *k, const struct age_identity *id,
	uint8_t ret_file_key[AGE_FILE_KEY_SIZE], enum age_fault *ret_fault,
	struct cu_err *err)
{
	uint8_t shared[AGE_X25519_SIZE], key[WRAP_KEY_SIZE];
	int r;

	if (crypto_scalarmult_curve25519(shared, id->secret, k->share) != 0) {
		r = bad(ret_fault, err, CU_ECORRUPT, "an X25519 share of low order");
	} else {
		key_from_shared(shared, k->share, id->public_key, key);
		r = unwrap(key, k->body, ret_file_key) ? 1 : 0;
	}
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(key, sizeof(key));
	return r;
}

static int try_scrypt(const struct known *k, struct span passphrase,
	uint8_t ret_file_key[AGE_FILE_KEY_SIZE], enum age_fault *ret_fault,
	struct cu_err *err)
{
	uint8_t key[WRAP_KEY_SIZE];
	int r;

	if (k->log_n > AGE_SCRYPT_MAX_LOG_N) {
		return bad(ret_fault, err, CU_ELIMIT,
			"a work factor that is over the limit");
	}
	r = key_from_passphrase(passphrase, k->salt, k->log_n, key, err);
	if (r < 0) {
		*ret_fault = AGE_FAULT_IO;
	} else {
		r = unwrap(key, k->body, ret_file_key) ? 1 : 0;
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

static int try_all(const struct known *k, const struct age_identities *ids,
	uint8_t ret_file_key[AGE_FILE_KEY_SIZE], enum age_fault *ret_fault,
	struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && k->type == X25519 && i < ids->n; i++) {
		r = try_x25519(k, &ids->list[i], ret_file_key, ret_fault, err);
	}
	for (size_t i = 0; r == 0 && k->type == SCRYPT && i < ids->npassphrases; i++) {
		r = try_scrypt(k, ids->passphrases[i], ret_file_key, ret_fault, err);
	}
	return r;
}

int age_stanza_open_any(const struct age_header *h, const struct age_identities *ids,
	uint8_t ret_file_key[AGE_FILE_KEY_SIZE], enum age_fault *ret_fault,
	struct cu_err *err)
{
	struct known k;
	int r;

	/* All of them before any costly work. */
	for (size_t i = 0; i < h->nstanzas; i++) {
		if ((r = inspect(h, i, &k, ret_fault, err)) < 0) {
			return r;
		}
	}
	for (size_t i = 0; i < h->nstanzas; i++) {
		(void)inspect(h, i, &k, ret_fault, err); /* has passed above */
		r = try_all(&k, ids, ret_file_key, ret_fault, err);
		if (r != 0) {
			return r < 0 ? r : 0;
		}
	}
	*ret_fault = AGE_FAULT_NO_MATCH;
	return cu_err_set(err, CU_ENOKEY, "age: none of the identities is a recipient");
}
