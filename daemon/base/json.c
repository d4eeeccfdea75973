#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void put_quoted(struct buf *b, const char *s, size_t n)
{
	size_t plain = 0; /* start of the run not yet copied */

	buf_put_u8(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\') {
			continue;
		}
		buf_put(b, s + plain, i - plain);
		plain = i + 1;
		switch (c) {
		case '"': buf_put_str(b, "\\\""); break;
		case '\\': buf_put_str(b, "\\\\"); break;
		case '\n': buf_put_str(b, "\\n"); break;
		case '\r': buf_put_str(b, "\\r"); break;
		case '\t': buf_put_str(b, "\\t"); break;
		default: buf_putf(b, "\\u%04x", c); break;
		}
	}
	if (n > plain) { /* an empty text may have no place */
		buf_put(b, s + plain, n - plain);
	}
	buf_put_u8(b, '"');
}

static void put_text(struct buf *b, const char *s, size_t n)
{
	if (text_is_utf8(s, n)) {
		put_quoted(b, s, n);
		return;
	}
	/* Rare: each byte that belongs to no valid sequence is replaced. */
	struct buf mended = { .wipes = b->wipes };

	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_len(s + i, n - i);

		if (len > 0) {
			buf_put(&mended, s + i, len);
		} else {
			buf_put_str(&mended, "\xef\xbf\xbd");
		}
		i += len > 0 ? len : 1;
	}
	if (mended.is_failed) {
		b->is_failed = true;
	} else {
		put_quoted(b, (const char *)mended.p, mended.n);
	}
	buf_done(&mended);
}

static void begin(struct json *j, const char *key)
{
	if (j->needs_comma) {
		buf_put_u8(j->to, ',');
	}
	if (key) {
		put_text(j->to, key, strlen(key));
		buf_put_u8(j->to, ':');
	}
	j->needs_comma = true;
}

void json_open_object(struct json *j, const char *key)
{
	begin(j, key);
	buf_put_u8(j->to, '{');
	j->needs_comma = false;
}

void json_close_object(struct json *j)
{
	buf_put_u8(j->to, '}');
	j->needs_comma = true;
}

void json_open_array(struct json *j, const char *key)
{
	begin(j, key);
	buf_put_u8(j->to, '[');
	j->needs_comma = false;
}

void json_close_array(struct json *j)
{
	buf_put_u8(j->to, ']');
	j->needs_comma = true;
}

void json_strn(struct json *j, const char *key, const char *value, size_t n)
{
	begin(j, key);
	put_text(j->to, value, n);
}

void json_buf(struct json *j, const char *key, const struct buf *value)
{
	j->to->is_failed |= value->is_failed;
	json_strn(j, key, (const char *)value->p, value->n);
}

void json_str(struct json *j, const char *key, const char *value)
{
	if (value) {
		json_strn(j, key, value, strlen(value));
	} else {
		json_raw(j, key, "null", 4);
	}
}

void json_int(struct json *j, const char *key, int64_t value)
{
	begin(j, key);
	buf_putf(j->to, "%" PRId64, value);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	buf_putf(j->to, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	buf_put_str(j->to, value ? "true" : "false");
}

void json_hex(struct json *j, const char *key, const uint8_t *p, size_t n)
{
	begin(j, key);
	buf_put_u8(j->to, '"');
	for (size_t i = 0; i < n; i++) {
		char hex[3];

		text_hex(p + i, 1, hex);
		buf_put(j->to, hex, 2);
	}
	buf_put_u8(j->to, '"');
}

void json_raw(struct json *j, const char *key, const char *json, size_t n)
{
	begin(j, key);
	buf_put(j->to, json, n);
}

/* --- for the eye ------------------------------------------------------------------ */

static void put_line(struct buf *out, unsigned depth)
{
	buf_put_u8(out, '\n');
	while (depth-- > 0) {
		buf_put_str(out, "  "); /* no tab: signed notes hold none */
	}
}

static bool is_empty_pair(struct span s, size_t i)
{
	return i + 1 < s.n && (s.p[i + 1] == '}' || s.p[i + 1] == ']');
}

/* Between strings, where the structure is. */
static size_t put_mark(struct span s, size_t i, unsigned *depth, struct buf *out)
{
	switch (s.p[i]) {
	case '{':
	case '[':
		buf_put_u8(out, s.p[i]);
		if (is_empty_pair(s, i)) {
			buf_put_u8(out, s.p[++i]);
		} else {
			put_line(out, ++*depth);
		}
		break;
	case '}':
	case ']':
		put_line(out, --*depth);
		buf_put_u8(out, s.p[i]);
		break;
	case ',':
		buf_put_u8(out, ',');
		put_line(out, *depth);
		break;
	case ':': buf_put_str(out, ": "); break;
	default: buf_put_u8(out, s.p[i]); break;
	}
	return i;
}

void json_indent(struct span compact, struct buf *out)
{
	bool is_in_string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < compact.n; i++) {
		uint8_t c = compact.p[i];

		if (is_in_string && c == '\\' && i + 1 < compact.n) {
			buf_put_u8(out, c);
			buf_put_u8(out, compact.p[++i]);
		} else if (is_in_string || c == '"') {
			buf_put_u8(out, c);
			is_in_string ^= c == '"';
		} else {
			i = put_mark(compact, i, &depth, out);
		}
	}
	buf_put_u8(out, '\n');
}
