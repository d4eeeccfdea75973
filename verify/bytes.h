/*
 * bytes.h: borrowed bytes, and the strict reading of what stands in them.
 *
 * Each reader accepts one spelling of a value and nothing else: a bit that is changed
 * in a number or a key changes the value or makes it unreadable.  Pure.
 */
#ifndef VERIFY_BYTES_H
#define VERIFY_BYTES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

struct bytes bytes_of(const void *p, size_t n);
struct bytes bytes_of_text(const char *text); /* without its NUL */
bool bytes_equal(struct bytes a, struct bytes b);

/* What stands before the next end, which is dropped; false, and nothing is cut, without
 * one. */
bool bytes_cut(struct bytes *rest, char end, struct bytes *ret);
/* Drops these bytes from the front, if they are there. */
bool bytes_skip(struct bytes *rest, const char *front);

/* As text of less than cap bytes; false when it is longer or holds a NUL. */
bool bytes_copy_text(struct bytes b, char *to, size_t cap);
/* Decimal, 64 bits, no sign, no leading zero. */
bool bytes_number(struct bytes b, uint64_t *ret);
/* Exactly n bytes, in small letters. */
bool bytes_unhex(struct bytes b, uint8_t *to, size_t n);
/* Standard alphabet, padded, unused bits zero: how many bytes, at most cap; -1. */
long bytes_unbase64(struct bytes b, uint8_t *to, size_t cap);

/* UTF-8 (no surrogates, shortest form) without control characters of ASCII but the
 * newline. */
bool bytes_are_text(struct bytes b);

#endif
