/* What a restore must give. */
#include "model.h"

#include <string.h>

static unsigned alive(const struct model *m, unsigned key)
{
	return m->dead[key] ? 0 : key;
}

/* --- who is who ------------------------------------------------------------------------------- */

/* The newest copy, when it has heard of all merges that the log tells.  Of two of whom it knows one,
 * that one has both names. */
static void hear_of_merges(struct model *newest, const struct model *known)
{
	for (unsigned i = 0; i < known->nmerges; i++) {
		unsigned old = model_owner(newest, known->merges[i].old);
		unsigned into = model_owner(newest, known->merges[i].into);
		bool has_old = newest->people[old].is_there, has_into = newest->people[into].is_there;
		struct model_person *p = &newest->people[has_into ? old : into];

		if (old == into || (!has_old && !has_into)) {
			continue;
		}
		p->is_merged = true;
		p->into = has_into ? into : old;
		p->old_keys = has_old && has_into ? OLD_KEYS_WAIT : OLD_KEYS_NOWHERE;
	}
}

/* Who is not in the copy comes if somebody is who was merged into him. */
static void bring(struct model *ret, const struct model *heard, unsigned person)
{
	if (!ret->people[person].is_there) {
		ret->people[person].is_there = true;
		ret->people[person].id = heard->people[person].id;
		ret->npeople = ret->npeople > person ? ret->npeople : person + 1;
	}
}

static void restore_merges(struct model *ret, const struct model *newest,
	const struct model *heard, const struct model *known)
{
	for (unsigned i = 0; i < known->npeople; i++) {
		const struct model_person *now = &heard->people[i];
		struct model_person *p = &ret->people[i];
		bool is_missed = !newest->people[i].is_merged && !p->is_there;

		if (!now->is_merged) {
			continue;
		}
		if (p->is_there) {
			bring(ret, heard, model_owner(heard, i));
		}
		p->id = known->people[i].id;
		p->is_merged = true;
		p->into = now->into;
		p->backup = now->backup;
		p->old_keys = known->people[i].is_merged && known->people[i].old_keys == OLD_KEYS_ENDED ?
			OLD_KEYS_ENDED :
			is_missed ? OLD_KEYS_NOWHERE : now->old_keys;
		ret->npeople = ret->npeople > i ? ret->npeople : i + 1;
	}
	memcpy(ret->merges, known->merges, sizeof(ret->merges));
	ret->nmerges = known->nmerges;
}

/* --- what is of them -------------------------------------------------------------------------- */

/* Whose key is dead comes as the newest copy has it, under another key, or not at all; so does what
 * that copy has moved to somebody else. */
static void restore_record(const struct model *m, const struct model_record *newer, bool is_moved,
	struct model_record *r)
{
	if (r->is_there && (is_moved || m->dead[r->key] || m->dead[r->month_key])) {
		bool is_same = newer->is_there && id_eq(&newer->id, &r->id);

		r->is_there = is_same && !m->dead[newer->key] && !m->dead[newer->month_key];
		if (r->is_there) {
			*r = *newer;
		}
	}
}

static void restore_records(const struct model *then, const struct model *newest, struct model *ret)
{
	for (unsigned i = 0; i < then->npeople; i++) {
		bool is_moved = newest->people[model_owner(then, i)].is_merged;

		for (unsigned k = 0; k < MODEL_RECORDS; k++) {
			restore_record(ret, &newest->people[i].records[k], is_moved,
				&ret->people[i].records[k]);
		}
	}
}

/* What people said, and what became of their erasures, is as it was last known. */
static void restore_person(struct model *ret, unsigned person, const struct model *newest,
	const struct model *known)
{
	struct model_person *p = &ret->people[person];
	const struct model_person *now = &known->people[model_owner(known, person)];

	for (int c = 0; c < MODEL_NCOLLECTIONS; c++) {
		p->keys[c] = alive(ret, newest->people[person].keys[c]);
	}
	if (p->is_merged) {
		p->fate = FATE_NONE;
		p->scope = MODEL_WHOLE;
		return;
	}
	/* a restore finishes what could not be cancelled any more */
	p->fate = now->fate == FATE_DOOMED && now->scope == MODEL_WHOLE ? FATE_DONE : now->fate;
	p->scope = now->scope;
	p->what = now->what;
	p->of = now->of;
	p->consent = now->consent;
	p->is_objected = now->is_objected;
	p->is_restricted = now->is_restricted;
}

/* Where only the log knew of a merge, the start moves what there is; what the old one said last he
 * says to the end. */
static void move_what_is_left(struct model *ret, const struct model *then,
	const struct model *newest, const struct model *known)
{
	for (unsigned i = 0; i < then->npeople; i++) {
		unsigned old = model_owner(then, i), into = model_owner(ret, i);

		if (old == into || newest->people[old].is_merged || !then->people[i].is_there ||
			model_is_erased(ret, into)) {
			continue;
		}
		for (unsigned k = 0; k < MODEL_RECORDS; k++) {
			struct model_record *r = &ret->people[i].records[k];

			if (r->is_there) {
				r->key = model_key(ret, into, model_collection_of(k));
			}
		}
		if (i == old) {
			model_take_said(&ret->people[into], &known->people[i]);
		}
	}
}

/* Of nobody who is not there, but for keys: those are there without their people, and nobody else
 * may get their number. */
static void restore_what_keeps(struct model *ret, const struct model *newest,
	const struct model *known)
{
	ret->nholds = ret->nrequests = ret->nprivates = 0;
	for (unsigned i = 0; i < known->nholds; i++) {
		if (ret->people[model_owner(ret, known->holds[i].person)].is_there) {
			ret->holds[ret->nholds++] = known->holds[i];
		}
	}
	for (unsigned i = 0; i < newest->nrequests; i++) {
		if (ret->people[model_owner(ret, newest->requests[i].person)].is_there) {
			ret->requests[ret->nrequests] = newest->requests[i];
			ret->requests[ret->nrequests++].is_open = known->requests[i].is_open;
		}
	}
	for (unsigned i = 0; i < newest->nprivates; i++) {
		const struct model_private *v = &newest->privates[i];
		bool is_nobodys = v->person == MODEL_PEOPLE;
		unsigned owner = is_nobodys ? MODEL_PEOPLE : model_owner(ret, v->person);
		bool is_there = !is_nobodys && ret->people[owner].is_there;

		if (!(is_there && model_is_erased(ret, owner)) && !ret->dead[v->key]) {
			ret->privates[ret->nprivates] = *v;
			ret->privates[ret->nprivates++].person = is_there ? owner : MODEL_PEOPLE;
		}
	}
}

void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret)
{
	struct model heard = *newest;

	hear_of_merges(&heard, known);
	*ret = *then;
	ret->nkeys = known->nkeys;
	memcpy(ret->dead, known->dead, sizeof(ret->dead));
	ret->clock = newest->clock;
	for (unsigned month = 0; month < MODEL_MONTHS; month++) {
		ret->month_keys[month] = alive(ret, newest->month_keys[month]);
	}
	restore_merges(ret, newest, &heard, known);
	restore_records(then, newest, ret);
	for (unsigned i = 0; i < ret->npeople; i++) {
		restore_person(ret, i, newest, known);
	}
	move_what_is_left(ret, then, newest, known);
	restore_what_keeps(ret, newest, known);
}
