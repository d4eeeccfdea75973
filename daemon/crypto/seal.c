#include "crypto/seal.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/key_internal.h"

static const char record_label[] = "custos record v1";

#define OVERHEAD (KEY_NONCE_SIZE + KEY_TAG_SIZE)

/* ISO/IEC 7816-4 always adds a byte, so a full block of padding follows a full block. */
static size_t padded_size(size_t n)
{
	return (n / SEAL_PAD + 1) * SEAL_PAD;
}

size_t seal_size(size_t n)
{
	return OVERHEAD + padded_size(n);
}

void seal_record_key(
	const struct key *subject, const struct key *cohort, struct key *ret)
{
	crypto_generichash_blake2b_state h;

	(void)crypto_generichash_blake2b_init(&h, subject->b, KEY_SIZE, KEY_SIZE);
	if (cohort) {
		(void)crypto_generichash_blake2b_update(&h, cohort->b, KEY_SIZE);
	}
	(void)crypto_generichash_blake2b_update(
		&h, (const uint8_t *)record_label, sizeof(record_label) - 1);
	(void)crypto_generichash_blake2b_final(
		&h, ret->b, KEY_SIZE); /* lengths are constant */
	sodium_memzero(&h, sizeof(h));
}

int seal_box(const struct key *key, struct span aad, struct span plain, struct buf *out,
	struct cu_err *err)
{
	uint8_t *at, *body;
	size_t padded;

	if (plain.n > SIZE_MAX / 2) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	padded = padded_size(plain.n);
	at = buf_room(out, OVERHEAD + padded);
	if (!at) {
		return buf_check(out, err);
	}
	body = at + KEY_NONCE_SIZE;
	if (plain.n > 0) {
		memcpy(body, plain.p, plain.n);
	}
	memset(body + plain.n, 0, padded - plain.n);
	body[plain.n] = 0x80;
	key_seal_bytes(
		key, aad, body, padded, at); /* over the plaintext: none is left */
	out->n += OVERHEAD + padded;
	return 0;
}

int seal_open(const struct key *key, struct span aad, struct span sealed,
	struct buf *out, struct cu_err *err)
{
	size_t padded, n;
	uint8_t *at;

	if (sealed.n < OVERHEAD + SEAL_PAD || (sealed.n - OVERHEAD) % SEAL_PAD != 0) {
		return cu_err_set(err, CU_ECORRUPT,
			"sealed value: %zu bytes cannot be one", sealed.n);
	}
	padded = sealed.n - OVERHEAD;
	at = buf_room(out, padded);
	if (!at) {
		return buf_check(out, err);
	}
	if (!key_open_bytes(key, aad, sealed, at)) {
		return cu_err_set(err, CU_ECORRUPT, "sealed value: wrong tag");
	}
	if (sodium_unpad(&n, at, padded, SEAL_PAD) != 0) {
		sodium_memzero(at, padded);
		return cu_err_set(err, CU_ECORRUPT, "sealed value: wrong padding");
	}
	out->n += n;
	return 0;
}
