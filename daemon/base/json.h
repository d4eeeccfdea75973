/*
 * json.h: JSON written as it goes, into a buffer.
 *
 * Commas and quotes are put by the writer; keys come in the order in which they are written
 * and nothing is sorted.  Strings must be UTF-8: an invalid byte becomes U+FFFD.  Numbers
 * are integers; money and other decimals travel as strings.
 */
#ifndef CU_BASE_JSON_H
#define CU_BASE_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;

struct json {
	struct buf *to; /* borrowed */
	bool needs_comma;
};

static inline struct json json_to(struct buf *to)
{
	return (struct json){ to, false };
}

/* key is NULL inside an array and for the outermost value. */
void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);
void json_str(struct json *j, const char *key, const char *value); /* NULL is null */
void json_strn(struct json *j, const char *key, const char *value, size_t n);
/* A text that was put together; if there was no memory for all of it, the JSON has failed, too. */
void json_buf(struct json *j, const char *key, const struct buf *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_hex(struct json *j, const char *key, const uint8_t *p, size_t n);
/* A value that is JSON already; the caller vouches for it. */
void json_raw(struct json *j, const char *key, const char *json, size_t n);

/* The same value over several lines, each member and element on its own, blanks before it; ended
 * by a newline.  compact is what these functions wrote. */
void json_indent(struct span compact, struct buf *out);

#endif
