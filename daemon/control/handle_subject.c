/* Subjects by hand: add, get, update, search. */
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/build.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/show.h"
#include "control/terms.h"
#include "store/reader.h"
#include "store/tx_merge.h"
#include "store/tx.h"

#define MAX_RECORDS 1000 /* in one call */

/* --- add -------------------------------------------------------------------------- */

struct add {
	struct store_op op;
	struct exchange *x;
	struct id request; /* nil: none */
	enum subject_kind kind;
	struct record *records;
	size_t n;
	struct buf reply; /* ids: the subject, then its records */
};

/* An old id is the one whose it is now. */
static int require_others(struct tx *tx, struct record *rec, struct cu_err *err)
{
	struct row_subject who;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < rec->ncosubjects; i++) {
		r = tx_alias_follow(tx, &rec->cosubjects[i], err);
		r = r < 0 ? r : tx_subject_require(tx, &rec->cosubjects[i], &who, err);
		if (r < 0) {
			cu_err_wrap(err, r, "others[%u]", i);
		}
	}
	return r;
}

static int add_all(struct tx *tx, struct add *a, struct cu_err *err)
{
	struct id subject;
	int r = tx_subject_add(tx, a->kind, a->x->purpose, &subject, err);

	if (r < 0) {
		return r;
	}
	buf_put(&a->reply, subject.b, sizeof(subject.b));
	for (size_t i = 0; i < a->n; i++) {
		a->records[i].subject = subject;
		r = require_others(tx, &a->records[i], err);
		r = r < 0 ? r : tx_record_put(tx, &a->records[i], err);
		if (r < 0) {
			return r;
		}
		buf_put(&a->reply, a->records[i].id.b, sizeof(a->records[i].id.b));
	}
	if (a->n > 0) {
		r = tx_records_leaf(tx, &subject, NULL, a->x->purpose, NULL, a->n, err);
	}
	return r < 0 ? r : buf_check(&a->reply, err);
}

static int apply_add(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct add *a = (struct add *)op;
	int r = 0;

	if (!id_is_nil(&a->request)) {
		r = tx_request_get(tx, &a->request, &a->reply, err);
		if (r != 0) {
			return r < 0 ? r : 0; /* answered before: answered alike */
		}
	}
	r = add_all(tx, a, err);
	if (r == 0 && !id_is_nil(&a->request)) {
		r = tx_request_put(tx, &a->request, buf_span(&a->reply), err);
	}
	return r;
}

/* Other subjects whom it concerns; that there are such is looked at when it is written. */
static int build_others(const json_t *others, struct record *rec, struct cu_err *err)
{
	if (json_array_size(others) > RECORD_MAX_COSUBJECTS) {
		return cu_err_set(err, CU_ELIMIT, "others: at most %d", RECORD_MAX_COSUBJECTS);
	}
	for (size_t i = 0; i < json_array_size(others); i++) {
		struct id *id = &rec->cosubjects[rec->ncosubjects++];

		if (!id_parse(json_string_value(json_array_get(others, i)), id)) {
			return cu_err_set(err, CU_EINVAL,
				"others[%zu]: expected the id of a person or organisation", i);
		}
	}
	return 0;
}

static int build_one(struct exchange *x, const json_t *given, struct record *rec,
	struct cu_err *err)
{
	const char *anchor = json_string_value(json_object_get(given, "anchor"));
	const json_t *key = json_object_get(given, "key");
	const struct collection *c;
	int r = build_begin(x->daemon->policy,
		json_string_value(json_object_get(given, "collection")), rec, &c, err);

	if (r == 0) {
		r = build_covered(x->permit.purpose, c, json_object_get(given, "fields"), err);
	}
	if (r == 0) {
		r = build_fields(c, json_object_get(given, "fields"), rec, err);
	}
	if (r == 0) {
		r = build_finish(c, anchor, rec, err);
		build_class(x->daemon->policy, "", rec);
	}
	if (r == 0) {
		r = build_others(json_object_get(given, "others"), rec, err);
	}
	if (r == 0 && key) {
		rec->source = span_str(RECORD_BY_HAND);
		rec->key = span_of(json_string_value(key), json_string_length(key));
	}
	return r;
}

static void show_ids(struct json *out, struct span ids)
{
	json_hex(out, "subject", ids.p, sizeof(struct id));
	json_open_array(out, "records");
	for (size_t at = sizeof(struct id); at + sizeof(struct id) <= ids.n;
		at += sizeof(struct id)) {
		json_hex(out, NULL, ids.p + at, sizeof(struct id));
	}
	json_close_array(out);
}

int handle_SUBJECT_ADD(struct exchange *x, struct json *out, struct cu_err *err)
{
	const json_t *given = json_object_get(x->call.parameters, "records");
	struct add a = { .op.apply = apply_add, .x = x, .n = json_array_size(given) };
	int r = exchange_request(x, &a.request, err);

	a.kind = strcmp(exchange_text(x, "kind"), "person") == 0 ? SUBJECT_PERSON :
								     SUBJECT_ORGANISATION;
	if (r == 0 && a.n > MAX_RECORDS) {
		r = cu_err_set(err, CU_ELIMIT, "records: at most %d in one call", MAX_RECORDS);
	}
	if (r == 0) {
		a.records = calloc(a.n + 1, sizeof(*a.records));
		if (!a.records) {
			r = cu_err_set(err, CU_ENOMEM, "out of memory");
		}
	}
	for (size_t i = 0; r == 0 && i < a.n; i++) {
		r = build_one(x, json_array_get(given, i), &a.records[i], err);
		if (r < 0) {
			cu_err_wrap(err, r, "records[%zu]", i);
		}
	}
	if (r == 0) {
		r = exchange_change(x, &a.op, err);
	}
	if (r == 0) {
		show_ids(out, buf_span(&a.reply));
	}
	free(a.records); /* spans only: the values are the call's */
	buf_done(&a.reply);
	return r;
}

/* --- get -------------------------------------------------------------------------- */

struct get {
	struct json *out;
	struct show_filter filter;
};

static int show_one(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct get *g = ctx;

	(void)err;
	if (show_has_collection(&g->filter, row->collection)) {
		show_record(g->out, &g->filter, row, rec);
	}
	return 0;
}

int handle_SUBJECT_GET(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct get g = { out, { x->daemon->policy, &x->permit,
		json_object_get(x->call.parameters, "collections"),
		json_object_get(x->call.parameters, "fields") } };
	struct leaf leaf = { .act = LEAF_SUBJECT_READ };
	struct standing s;
	struct reader *rd;
	int r = exchange_id(x, "subject", &leaf.sub, err);

	if (r < 0) {
		return r;
	}
	rd = exchange_reader(x);
	r = reader_begin(rd, err);
	exchange_saw(x, rd);
	if (r == 0) {
		r = exchange_permit(x, rd, &leaf.sub, &s, err);
		if (r == 0) {
			json_hex(out, "subject", leaf.sub.b, sizeof(leaf.sub.b));
			show_kind(out, s.who.kind);
			json_open_array(out, "records");
			r = reader_records(rd, &leaf.sub, NULL, show_one, &g, err);
			json_close_array(out);
		}
		reader_end(rd);
	}
	store_reader_give(x->daemon->house.store, rd);
	if (r >= 0) {
		exchange_leaf_at_end(x, &leaf); /* durable before the first byte leaves */
	}
	return r;
}

/* --- update ----------------------------------------------------------------------- */

struct update {
	struct store_op op;
	struct exchange *x;
	struct id request, subject, record;
	const struct collection *collection;
	const json_t *fields;
	struct buf reply; /* record id, version */
};

/* An anchor that was given with the record stays; one that follows from a field follows it. */
static void put_given_anchor(const struct collection *c, const struct record *rec,
	char to[CIVIL_DAY_SIZE])
{
	bool is_from_field = c->anchor == ANCHOR_RELATIONSHIP ||
		(c->anchor == ANCHOR_EVENT && record_get(rec, c->anchor_field).n > 0);

	if (rec->anchor_day != CIVIL_NO_DAY && !is_from_field) {
		civil_format_day(rec->anchor_day, to);
	}
}

static int update_one(struct tx *tx, struct update *u, struct buf *text, struct cu_err *err)
{
	struct record rec;
	struct row_record row;
	char anchor[CIVIL_DAY_SIZE] = "", old_class[ENGINE_KEY_SIZE] = "";
	int r = exchange_permit_write(u->x, tx, &u->subject, err);

	if (r == 0) {
		r = build_begin(u->x->daemon->policy, u->collection->key, &rec, &u->collection, err);
	}
	if (r == 0 && !id_is_nil(&u->record)) {
		r = tx_record_get(tx, &u->record, &row, &rec, err);
		if (r == 0 || (r > 0 && (!id_eq(&rec.subject, &u->subject) ||
						strcmp(rec.collection, u->collection->key) != 0))) {
			return cu_err_set(err, CU_ENOENT, "this subject has no such record");
		}
		/* the sealer that holds the old version's values will seal the new one */
		r = r < 0 ? r : record_copy_spans(&rec, text, err);
		if (r == 0) {
			r = exchange_uses(u->x, tx, &row, err);
			r = r == 0 ? cu_err_set(err, CU_ENOENT, "this subject has no such record") :
			    r < 0  ? r :
				     0;
		}
		if (r == 0) {
			r = tx_record_class(tx, &row, old_class, err);
			r = r < 0 ? r : 0;
		}
		put_given_anchor(u->collection, &rec, anchor);
	}
	rec.subject = u->subject;
	if (r == 0) {
		r = build_fields(u->collection, u->fields, &rec, err);
	}
	if (r == 0) {
		r = build_finish(u->collection, anchor[0] ? anchor : NULL, &rec, err);
	}
	if (r == 0) {
		build_class(u->x->daemon->policy, old_class, &rec);
		r = tx_record_put(tx, &rec, err);
	}
	if (r == 0) {
		buf_put(&u->reply, rec.id.b, sizeof(rec.id.b));
		buf_put_u32(&u->reply, rec.version);
		r = tx_records_leaf(tx, &u->subject, rec.collection, u->x->purpose, &rec.id, 1, err);
	}
	return r;
}

static int apply_update(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct update *u = (struct update *)op;
	struct buf text = BUF_INIT_WIPE;
	int r = 0;

	if (!id_is_nil(&u->request)) {
		r = tx_request_get(tx, &u->request, &u->reply, err);
		if (r != 0) {
			return r < 0 ? r : 0;
		}
	}
	r = update_one(tx, u, &text, err);
	if (r == 0 && !id_is_nil(&u->request)) {
		r = tx_request_put(tx, &u->request, buf_span(&u->reply), err);
	}
	buf_done(&text);
	return r;
}

int handle_SUBJECT_UPDATE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct update u = { .op.apply = apply_update, .x = x,
		.fields = json_object_get(x->call.parameters, "fields"),
		.collection = policy_find_collection(x->daemon->policy,
			exchange_text(x, "collection")) };
	int r = exchange_request(x, &u.request, err);

	if (r == 0) {
		r = exchange_id(x, "subject", &u.subject, err);
	}
	if (r == 0) {
		r = exchange_id(x, "record", &u.record, err);
	}
	if (r == 0 && !u.collection) {
		r = cu_err_set(err, CU_EINVAL, "collection: schema.yaml has no such collection");
	}
	if (r == 0) {
		r = build_covered(x->permit.purpose, u.collection, u.fields, err);
	}
	if (r == 0) {
		r = exchange_change(x, &u.op, err);
	}
	if (r == 0) {
		struct cursor c = cursor_of(buf_span(&u.reply));
		struct id id;

		cursor_copy(&c, id.b, sizeof(id.b));
		json_hex(out, "record", id.b, sizeof(id.b));
		json_uint(out, "version", cursor_u32(&c));
	}
	buf_done(&u.reply);
	return r;
}

/* --- search ----------------------------------------------------------------------- */

/* Subjects that were found, each once. */
struct hits {
	struct exchange *x;
	struct reader *reader;
	struct buf ids;
};

static int add_hit(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct hits *h = ctx;
	const struct permit *p = &h->x->permit;
	struct standing s;
	int r = standing_read(h->reader, &row->subject, permit_events_of(p), NULL,
		exchange_now_ms(h->x), &s, err);

	(void)rec;
	if (r < 0 || permit_judge(p, &s) != PERMIT_GRANTED) {
		return r;
	}
	for (size_t at = 0; at < h->ids.n; at += sizeof(struct id)) {
		if (memcmp(h->ids.p + at, row->subject.b, sizeof(struct id)) == 0) {
			return 0;
		}
	}
	buf_put(&h->ids, row->subject.b, sizeof(struct id));
	return buf_check(&h->ids, err);
}

static int search(struct exchange *x, struct reader *rd, struct buf *ids, struct cu_err *err)
{
	struct hits hits = { x, rd, BUF_INIT };
	struct terms_query q = { exchange_text(x, "by"), exchange_text(x, "scheme"),
		exchange_text(x, "value"), x->permit.purpose };
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = terms_search(x->daemon->policy, rd, &q, add_hit, &hits, err);
		reader_end(rd);
	}
	*ids = hits.ids;
	return r;
}

/* Nobody, or one, who is named: the leaf is enough. */
static int tell_hits(struct exchange *x, const struct buf *ids, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_SUBJECT_SEARCH, .count = ids->n / sizeof(struct id) };

	if (leaf.count > 1) {
		return exchange_bulk(x, leaf.act, buf_span(ids), err);
	}
	if (leaf.count == 1) {
		memcpy(leaf.sub.b, ids->p, sizeof(leaf.sub.b));
	}
	exchange_leaf_at_end(x, &leaf);
	return 0;
}

int handle_SUBJECT_SEARCH(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct reader *rd = exchange_reader(x);
	struct buf ids = BUF_INIT;
	int r = search(x, rd, &ids, err);

	store_reader_give(x->daemon->house.store, rd);
	if (r >= 0) {
		r = tell_hits(x, &ids, err);
	}
	if (r >= 0) {
		json_open_array(out, "subjects");
		for (size_t at = 0; at < ids.n; at += sizeof(struct id)) {
			json_hex(out, NULL, ids.p + at, sizeof(struct id));
		}
		json_close_array(out);
	}
	buf_done(&ids);
	return r;
}
