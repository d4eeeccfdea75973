#include "model.h"

#include <assert.h>
#include <string.h>

#define SALE (MODEL_RECORDS - 1) /* the record that has a month */

enum model_collection model_collection_of(unsigned record)
{
	return record < 2 ? MODEL_PROFILE : record == 2 ? MODEL_NOTE : MODEL_SALE;
}

const char *model_name(enum model_collection c)
{
	static const char *const names[] = { "profile", "note", "sale" };

	return names[c];
}

/* --- keys ------------------------------------------------------------------------------------- */

static unsigned new_key(struct model *m)
{
	assert(m->nkeys + 1 < MODEL_KEYS);
	return ++m->nkeys;
}

unsigned model_key(struct model *m, struct model_person *p, enum model_collection c)
{
	if (p->keys[c] == 0) {
		p->keys[c] = new_key(m);
	}
	return p->keys[c];
}

unsigned model_month_key(struct model *m, unsigned month)
{
	if (m->month_keys[month] == 0) {
		m->month_keys[month] = new_key(m);
	}
	return m->month_keys[month];
}

/* Number 0 is the key of what has none. */
static void kill_key(struct model *m, unsigned *key)
{
	m->dead[*key] = *key != 0;
	*key = 0;
}

/* --- erasures --------------------------------------------------------------------------------- */

static void end_collection(struct model *m, struct model_person *p, enum model_collection c)
{
	kill_key(m, &p->keys[c]);
	for (unsigned i = 0; i < MODEL_RECORDS; i++) {
		if (model_collection_of(i) == c) {
			p->records[i].is_there = false;
		}
	}
}

/* What remains of the collection is under a fresh key. */
static void end_record(struct model *m, struct model_person *p, unsigned record)
{
	enum model_collection c = model_collection_of(record);

	kill_key(m, &p->keys[c]);
	p->records[record].is_there = false;
	for (unsigned i = 0; i < MODEL_RECORDS; i++) {
		if (model_collection_of(i) == c && p->records[i].is_there) {
			p->records[i].key = model_key(m, p, c);
		}
	}
}

/* What stood for months goes with the person. */
static void drop_privates(struct model *m, unsigned person)
{
	for (unsigned i = 0; i < m->nprivates;) {
		if (m->privates[i].person == person) {
			m->privates[i] = m->privates[--m->nprivates];
		} else {
			i++;
		}
	}
}

void model_shred(struct model *m, struct model_person *p)
{
	switch (p->scope) {
	case MODEL_WHOLE:
		for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
			end_collection(m, p, (enum model_collection)c);
		}
		drop_privates(m, (unsigned)(p - m->people));
		break;
	case MODEL_COLLECTION: end_collection(m, p, (enum model_collection)p->what); break;
	case MODEL_RECORD: end_record(m, p, p->what); break;
	}
	p->fate = FATE_DONE;
}

/* --- what keeps ------------------------------------------------------------------------------- */

/* Do these two meet: of the same person, a hold's scope and what is to be deleted? */
static bool meets(const struct model *m, const struct model_hold *h, enum model_scope scope,
	unsigned what)
{
	enum model_collection held = h->scope == MODEL_RECORD ? model_collection_of(h->what) :
								 (enum model_collection)h->what;
	enum model_collection in = scope == MODEL_RECORD ? model_collection_of(what) :
							   (enum model_collection)what;

	if (h->scope == MODEL_WHOLE || scope == MODEL_WHOLE) {
		return true;
	}
	if (h->scope == MODEL_RECORD && scope == MODEL_RECORD) {
		return id_eq(&h->record, &m->people[h->person].records[what].id);
	}
	return held == in;
}

bool model_stops(const struct model *m, unsigned person, enum model_scope scope, unsigned what)
{
	for (unsigned i = 0; i < m->nholds; i++) {
		const struct model_hold *h = &m->holds[i];

		if (h->is_active && h->person == person && meets(m, h, scope, what)) {
			return true;
		}
	}
	return false;
}

bool model_is_kept(const struct model *m, unsigned person, unsigned record)
{
	return m->people[person].is_restricted || model_stops(m, person, MODEL_RECORD, record);
}

bool model_is_asked_for(const struct model *m, unsigned person)
{
	for (unsigned i = 0; i < m->nrequests; i++) {
		if (m->requests[i].is_open && m->requests[i].person == person) {
			return true;
		}
	}
	return false;
}

/* --- expiry ----------------------------------------------------------------------------------- */

#define HOUR 3600000LL

enum model_verdict model_look_at_clock(struct model *m, int64_t now)
{
	struct model_clock *c = &m->clock;

	if (c->known != 0 && now < c->known - HOUR / 12) {
		return CLOCK_BEHIND;
	}
	if (c->known != 0 && now > c->known + 24 * HOUR) {
		if (c->seen == 0 || now < c->claimed - HOUR / 12 || now > c->claimed + 24 * HOUR) {
			c->seen = now; /* another jump is another question */
			c->is_confirmed = false;
		}
		c->claimed = now;
		if (!c->is_confirmed) {
			return CLOCK_AHEAD;
		}
		c->known = now;
	}
	if (c->known == 0 || now >= c->known + HOUR / 60) {
		c->known = now;
	}
	c->seen = 0;
	c->is_confirmed = false;
	return CLOCK_GOOD;
}

/* The key that stands for this record's month from now on. */
static void make_private(struct model *m, unsigned person, unsigned month, unsigned nbackups)
{
	struct model_record *r = &m->people[person].records[SALE];
	struct model_private *v = m->privates;

	while (v < m->privates + m->nprivates &&
		(v->person != person || v->month_key != m->month_keys[month])) {
		v++;
	}
	assert(v < m->privates + MODEL_PRIVATE);
	if (v == m->privates + m->nprivates) {
		*v = (struct model_private){ new_key(m), person, month, m->month_keys[month], 0 };
		m->nprivates++;
	}
	v->backup = nbackups;
	r->month_key = v->key;
}

/* Something under this key keeps it: a hold, a restriction, a request. */
static bool is_key_kept(const struct model *m, unsigned key)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		const struct model_record *r = &m->people[i].records[SALE];

		if (r->is_there && r->month_key == key &&
			(model_is_kept(m, i, SALE) || model_is_asked_for(m, i))) {
			return true;
		}
	}
	return false;
}

static bool waits_for_a_backup(const struct model *m, unsigned month_key, unsigned drilled)
{
	for (unsigned i = 0; i < m->nprivates; i++) {
		if (m->privates[i].month_key == month_key && m->privates[i].backup >= drilled) {
			return true;
		}
	}
	return false;
}

static bool end_privates(struct model *m, unsigned before)
{
	bool is_any = false;

	for (unsigned i = 0; i < m->nprivates;) {
		struct model_private *v = &m->privates[i];

		if (v->month < before && !is_key_kept(m, v->key)) {
			kill_key(m, &v->key);
			*v = m->privates[--m->nprivates];
			is_any = true;
		} else {
			i++;
		}
	}
	return is_any;
}

bool model_expire(struct model *m, unsigned before, unsigned drilled, unsigned nbackups)
{
	bool is_over[MODEL_MONTHS] = { false }, is_any;

	for (unsigned i = 0; i < m->npeople; i++) {
		const struct model_record *r = &m->people[i].records[SALE];

		if (r->is_there && r->month < before && r->month_key == m->month_keys[r->month] &&
			model_is_kept(m, i, SALE)) {
			make_private(m, i, r->month, nbackups);
		}
	}
	for (unsigned month = 0; month < before && month < MODEL_MONTHS; month++) {
		unsigned key = m->month_keys[month];

		is_over[month] = key != 0 && !is_key_kept(m, key) &&
			!waits_for_a_backup(m, key, drilled);
	}
	is_any = end_privates(m, before);
	for (unsigned month = 0; month < MODEL_MONTHS; month++) {
		if (is_over[month]) {
			kill_key(m, &m->month_keys[month]);
			is_any = true;
		}
	}
	for (unsigned i = 0; i < m->npeople; i++) {
		struct model_record *sale = &m->people[i].records[SALE];

		sale->is_there = sale->is_there && !m->dead[sale->month_key];
	}
	return is_any;
}

/* --- what is seen ----------------------------------------------------------------------------- */

bool model_sees(const struct model *m, unsigned person)
{
	const struct model_person *p = &m->people[person];

	return p->is_there && (p->scope != MODEL_WHOLE || p->fate == FATE_NONE);
}

static bool is_in_scope(const struct model_person *p, unsigned record)
{
	return p->scope == MODEL_RECORD ? p->what == record :
		p->what == (unsigned)model_collection_of(record);
}

bool model_sees_record(const struct model *m, unsigned person, unsigned record)
{
	const struct model_person *p = &m->people[person];
	const struct model_record *r = &p->records[record];
	bool is_open = p->fate == FATE_WAITS || p->fate == FATE_DOOMED;

	return model_sees(m, person) && r->is_there && !m->dead[r->key] &&
		!m->dead[r->month_key] && !(is_open && is_in_scope(p, record));
}

/* --- restores --------------------------------------------------------------------------------- */

static unsigned alive(const struct model *m, unsigned key)
{
	return m->dead[key] ? 0 : key;
}

/* Whose key is dead comes as the newest copy has it, under another key, or not at all. */
static void restore_record(const struct model *m, const struct model_record *newer,
	struct model_record *r)
{
	if (r->is_there && (m->dead[r->key] || m->dead[r->month_key])) {
		bool is_same = newer->is_there && id_eq(&newer->id, &r->id);

		r->is_there = is_same && !m->dead[newer->key] && !m->dead[newer->month_key];
		if (r->is_there) {
			*r = *newer;
		}
	}
}

/* What people said, and what became of their erasures, is as it was last known. */
static void restore_person(struct model *ret, unsigned person, const struct model *newest,
	const struct model *known)
{
	struct model_person *p = &ret->people[person];
	const struct model_person *now = &known->people[person];

	/* a restore finishes what could not be cancelled any more */
	p->fate = now->fate == FATE_DOOMED && now->scope == MODEL_WHOLE ? FATE_DONE : now->fate;
	p->scope = now->scope;
	p->what = now->what;
	p->consent = now->consent;
	p->is_objected = now->is_objected;
	p->is_restricted = now->is_restricted;
	for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
		p->keys[c] = alive(ret, newest->people[person].keys[c]);
	}
	for (unsigned k = 0; k < MODEL_RECORDS; k++) {
		restore_record(ret, &newest->people[person].records[k], &p->records[k]);
	}
}

/* Of nobody who is not there, but for keys: those are there without their people, and nobody else
 * may get their number. */
static void restore_what_keeps(struct model *ret, const struct model *newest,
	const struct model *known)
{
	ret->nholds = ret->nrequests = ret->nprivates = 0;
	for (unsigned i = 0; i < known->nholds; i++) {
		if (known->holds[i].person < ret->npeople) {
			ret->holds[ret->nholds++] = known->holds[i];
		}
	}
	for (unsigned i = 0; i < newest->nrequests; i++) {
		if (newest->requests[i].person < ret->npeople) {
			ret->requests[ret->nrequests] = newest->requests[i];
			ret->requests[ret->nrequests++].is_open = known->requests[i].is_open;
		}
	}
	for (unsigned i = 0; i < newest->nprivates; i++) {
		const struct model_private *v = &newest->privates[i];
		const struct model_person *p = &ret->people[v->person];

		if (v->person < ret->npeople && p->scope == MODEL_WHOLE && p->fate == FATE_DONE) {
			continue;
		}
		if (!ret->dead[v->key]) {
			ret->privates[ret->nprivates] = *v;
			ret->privates[ret->nprivates++].person =
				v->person < ret->npeople ? v->person : MODEL_PEOPLE;
		}
	}
}

void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret)
{
	*ret = *then;
	ret->nkeys = known->nkeys;
	memcpy(ret->dead, known->dead, sizeof(ret->dead));
	ret->clock = newest->clock;
	for (unsigned month = 0; month < MODEL_MONTHS; month++) {
		ret->month_keys[month] = alive(ret, newest->month_keys[month]);
	}
	for (unsigned i = 0; i < ret->npeople; i++) {
		restore_person(ret, i, newest, known);
	}
	restore_what_keeps(ret, newest, known);
}
