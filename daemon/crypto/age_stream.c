#include <string.h>

#include "crypto/age_internal.h"
#include "crypto/kdf.h"

/* The payload is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): chunks of 64 KiB, each
 * under a nonce of an 11-byte counter and a byte that is 1 in the last chunk only. */

#define NONCE_SIZE crypto_aead_chacha20poly1305_ietf_NPUBBYTES

static const char label[] = "payload";

void age_stream_init(struct age_stream *s, const uint8_t file_key[AGE_FILE_KEY_SIZE],
	const uint8_t nonce[AGE_NONCE_SIZE])
{
	s->counter = 0;
	/* Cannot fail: the length is constant and short. */
	(void)kdf_hkdf(span_of(file_key, AGE_FILE_KEY_SIZE),
		span_of(nonce, AGE_NONCE_SIZE), span_str(label), s->key,
		sizeof(s->key));
}

static void nonce_of(
	const struct age_stream *s, bool is_last, uint8_t nonce[NONCE_SIZE])
{
	memset(nonce, 0, NONCE_SIZE);
	for (unsigned i = 0; i < 8; i++) {
		nonce[NONCE_SIZE - 2 - i] = (uint8_t)(s->counter >> 8 * i);
	}
	nonce[NONCE_SIZE - 1] = is_last ? 1 : 0;
}

void age_stream_seal(
	struct age_stream *s, struct span plain, bool is_last, uint8_t *sealed)
{
	uint8_t nonce[NONCE_SIZE];

	nonce_of(s, is_last, nonce);
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain.p, plain.n,
		NULL, 0, NULL, nonce, s->key); /* always 0 */
	s->counter++;
}

bool age_stream_open(
	struct age_stream *s, struct span sealed, bool is_last, uint8_t *plain)
{
	uint8_t nonce[NONCE_SIZE];

	nonce_of(s, is_last, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.p,
		    sealed.n, NULL, 0, nonce, s->key) != 0) {
		return false;
	}
	s->counter++;
	return true;
}
