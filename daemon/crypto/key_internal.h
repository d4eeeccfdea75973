/*
 * key_internal.h: what a key is.  For the files of crypto/ only; no other layer's door leads
 * to these bytes.
 */
#ifndef CU_CRYPTO_KEY_INTERNAL_H
#define CU_CRYPTO_KEY_INTERNAL_H
#include <sodium.h>
#include <stdint.h>

#include "crypto/key.h"

struct key {
	uint8_t b[KEY_SIZE];
};

struct keyset {
	struct key key[KEYSET_LEN];
};

_Static_assert(sizeof(struct key) == KEY_SIZE, "a key is its bytes");
_Static_assert(sizeof(struct keyset) == KEYSET_LEN * KEY_SIZE, "keys lie side by side");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_SIZE, "one cipher, one size");

#define KEY_NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEY_TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(KEY_WRAPPED_SIZE(1) == KEY_NONCE_SIZE + KEY_SIZE + KEY_TAG_SIZE, "nonce, key, tag");

/* libsodium made ready; cheap after the first call, any thread.  CU_EINTERNAL. */
int key_library_init(struct cu_err *err);

#endif
