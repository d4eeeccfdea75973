/*
 * buf.h: bytes that grow, and a cursor that reads them back without ever running over.
 *
 * A buffer is embedded in its owner.  Growing can fail; the failure is remembered in the
 * buffer (is_failed) so that a sequence of puts needs one check at its end, as with stdio.
 * Numbers are big-endian.  buf_wipe_done is for buffers that held a secret or a person's
 * data; growing wipes what it leaves behind when wipes is set.
 */
#ifndef CU_BASE_BUF_H
#define CU_BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct cu_err;

struct buf {
	uint8_t *p;
	size_t n;       /* bytes in use */
	size_t cap;
	bool wipes;     /* zero memory before it is freed or moved */
	bool is_failed; /* an allocation failed; contents are incomplete */
};

#define BUF_INIT      { 0 }
#define BUF_INIT_WIPE { .wipes = true }

void buf_init(struct buf *b);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* empties, keeps the memory; wipes if the buffer does */

/* Room for n more bytes; returns where they go (buf.n is not moved), or NULL. */
uint8_t *buf_room(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_span(struct buf *b, struct span s);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_str(struct buf *b, const char *s); /* without its NUL */
void buf_putf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The contents as a NUL-terminated text; valid until the next put.  "" if memory ran out. */
const char *buf_cstr(struct buf *b);

static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->p, b->n);
}

/* 0, or CU_ENOMEM if any put since buf_init or buf_clear ran out of memory. */
int buf_check(const struct buf *b, struct cu_err *err);

/* Reads from left to right.  A read past the end sets is_failed and yields zeros, so that a
 * decoder checks once. */
struct cursor {
	const uint8_t *p;
	size_t n;
	bool is_failed;
};

static inline struct cursor cursor_of(struct span s)
{
	return (struct cursor){ s.p, s.n, false };
}

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
struct span cursor_take(struct cursor *c, size_t n); /* {NULL, 0} past the end */
void cursor_copy(struct cursor *c, void *to, size_t n);

#endif
