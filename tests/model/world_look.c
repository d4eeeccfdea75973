#include "world_parts.h"

#include "store/reader_alias.h"
#include "store/reader_dsr.h"
#include "store/reader_hold.h"
#include "store/standing.h"

static int see(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct sight *s = ctx;
	struct span value = record_get(rec, "value");

	(void)err;
	assert_true(s->n <= MAX_SEEN && value.n < sizeof(s->at[0].value));
	s->at[s->n].id = row->id;
	memcpy(s->at[s->n].value, value.p, value.n);
	s->n++;
	return 0;
}

/* Who can be read, and what of them; false: nobody. */
bool look_at(struct sample *in, const struct id *person, struct sight *ret)
{
	struct reader *rd = store_reader_take(in->store);
	struct row_subject who;
	struct cu_err err = { 0 };
	int there;

	*ret = (struct sight){ 0 };
	assert_ok(reader_begin(rd, &err), &err);
	there = reader_subject(rd, person, &who, &err);
	assert_ok(there, &err);
	assert_ok(reader_records(rd, person, NULL, see, ret, &err), &err);
	reader_end(rd);
	store_reader_give(in->store, rd);
	return there > 0 && who.state == SUBJECT_LIVE;
}

static const char *find_seen(const struct sight *s, const struct id *record)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (id_eq(&s->at[i].id, record)) {
			return s->at[i].value;
		}
	}
	return NULL;
}

/* What was written of this person, whosever it is now; how many records there are. */
static unsigned compare_records(const struct sight *s, const struct model *m, unsigned of,
	const char *where)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MODEL_RECORDS; i++) {
		const struct model_record *r = &m->people[of].records[i];
		const char *value = find_seen(s, &r->id);
		char wanted[48];

		value_text(of, i, r->value, wanted);
		if (!model_sees_record(m, of, i)) {
			if (r->value > 0 && value) {
				fail_msg("%s: person %u: record %u is there", where, of, i);
			}
		} else if (!value || strcmp(value, wanted) != 0) {
			fail_msg("%s: '%s' is '%s'", where, wanted, value ? value : "not there");
		} else {
			n++;
		}
	}
	return n;
}

void compare_records_of(struct sample *in, const struct model *m, unsigned owner,
	const char *where)
{
	struct sight s;
	bool is_there = look_at(in, &m->people[owner].id, &s);
	unsigned n = 0;

	if (is_there != model_sees(m, owner)) {
		fail_msg("%s: person %u is %s", where, owner, is_there ? "there" : "not there");
	}
	for (unsigned i = 0; is_there && i < m->npeople; i++) {
		n += model_owner(m, i) == owner ? compare_records(&s, m, i, where) : 0;
	}
	if (is_there && n != s.n) {
		fail_msg("%s: person %u has %u records instead of %u", where, owner, s.n, n);
	}
}

/* Under the old id nothing is left but whose it is now. */
static void compare_merged(struct sample *in, const struct model *m, unsigned person,
	const char *where)
{
	const struct id *owner = &m->people[model_owner(m, person)].id;
	struct id id = m->people[person].id;
	struct reader *rd = store_reader_take(in->store);
	struct cu_err err = { 0 };
	struct sight s;

	assert_ok(reader_alias_follow(rd, &id, &err), &err);
	store_reader_give(in->store, rd);
	if (look_at(in, &m->people[person].id, &s) || s.n > 0) {
		fail_msg("%s: person %u is still there, with %u records", where, person, s.n);
	}
	if (model_sees(m, person) && !id_eq(&id, owner)) {
		fail_msg("%s: person %u is not found to be another", where, person);
	}
}

/* What was said, by whoever is there, under each of his ids. */
static void compare_standing(struct sample *in, const struct model *m, unsigned person,
	const char *where)
{
	const struct model_person *p = &m->people[model_owner(m, person)];
	static const enum consent_state states[] = { CONSENT_NONE, CONSENT_GIVEN,
		CONSENT_WITHDRAWN };
	struct reader *rd = store_reader_take(in->store);
	struct cu_err err = { 0 };
	struct standing s;

	assert_ok(standing_read(rd, &m->people[person].id, "care", NULL, in->now_ms, &s, &err), &err);
	store_reader_give(in->store, rd);
	s.state = s.state == CONSENT_RENEWED   ? CONSENT_GIVEN :
		s.state == CONSENT_INVALIDATED ? CONSENT_WITHDRAWN : /* by a merge */
						 s.state;
	if (s.state != states[p->consent] || s.is_objected != p->is_objected) {
		fail_msg("%s: person %u: consent is %d, objection %d", where, person, s.state,
			s.is_objected);
	}
	if (s.who.is_restricted != p->is_restricted) {
		fail_msg("%s: person %u is %srestricted", where, person,
			p->is_restricted ? "not " : "");
	}
}

/* The keys of whom m calls erased, or merged and done with, open for nobody, whatever rows there
 * are. */
static void expect_no_keys(const struct world *w, struct sample *in, const struct model *m,
	unsigned person, const char *where)
{
	const struct model_person *p = &m->people[person];
	bool is_gone = p->is_merged ? p->old_keys == OLD_KEYS_ENDED ||
			(p->old_keys == OLD_KEYS_WAIT && model_is_erased(m, model_owner(m, person))) :
				      model_is_erased(m, person);
	struct cu_err err = { 0 };
	struct key *key = NULL;

	assert_ok(key_new(in->arena, &key, &err), &err);
	for (unsigned i = 0; is_gone && i < w->nslots[person]; i++) {
		if (vault_slot_key(in->vault, w->slots[person][i], key, &err) != CU_ENOKEY) {
			fail_msg("%s: person %u: a key still opens", where, person);
		}
	}
	key_free(in->arena, key);
}

/* Is it somebody of the model, who is or was there. */
static bool is_somebody(const struct model *m, const struct id *id)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		if (m->people[i].is_there && id_eq(&m->people[i].id, id)) {
			return true;
		}
	}
	return false;
}

/* Those that are there and hold, of people that are there, are those of the model. */
static void compare_holds(struct sample *in, const struct model *m, const char *where)
{
	struct reader *rd = store_reader_take(in->store);
	struct row_hold row, *after = NULL;
	struct cu_err err = { 0 };
	unsigned n = 0, wanted = 0;
	int r;

	while ((r = reader_next_hold(rd, after, &row, &err)) > 0) {
		after = &row;
		n += row.state == HOLD_ACTIVE && is_somebody(m, &row.subject);
	}
	assert_ok(r, &err);
	for (unsigned i = 0; i < m->nholds; i++) {
		wanted += m->holds[i].is_active;
		if (m->holds[i].is_active && (reader_hold(rd, &m->holds[i].id, &row, &err) != 1 ||
						     row.state != HOLD_ACTIVE)) {
			fail_msg("%s: hold %u of person %u holds no more", where, i,
				m->holds[i].person);
		}
	}
	store_reader_give(in->store, rd);
	if (n != wanted) {
		fail_msg("%s: %u holds instead of %u", where, n, wanted);
	}
}

static void compare_requests(struct sample *in, const struct model *m, const char *where)
{
	struct reader *rd = store_reader_take(in->store);
	struct row_dsr row;
	struct cu_err err = { 0 };

	for (unsigned i = 0; i < m->nrequests; i++) {
		int r = reader_dsr_by_id(rd, &m->requests[i].id, &row, &err);

		assert_ok(r, &err);
		if (r == 0 || (row.closed_ms == 0) != m->requests[i].is_open) {
			fail_msg("%s: request %u is %s", where, i,
				r == 0		       ? "not there" :
				row.closed_ms == 0 ? "open" :
						     "closed");
		}
	}
	store_reader_give(in->store, rd);
}

struct looking {
	struct store_op op;
	struct sample *in;
	unsigned nunlogged;
};

static int count_unlogged(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct looking *l = (struct looking *)op;
	uint64_t at = ledger_last_outbox(l->in->ledger);
	struct buf leaf = BUF_INIT;
	int r;

	while ((r = engine_outbox_next(tx->engine, at, &at, &leaf, err)) > 0) {
		l->nunlogged++;
	}
	buf_done(&leaf);
	return r;
}

/* Of whatever was done the log has the leaf. */
static void compare_log(struct sample *in, const char *where)
{
	struct looking l = { .op = { .apply = count_unlogged, .kind = STORE_CHANGE }, .in = in };
	struct cu_err err = { 0 };

	assert_ok(store_run(in->store, &l.op, &err), &err);
	if (l.nunlogged > 0) {
		fail_msg("%s: %u leaves are not in the log", where, l.nunlogged);
	}
}

void compare(const struct world *w, struct sample *in, const struct model *m, const char *where)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		(m->people[i].is_merged ? compare_merged : compare_records_of)(in, m, i, where);
		if (model_sees(m, i)) {
			compare_standing(in, m, i, where);
		}
		expect_permits(in, m, i, where);
		expect_no_keys(w, in, m, i, where);
	}
	compare_holds(in, m, where);
	compare_requests(in, m, where);
	compare_log(in, where);
}
