/* Records with keys and rules of their own: put. */
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/build.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/rule_build.h"
#include "control/terms.h"
#include "store/tx_rule.h"

#define MAX_RECORDS 1000 /* in one call */

enum mode { MODE_NEW, MODE_KNOWN, MODE_ANY };

struct put {
	struct store_op op;
	struct exchange *x;
	struct id request, subject; /* nil: none */
	enum mode mode;
	const json_t *given;
	struct id permitted; /* the last subject that was asked for */
	struct buf reply;    /* ids: the subject and the record of each */
	struct buf text;     /* of the record that is changed; wiped */
};

/* One of them, on its way. */
struct one {
	const json_t *given;
	const struct collection *collection;
	struct record rec;
	struct ruling ruling;
	bool has_rule, is_known;
	struct row_record row; /* is_known: what it was */
	char old_class[ENGINE_KEY_SIZE]; /* of its cohort then */
};

/* --- whose it is ------------------------------------------------------------------ */

static int put_identifier(struct tx *tx, struct put *p, const json_t *owner,
	const struct id *subject, struct cu_err *err)
{
	json_t *fields = json_pack("{s:O, s:O}", "scheme", json_object_get(owner, "scheme"), "value",
		json_object_get(owner, "number"));
	const struct collection *c = NULL;
	struct record rec;
	int r = build_begin(p->x->daemon->policy, TERMS_IDENTIFIER, &rec, &c, err);

	if (!fields) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	if (r == 0) {
		r = build_fields(c, fields, &rec, err);
	}
	if (r == 0) {
		r = build_finish(c, NULL, &rec, err);
	}
	if (r == 0) {
		rec.subject = *subject;
		r = tx_record_put(tx, &rec, err);
	}
	if (r == 0) {
		r = tx_records_leaf(tx, subject, TERMS_IDENTIFIER, p->x->purpose, &rec.id, 1, err);
	}
	json_decref(fields);
	return r;
}

/* The person with this number, who may be made. */
static int find_owner(struct tx *tx, struct put *p, const json_t *owner, struct id *ret,
	struct cu_err *err)
{
	const char *scheme = json_string_value(json_object_get(owner, "scheme"));
	const char *number = json_string_value(json_object_get(owner, "number"));
	struct buf term = BUF_INIT_WIPE;
	int r;

	if (!*scheme || !*number ||
		!purpose_covers_field(p->x->permit.purpose, TERMS_IDENTIFIER, "value")) {
		return cu_err_set(err, CU_EINVAL, "owner: %s",
			*scheme && *number ? _("the purpose does not cover identifier.value") :
					     _("scheme or number is empty"));
	}
	r = terms_external(scheme, span_str(number), &term, err);
	if (r == 0) {
		r = tx_find_subject(tx, TERMS_EXTERNAL, buf_span(&term), ret, err);
	}
	buf_done(&term);
	if (r == 0) {
		r = tx_subject_add(tx, SUBJECT_PERSON, p->x->purpose, ret, err);
		r = r < 0 ? r : put_identifier(tx, p, owner, ret, err);
	}
	return r < 0 ? r : 0;
}

/* Of a record that is there it stays who it is. */
static int settle_subject(struct tx *tx, struct put *p, struct one *o, struct cu_err *err)
{
	const json_t *owner = json_object_get(o->given, "owner");
	struct id subject = p->subject;
	int r = 0;

	if (o->is_known) {
		subject = o->row.subject;
	} else if (owner && id_is_nil(&subject)) {
		r = find_owner(tx, p, owner, &subject, err);
	} else if (id_is_nil(&subject)) {
		r = cu_err_set(err, CU_EINVAL, "whose is it? subject, or owner, is missing");
	}
	if (r == 0 && !id_eq(&subject, &p->permitted)) {
		r = exchange_permit_write(p->x, tx, &subject, err);
		p->permitted = subject;
	}
	o->rec.subject = subject;
	return r;
}

/* --- the record ------------------------------------------------------------------- */

/* One that its rule keeps from the purpose, or that is over, is as if it were not there; but its key is
 * taken.  1: it is there. */
static int look_at(struct tx *tx, struct put *p, struct one *o, struct cu_err *err)
{
	struct ruling is = { .fixed_ms = o->row.expires_ms };
	int r = exchange_uses(p->x, tx, &o->row, err);

	if (r >= 0 && p->mode == MODE_NEW) {
		return cu_err_set(err, CU_EEXIST, "%s has a record with this key",
			o->collection->key);
	}
	if (r <= 0) {
		return r < 0 ? r :
			       cu_err_set(err, CU_ENOENT,
				       "there is no such record, or none that you may change for this purpose");
	}
	o->is_known = true;
	r = tx_rule_get(tx, o->row.rule, &is.rule, err);
	if (r < 0) {
		return r;
	}
	if (!o->has_rule) {
		o->ruling = is;
	}
	r = tx_record_class(tx, &o->row, o->old_class, err);
	if (r < 0) {
		return r;
	}
	/* the sealer that holds the old version's values will seal the new one */
	return record_copy_spans(&o->rec, &p->text, err);
}

static int find_known(struct tx *tx, struct put *p, struct one *o, struct cu_err *err)
{
	const char *key = json_string_value(json_object_get(o->given, "key"));
	struct record old;
	int r = 0;

	if (key && *key) {
		r = tx_find_source(tx, o->collection->key, span_str(RECORD_BY_HAND), span_str(key),
			&o->row, &old, err);
	}
	if (r > 0) {
		o->rec = old;
		r = look_at(tx, p, o, err);
	} else if (r == 0 && key && *key) {
		o->rec.source = span_str(RECORD_BY_HAND);
		o->rec.key = span_str(key);
	}
	if (r == 0 && !o->is_known && p->mode == MODE_KNOWN) {
		r = cu_err_set(err, CU_ENOENT, "there is no record with this key");
	}
	return r;
}

/* The anchor that was given stays, unless a field holds it. */
static int finish(struct one *o, struct cu_err *err)
{
	const char *anchor = json_string_value(json_object_get(o->given, "anchor"));
	char day[CIVIL_DAY_SIZE];

	if (!anchor && o->is_known && o->rec.anchor_day != CIVIL_NO_DAY &&
		!o->collection->anchor_field) {
		civil_format_day(o->rec.anchor_day, day);
		anchor = day;
	}
	return build_finish(o->collection, anchor, &o->rec, err);
}

static int store_one(struct tx *tx, struct put *p, struct one *o, struct cu_err *err)
{
	const struct policy *policy = p->x->daemon->policy;
	int64_t created_ms = o->is_known ? o->row.created_ms : tx->now_ms;
	bool is_ruled = o->has_rule || o->is_known;
	int64_t end_ms = is_ruled ? rule_end(policy, o->collection->key, &o->ruling, created_ms,
					    o->rec.anchor_day) :
				    0;
	int r;

	o->rec.expires_ms = end_ms;
	build_class(policy, o->old_class, &o->rec);
	r = tx_record_put(tx, &o->rec, err);
	if (r == 0 && (o->has_rule || (o->is_known && end_ms != o->row.expires_ms))) {
		r = tx_rule_put(tx, &o->rec.id, &o->ruling.rule, end_ms, err);
	}
	if (r == 0) {
		r = tx_records_leaf(
			tx, &o->rec.subject, o->rec.collection, p->x->purpose, &o->rec.id, 1, err);
	}
	buf_put(&p->reply, o->rec.subject.b, sizeof(struct id));
	buf_put(&p->reply, o->rec.id.b, sizeof(struct id));
	return r;
}

static int put_one(struct tx *tx, struct put *p, const json_t *given, struct cu_err *err)
{
	const struct policy *policy = p->x->daemon->policy;
	const json_t *rule = json_object_get(given, "rule"), *fields = json_object_get(given, "fields");
	struct one o = { .given = given, .has_rule = rule && !json_is_null(rule) };
	int r = build_begin(policy, json_string_value(json_object_get(given, "collection")), &o.rec,
		&o.collection, err);

	if (r == 0) {
		r = build_covered(p->x->permit.purpose, o.collection, fields, err);
	}
	if (r == 0 && o.has_rule) {
		r = rule_build(policy, rule, &o.ruling, err);
	}
	if (r == 0) {
		r = find_known(tx, p, &o, err);
	}
	if (r == 0) {
		r = settle_subject(tx, p, &o, err);
	}
	if (r == 0) {
		r = build_fields(o.collection, fields, &o.rec, err);
	}
	if (r == 0) {
		r = finish(&o, err);
	}
	if (r == 0) {
		r = store_one(tx, p, &o, err);
	}
	buf_clear(&p->text);
	return r;
}

static int apply_put(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct put *p = (struct put *)op;
	int r = id_is_nil(&p->request) ? 0 : tx_request_get(tx, &p->request, &p->reply, err);

	if (r != 0) {
		return r < 0 ? r : 0; /* answered before: answered alike */
	}
	for (size_t i = 0; r == 0 && i < json_array_size(p->given); i++) {
		r = put_one(tx, p, json_array_get(p->given, i), err);
		if (r < 0) {
			cu_err_wrap(err, r, "records[%zu]", i);
		}
	}
	if (r == 0) {
		r = buf_check(&p->reply, err);
	}
	return r < 0 || id_is_nil(&p->request) ?
		r :
		tx_request_put(tx, &p->request, buf_span(&p->reply), err);
}

/* --- put -------------------------------------------------------------------------- */

static void show_ids(struct json *out, const char *name, const struct buf *ids, size_t from)
{
	json_open_array(out, name);
	for (size_t at = from; at + sizeof(struct id) <= ids->n; at += 2 * sizeof(struct id)) {
		json_hex(out, NULL, ids->p + at, sizeof(struct id));
	}
	json_close_array(out);
}

int handle_RECORD_PUT(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct put p = { .op.apply = apply_put, .x = x, .text = BUF_INIT_WIPE,
		.given = json_object_get(x->call.parameters, "records") };
	const char *mode = exchange_text(x, "mode");
	int r = exchange_request(x, &p.request, err);

	p.mode = !mode || strcmp(mode, "new") == 0 ? MODE_NEW :
		strcmp(mode, "known") == 0	   ? MODE_KNOWN :
						     MODE_ANY;
	if (r == 0) {
		r = exchange_id(x, "subject", &p.subject, err);
	}
	if (r == 0 && json_array_size(p.given) > MAX_RECORDS) {
		r = cu_err_set(err, CU_ELIMIT, "records: at most %d in one call", MAX_RECORDS);
	}
	if (r == 0) {
		r = exchange_change(x, &p.op, err);
	}
	if (r == 0) {
		show_ids(out, "subjects", &p.reply, 0);
		show_ids(out, "records", &p.reply, sizeof(struct id));
	}
	buf_done(&p.reply);
	buf_done(&p.text);
	return r;
}
