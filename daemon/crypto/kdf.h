/*
 * kdf.h: HMAC-SHA-256 and HKDF-SHA-256, inside crypto/ only: age is built on them.
 *
 * RFC 2104 and RFC 5869, by libnettle.  Pure, no heap; what lay on the stack is wiped.
 */
#ifndef CU_CRYPTO_KDF_H
#define CU_CRYPTO_KDF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define KDF_HMAC_SIZE 32
#define KDF_HKDF_MAX  (255 * KDF_HMAC_SIZE) /* RFC 5869, 2.3 */

void kdf_hmac(struct span key, struct span message, uint8_t out[KDF_HMAC_SIZE]);

/* n bytes of key material into out; false when n is over KDF_HKDF_MAX. */
bool kdf_hkdf(
	struct span ikm, struct span salt, struct span info, uint8_t *out, size_t n);

#endif
