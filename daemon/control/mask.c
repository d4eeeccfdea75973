#include "control/mask.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "policy/schema.h"

/* The bytes of the character at p. */
static size_t width_at(const uint8_t *p, size_t n)
{
	size_t w = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	return w < n ? w : n;
}

static bool is_blank(uint8_t c)
{
	return c <= ' ';
}

/* U+3000 to U+9FFF, Hangul and the supplementary ideographs: names are written without blanks. */
static bool is_east_asian(const uint8_t *p, size_t w)
{
	return (w == 3 && p[0] >= 0xe3 && p[0] <= 0xed) || (w == 4 && p[0] == 0xf0 && p[1] >= 0xa0);
}

void mask_name(struct span name, struct buf *to)
{
	bool is_start = true;

	for (size_t at = 0; at < name.n;) {
		size_t w = width_at(name.p + at, name.n - at);

		if (is_blank(name.p[at])) {
			is_start = true;
		} else if (is_start) {
			if (to->n > 0) {
				buf_put_u8(to, ' ');
			}
			buf_put(to, name.p + at, w);
			buf_put_str(to, is_east_asian(name.p + at, w) ? "**" : "***");
			is_start = false;
		}
		at += w;
	}
}

static void mask_email(struct span v, struct buf *to)
{
	const uint8_t *at = memchr(v.p, '@', v.n);

	if (at && at > v.p) {
		buf_put(to, v.p, width_at(v.p, v.n));
	}
	buf_put_str(to, "***");
	if (at) {
		buf_put(to, at, (size_t)(v.p + v.n - at));
	}
}

void mask_value(const struct field *f, struct span value, struct buf *to)
{
	size_t tail = value.n > 4 ? 2 : 0;

	if (f && f->category && strncmp(f->category, "user.name", 9) == 0) {
		mask_name(value, to);
	} else if (f && f->type == FIELD_EMAIL) {
		mask_email(value, to);
	} else {
		buf_put_str(to, "***");
		if (f && f->type == FIELD_PHONE) {
			buf_put(to, value.p + value.n - tail, tail);
		}
	}
}
