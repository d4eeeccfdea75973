#include "base/text.h"

#include <stdio.h>
#include <string.h>

void text_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

bool text_unhex(const char *hex, size_t nhex, uint8_t *out, size_t n)
{
	if (nhex != 2 * n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(hex[2 * i]), lo = hex_value(hex[2 * i + 1]);

		if (hi < 0 || lo < 0) {
			return false;
		}
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t text_base64(const uint8_t *p, size_t n, bool is_padded, char *out)
{
	char *o = out;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			(left > 2 ? p[i + 2] : 0);

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		if (left > 1) {
			*o++ = alphabet[v >> 6 & 63];
		} else if (is_padded) {
			*o++ = '=';
		}
		if (left > 2) {
			*o++ = alphabet[v & 63];
		} else if (is_padded) {
			*o++ = '=';
		}
	}
	*o = '\0';
	return (size_t)(o - out);
}

static int base64_value(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

long text_unbase64(const char *s, size_t len, bool is_padded, uint8_t *out, size_t cap)
{
	size_t n = 0, npad = 0;
	uint32_t bits = 0;
	unsigned nbits = 0;

	if (is_padded) {
		if (len % 4 != 0) {
			return -1;
		}
		while (npad < 2 && len > 0 && s[len - 1] == '=') {
			len--;
			npad++;
		}
		if (npad != (4 - len % 4) % 4) {
			return -1;
		}
	}
	if (len % 4 == 1) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		int v = base64_value(s[i]);

		if (v < 0) {
			return -1;
		}
		bits = bits << 6 | (uint32_t)v;
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			if (n == cap) {
				return -1;
			}
			out[n++] = (uint8_t)(bits >> nbits);
			bits &= (1u << nbits) - 1;
		}
	}
	return bits == 0 ? (long)n : -1; /* stray bits: a second spelling */
}

/* The length of the valid sequence at s, or 0; its code point in *ret_cp. */
static size_t utf8_sequence(const uint8_t *s, size_t n, uint32_t *ret_cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	uint32_t cp;

	if (s[0] < 0x80) {
		*ret_cp = s[0];
		return 1;
	}
	len = (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	if (len == 0 || len > n) {
		return 0;
	}
	cp = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
		return 0;
	}
	*ret_cp = cp;
	return len;
}

size_t text_utf8_len(const char *s, size_t n)
{
	uint32_t cp;

	return n > 0 ? utf8_sequence((const uint8_t *)s, n, &cp) : 0;
}

bool text_is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n")] == '\0';
}

bool text_is_utf8(const char *s, size_t n)
{
	while (n > 0) {
		uint64_t eight;
		size_t len;

		/* most text is mostly ASCII: eight bytes at a time */
		if (n >= sizeof(eight)) {
			memcpy(&eight, s, sizeof(eight));
			if ((eight & 0x8080808080808080u) == 0) {
				s += sizeof(eight);
				n -= sizeof(eight);
				continue;
			}
		}
		len = text_utf8_len(s, n);
		if (len == 0) {
			return false;
		}
		s += len;
		n -= len;
	}
	return true;
}

static bool is_shown(uint32_t cp)
{
	return cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0) &&
		!(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202e) &&
		!(cp >= 0x2060 && cp <= 0x206f) && cp != 0x061c && cp != 0xfeff &&
		!(cp >= 0xfff9 && cp <= 0xfffb) && !(cp >= 0xe0000 && cp <= 0xe007f);
}

bool text_is_shown(const char *s, size_t n)
{
	uint32_t cp;

	return n > 0 && utf8_sequence((const uint8_t *)s, n, &cp) > 0 && is_shown(cp);
}

void text_escape(const char *s, char *out, size_t cap)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t n = strlen(s), o = 0;

	if (cap == 0) {
		return;
	}
	while (n > 0) {
		uint32_t cp = 0;
		size_t len = utf8_sequence(p, n, &cp);
		bool shown = len > 0 && is_shown(cp);
		size_t need = shown ? len : 4 * (len ? len : 1);

		if (len == 0) {
			len = 1;
		}
		if (o + need >= cap) {
			break;
		}
		if (shown) {
			memcpy(out + o, p, len);
		} else {
			for (size_t i = 0; i < len; i++) {
				snprintf(out + o + 4 * i, 5, "\\x%02x", p[i]);
			}
		}
		o += need;
		p += len;
		n -= len;
	}
	out[o] = '\0';
}

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment (Damerau 1964), three rows of the table at a time. */
unsigned text_distance(const char *a, const char *b, unsigned max)
{
	unsigned rows[3][64];
	unsigned *older = rows[0], *old = rows[1], *now = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > 63 || nb > 63) {
		return max + 1;
	}
	for (size_t j = 0; j <= nb; j++) {
		old[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= na; i++) {
		unsigned *spare = older;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;

			now[j] = least_of(least_of(old[j], now[j - 1]) + 1, old[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
				now[j] = least_of(now[j], older[j - 2] + 1);
			}
		}
		older = old;
		old = now;
		now = spare;
	}
	return old[nb] <= max ? old[nb] : max + 1;
}
