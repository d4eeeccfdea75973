#include "world_parts.h"

void value_text(unsigned person, unsigned record, unsigned value, char to[48])
{
	snprintf(to, 48, "person %u record %u value %u", person, record, value);
}

bool prepare_write(struct world *w, struct change *c)
{
	const struct model_person *p = &w->model.people[c->person];
	struct model_record *r;

	c->record = c->step->b % MODEL_RECORDS;
	r = &w->model.people[c->of].records[c->record];
	if (!r->is_there) {
		r->month = c->step->c % MODEL_MONTHS;
	}
	c->is_refused = p->is_restricted;
	return model_sees(&w->model, c->person) && p->fate != FATE_WAITS && p->fate != FATE_DOOMED;
}

/* The next version of a record, or a new one. */
static int put_value(struct tx *tx, struct change *c, const struct model_record *r,
	const struct id *owner, struct cu_err *err)
{
	enum model_collection in = model_collection_of(c->record);
	struct record rec = { .subject = *owner, .anchor_day = CIVIL_NO_DAY,
		.origin = RECORD_INTERNAL };
	char value[48];
	int code;

	rec.id = r->is_there ? r->id : rec.id;
	snprintf(rec.collection, sizeof(rec.collection), "%s", model_name(in));
	rec.cohort = in == MODEL_SALE ? FIRST_MONTH + r->month : 0;
	value_text(c->of, c->record, r->value + 1, value);
	code = record_set(&rec, span_str("value"), span_str(value), err);
	if (code == 0) {
		code = tx_record_put(tx, &rec, err);
	}
	if (code == 0) {
		code = tx_records_leaf(tx, owner, rec.collection, "care", &rec.id, 1, err);
	}
	return code;
}

static int apply_add_one(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	struct model_record none = { 0 };
	struct id who;
	int r = tx_subject_add(tx, SUBJECT_PERSON, "care", &who, err);

	return r < 0 ? r : put_value(tx, c, &none, &who, err);
}

static int apply_write(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct change *c = (struct change *)op;
	const struct model_person *people = c->world->model.people;

	return put_value(tx, c, &people[c->of].records[c->record], &people[c->person].id, err);
}

void do_add(struct world *w, struct change *c)
{
	world_run(w, c, apply_add_one);
}

/* What is restricted is not changed. */
void do_write(struct world *w, struct change *c)
{
	(c->is_refused ? world_run_refused : world_run)(w, c, apply_write);
}

static int apply_read(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct change *c = (const struct change *)op;
	struct leaf leaf = { .act = LEAF_SUBJECT_READ, .purpose = "care",
		.sub = c->world->model.people[c->person].id };

	return tx_leaf(tx, &leaf, err);
}

/* No row of data.db has such a leaf: only the log's own sync makes it last. */
void do_read(struct world *w, struct change *c)
{
	struct cu_err err = { 0 };
	struct sight s;

	(void)look_at(&w->sample, &w->model.people[c->person].id, &s);
	c->op = (struct store_op){ .apply = apply_read, .kind = STORE_LEAF };
	assert_ok(store_run(w->sample.store, &c->op, &err), &err);
	world_promise(w, false);
}

/* --- the model takes it, too -------------------------------------------------------------------- */

/* A correction stays under the key that stands for its month, if it has one. */
static unsigned month_key_of(struct model *m, const struct model_record *r)
{
	for (unsigned i = 0; r->is_there && i < m->nprivates; i++) {
		if (m->privates[i].key == r->month_key) {
			return r->month_key;
		}
	}
	return model_month_key(m, r->month);
}

/* A record was written; its id is what the store has and the model does not. */
void learn_record(struct world *w, unsigned of, unsigned record)
{
	struct model *m = &w->model;
	struct model_record *r = &m->people[of].records[record];
	unsigned owner = model_owner(m, of);
	enum model_collection in = model_collection_of(record);
	char wanted[48];
	struct sight s;

	value_text(of, record, r->value + 1, wanted);
	look_at(&w->sample, &m->people[owner].id, &s);
	for (unsigned i = 0; i < s.n; i++) {
		if (strcmp(s.at[i].value, wanted) == 0) {
			r->month_key = in == MODEL_SALE ? month_key_of(m, r) : 0;
			r->is_there = true;
			r->id = s.at[i].id;
			r->value++;
			r->key = model_key(m, owner, in);
		}
	}
}

static bool is_known(const struct model *m, const struct id *id)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		if (id_eq(&m->people[i].id, id)) {
			return true;
		}
	}
	return false;
}

/* Whoever is new in the store is the next person of the model. */
void learn_person(struct world *w)
{
	struct reader *rd = store_reader_take(w->sample.store);
	struct row_subject who;
	struct id *after = NULL;
	struct cu_err err = { 0 };
	unsigned number = w->model.npeople;
	int r;

	while ((r = reader_next_subject(rd, after, &who, &err)) > 0) {
		after = &who.id;
		if (!is_known(&w->model, &who.id)) {
			w->model.people[w->model.npeople++] = (struct model_person){
				.is_there = true, .id = who.id };
		}
	}
	store_reader_give(w->sample.store, rd);
	assert_ok(r, &err);
	assert_true(w->model.npeople <= number + 1);
	if (w->model.npeople > number) {
		learn_record(w, number, 0);
		assert_true(w->model.people[number].records[0].is_there);
	}
}

