/*
 * minisign.h: signatures that stock minisign checks, with the key of a struct signer.
 *
 * Format: jedisct1.github.io/minisign, prehashed ("ED": Ed25519 over BLAKE2b-512).  The key
 * number of our keys is the first 8 bytes of BLAKE2b-256 of the public key; that of a key
 * which minisign made is random and travels in struct note_verifier.  It is a hint, which no
 * signature covers.
 */
#ifndef CU_CRYPTO_MINISIGN_H
#define CU_CRYPTO_MINISIGN_H
#include "base/span.h"
#include "crypto/note.h"

struct buf;
struct cu_err;

#define MINISIGN_PUBLIC_SIZE 57 /* base64 of 42 bytes, with NUL */
#define MINISIGN_TRUSTED_MAX 4096 /* minisign itself stops at 8192, prefix included */

/* The public key as `minisign -P` takes it. */
void minisign_format_public(const struct note_verifier *v, char out[MINISIGN_PUBLIC_SIZE]);
/* CU_EINVAL.  The name becomes "minisign". */
int minisign_parse_public(const char *text, struct note_verifier *ret, struct cu_err *err);

/* Appends the four lines of a .minisig file to out.  trusted is one line of UTF-8 without
 * control characters, signed as well, of at most MINISIGN_TRUSTED_MAX bytes: else CU_EINVAL. */
int minisign_sign(const struct signer *s, struct span message, const char *trusted,
	struct buf *out, struct cu_err *err);

/* 0 when sig is this key's signature of message; both the prehashed and the legacy form.
 * CU_ECORRUPT, or CU_ENOKEY when another key signed. */
int minisign_verify(struct span sig, struct span message, const struct note_verifier *by,
	struct cu_err *err);

#endif
