#include "control/where.h"

#include <string.h>

#include "base/err.h"
#include "control/build.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/terms.h"
#include "policy/policy.h"
#include "store/reader_alias.h"

static int need(const char *member, const char *value, struct cu_err *err)
{
	return value && *value ? 0 : cu_err_set(err, CU_EINVAL, "%s: is missing", member);
}

static int read_id(const char *text, struct id *ret, struct cu_err *err)
{
	return text && id_parse(text, ret) ?
		0 :
		cu_err_set(err, CU_EINVAL, "is: expected an id of 32 hexadecimal digits");
}

static int keep_subject(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)rec;
	buf_put((struct buf *)ctx, row->subject.b, sizeof(row->subject.b));
	return buf_check((struct buf *)ctx, err);
}

static int keep_record(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	(void)rec;
	(void)err;
	*(struct id *)ctx = row->id;
	return 0;
}

/* A record's key in its collection, or with a scheme a person's number. */
static int read_key(struct exchange *x, struct reader *rd, struct where *w, struct cu_err *err)
{
	const char *key = exchange_text(x, "key"), *scheme = exchange_text(x, "scheme");
	struct terms_query q = { "external_id", scheme, key, x->permit.purpose };
	int r = need("key", key, err);

	if (r == 0 && scheme) {
		r = terms_search(x->daemon->policy, rd, &q, keep_subject, &w->subjects, err);
		return r < 0 ? r : 0;
	}
	if (r == 0) {
		r = need("collection", w->collection, err);
	}
	if (r == 0) {
		w->is_one = true;
		r = reader_record_named(rd, w->collection, span_str(RECORD_BY_HAND), span_str(key),
			keep_record, &w->record, err);
	}
	return r < 0 ? r : 0;
}

static int read_field(struct exchange *x, struct reader *rd, const char *field, struct where *w,
	struct cu_err *err)
{
	const char *is = exchange_text(x, "is");
	struct id id;
	int kind = rule_kind_of(field), r = 0;

	if (strcmp(field, "key") == 0) {
		return read_key(x, rd, w, err);
	}
	if (kind >= 0) {
		w->by_rule = true;
		w->kind = (enum rule_kind)kind;
		w->key = is;
		return need("is", is, err);
	}
	r = read_id(is, &id, err);
	if (r == 0 && strcmp(field, "record") == 0) {
		w->is_one = true;
		w->record = id;
	} else if (r == 0) {
		r = reader_alias_follow(rd, &id, err); /* whoever names an old id means whose it is now */
		buf_put(&w->subjects, id.b, sizeof(id.b));
		r = r < 0 ? r : buf_check(&w->subjects, err);
	}
	return r;
}

static int check_collection(const struct exchange *x, const char *key, struct cu_err *err)
{
	if (key && !policy_find_collection(x->daemon->policy, key)) {
		return cu_err_set(err, CU_EINVAL, "collection: schema.yaml has no such collection");
	}
	return !key || purpose_covers(x->permit.purpose, key) ?
		0 :
		cu_err_set(err, CU_EINVAL, "collection: the purpose '%s' does not cover it",
			x->permit.purpose->key);
}

int where_read(struct exchange *x, struct reader *rd, struct where *ret, struct cu_err *err)
{
	struct where w = { .collection = exchange_text(x, "collection") };
	const char *field = exchange_text(x, "where");
	int r = check_collection(x, w.collection, err);

	if (r == 0) {
		w.is_all = field == NULL;
		r = field ? read_field(x, rd, field, &w, err) :
			    need("where, or collection", w.collection, err);
	}
	if (r < 0) {
		where_done(&w);
		return r;
	}
	*ret = w;
	return 0;
}

void where_done(struct where *w)
{
	buf_done(&w->subjects);
}

/* Calls for each subject, or once. */
struct finding {
	struct reader *reader;
	struct buf *to;
	int64_t now_ms;
	uint64_t n;
};

static int find_in(struct finding *f, const struct rule_search *s, struct cu_err *err)
{
	uint64_t n = 0;
	int r = f->to ? reader_search(f->reader, s, f->to, err) :
			reader_search_count(f->reader, s, f->now_ms, &n, err);

	f->n += n;
	return r;
}

static int find_all(const struct where *w, struct finding *f, struct cu_err *err)
{
	struct rule_search s = { .key = w->by_rule ? w->key : NULL, .kind = w->kind,
		.collection = w->collection };
	struct id subject;
	int r = 0;

	if (w->by_rule || w->is_all) {
		return find_in(f, &s, err);
	}
	for (size_t at = 0; r == 0 && at < w->subjects.n; at += sizeof(subject)) {
		memcpy(subject.b, w->subjects.p + at, sizeof(subject.b));
		s.subject = &subject;
		r = find_in(f, &s, err);
	}
	return r;
}

int where_find(const struct where *w, struct reader *rd, struct buf *to, struct cu_err *err)
{
	struct finding f = { .reader = rd, .to = to };

	if (w->is_one && !id_is_nil(&w->record)) {
		buf_put(to, w->record.b, sizeof(w->record.b));
	}
	return w->is_one ? buf_check(to, err) : find_all(w, &f, err);
}

int where_count(const struct where *w, struct reader *rd, int64_t now_ms, uint64_t *ret,
	struct cu_err *err)
{
	struct finding f = { .reader = rd, .now_ms = now_ms };
	struct row_record row;
	int r;

	if (w->is_one) {
		r = id_is_nil(&w->record) ? 0 : reader_record_row(rd, &w->record, &row, err);
		*ret = r > 0;
		return r < 0 ? r : 0;
	}
	r = find_all(w, &f, err);
	*ret = f.n;
	return r;
}
