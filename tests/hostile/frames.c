#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DEPTH    6

static uint64_t draw(struct frames *f, uint64_t below)
{
	return play_draw(&f->seed, below);
}

static bool one_in(struct frames *f, uint64_t n)
{
	return draw(f, n) == 0;
}

static const char *pick(struct frames *f, const char *const *all, size_t n)
{
	return all[draw(f, n)];
}
#define PICK(f, all) pick((f), (all), COUNT(all))

/* --- values that mean something -------------------------------------------------------- */

static const char *const words[] = { "customer_service", "marketing_email", "access_request", "contact_point",
	"profile", "transaction", "email", "person", "organisation", "local", "gdpr", "pipl", "access", "erasure",
	"2026-01-31", "2026-02-30", "1y", "72h", "0s", "de", "zh", "Ada", "ada@example.org", "+49 30 901820",
	"../../etc/passwd", "%s%n", "'; DROP TABLE record; --", "*", "" };

/* No parameter has such a name. */
static const char *const unknown[] = { "", "Subject", "subject ", "__proto__", "\\u202e", "a.b", "0" };

/* By the name of the parameter; NULL: nothing in particular. */
static const char *known(const struct frames *f, const char *name)
{
	static const struct {
		const char *name, *value;
	} all[] = { { "purpose", "customer_service" }, { "collection", "contact_point" }, { "kind", "person" },
		{ "by", "email" }, { "field", "email" }, { "language", "zh" }, { "target", "local" },
		{ "map", "collection: contact_point\nfields: {email: email}\n" }, { "method", "checkbox" } };

	if (strstr(name, "subject") || strcmp(name, "into") == 0) {
		return f->subject;
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		if (strcmp(name, all[i].name) == 0) {
			return all[i].value;
		}
	}
	return NULL;
}

static void put_text(struct buf *to, const char *text)
{
	buf_put_u8(to, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 32) {
			buf_putf(to, "\\u%04x", (unsigned char)*text);
		} else {
			buf_put_u8(to, (uint8_t)*text);
		}
	}
	buf_put_u8(to, '"');
}

static void put_id(struct frames *f, struct buf *to)
{
	buf_putf(to, "\"%016llx%016llx\"", (unsigned long long)draw(f, UINT64_MAX),
		(unsigned long long)draw(f, UINT64_MAX));
}

/* --- values that are not -------------------------------------------------------------- */

static void put_many(struct buf *to, const char *what, size_t n)
{
	while (n-- > 0) {
		buf_put_str(to, what);
	}
}

static void put_huge(struct frames *f, struct buf *to)
{
	static const char *const parts[] = { "a", "\xe4\xb8\xad", "\\u0041", "\\ud83d\\ude00", " ", "\xcc\x81" };

	buf_put_u8(to, '"');
	put_many(to, PICK(f, parts), 1 + draw(f, one_in(f, 8) ? 60000 : 3000));
	buf_put_u8(to, '"');
}

static void put_nested(struct frames *f, struct buf *to)
{
	size_t n = 1 + draw(f, f->may_break ? 40 : 20); /* FRAME_DEPTH_MAX is 32 */
	bool is_object = one_in(f, 2);

	put_many(to, is_object ? "{\"a\":" : "[", n);
	buf_put_str(to, "1");
	put_many(to, is_object ? "}" : "]", n);
}

/* Each is JSON. */
static const char *const wrong[] = { "null", "true", "0", "-1", "-0", "1.5", "-1e-400", "9223372036854775807",
	"4294967296", "[]", "{}", "[null]", "\"\"", "\"\\u202egro.elpmaxe\"", "\"\\u001b]52;c;AAAA\\u0007\"",
	"\"\\ud83d\\ude00\"", "\"\\n<6>custosd: all is well\"", "\"%s%n\"", "{\"\":\"\"}", "{\"a\":{\"a\":{}}}" };

/* None is. */
static const char *const broken[] = { "1e400", "9223372036854775808", "-9223372036854775809",
	"99999999999999999999999999999999999999", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"",
	"\"\\udc00\\ud800\"", "\"\xff\xfe\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\x1b[2J\"", "\"\t\"", "NaN", "01",
	"0x10", "'a'", "\"\\x41\"", "\"", "}", "]", "{\"a\":1,\"a\":2}", "\xef\xbb\xbf\"a\"" };

static void put_wrong(struct frames *f, struct buf *to)
{
	if (f->may_break && one_in(f, 3)) {
		buf_put_str(to, PICK(f, broken));
		return;
	}
	switch (draw(f, 8)) {
	case 0: put_huge(f, to); break;
	case 1: put_nested(f, to); break;
	case 2:
		buf_put_u8(to, '[');
		put_many(to, "1,", draw(f, 2000));
		buf_put_str(to, "1]");
		break;
	default: buf_put_str(to, PICK(f, wrong));
	}
}

/* --- what the interface declares ------------------------------------------------------- */

static void put_value(struct frames *f, const struct idl_type *t, const char *name, unsigned depth,
	bool is_spoilt, struct buf *to);

static void put_struct(struct frames *f, const struct idl_type *t, unsigned depth, bool is_spoilt, struct buf *to)
{
	const char *comma = "";

	buf_put_u8(to, '{');
	for (size_t i = 0; i < t->nfields; i++) {
		const struct idl_field *field = &t->fields[i];
		unsigned times = is_spoilt && one_in(f, 30) ? (unsigned)draw(f, f->may_break ? 3 : 2) : 1;

		if (field->type->kind == IDL_MAYBE && !one_in(f, 3)) {
			continue;
		}
		for (; times > 0; times--) { /* left out, or there twice */
			buf_putf(to, "%s\"%s\":", comma, field->name);
			put_value(f, field->type, field->name, depth + 1, is_spoilt, to);
			comma = ",";
		}
	}
	if (is_spoilt && one_in(f, 30)) {
		buf_putf(to, "%s\"%s\":", comma, PICK(f, unknown));
		put_wrong(f, to);
	}
	buf_put_u8(to, '}');
}

static void put_any(struct frames *f, struct buf *to)
{
	static const char *const all[] = { "{\"email\":\"ada@example.org\"}", "{\"given_name\":\"Ada\"}",
		"{\"phone\":\"+49 30 901820\",\"city\":\"Berlin\"}", "{\"amount\":12,\"currency\":\"EUR\"}", "{}" };

	buf_put_str(to, PICK(f, all));
}

static void put_value(struct frames *f, const struct idl_type *t, const char *name, unsigned depth,
	bool is_spoilt, struct buf *to)
{
	size_t n = draw(f, 4);

	t = idl_resolve(t);
	if ((is_spoilt && one_in(f, 12)) || depth > DEPTH) {
		put_wrong(f, to);
		return;
	}
	switch (t->kind) {
	case IDL_BOOL: buf_put_str(to, one_in(f, 2) ? "true" : "false"); break;
	case IDL_INT: buf_putf(to, "%lld", (long long)(draw(f, one_in(f, 4) ? UINT64_MAX : 50))); break;
	case IDL_FLOAT: buf_putf(to, "%d.5", (int)draw(f, 100)); break;
	case IDL_STRING:
		if (known(f, name) && !one_in(f, 8)) {
			put_text(to, known(f, name));
		} else if (one_in(f, 4)) {
			put_id(f, to);
		} else {
			put_text(to, PICK(f, words));
		}
		break;
	case IDL_OBJECT:
	case IDL_ANY: put_any(f, to); break;
	case IDL_STRUCT: put_struct(f, t, depth, is_spoilt, to); break;
	case IDL_ENUM: put_text(to, t->fields[draw(f, t->nfields)].name); break;
	case IDL_ARRAY:
		buf_put_u8(to, '[');
		for (size_t i = 0; i < n; i++) {
			buf_put_str(to, i > 0 ? "," : "");
			put_value(f, t->of, name, depth + 1, is_spoilt, to);
		}
		buf_put_u8(to, ']');
		break;
	case IDL_MAP:
		buf_put_str(to, "{\"email\":");
		put_value(f, t->of, name, depth + 1, is_spoilt, to);
		buf_put_u8(to, '}');
		break;
	case IDL_NAMED:
	case IDL_MAYBE: break; /* resolved */
	}
}

/* --- bytes ----------------------------------------------------------------------------- */

/* From `from` on, which is this frame. */
static void spoil_bytes(struct frames *f, struct buf *to, size_t from)
{
	size_t n = to->n - from, at = from + draw(f, n), part;

	switch (draw(f, 5)) {
	case 0: to->p[at] ^= (uint8_t)(1u << draw(f, 8)); break;
	case 1: to->p[at] = (uint8_t)draw(f, 256); break;
	case 2: to->n = at + 1; break; /* cut off */
	case 3: /* a piece once more at the end */
		part = draw(f, to->n - at < 200 ? to->n - at : 200);
		if (buf_room(to, part)) {
			memcpy(to->p + to->n, to->p + at, part);
			to->n += part;
		}
		break;
	default: /* a piece is gone */
		part = draw(f, to->n - at);
		memmove(to->p + at, to->p + at + part, to->n - at - part);
		to->n -= part;
	}
}

/* --- frames ---------------------------------------------------------------------------- */

static const struct idl_member *pick_method(struct frames *f, const struct idl **ret)
{
	for (;;) {
		const struct idl *idl = interfaces_at(f->set, draw(f, interfaces_n(f->set)));
		const struct idl_member *m = idl_member(idl, draw(f, idl_nmembers(idl)));

		if (m->kind == IDL_METHOD && strcmp(m->name, "Seal") != 0) {
			*ret = idl;
			return m;
		}
	}
}

void frames_put(struct frames *f, bool may_break, struct buf *to)
{
	static const char *const flags[] = { ",\"more\":true", ",\"oneway\":true", ",\"upgrade\":true",
		",\"io.custos\":{\"language\":\"zh\"}", ",\"more\":1", ",\"language\":7", ",\"more\":true,\"oneway\":true" };
	bool is_spoilt = one_in(f, 2);
	const struct idl *idl;
	const struct idl_member *m = pick_method(f, &idl);
	size_t from = to->n;

	f->may_break = may_break;
	buf_putf(to, "{\"method\":\"%s.%s\"", idl_name(idl), m->name);
	if (!is_spoilt || !one_in(f, 20)) {
		buf_put_str(to, ",\"parameters\":");
		put_struct(f, idl_resolve(m->in), 0, is_spoilt, to);
	}
	if (one_in(f, 10)) {
		buf_put_str(to, pick(f, flags, may_break ? COUNT(flags) : 4));
	}
	buf_put_u8(to, '}');
	if (may_break && one_in(f, 2)) {
		spoil_bytes(f, to, from);
	}
	buf_put_u8(to, '\0');
}
