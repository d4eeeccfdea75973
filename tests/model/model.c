#include "model.h"

#include <assert.h>
#include <string.h>

enum model_collection model_collection_of(unsigned record)
{
	return record < 2 ? MODEL_PROFILE : record == 2 ? MODEL_NOTE : MODEL_SALE;
}

const char *model_name(enum model_collection c)
{
	static const char *const names[] = { "profile", "note", "sale" };

	return names[c];
}

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

void model_shred(struct model *m, struct model_person *p)
{
	switch (p->scope) {
	case MODEL_WHOLE:
		for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
			end_collection(m, p, (enum model_collection)c);
		}
		break;
	case MODEL_COLLECTION: end_collection(m, p, (enum model_collection)p->what); break;
	case MODEL_RECORD: end_record(m, p, p->what); break;
	}
	p->fate = FATE_DONE;
}

void model_expire(struct model *m, unsigned before)
{
	for (unsigned month = 0; month < before; month++) {
		kill_key(m, &m->month_keys[month]);
	}
	for (unsigned i = 0; i < m->npeople; i++) {
		struct model_record *sale = &m->people[i].records[MODEL_RECORDS - 1];

		sale->is_there = sale->is_there && !m->dead[sale->month_key];
	}
}

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

void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret)
{
	*ret = *then;
	ret->nkeys = known->nkeys;
	memcpy(ret->dead, known->dead, sizeof(ret->dead));
	for (unsigned month = 0; month < MODEL_MONTHS; month++) {
		ret->month_keys[month] = alive(ret, newest->month_keys[month]);
	}
	for (unsigned i = 0; i < ret->npeople; i++) {
		struct model_person *p = &ret->people[i];
		const struct model_person *now = &known->people[i];

		/* a restore finishes what could not be cancelled any more */
		p->fate = now->fate == FATE_DOOMED && now->scope == MODEL_WHOLE ? FATE_DONE :
										  now->fate;
		p->scope = now->scope;
		p->what = now->what;
		for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
			p->keys[c] = alive(ret, newest->people[i].keys[c]);
		}
		for (unsigned k = 0; k < MODEL_RECORDS; k++) {
			restore_record(ret, &newest->people[i].records[k], &p->records[k]);
		}
	}
}
