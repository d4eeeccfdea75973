/*
 * seal.h: a person's bytes under that person's key.
 *
 * XChaCha20-Poly1305 with a random 24-byte nonce; the plaintext is padded to a multiple of 64
 * bytes (ISO/IEC 7816-4), so that sizes tell little.  Sealed form: nonce, ciphertext, tag.
 * docs/formats/record.md.  Any thread.
 */
#ifndef CU_CRYPTO_SEAL_H
#define CU_CRYPTO_SEAL_H
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;
struct key;

#define SEAL_PAD 64

/* The bytes that n bytes of plaintext take when sealed. */
size_t seal_size(size_t n);

/* The key of a record: BLAKE2b-256 keyed by the subject's key for the collection, over the
 * cohort's key (if cohort is not NULL) and then "custos record v1".  Either key gone, the
 * record is gone. */
void seal_record_key(const struct key *subject, const struct key *cohort, struct key *ret);

/* Appends the sealed form to out.  CU_ENOMEM. */
int seal_box(const struct key *key, struct span aad, struct span plain, struct buf *out,
	struct cu_err *err);

/* Appends the plaintext to out, which should be a wiping buffer.  CU_ECORRUPT when the tag,
 * the aad or the padding is wrong; out is then unchanged. */
int seal_open(const struct key *key, struct span aad, struct span sealed, struct buf *out,
	struct cu_err *err);

#endif
