/*
 * fill.h: a text with {placeholders}, filled in.
 *
 * Pure.  A placeholder is a name in braces; there is no other markup, and no brace otherwise.
 */
#ifndef CU_PRIVACY_FILL_H
#define CU_PRIVACY_FILL_H
#include <stddef.h>

struct buf;
struct cu_err;

struct fill_value {
	const char *name;
	const char *text; /* NULL or "": it is missing */
};

/* Appends text to to, every placeholder replaced.  CU_ENOENT names the first placeholder that
 * has no value; CU_EINVAL when a brace is left open; to may then hold a part. */
int fill(const char *text, const struct fill_value *values, size_t n, struct buf *to,
	struct cu_err *err);

#endif
