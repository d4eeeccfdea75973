/*
 * sign.h: the signatures of Standard Webhooks 1.0.0: v1a (Ed25519) and v1 (HMAC-SHA256).
 *
 * Over "<id>.<seconds>.<body>", as "v1a,<base64>".
 */
#ifndef CUSTOS_WEBHOOK_SIGN_H
#define CUSTOS_WEBHOOK_SIGN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_TEXT_SIZE 96 /* "v1a," and 64 bytes as base64, with the NUL */

struct sign_key {
	bool is_asymmetric;
	uint8_t bytes[64]; /* Ed25519: seed and public key; HMAC: a secret of n bytes */
	size_t n;
};

/* "whsk_" and base64 of 32 bytes (a seed) or 64 (with its public key), or "whsec_" and base64 of 24 to
 * 64 bytes.  NULL, or why it is none. */
const char *sign_read_key(const char *text, struct sign_key *ret);

/* False: out of memory. */
bool sign_message(const struct sign_key *key, const char *id, int64_t seconds, const char *body,
	char out[SIGN_TEXT_SIZE]);

#endif
