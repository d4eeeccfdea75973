#include "crypto/kdf.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <sodium.h>

static void set_key(struct hmac_sha256_ctx *ctx, struct span key)
{
	static const uint8_t none;

	hmac_sha256_set_key(ctx, key.n, key.n > 0 ? key.p : &none);
}

void kdf_hmac(struct span key, struct span message, uint8_t out[KDF_HMAC_SIZE])
{
	struct hmac_sha256_ctx ctx;

	set_key(&ctx, key);
	if (message.n > 0) {
		hmac_sha256_update(&ctx, message.n, message.p);
	}
	hmac_sha256_digest(&ctx, KDF_HMAC_SIZE, out);
	sodium_memzero(&ctx, sizeof(ctx));
}

/* libnettle's hash functions, in the types in which its HKDF wants them. */
static void update(void *ctx, size_t n, const uint8_t *p)
{
	if (n > 0) {
		hmac_sha256_update(ctx, n, p);
	}
}

static void digest(void *ctx, size_t n, uint8_t *out)
{
	hmac_sha256_digest(ctx, n, out);
}

bool kdf_hkdf(
	struct span ikm, struct span salt, struct span info, uint8_t *out, size_t n)
{
	struct hmac_sha256_ctx ctx;
	uint8_t prk[KDF_HMAC_SIZE];

	if (n > KDF_HKDF_MAX) {
		return false;
	}
	set_key(&ctx, salt);
	hkdf_extract(&ctx, update, digest, sizeof(prk), ikm.n, ikm.p, prk);
	set_key(&ctx, span_of(prk, sizeof(prk)));
	hkdf_expand(&ctx, update, digest, sizeof(prk), info.n, info.p, n, out);
	sodium_memzero(&ctx, sizeof(ctx));
	sodium_memzero(prk, sizeof(prk));
	return true;
}
