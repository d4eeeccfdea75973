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
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_SIZE,
	"one cipher, one size");

#define KEY_NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define KEY_TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(KEY_WRAPPED_SIZE(1) == KEY_NONCE_SIZE + KEY_SIZE + KEY_TAG_SIZE,
	"nonce, key, tag");

/* The one cipher for what lies on disk: XChaCha20-Poly1305 with a random nonce.  out gets the
 * nonce, the ciphertext and the tag; plain may be where the ciphertext goes. */
void key_seal_bytes(const struct key *by, struct span aad, const uint8_t *plain,
	size_t n, uint8_t *out);
/* False when it was not sealed so; to is then zeroed.  With to NULL only the tag is checked. */
bool key_open_bytes(
	const struct key *by, struct span aad, struct span sealed, uint8_t *to);

/* libsodium made ready; cheap after the first call, any thread.  CU_EINTERNAL. */
int key_library_init(struct cu_err *err);

#endif
