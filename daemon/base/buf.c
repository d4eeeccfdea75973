#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_done(struct buf *b)
{
	if (b->wipes && b->p) {
		explicit_bzero(b->p, b->cap);
	}
	free(b->p);
	*b = (struct buf){ .wipes = b->wipes };
}

void buf_clear(struct buf *b)
{
	if (b->wipes && b->p) {
		explicit_bzero(b->p, b->n);
	}
	b->n = 0;
	b->is_failed = false;
}

static bool grow(struct buf *b, size_t want)
{
	size_t cap = b->cap ? b->cap : 64;
	uint8_t *p;

	while (cap < want) {
		if (cap > SIZE_MAX / 2) {
			return false;
		}
		cap *= 2;
	}
	if (!b->wipes) {
		p = realloc(b->p, cap);
		if (!p) {
			return false;
		}
	} else {
		p = malloc(cap);
		if (!p) {
			return false;
		}
		if (b->p) {
			memcpy(p, b->p, b->n);
			explicit_bzero(b->p, b->cap);
			free(b->p);
		}
	}
	b->p = p;
	b->cap = cap;
	return true;
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	if (b->is_failed || n > SIZE_MAX - b->n ||
		(b->n + n > b->cap && !grow(b, b->n + n))) {
		b->is_failed = true;
		return NULL;
	}
	if (!b->p && !grow(b, 1)) { /* so that room for nothing is not NULL */
		b->is_failed = true;
		return NULL;
	}
	return b->p + b->n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to = buf_room(b, n);

	if (to && n > 0) {
		memcpy(to, p, n);
		b->n += n;
	}
}

void buf_put_span(struct buf *b, struct span s)
{
	buf_put(b, s.p, s.n);
}

static void put_be(struct buf *b, uint64_t v, unsigned nbytes)
{
	uint8_t be[8];

	for (unsigned i = 0; i < nbytes; i++) {
		be[i] = (uint8_t)(v >> (8 * (nbytes - 1 - i)));
	}
	buf_put(b, be, nbytes);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;
	uint8_t *to;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
	if (to) {
		vsnprintf((char *)to, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	} else {
		b->is_failed = true;
	}
	va_end(again);
}

const char *buf_cstr(struct buf *b)
{
	uint8_t *end = buf_room(b, 1);

	if (!end) {
		return "";
	}
	*end = '\0';
	return (const char *)b->p;
}

int buf_check(const struct buf *b, struct cu_err *err)
{
	return b->is_failed ? cu_err_set(err, CU_ENOMEM, "out of memory") : 0;
}

struct span cursor_take(struct cursor *c, size_t n)
{
	struct span s;

	if (c->is_failed || n > c->n) {
		c->is_failed = true;
		return span_of(NULL, 0);
	}
	s = span_of(c->p, n);
	c->p += n;
	c->n -= n;
	return s;
}

void cursor_copy(struct cursor *c, void *to, size_t n)
{
	struct span s = cursor_take(c, n);

	if (s.n == n && n > 0) {
		memcpy(to, s.p, n);
	} else if (n > 0) {
		memset(to, 0, n);
	}
}

static uint64_t take_be(struct cursor *c, unsigned nbytes)
{
	struct span s = cursor_take(c, nbytes);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		v = v << 8 | s.p[i];
	}
	return v;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)take_be(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)take_be(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)take_be(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
	return take_be(c, 8);
}
