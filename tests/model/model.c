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

unsigned model_owner(const struct model *m, unsigned person)
{
	while (m->people[person].is_merged) {
		person = m->people[person].into;
	}
	return person;
}

/* --- keys ------------------------------------------------------------------------------------- */

static unsigned new_key(struct model *m)
{
	assert(m->nkeys + 1 < MODEL_KEYS);
	return ++m->nkeys;
}

unsigned model_key(struct model *m, unsigned owner, enum model_collection c)
{
	unsigned *key = &m->people[owner].keys[c];

	if (*key == 0) {
		*key = new_key(m);
	}
	return *key;
}

unsigned model_month_key(struct model *m, unsigned month)
{
	if (m->month_keys[month] == 0) {
		m->month_keys[month] = new_key(m);
	}
	return m->month_keys[month];
}

/* Number 0 is the key of what has none. */
void model_kill_key(struct model *m, unsigned *key)
{
	m->dead[*key] = *key != 0;
	*key = 0;
}

/* --- erasures --------------------------------------------------------------------------------- */

/* The owner's, and what still lives of those who were merged into him. */
static void end_keys(struct model *m, unsigned owner, enum model_collection c)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		if (model_owner(m, i) == owner) {
			model_kill_key(m, &m->people[i].keys[c]);
		}
	}
}

static void end_collection(struct model *m, unsigned owner, enum model_collection c)
{
	end_keys(m, owner, c);
	for (unsigned i = 0; i < m->npeople; i++) {
		for (unsigned k = 0; model_owner(m, i) == owner && k < MODEL_RECORDS; k++) {
			if (model_collection_of(k) == c) {
				m->people[i].records[k].is_there = false;
			}
		}
	}
}

/* What remains of the collection is under a fresh key. */
static void end_record(struct model *m, unsigned owner, unsigned of, unsigned record)
{
	enum model_collection c = model_collection_of(record);

	end_keys(m, owner, c);
	m->people[of].records[record].is_there = false;
	for (unsigned i = 0; i < m->npeople; i++) {
		for (unsigned k = 0; model_owner(m, i) == owner && k < MODEL_RECORDS; k++) {
			struct model_record *r = &m->people[i].records[k];

			if (model_collection_of(k) == c && r->is_there) {
				r->key = model_key(m, owner, c);
			}
		}
	}
}

/* What stood for months goes with the person. */
static void drop_privates(struct model *m, unsigned owner)
{
	for (unsigned i = 0; i < m->nprivates;) {
		if (m->privates[i].person == owner) {
			m->privates[i] = m->privates[--m->nprivates];
		} else {
			i++;
		}
	}
}

void model_shred(struct model *m, unsigned owner)
{
	struct model_person *p = &m->people[owner];

	switch (p->scope) {
	case MODEL_WHOLE:
		for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
			end_collection(m, owner, (enum model_collection)c);
		}
		drop_privates(m, owner);
		break;
	case MODEL_COLLECTION: end_collection(m, owner, (enum model_collection)p->what); break;
	case MODEL_RECORD: end_record(m, owner, p->of, p->what); break;
	}
	p->fate = FATE_DONE;
}

/* --- merges ----------------------------------------------------------------------------------- */

void model_take_said(struct model_person *into, const struct model_person *old)
{
	if (old->consent == SAID_NO || into->consent == SAID_NOTHING) {
		into->consent = old->consent;
	}
	into->is_objected |= old->is_objected;
	into->is_restricted |= old->is_restricted;
}

void model_merge(struct model *m, unsigned old, unsigned into, unsigned nbackups)
{
	struct model_person *p = &m->people[old];

	for (unsigned i = 0; i < m->npeople; i++) {
		for (unsigned k = 0; model_owner(m, i) == old && k < MODEL_RECORDS; k++) {
			struct model_record *r = &m->people[i].records[k];

			if (r->is_there) {
				r->key = model_key(m, into, model_collection_of(k));
			}
		}
	}
	for (unsigned i = 0; i < m->nprivates; i++) {
		if (m->privates[i].person == old) {
			m->privates[i].person = into;
		}
	}
	model_take_said(&m->people[into], p);
	p->fate = FATE_NONE; /* of parts that were erased */
	p->scope = MODEL_WHOLE;
	p->is_merged = true;
	p->into = into;
	p->backup = nbackups;
	p->old_keys = OLD_KEYS_WAIT;
}

void model_end_merges(struct model *m, unsigned backup)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		struct model_person *p = &m->people[i];

		if (p->is_merged && p->old_keys == OLD_KEYS_WAIT && p->backup < backup) {
			for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
				model_kill_key(m, &p->keys[c]);
			}
			p->old_keys = OLD_KEYS_ENDED;
		}
	}
}

/* --- what keeps ------------------------------------------------------------------------------- */

/* Do these two meet: of the same owner, a hold's scope and what is to be deleted? */
static bool meets(const struct model *m, const struct model_hold *h, enum model_scope scope,
	unsigned of, unsigned what)
{
	enum model_collection held = h->scope == MODEL_RECORD ? model_collection_of(h->what) :
								 (enum model_collection)h->what;
	enum model_collection in = scope == MODEL_RECORD ? model_collection_of(what) :
							   (enum model_collection)what;

	if (h->scope == MODEL_WHOLE || scope == MODEL_WHOLE) {
		return true;
	}
	if (h->scope == MODEL_RECORD && scope == MODEL_RECORD) {
		return id_eq(&h->record, &m->people[of].records[what].id);
	}
	return held == in;
}

bool model_stops(const struct model *m, unsigned owner, enum model_scope scope, unsigned of,
	unsigned what)
{
	for (unsigned i = 0; i < m->nholds; i++) {
		const struct model_hold *h = &m->holds[i];

		if (h->is_active && model_owner(m, h->person) == owner && meets(m, h, scope, of, what)) {
			return true;
		}
	}
	return false;
}

bool model_is_kept(const struct model *m, unsigned of, unsigned record)
{
	unsigned owner = model_owner(m, of);

	return m->people[owner].is_restricted || model_stops(m, owner, MODEL_RECORD, of, record);
}

bool model_is_asked_for(const struct model *m, unsigned owner)
{
	for (unsigned i = 0; i < m->nrequests; i++) {
		if (m->requests[i].is_open && model_owner(m, m->requests[i].person) == owner) {
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

/* Two have been, where two people are one: the older serves what comes. */
static struct model_private *find_private(struct model *m, unsigned owner, unsigned month_key)
{
	struct model_private *oldest = NULL;

	for (unsigned i = 0; i < m->nprivates; i++) {
		struct model_private *v = &m->privates[i];

		if (v->person == owner && v->month_key == month_key && (!oldest || v->key < oldest->key)) {
			oldest = v;
		}
	}
	return oldest;
}

/* The key that stands for this record's month from now on. */
static void make_private(struct model *m, unsigned of, unsigned month, unsigned nbackups)
{
	unsigned owner = model_owner(m, of), month_key = m->month_keys[month];
	struct model_private *v = find_private(m, owner, month_key);

	if (!v) {
		assert(m->nprivates < MODEL_PRIVATE);
		v = &m->privates[m->nprivates++];
		*v = (struct model_private){ new_key(m), owner, month, month_key, 0 };
	}
	v->backup = nbackups;
	m->people[of].records[SALE].month_key = v->key;
}

/* Something under this key keeps it: a hold, a restriction, a request. */
static bool is_key_kept(const struct model *m, unsigned key)
{
	for (unsigned i = 0; i < m->npeople; i++) {
		const struct model_record *r = &m->people[i].records[SALE];

		if (r->is_there && r->month_key == key &&
			(model_is_kept(m, i, SALE) || model_is_asked_for(m, model_owner(m, i)))) {
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
			model_kill_key(m, &v->key);
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
			model_kill_key(m, &m->month_keys[month]);
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
	const struct model_person *p = &m->people[model_owner(m, person)];

	return p->is_there && (p->scope != MODEL_WHOLE || p->fate == FATE_NONE);
}

bool model_is_erased(const struct model *m, unsigned owner)
{
	const struct model_person *p = &m->people[owner];

	return p->scope == MODEL_WHOLE && p->fate == FATE_DONE;
}

static bool is_in_scope(const struct model_person *owner, unsigned of, unsigned record)
{
	return owner->scope == MODEL_RECORD ? owner->of == of && owner->what == record :
		owner->what == (unsigned)model_collection_of(record);
}

bool model_sees_record(const struct model *m, unsigned of, unsigned record)
{
	const struct model_person *owner = &m->people[model_owner(m, of)];
	const struct model_record *r = &m->people[of].records[record];
	bool is_open = owner->fate == FATE_WAITS || owner->fate == FATE_DOOMED;

	return model_sees(m, of) && r->is_there && !m->dead[r->key] && !m->dead[r->month_key] &&
		!(is_open && is_in_scope(owner, of, record));
}
