#include "control/terms.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/field.h"

static void kind_of(const struct collection *c, const struct field *f, char to[INDEX_KIND_SIZE])
{
	snprintf(to, INDEX_KIND_SIZE, "%s.%s", c->key, f->key);
}

int terms_external(const char *scheme, struct span value, struct buf *to, struct cu_err *err)
{
	buf_put_str(to, scheme);
	buf_put_u8(to, 0);
	buf_put_span(to, value);
	return buf_check(to, err);
}

static void add_identifier(const struct record *r, struct index_terms *to)
{
	struct span scheme = record_get(r, "scheme"), value = record_get(r, "value");
	struct buf term = BUF_INIT_WIPE;

	if (scheme.n > 0 && value.n > 0) {
		buf_put_span(&term, scheme);
		buf_put_u8(&term, 0);
		buf_put_span(&term, value);
		index_add_buf(to, TERMS_EXTERNAL, &term);
	}
	buf_done(&term);
}

static void add_field(const struct collection *c, const struct field *f, const struct record *r,
	struct index_terms *to)
{
	struct span v = record_get(r, f->key);
	struct buf normal = BUF_INIT_WIPE;
	char kind[INDEX_KIND_SIZE];

	if (v.n > 0) {
		/* of what holds nothing to look up by it leaves nothing */
		(void)field_normalise(f, (const char *)v.p, v.n, &normal, NULL);
		kind_of(c, f, kind);
		index_add_buf(to, kind, &normal);
	}
	buf_done(&normal);
}

void terms_of(const struct policy *p, const struct record *r, struct index_terms *to)
{
	const struct collection *c = policy_find_collection(p, r->collection);

	if (strcmp(r->collection, TERMS_IDENTIFIER) == 0) {
		add_identifier(r, to);
		return;
	}
	for (size_t i = 0; c && i < c->nfields; i++) {
		if (c->fields[i].index != INDEX_NONE) {
			add_field(c, &c->fields[i], r, to);
		}
	}
}

static int search_field(const struct collection *c, const struct field *f, struct reader *rd,
	const char *value, reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct buf normal = BUF_INIT_WIPE;
	char kind[INDEX_KIND_SIZE];
	int r = field_normalise(f, value, strlen(value), &normal, err);

	if (r == 0) {
		kind_of(c, f, kind);
		r = reader_find(rd, kind, buf_span(&normal), fn, ctx, err);
	}
	buf_done(&normal);
	return r;
}

static int not_covered(struct cu_err *err)
{
	return cu_err_set(err, CU_EINVAL, "by: the purpose covers nothing that people are looked up by so");
}

static int search_external(struct reader *rd, const struct terms_query *q, reader_fn *fn,
	void *ctx, struct cu_err *err)
{
	struct buf term = BUF_INIT_WIPE;
	int r;

	if (!q->scheme) {
		return cu_err_set(err, CU_EINVAL, "scheme: an external id is one of some scheme");
	}
	if (!purpose_covers_field(q->purpose, TERMS_IDENTIFIER, "value")) {
		return not_covered(err);
	}
	r = terms_external(q->scheme, span_str(q->value), &term, err);
	r = r < 0 ? r : reader_find(rd, TERMS_EXTERNAL, buf_span(&term), fn, ctx, err);
	buf_done(&term);
	return r;
}

int terms_search(const struct policy *p, struct reader *rd, const struct terms_query *q,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	int wanted = strcmp(q->by, "email") == 0 ? INDEX_EMAIL : INDEX_PHONE, r = 0;
	const struct schema *s = policy_schema(p);
	bool is_covered = false;

	if (strcmp(q->by, "external_id") == 0) {
		return search_external(rd, q, fn, ctx, err);
	}
	for (size_t i = 0; r >= 0 && i < s->ncollections; i++) {
		const struct collection *c = &s->collections[i];

		for (size_t k = 0; r >= 0 && k < c->nfields; k++) {
			if (c->fields[k].index == wanted &&
				purpose_covers_field(q->purpose, c->key, c->fields[k].key)) {
				is_covered = true;
				r = search_field(c, &c->fields[k], rd, q->value, fn, ctx, err);
			}
		}
	}
	return r >= 0 && !is_covered ? not_covered(err) : r;
}
