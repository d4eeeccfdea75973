/*
 * token.h: what stands in the index instead of a value.
 *
 * BLAKE2b-128 keyed by the index key, over the kind's name, a NUL, and the normalised value.
 * Equal values have equal tokens, nothing else shows; without the index key a token cannot be
 * guessed at.  A hit is confirmed by decrypting.
 */
#ifndef CU_CRYPTO_TOKEN_H
#define CU_CRYPTO_TOKEN_H
#include <stdint.h>

#include "base/span.h"

struct key;

#define TOKEN_SIZE 16

/* kind: a key of the schema ("contact_point.email"), without NUL.  Any thread. */
void token_make(const struct key *index_key, const char *kind, struct span value,
	uint8_t out[TOKEN_SIZE]);

#endif
