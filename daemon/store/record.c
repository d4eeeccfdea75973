#include "store/record.h"

#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"

#define FORMAT 1

static void put_short(struct buf *b, struct span s)
{
	buf_put_u16(b, (uint16_t)s.n);
	buf_put_span(b, s);
}

#define HEAD_SIZE 35 /* format to actor */

/* Before anything is written: a length that did not fit would make bytes that nobody can read. */
static int check_limits(const struct record *r, struct cu_err *err)
{
	size_t size = HEAD_SIZE + 2 + strlen(r->collection) + 2 + r->source.n + 2 + r->key.n + 2 +
		r->ncosubjects * sizeof(struct id) + 2;

	if (r->source.n > UINT16_MAX || r->key.n > UINT16_MAX) {
		return cu_err_set(err, CU_ELIMIT, "source or key is too long");
	}
	for (unsigned i = 0; i < r->nfields; i++) {
		if (r->fields[i].name.n > UINT16_MAX) {
			return cu_err_set(err, CU_ELIMIT, "a field's name is too long");
		}
		if (r->fields[i].value.n > RECORD_MAX_BYTES) {
			return cu_err_set(err, CU_ELIMIT, "a field is over %u bytes", RECORD_MAX_BYTES);
		}
		size += 2 + r->fields[i].name.n + 4 + r->fields[i].value.n;
	}
	return size <= RECORD_MAX_BYTES ? 0 :
					  cu_err_set(err, CU_ELIMIT, "the record is over %u bytes",
						  RECORD_MAX_BYTES);
}

int record_encode(const struct record *r, struct buf *out, struct cu_err *err)
{
	int code = check_limits(r, err);

	if (code < 0) {
		return code;
	}
	buf_put_u8(out, FORMAT);
	buf_put_u8(out, (uint8_t)r->level);
	buf_put_u8(out, (uint8_t)r->origin);
	buf_put_u32(out, r->cohort);
	buf_put_u32(out, (uint32_t)r->anchor_day);
	buf_put_u64(out, (uint64_t)r->at_ms);
	buf_put(out, r->actor.b, sizeof(r->actor.b));
	put_short(out, span_str(r->collection));
	put_short(out, r->source);
	put_short(out, r->key);
	buf_put_u16(out, (uint16_t)r->ncosubjects);
	for (unsigned i = 0; i < r->ncosubjects; i++) {
		buf_put(out, r->cosubjects[i].b, sizeof(r->cosubjects[i].b));
	}
	buf_put_u16(out, (uint16_t)r->nfields);
	for (unsigned i = 0; i < r->nfields; i++) {
		put_short(out, r->fields[i].name);
		buf_put_u32(out, (uint32_t)r->fields[i].value.n);
		buf_put_span(out, r->fields[i].value);
	}
	return buf_check(out, err);
}

static struct span take_short(struct cursor *c)
{
	return cursor_take(c, cursor_u16(c));
}

static int index_of(const struct record *r, struct span name)
{
	for (unsigned i = 0; i < r->nfields; i++) {
		if (span_eq(r->fields[i].name, name)) {
			return (int)i;
		}
	}
	return -1;
}

/* A name that stands twice would have two values. */
static void take_fields(struct cursor *c, struct record *r)
{
	unsigned n = cursor_u16(c);

	c->is_failed |= n > RECORD_MAX_FIELDS;
	while (!c->is_failed && r->nfields < n) {
		struct record_field f = { .name = take_short(c) };

		f.value = cursor_take(c, cursor_u32(c));
		c->is_failed |= index_of(r, f.name) >= 0;
		r->fields[r->nfields++] = f;
	}
}

static void take_cosubjects(struct cursor *c, struct record *r)
{
	unsigned n = cursor_u16(c);

	if (n > RECORD_MAX_COSUBJECTS) {
		c->is_failed = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		cursor_copy(c, r->cosubjects[i].b, sizeof(r->cosubjects[i].b));
	}
	r->ncosubjects = n;
}

int record_decode(struct span bytes, struct record *ret, struct cu_err *err)
{
	struct cursor c = cursor_of(bytes);
	struct record r = { 0 };
	struct span collection;
	unsigned format = cursor_u8(&c);

	if (!c.is_failed && format != FORMAT) {
		return cu_err_set(err, CU_EUNSUP, "record is of format %u", format);
	}
	r.level = cursor_u8(&c);
	r.origin = (enum record_origin)cursor_u8(&c);
	r.cohort = cursor_u32(&c);
	r.anchor_day = (int32_t)cursor_u32(&c);
	r.at_ms = (int64_t)cursor_u64(&c);
	cursor_copy(&c, r.actor.b, sizeof(r.actor.b));
	collection = take_short(&c);
	r.source = take_short(&c);
	r.key = take_short(&c);
	take_cosubjects(&c, &r);
	take_fields(&c, &r);
	if (c.is_failed || c.n != 0 || collection.n >= sizeof(r.collection) ||
		memchr(collection.p, '\0', collection.n)) {
		return cu_err_set(err, CU_ECORRUPT, "record's bytes are damaged");
	}
	memcpy(r.collection, collection.p, collection.n);
	*ret = r;
	return 0;
}

void record_aad(const struct id *store, const struct id *subject, const char *collection,
	const struct id *record, uint32_t version, struct buf *out)
{
	buf_put_str(out, "custos record v1");
	buf_put(out, store->b, sizeof(store->b));
	buf_put(out, subject->b, sizeof(subject->b));
	put_short(out, span_str(collection));
	buf_put(out, record->b, sizeof(record->b));
	buf_put_u32(out, version);
}

struct span record_get(const struct record *r, const char *name)
{
	int at = index_of(r, span_str(name));

	return at < 0 ? span_of(NULL, 0) : r->fields[at].value;
}

int record_set(struct record *r, struct span name, struct span value, struct cu_err *err)
{
	int at = index_of(r, name);

	if (value.n == 0) {
		if (at >= 0) {
			memmove(&r->fields[at], &r->fields[at + 1],
				(r->nfields - (unsigned)at - 1) * sizeof(r->fields[0]));
			r->nfields--;
		}
		return 0;
	}
	if (at < 0) {
		if (r->nfields == RECORD_MAX_FIELDS) {
			return cu_err_set(err, CU_ELIMIT, "a record has at most %u fields",
				RECORD_MAX_FIELDS);
		}
		at = (int)r->nfields++;
	}
	r->fields[at] = (struct record_field){ name, value };
	return 0;
}

int record_copy_spans(struct record *r, struct buf *text, struct cu_err *err)
{
	size_t at = 0;

	for (unsigned i = 0; i < r->nfields; i++) {
		buf_put_span(text, r->fields[i].name);
		buf_put_span(text, r->fields[i].value);
	}
	buf_put_span(text, r->source);
	buf_put_span(text, r->key);
	if (buf_check(text, err) < 0) {
		return CU_ENOMEM;
	}
	for (unsigned i = 0; i < r->nfields; i++) {
		r->fields[i].name.p = text->p + at;
		at += r->fields[i].name.n;
		r->fields[i].value.p = text->p + at;
		at += r->fields[i].value.n;
	}
	r->source.p = text->p + at;
	r->key.p = text->p + at + r->source.n;
	return 0;
}

bool record_is_same(const struct record *a, const struct record *b)
{
	if (a->nfields != b->nfields || a->anchor_day != b->anchor_day ||
		a->ncosubjects != b->ncosubjects ||
		memcmp(a->cosubjects, b->cosubjects, a->ncosubjects * sizeof(struct id)) != 0) {
		return false;
	}
	for (unsigned i = 0; i < a->nfields; i++) {
		int at = index_of(b, a->fields[i].name);

		if (at < 0 || !span_eq(a->fields[i].value, b->fields[at].value)) {
			return false;
		}
	}
	return true;
}
