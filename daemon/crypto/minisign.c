#include "crypto/minisign.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/signer_internal.h"

#define NUMBER_SIZE  8
#define PUBLIC_BYTES (2 + NUMBER_SIZE + NOTE_PUBLIC_SIZE)
#define SIG_BYTES    (2 + NUMBER_SIZE + SIGNATURE_SIZE)
#define PREHASH_SIZE 64

static const char untrusted_prefix[] = "untrusted comment: ";
static const char trusted_prefix[] = "trusted comment: ";

_Static_assert(
	TEXT_BASE64_SIZE(PUBLIC_BYTES) == MINISIGN_PUBLIC_SIZE, "as the header says");

/* --- keys ------------------------------------------------------------------------- */

static void number_of(const struct note_verifier *v, uint8_t out[NUMBER_SIZE])
{
	uint8_t hash[HASH_SIZE];

	if (!sodium_is_zero(v->minisign_number, NUMBER_SIZE)) {
		memcpy(out, v->minisign_number, NUMBER_SIZE);
		return;
	}
	hash_blake2b(span_of(v->public_key, NOTE_PUBLIC_SIZE), hash);
	memcpy(out, hash, NUMBER_SIZE);
}

void minisign_format_public(
	const struct note_verifier *v, char out[MINISIGN_PUBLIC_SIZE])
{
	uint8_t bytes[PUBLIC_BYTES] = { 'E', 'd' };

	number_of(v, bytes + 2);
	memcpy(bytes + 2 + NUMBER_SIZE, v->public_key, NOTE_PUBLIC_SIZE);
	(void)text_base64(bytes, sizeof(bytes), true, out);
}

int minisign_parse_public(
	const char *text, struct note_verifier *ret, struct cu_err *err)
{
	struct note_verifier v = { .name = "minisign" };
	uint8_t bytes[PUBLIC_BYTES];

	if (text_unbase64(text, strlen(text), true, bytes, sizeof(bytes)) !=
			(long)sizeof(bytes) ||
		bytes[0] != 'E' || bytes[1] != 'd') {
		return cu_err_set(err, CU_EINVAL, "not a public key of minisign");
	}
	memcpy(v.minisign_number, bytes + 2, NUMBER_SIZE);
	memcpy(v.public_key, bytes + 2 + NUMBER_SIZE, NOTE_PUBLIC_SIZE);
	*ret = v;
	return 0;
}

/* --- signing ---------------------------------------------------------------------- */

static void prehash(struct span message, uint8_t out[PREHASH_SIZE])
{
	(void)crypto_generichash_blake2b(out, PREHASH_SIZE, message.p, message.n, NULL,
		0); /* lengths are constant */
}

static bool is_one_line(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x20 || text.p[i] == 0x7f) {
			return false;
		}
	}
	return text_is_utf8((const char *)text.p, text.n);
}

/* What the second signature covers: the first one, then the trusted comment. */
static int put_global(const uint8_t sig[SIGNATURE_SIZE], struct span trusted,
	struct buf *to, struct cu_err *err)
{
	buf_put(to, sig, SIGNATURE_SIZE);
	buf_put_span(to, trusted);
	return buf_check(to, err);
}

int minisign_sign(const struct signer *s, struct span message, const char *trusted,
	struct buf *out, struct cu_err *err)
{
	uint8_t sig[SIG_BYTES] = { 'E', 'D' }, hash[PREHASH_SIZE],
		global[SIGNATURE_SIZE];
	char sig64[TEXT_BASE64_SIZE(SIG_BYTES)],
		global64[TEXT_BASE64_SIZE(SIGNATURE_SIZE)];
	struct buf covered = BUF_INIT;
	struct note_verifier v;
	int r;

	if (strlen(trusted) > MINISIGN_TRUSTED_MAX || !is_one_line(span_str(trusted))) {
		return cu_err_set(err, CU_EINVAL,
			"trusted comment: must be one line of at most %d bytes",
			MINISIGN_TRUSTED_MAX);
	}
	signer_verifier(s, &v);
	number_of(&v, sig + 2);
	prehash(message, hash);
	signer_sign_bytes(s, span_of(hash, sizeof(hash)), sig + 2 + NUMBER_SIZE);
	r = put_global(sig + 2 + NUMBER_SIZE, span_str(trusted), &covered, err);
	if (r == 0) {
		signer_sign_bytes(s, buf_span(&covered), global);
		(void)text_base64(sig, sizeof(sig), true, sig64);
		(void)text_base64(global, sizeof(global), true, global64);
		buf_putf(out, "%ssignature by %s\n%s\n%s%s\n%s\n", untrusted_prefix,
			v.name, sig64, trusted_prefix, trusted, global64);
		r = buf_check(out, err);
	}
	buf_done(&covered);
	return r;
}

/* --- checking --------------------------------------------------------------------- */

struct sig_file {
	uint8_t sig[SIG_BYTES];
	struct span trusted;
	uint8_t global[SIGNATURE_SIZE];
};

/* Cuts the next line off rest, without its newline; the last line may lack one. */
static struct span take_line(struct span *rest)
{
	const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	struct span line = *rest;

	if (!end) {
		*rest = span_of(rest->p, 0);
		return line;
	}
	line.n = (size_t)(end - rest->p);
	*rest = span_of(end + 1, rest->n - line.n - 1);
	return line;
}

static bool take_prefix(struct span *line, const char *prefix)
{
	size_t n = strlen(prefix);

	if (line->n < n || memcmp(line->p, prefix, n) != 0) {
		return false;
	}
	*line = span_of(line->p + n, line->n - n);
	return true;
}

static bool parse(struct span text, struct sig_file *ret)
{
	struct span untrusted = take_line(&text), sig = take_line(&text);
	struct span trusted = take_line(&text), global = take_line(&text);

	ret->trusted = trusted;
	return text.n == 0 && take_prefix(&untrusted, untrusted_prefix) &&
	       take_prefix(&ret->trusted, trusted_prefix) &&
	       text_unbase64((const char *)sig.p, sig.n, true, ret->sig, SIG_BYTES) ==
		       SIG_BYTES &&
	       text_unbase64((const char *)global.p, global.n, true, ret->global,
		       SIGNATURE_SIZE) == (long)SIGNATURE_SIZE;
}

static bool covers_message(const struct sig_file *f, struct span message,
	const uint8_t public_key[NOTE_PUBLIC_SIZE])
{
	uint8_t hash[PREHASH_SIZE];

	if (f->sig[1] == 'D') {
		prehash(message, hash);
		message = span_of(hash, sizeof(hash));
	}
	return signer_check_bytes(public_key, message, f->sig + 2 + NUMBER_SIZE);
}

int minisign_verify(struct span sig, struct span message,
	const struct note_verifier *by, struct cu_err *err)
{
	struct buf covered = BUF_INIT;
	uint8_t number[NUMBER_SIZE];
	struct sig_file f;
	int r;

	if (!parse(sig, &f) || f.sig[0] != 'E' ||
		(f.sig[1] != 'D' && f.sig[1] != 'd')) {
		return cu_err_set(err, CU_ECORRUPT, "not a signature of minisign");
	}
	number_of(by, number);
	if (memcmp(f.sig + 2, number, NUMBER_SIZE) != 0) {
		return cu_err_set(err, CU_ENOKEY, "signed with another key");
	}
	if (!covers_message(&f, message, by->public_key)) {
		return cu_err_set(err, CU_ECORRUPT, "wrong signature");
	}
	r = put_global(f.sig + 2 + NUMBER_SIZE, f.trusted, &covered, err);
	if (r == 0 &&
		!signer_check_bytes(by->public_key, buf_span(&covered), f.global)) {
		r = cu_err_set(
			err, CU_ECORRUPT, "wrong signature of the trusted comment");
	}
	buf_done(&covered);
	return r;
}
