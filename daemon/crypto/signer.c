#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/key_internal.h"
#include "crypto/note.h"
#include "crypto/signer_internal.h"

/* All of it lies in memory from sodium_malloc: locked where the limit allows, between guard
 * pages, wiped when it is freed. */
struct signer {
	struct key seed; /* RFC 8032 calls it the private key */
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
	struct note_verifier verifier;
};

_Static_assert(crypto_sign_ed25519_SEEDBYTES == KEY_SIZE, "a seed is wrapped as a key");

/* The disk form: this line, the name's length and the name, then the seed wrapped under the
 * root key with all before it as additional data. */
static const char wrap_mark[] = "custos signer v1\n";

#define MARK_SIZE (sizeof(wrap_mark) - 1)

/* --- names ------------------------------------------------------------------------ */

/* Unicode's White_Space beyond ASCII (PropList.txt 15.0), as UTF-8. */
static const char *const wide_blanks[] = { "\xc2\x85", "\u00a0", "\u1680", "\u2000",
	"\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
	"\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000" };

bool signer_name_is_valid(struct span name)
{
	if (name.n == 0 || name.n >= NOTE_NAME_SIZE ||
		!text_is_utf8((const char *)name.p, name.n)) {
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= ' ' || name.p[i] == '+' || name.p[i] == 0x7f) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(wide_blanks) / sizeof(wide_blanks[0]); i++) {
		if (memmem(name.p, name.n, wide_blanks[i], strlen(wide_blanks[i]))) {
			return false;
		}
	}
	return true;
}

/* --- life ------------------------------------------------------------------------- */

static int make(struct span name, struct signer **ret, struct cu_err *err)
{
	struct signer *s;
	int r;

	if (!signer_name_is_valid(name)) {
		return cu_err_set(err, CU_EINVAL,
			"signer's name: 1 to %d bytes without blanks and '+' are needed",
			NOTE_NAME_SIZE - 1);
	}
	if ((r = key_library_init(err)) < 0) {
		return r;
	}
	s = sodium_malloc(sizeof(*s));
	if (!s) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	memset(s, 0, sizeof(*s));
	memcpy(s->verifier.name, name.p, name.n);
	*ret = s;
	return 0;
}

static void derive_pair(struct signer *s)
{
	(void)crypto_sign_ed25519_seed_keypair(
		s->verifier.public_key, s->secret, s->seed.b); /* always 0 */
}

int signer_new(const char *name, struct signer **ret, struct cu_err *err)
{
	int r = make(span_str(name), ret, err);

	if (r == 0) {
		key_fill_random(&(*ret)->seed);
		derive_pair(*ret);
	}
	return r;
}

void signer_free(struct signer *s)
{
	sodium_free(s); /* wipes; NULL is fine */
}

void signer_verifier(const struct signer *s, struct note_verifier *ret)
{
	*ret = s->verifier;
}

/* --- the disk --------------------------------------------------------------------- */

int signer_wrap(const struct signer *s, const struct key *by, struct buf *out,
	struct cu_err *err)
{
	uint8_t file[MARK_SIZE + 1 + NOTE_NAME_SIZE + KEY_WRAPPED_SIZE(1)];
	const struct key *seed = &s->seed;
	size_t nname = strlen(s->verifier.name), n = MARK_SIZE + 1 + nname;

	memcpy(file, wrap_mark, MARK_SIZE);
	file[MARK_SIZE] = (uint8_t)nname;
	memcpy(file + MARK_SIZE + 1, s->verifier.name, nname);
	key_wrap(by, span_of(file, n), &seed, 1, file + n);
	buf_put(out, file, n + KEY_WRAPPED_SIZE(1));
	return buf_check(out, err);
}

int signer_unwrap(struct span wrapped, const struct key *by, struct signer **ret,
	struct cu_err *err)
{
	struct cursor c = cursor_of(wrapped);
	struct span mark = cursor_take(&c, MARK_SIZE),
		    name = cursor_take(&c, cursor_u8(&c));
	struct span sealed = cursor_take(&c, KEY_WRAPPED_SIZE(1));
	struct signer *s = NULL;
	struct key *seed;
	int r;

	if (c.is_failed || c.n > 0 || memcmp(mark.p, wrap_mark, MARK_SIZE) != 0 ||
		!signer_name_is_valid(name)) {
		return cu_err_set(err, CU_ECORRUPT, "signing key: not one, or damaged");
	}
	if ((r = make(name, &s, err)) < 0) {
		return r;
	}
	seed = &s->seed;
	r = key_unwrap(by, span_of(wrapped.p, wrapped.n - KEY_WRAPPED_SIZE(1)), sealed,
		&seed, 1, err);
	if (r < 0) {
		signer_free(s);
		return cu_err_wrap(err, r, "signing key");
	}
	derive_pair(s);
	*ret = s;
	return 0;
}

/* --- bare bytes ------------------------------------------------------------------- */

void signer_sign_bytes(
	const struct signer *s, struct span bytes, uint8_t out[SIGNATURE_SIZE])
{
	(void)crypto_sign_ed25519_detached(
		out, NULL, bytes.p, bytes.n, s->secret); /* always 0 */
}

bool signer_check_bytes(const uint8_t public_key[NOTE_PUBLIC_SIZE], struct span bytes,
	const uint8_t sig[SIGNATURE_SIZE])
{
	return crypto_sign_ed25519_verify_detached(sig, bytes.p, bytes.n, public_key) ==
	       0;
}
