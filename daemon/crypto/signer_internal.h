/*
 * signer_internal.h: signing and checking bare bytes, for the formats of crypto/ only.
 *
 * Ed25519 (RFC 8032) by libsodium, whose check refuses small-order keys and every second
 * spelling of a signature.
 */
#ifndef CU_CRYPTO_SIGNER_INTERNAL_H
#define CU_CRYPTO_SIGNER_INTERNAL_H
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "crypto/note.h"

#define SIGNATURE_SIZE crypto_sign_ed25519_BYTES

_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == NOTE_PUBLIC_SIZE, "32 bytes");

void signer_sign_bytes(
	const struct signer *s, struct span bytes, uint8_t out[SIGNATURE_SIZE]);
bool signer_check_bytes(const uint8_t public_key[NOTE_PUBLIC_SIZE], struct span bytes,
	const uint8_t sig[SIGNATURE_SIZE]);

/* Fit to be a signer's name: 1 to 128 bytes of UTF-8, no blank, no '+', no control. */
bool signer_name_is_valid(struct span name);

#endif
