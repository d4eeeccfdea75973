#include "crypto/note.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/signer_internal.h"

#define TYPE_ED25519 0x01
#define HASH_BYTES   4
#define LINE_SIZE    (HASH_BYTES + SIGNATURE_SIZE) /* of a line of ours, decoded */
#define MAX_LINES    100  /* as golang.org/x/mod/sumdb/note, the reference */
#define MAX_LINE     2048 /* bytes of a signature of whatever kind, decoded */

/* An em dash and a blank begin a signature's line. */
static const char dash[] = "\u2014 ";

#define DASH_SIZE (sizeof(dash) - 1)

/* --- verifiers -------------------------------------------------------------------- */

void note_key_hash(const struct note_verifier *v, uint8_t out[4])
{
	static const uint8_t between[] = { '\n', TYPE_ED25519 };
	uint8_t full[HASH_SIZE];
	struct hash_sha256 h;

	hash_sha256_init(&h);
	hash_sha256_put(&h, span_str(v->name));
	hash_sha256_put(&h, span_of(between, sizeof(between)));
	hash_sha256_put(&h, span_of(v->public_key, NOTE_PUBLIC_SIZE));
	hash_sha256_done(&h, full);
	memcpy(out, full, HASH_BYTES);
}

void note_format_verifier(const struct note_verifier *v, char out[NOTE_VERIFIER_SIZE])
{
	uint8_t hash[HASH_BYTES], typed[1 + NOTE_PUBLIC_SIZE] = { TYPE_ED25519 };
	char hex[2 * HASH_BYTES + 1], base64[TEXT_BASE64_SIZE(sizeof(typed))];

	note_key_hash(v, hash);
	text_hex(hash, sizeof(hash), hex);
	memcpy(typed + 1, v->public_key, NOTE_PUBLIC_SIZE);
	(void)text_base64(typed, sizeof(typed), true, base64);
	(void)snprintf(out, NOTE_VERIFIER_SIZE, "%s+%s+%s", v->name, hex, base64);
}

int note_parse_verifier(const char *text, struct note_verifier *ret, struct cu_err *err)
{
	const char *plus = strchr(text, '+'),
		   *plus2 = plus ? strchr(plus + 1, '+') : NULL;
	uint8_t typed[1 + NOTE_PUBLIC_SIZE];
	char again[NOTE_VERIFIER_SIZE];
	struct note_verifier v = { 0 };

	if (!plus2 || !signer_name_is_valid(span_of(text, (size_t)(plus - text))) ||
		text_unbase64(plus2 + 1, strlen(plus2 + 1), true, typed,
			sizeof(typed)) != (long)sizeof(typed)) {
		return cu_err_set(
			err, CU_EINVAL, "not a verifier key (<name>+<hash>+<key>)");
	}
	if (typed[0] != TYPE_ED25519) {
		return cu_err_set(err, CU_EINVAL,
			"verifier key of type %u, not Ed25519", (unsigned)typed[0]);
	}
	memcpy(v.name, text, (size_t)(plus - text));
	memcpy(v.public_key, typed + 1, NOTE_PUBLIC_SIZE);
	note_format_verifier(&v, again);
	if (strcmp(text, again) != 0) { /* or it is another spelling of it */
		return cu_err_set(
			err, CU_EINVAL, "verifier key whose hash is not its own");
	}
	*ret = v;
	return 0;
}

/* --- signing ---------------------------------------------------------------------- */

static bool text_is_valid(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x20 && text.p[i] != '\n') {
			return false;
		}
	}
	return text.n > 0 && text.p[text.n - 1] == '\n' &&
	       text_is_utf8((const char *)text.p, text.n);
}

int note_sign(
	const struct signer *s, struct span text, struct buf *out, struct cu_err *err)
{
	struct note_verifier v;
	uint8_t line[LINE_SIZE];
	char base64[TEXT_BASE64_SIZE(LINE_SIZE)];

	if (!text_is_valid(text)) {
		return cu_err_set(err, CU_EINVAL,
			"note: the text must be UTF-8 without control characters and end its "
			"last line");
	}
	signer_verifier(s, &v);
	note_key_hash(&v, line);
	signer_sign_bytes(s, text, line + HASH_BYTES);
	(void)text_base64(line, sizeof(line), true, base64);
	buf_put_span(out, text);
	buf_putf(out, "\n%s%s %s\n", dash, v.name, base64);
	return buf_check(out, err);
}

/* --- checking --------------------------------------------------------------------- */

/* One line of the signatures, taken apart; bytes is what its base64 holds. */
struct note_line {
	struct span name;
	uint8_t bytes[MAX_LINE];
	size_t nbytes;
};

/* Cuts the next line off rest.  False when it is no signature's line. */
static bool next_line(struct span *rest, struct note_line *ret)
{
	const uint8_t *end = memchr(rest->p, '\n', rest->n), *blank, *at;
	long n;

	if (!end || (size_t)(end - rest->p) < DASH_SIZE ||
		memcmp(rest->p, dash, DASH_SIZE) != 0) {
		return false;
	}
	at = rest->p + DASH_SIZE;
	blank = memchr(at, ' ', (size_t)(end - at));
	if (!blank || !signer_name_is_valid(span_of(at, (size_t)(blank - at)))) {
		return false;
	}
	n = text_unbase64((const char *)blank + 1, (size_t)(end - blank - 1), true,
		ret->bytes, sizeof(ret->bytes));
	if (n <= HASH_BYTES) {
		return false;
	}
	ret->name = span_of(at, (size_t)(blank - at));
	ret->nbytes = (size_t)n;
	*rest = span_of(end + 1, rest->n - (size_t)(end + 1 - rest->p));
	return true;
}

/* The text may hold empty lines itself: the last one is what divides. */
static bool split(struct span note, struct span *ret_text, struct span *ret_lines)
{
	for (size_t i = note.n; i >= 2; i--) {
		if (note.p[i - 1] == '\n' && note.p[i - 2] == '\n') {
			*ret_text = span_of(note.p, i - 1);
			*ret_lines = span_of(note.p + i, note.n - i);
			return text_is_valid(*ret_text) && ret_lines->n > 0;
		}
	}
	return false;
}

int note_verify(struct span note, const struct note_verifier *by, struct span *ret_text,
	struct cu_err *err)
{
	struct span text, rest;
	struct note_line line;
	uint8_t hash[HASH_BYTES];
	bool is_signed = false;
	int nlines = 0;

	if (!split(note, &text, &rest)) {
		return cu_err_set(err, CU_ECORRUPT, "note: not a signed text");
	}
	note_key_hash(by, hash);
	for (; rest.n > 0; nlines++) {
		if (nlines == MAX_LINES || !next_line(&rest, &line)) {
			return cu_err_set(err, CU_ECORRUPT,
				"note: signature line %d is malformed", nlines + 1);
		}
		if (!span_eq(line.name, span_str(by->name)) ||
			memcmp(line.bytes, hash, HASH_BYTES) != 0) {
			continue;
		}
		if (line.nbytes != LINE_SIZE ||
			!signer_check_bytes(
				by->public_key, text, line.bytes + HASH_BYTES)) {
			return cu_err_set(err, CU_ECORRUPT,
				"note: wrong signature in line %d", nlines + 1);
		}
		is_signed = true;
	}
	if (!is_signed) {
		return cu_err_set(err, CU_ENOKEY, "note: not signed by this key");
	}
	*ret_text = text;
	return 0;
}
