#include "verify/bytes.h"

#include <sodium.h>
#include <string.h>

struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){ p, n };
}

struct bytes bytes_of_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* --- cutting ---------------------------------------------------------------------- */

static void drop(struct bytes *rest, size_t n)
{
	rest->p += n;
	rest->n -= n;
}

bool bytes_cut(struct bytes *rest, char end, struct bytes *ret)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;

	if (!at) {
		return false;
	}
	*ret = bytes_of(rest->p, (size_t)(at - rest->p));
	drop(rest, ret->n + 1);
	return true;
}

bool bytes_skip(struct bytes *rest, const char *front)
{
	size_t n = strlen(front);

	if (rest->n < n || memcmp(rest->p, front, n) != 0) {
		return false;
	}
	drop(rest, n);
	return true;
}

/* --- values ----------------------------------------------------------------------- */

bool bytes_copy_text(struct bytes b, char *to, size_t cap)
{
	if (b.n >= cap || (b.n > 0 && memchr(b.p, '\0', b.n))) {
		return false;
	}
	if (b.n > 0) {
		memcpy(to, b.p, b.n);
	}
	to[b.n] = '\0';
	return true;
}

bool bytes_number(struct bytes b, uint64_t *ret)
{
	uint64_t v = 0;

	if (b.n == 0 || (b.p[0] == '0' && b.n > 1)) {
		return false;
	}
	for (size_t i = 0; i < b.n; i++) {
		unsigned digit = b.p[i] - (unsigned)'0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10) {
			return false;
		}
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

bool bytes_unhex(struct bytes b, uint8_t *to, size_t n)
{
	size_t got;

	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] >= 'A' && b.p[i] <= 'F') {
			return false; /* libsodium would take it */
		}
	}
	return b.n == 2 * n &&
	       sodium_hex2bin(to, n, (const char *)b.p, b.n, NULL, &got, NULL) == 0 &&
	       got == n;
}

/* -1: no letter of the alphabet. */
static int sextet(uint8_t c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(letters, c);

	return at ? (int)(at - letters) : -1;
}

/* Not sodium_base642bin: that of libsodium 1.0.18 reads each byte from 0x80 on as a '/'
 * (found by the test that changes every bit of a certificate, 2026-11-25). */
long bytes_unbase64(struct bytes b, uint8_t *to, size_t cap)
{
	size_t padding = 0, n = 0;
	uint32_t group = 0;

	while (padding < 2 && b.n > padding && b.p[b.n - 1 - padding] == '=') {
		padding++;
	}
	if (b.n == 0 || b.n % 4 != 0 || b.n / 4 * 3 - padding > cap) {
		return -1;
	}
	for (size_t i = 0; i < b.n - padding; i++) {
		int bits = sextet(b.p[i]);

		if (bits < 0) {
			return -1;
		}
		group = group << 6 | (uint32_t)bits;
		if (i % 4 > 0) {
			to[n++] = (uint8_t)(group >> (6 - 2 * (i % 4)));
		}
	}
	/* bits that belong to no byte */
	return padding > 0 && (group & ((1u << 2 * padding) - 1)) != 0 ? -1 : (long)n;
}

/* --- text ------------------------------------------------------------------------- */

/* How many bytes the character at p takes; 0: it is none.  The second byte decides what
 * is a longer form than needed, a surrogate, or above U+10FFFF (Unicode 15, table 3-7).
 */
static size_t character(const uint8_t *p, size_t n)
{
	uint8_t first = p[0], low = 0x80, high = 0xbf;
	size_t need = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (need == 1) {
		return first >= 0x20 || first == '\n';
	}
	if (first < 0xc2 || first > 0xf4 || n < need) {
		return 0;
	}
	switch (first) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	default: break;
	}
	if (p[1] < low || p[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return need;
}

bool bytes_are_text(struct bytes b)
{
	while (b.n > 0) {
		size_t n = character(b.p, b.n);

		if (n == 0) {
			return false;
		}
		drop(&b, n);
	}
	return true;
}
