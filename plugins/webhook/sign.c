#include "sign.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASYMMETRIC "whsk_"
#define SYMMETRIC  "whsec_"

static bool decode(const char *text, struct sign_key *to)
{
	return sodium_base642bin(to->bytes, sizeof(to->bytes), text, strlen(text), NULL, &to->n, NULL,
		       sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* A pair whose halves do not belong together would sign, and nobody could check it. */
static bool complete_pair(struct sign_key *k)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], pair[crypto_sign_SECRETKEYBYTES];
	bool is_right = k->n == crypto_sign_SEEDBYTES || k->n == crypto_sign_SECRETKEYBYTES;

	(void)crypto_sign_seed_keypair(public_key, pair, k->bytes);
	is_right = is_right &&
		(k->n == crypto_sign_SEEDBYTES || sodium_memcmp(pair, k->bytes, sizeof(pair)) == 0);
	memcpy(k->bytes, pair, sizeof(pair));
	k->n = sizeof(pair);
	sodium_memzero(pair, sizeof(pair));
	return is_right;
}

const char *sign_read_key(const char *text, struct sign_key *ret)
{
	*ret = (struct sign_key){ .n = 0 };
	if (strncmp(text, ASYMMETRIC, strlen(ASYMMETRIC)) == 0) {
		ret->is_asymmetric = true;
		return decode(text + strlen(ASYMMETRIC), ret) && complete_pair(ret) ?
			NULL : "is no Ed25519 key of 32 or 64 bytes behind whsk_";
	}
	if (strncmp(text, SYMMETRIC, strlen(SYMMETRIC)) == 0) {
		return decode(text + strlen(SYMMETRIC), ret) && ret->n >= 24 ?
			NULL : "is no secret of 24 to 64 bytes behind whsec_";
	}
	return "begins neither with whsk_ nor with whsec_";
}

/* What is signed; to be freed. */
static char *join(const char *id, int64_t seconds, const char *body, size_t *ret_n)
{
	size_t cap = strlen(id) + strlen(body) + 32;
	char *text = malloc(cap);

	if (text) {
		*ret_n = (size_t)snprintf(text, cap, "%s.%lld.%s", id, (long long)seconds, body);
	}
	return text;
}

bool sign_message(const struct sign_key *key, const char *id, int64_t seconds, const char *body,
	char out[SIGN_TEXT_SIZE])
{
	uint8_t signature[crypto_sign_BYTES];
	crypto_auth_hmacsha256_state mac;
	size_t n = 0, nsignature = crypto_sign_BYTES;
	char *text = join(id, seconds, body, &n);

	if (!text) {
		return false;
	}
	if (key->is_asymmetric) {
		(void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, n, key->bytes);
	} else {
		crypto_auth_hmacsha256_init(&mac, key->bytes, key->n);
		crypto_auth_hmacsha256_update(&mac, (const uint8_t *)text, n);
		crypto_auth_hmacsha256_final(&mac, signature);
		nsignature = crypto_auth_hmacsha256_BYTES;
	}
	free(text);
	n = (size_t)snprintf(out, SIGN_TEXT_SIZE, "%s,", key->is_asymmetric ? "v1a" : "v1");
	sodium_bin2base64(out + n, SIGN_TEXT_SIZE - n, signature, nsignature,
		sodium_base64_VARIANT_ORIGINAL);
	return true;
}
