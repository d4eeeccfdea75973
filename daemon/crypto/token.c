#include "crypto/token.h"

#include <string.h>

#include "crypto/key_internal.h"

void token_make(const struct key *index_key, const char *kind, struct span value,
	uint8_t out[TOKEN_SIZE])
{
	crypto_generichash_blake2b_state h;

	(void)crypto_generichash_blake2b_init(&h, index_key->b, KEY_SIZE, TOKEN_SIZE);
	(void)crypto_generichash_blake2b_update(
		&h, (const uint8_t *)kind, strlen(kind) + 1);
	if (value.n > 0) {
		(void)crypto_generichash_blake2b_update(&h, value.p, value.n);
	}
	(void)crypto_generichash_blake2b_final(
		&h, out, TOKEN_SIZE); /* lengths are constant */
	sodium_memzero(&h, sizeof(h));
}
