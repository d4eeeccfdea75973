/*
 * hash.h: SHA-256 (libnettle: six times libsodium's speed on x86) and BLAKE2b-256.
 *
 * SHA-256 where a format demands it (age, RFC 6962, object names), BLAKE2b elsewhere.
 * Pure, no heap.
 */
#ifndef CU_CRYPTO_HASH_H
#define CU_CRYPTO_HASH_H
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdint.h>

#include "base/span.h"

#define HASH_SIZE 32

struct hash_sha256 {
	struct sha256_ctx ctx;
};

void hash_sha256_init(struct hash_sha256 *h);
void hash_sha256_put(struct hash_sha256 *h, struct span bytes);
void hash_sha256_done(struct hash_sha256 *h, uint8_t out[HASH_SIZE]);
void hash_sha256(struct span bytes, uint8_t out[HASH_SIZE]);

struct hash_blake2b {
	crypto_generichash_blake2b_state state;
};

void hash_blake2b_init(struct hash_blake2b *h);
void hash_blake2b_put(struct hash_blake2b *h, struct span bytes);
void hash_blake2b_done(struct hash_blake2b *h, uint8_t out[HASH_SIZE]);
void hash_blake2b(struct span bytes, uint8_t out[HASH_SIZE]);

#endif
