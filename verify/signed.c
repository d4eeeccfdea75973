#include "verify/signed.h"

#include <nettle/eddsa.h>
#include <sodium.h>
#include <string.h>

#include "verify/flaw.h"

#define TYPE_ED25519 1
#define MAX_LINES    100  /* as golang.org/x/mod/sumdb/note */
#define MAX_LINE     2048 /* bytes of a signature of whatever kind, decoded */
#define LINE_BYTES   (4 + ED25519_SIGNATURE_SIZE)

/* Is the character that begins here a blank beyond ASCII?  White_Space of Unicode 15. */
static bool is_wide_blank(const uint8_t *p, size_t n)
{
	if (n >= 2 && p[0] == 0xc2) {
		return p[1] == 0x85 || p[1] == 0xa0;
	}
	if (n < 3 || p[0] < 0xe1 || p[0] > 0xe3) {
		return false;
	}
	switch ((p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)) {
	case 0x1680:
	case 0x2028:
	case 0x2029:
	case 0x202f:
	case 0x205f:
	case 0x3000: return true;
	default: return p[0] == 0xe2 && p[1] == 0x80 && p[2] <= 0x8a; /* U+2000 to U+200A */
	}
}

/* c2sp.org/signed-note: a name has no blank, of whatever script, and no '+'. */
static bool is_name(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] <= ' ' || b.p[i] == '+' || b.p[i] == 0x7f ||
			is_wide_blank(b.p + i, b.n - i)) {
			return false;
		}
	}
	return b.n > 0 && b.n < SIGNED_NAME_SIZE && bytes_are_text(b);
}

static void hash_key(const struct signed_key *k, uint8_t out[4])
{
	static const uint8_t between[] = { '\n', TYPE_ED25519 };
	uint8_t full[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state h;

	crypto_hash_sha256_init(&h);
	crypto_hash_sha256_update(&h, (const uint8_t *)k->name, strlen(k->name));
	crypto_hash_sha256_update(&h, between, sizeof(between));
	crypto_hash_sha256_update(&h, k->public_key, sizeof(k->public_key));
	crypto_hash_sha256_final(&h, full);
	memcpy(out, full, 4);
}

int signed_parse_key(const char *text, struct signed_key *ret, struct flaw *f)
{
	struct bytes rest = bytes_of_text(text), name, hash;
	struct signed_key k = { .name = "" };
	uint8_t typed[1 + sizeof(k.public_key)], want[4];

	if (!bytes_cut(&rest, '+', &name) || !bytes_cut(&rest, '+', &hash) ||
		!is_name(name) || !bytes_copy_text(name, k.name, sizeof(k.name)) ||
		!bytes_unhex(hash, k.hash, sizeof(k.hash)) ||
		bytes_unbase64(rest, typed, sizeof(typed)) != (long)sizeof(typed)) {
		return flaw_set(
			f, VERDICT_USAGE, "not a verifier key (<name>+<hash>+<key>)");
	}
	if (typed[0] != TYPE_ED25519) {
		return flaw_set(f, VERDICT_USAGE,
			"a verifier key of type %u, not Ed25519", (unsigned)typed[0]);
	}
	memcpy(k.public_key, typed + 1, sizeof(k.public_key));
	hash_key(&k, want);
	if (memcmp(want, k.hash, sizeof(want)) != 0) {
		return flaw_set(
			f, VERDICT_USAGE, "a verifier key whose hash is not its own");
	}
	*ret = k;
	return 0;
}

/* The text may hold empty lines: the last one is what divides. */
static bool split(struct bytes note, struct bytes *ret_text, struct bytes *ret_lines)
{
	for (size_t i = note.n; i >= 2; i--) {
		if (note.p[i - 1] == '\n' && note.p[i - 2] == '\n') {
			*ret_text = bytes_of(note.p, i - 1);
			*ret_lines = bytes_of(note.p + i, note.n - i);
			return ret_text->n > 1 && ret_lines->n > 0 &&
			       bytes_are_text(*ret_text);
		}
	}
	return false;
}

/* One line of the signatures: 1 a good one by this key, 0 another's, -1 wrong. */
static int judge_line(
	struct bytes line, struct bytes text, const struct signed_key *key)
{
	uint8_t bytes[MAX_LINE];
	struct bytes name;
	long n;

	if (!bytes_skip(&line, "\u2014 ") || !bytes_cut(&line, ' ', &name) ||
		!is_name(name)) {
		return -1;
	}
	n = bytes_unbase64(line, bytes, sizeof(bytes));
	if (n <= (long)sizeof(key->hash)) {
		return -1;
	}
	if (!bytes_equal(name, bytes_of_text(key->name)) ||
		memcmp(bytes, key->hash, sizeof(key->hash)) != 0) {
		return 0;
	}
	return n == LINE_BYTES && ed25519_sha512_verify(key->public_key, text.n, text.p,
					  bytes + sizeof(key->hash))
		       ? 1
		       : -1;
}

int signed_text(struct bytes note, const struct signed_key *key, struct bytes *ret,
	struct flaw *f)
{
	struct bytes text, lines, line;
	bool is_signed = false;

	if (!split(note, &text, &lines)) {
		return flaw_set(f, VERDICT_INVALID, "not a signed text");
	}
	for (int i = 1; lines.n > 0; i++) {
		int r = i > MAX_LINES || !bytes_cut(&lines, '\n', &line)
				? -1
				: judge_line(line, text, key);

		if (r < 0) {
			return flaw_set(f, VERDICT_INVALID,
				"signature line %d is malformed or wrong", i);
		}
		is_signed = is_signed || r == 1;
	}
	if (!is_signed) {
		return flaw_set(f, VERDICT_INVALID, "not signed by %s", key->name);
	}
	*ret = text;
	return 0;
}
