#include "crypto/hash.h"

#include <sodium.h>

void hash_sha256_init(struct hash_sha256 *h)
{
	sha256_init(&h->ctx);
}

void hash_sha256_put(struct hash_sha256 *h, struct span bytes)
{
	if (bytes.n > 0) { /* an empty span may carry NULL */
		sha256_update(&h->ctx, bytes.n, bytes.p);
	}
}

void hash_sha256_done(struct hash_sha256 *h, uint8_t out[HASH_SIZE])
{
	sha256_digest(&h->ctx, HASH_SIZE, out);
}

void hash_sha256(struct span bytes, uint8_t out[HASH_SIZE])
{
	struct hash_sha256 h;

	hash_sha256_init(&h);
	hash_sha256_put(&h, bytes);
	hash_sha256_done(&h, out);
}

void hash_blake2b_init(struct hash_blake2b *h)
{
	(void)crypto_generichash_blake2b_init(&h->state, NULL, 0, HASH_SIZE); /* constant */
}

void hash_blake2b_put(struct hash_blake2b *h, struct span bytes)
{
	if (bytes.n > 0) {
		(void)crypto_generichash_blake2b_update(&h->state, bytes.p, bytes.n);
	}
}

void hash_blake2b_done(struct hash_blake2b *h, uint8_t out[HASH_SIZE])
{
	(void)crypto_generichash_blake2b_final(&h->state, out, HASH_SIZE);
}

void hash_blake2b(struct span bytes, uint8_t out[HASH_SIZE])
{
	(void)crypto_generichash_blake2b(out, HASH_SIZE, bytes.p, bytes.n, NULL,
		0); /* fails only on lengths, and these are constant */
}
