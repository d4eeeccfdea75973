/*
 * keyring_internal.h: how a source yields the key that wraps the root key.
 */
#ifndef CU_CRYPTO_KEYRING_INTERNAL_H
#define CU_CRYPTO_KEYRING_INTERNAL_H
#include "crypto/key_internal.h"
#include "crypto/keyring.h"

/* What Argon2id was, or is to be, asked for; zeros for the other sources. */
struct keyring_cost {
	uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
	uint64_t passes, memory_bytes;
};

/* The wrapping key.  The codes are those of keyring_open. */
int keyring_secret(const char *dir, enum keyring_source source,
	const struct keyring_hand *hand, const struct keyring_cost *cost,
	struct key *by, struct cu_err *err);

/* libsodium's MODERATE: 3 passes over 256 MiB, and a fresh salt. */
void keyring_cost_fill(struct keyring_cost *cost);
bool keyring_cost_is_bounded(const struct keyring_cost *cost);

/* A fresh key file, 0400, durable. */
int keyring_make_key_file(const char *dir, struct cu_err *err);

#endif
