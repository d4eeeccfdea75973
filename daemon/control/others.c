#include "control/others.h"

#include <string.h>

#include "base/err.h"
#include "policy/policy.h"
#include "store/reader_alias.h"
#include "store/reader.h"

void others_init(struct others *o, const struct policy *policy, const struct id *subject,
	const char *instead)
{
	*o = (struct others){ .policy = policy, .instead = instead, .subject = *subject,
		.text = BUF_INIT_WIPE };
	redact_init(&o->own);
	redact_init(&o->theirs);
}

void others_done(struct others *o)
{
	redact_done(&o->own);
	redact_done(&o->theirs);
	buf_done(&o->text);
}

struct lesson {
	const struct schema *schema;
	struct redact *to;
};

static int learn(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct lesson *l = ctx;

	(void)row;
	return redact_learn(l->to, l->schema, rec, err);
}

/* Who somebody is and where, not what happened: collections that do not count from an event's
 * date, which are few records whoever it is. */
static int learn_of(struct others *o, struct reader *rd, const struct id *subject,
	struct redact *to, struct cu_err *err)
{
	const struct schema *s = policy_schema(o->policy);
	struct lesson lesson = { s, to };
	struct id id = *subject; /* a record may name an old one */
	int r;

	r = reader_alias_follow(rd, &id, err);
	for (size_t i = 0; r >= 0 && i < s->ncollections; i++) {
		if (s->collections[i].anchor != ANCHOR_EVENT) {
			r = reader_records(rd, &id, s->collections[i].key, learn, &lesson, err);
		}
	}
	redact_order(to);
	return r < 0 ? r : 0;
}

/* Whom a record concerns besides the subject. */
static unsigned list_others(const struct others *o, const struct row_record *row,
	const struct record *rec, struct id to[RECORD_MAX_COSUBJECTS + 1])
{
	unsigned n = 0;

	if (!id_eq(&row->subject, &o->subject)) {
		to[n++] = row->subject;
	}
	for (unsigned i = 0; i < rec->ncosubjects; i++) {
		if (!id_eq(&rec->cosubjects[i], &o->subject)) {
			to[n++] = rec->cosubjects[i];
		}
	}
	return n;
}

static int know(struct others *o, struct reader *rd, const struct id *of, unsigned nof,
	struct cu_err *err)
{
	int r = o->knows_own ? 0 : learn_of(o, rd, &o->subject, &o->own, err);

	o->knows_own = r == 0;
	if (r < 0 || (o->nof == nof && memcmp(o->of, of, nof * sizeof(of[0])) == 0)) {
		return r;
	}
	redact_clear(&o->theirs);
	o->nof = 0;
	for (unsigned i = 0; r == 0 && i < nof; i++) {
		r = learn_of(o, rd, &of[i], &o->theirs, err);
	}
	if (r == 0) {
		memcpy(o->of, of, nof * sizeof(of[0]));
		o->nof = nof;
	}
	return r;
}

/* How the other is, who is the record's subject, unless it is the same of both; so is what
 * schema.yaml knows no more. */
static bool is_theirs(const struct others *o, const struct row_record *row,
	const struct record_field *field)
{
	const struct collection *c = policy_find_collection(o->policy, row->collection);
	char name[ENGINE_KEY_SIZE] = "";
	const struct field *f;

	if (id_eq(&row->subject, &o->subject) || redact_has(&o->own, field->value)) {
		return false;
	}
	if (field->name.n < sizeof(name)) {
		memcpy(name, field->name.p, field->name.n);
	}
	f = c ? collection_find_field(c, name) : NULL;
	return !f || redact_describes(c, f);
}

int others_leave_out(struct others *o, struct reader *rd, const struct row_record *row,
	struct record *rec, struct cu_err *err)
{
	struct id of[RECORD_MAX_COSUBJECTS + 1];
	unsigned nof = list_others(o, row, rec, of);
	size_t at[RECORD_MAX_FIELDS + 1] = { 0 };
	int r;

	if (nof == 0) {
		return 0;
	}
	if (!id_eq(&row->subject, &o->subject)) {
		rec->key = (struct span){ 0 };
	}
	r = know(o, rd, of, nof, err);
	buf_clear(&o->text);
	for (unsigned i = 0; i < rec->nfields; i++) {
		if (is_theirs(o, row, &rec->fields[i])) {
			buf_put_str(&o->text, o->instead);
		} else {
			redact_put(&o->theirs, &o->own, rec->fields[i].value, o->instead, &o->text);
		}
		at[i + 1] = o->text.n;
	}
	r = r < 0 ? r : buf_check(&o->text, err);
	for (unsigned i = 0; r == 0 && i < rec->nfields; i++) {
		rec->fields[i].value = span_of(o->text.p + at[i], at[i + 1] - at[i]);
	}
	return r;
}
