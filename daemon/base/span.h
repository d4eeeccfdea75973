/*
 * span.h: some bytes that somebody else owns.
 */
#ifndef CU_BASE_SPAN_H
#define CU_BASE_SPAN_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){ (const uint8_t *)p, n };
}

/* The bytes of a text, without its NUL. */
static inline struct span span_str(const char *s)
{
	return span_of(s, strlen(s));
}

/* Not for secrets: the time it takes tells where they differ. */
static inline int span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
