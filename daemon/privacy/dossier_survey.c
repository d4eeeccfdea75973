/* What there is, before it is told: collections, their fields, sources, who looked. */
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "ledger/leaf.h"
#include "policy/policy.h"
#include "privacy/dossier_forms.h"

_Static_assert(ENGINE_KEY_SIZE == LEAF_KEY_SIZE, "a purpose fits into a line of the summary");

static int no_memory(struct cu_err *err)
{
	return cu_err_set(err, CU_ENOMEM, "out of memory");
}

/* --- collections and fields ------------------------------------------------------- */

static int add_column(const struct dossier *d, struct dossier_part *part, struct span name,
	struct dossier_column **ret, struct cu_err *err)
{
	struct dossier_column *more, *c;

	if (name.n >= sizeof(c->name)) {
		return cu_err_set(err, CU_ECORRUPT, "a field of a record has too long a name");
	}
	more = realloc(part->columns, (part->ncolumns + 1) * sizeof(*more));
	if (!more) {
		return no_memory(err);
	}
	part->columns = more;
	c = &more[part->ncolumns++];
	*c = (struct dossier_column){ 0 };
	memcpy(c->name, name.p, name.n);
	dossier_label(d, c->name, c->label);
	*ret = c;
	return 0;
}

static int add_part(struct dossier *d, const char *key, const struct collection *collection,
	struct dossier_part **ret, struct cu_err *err)
{
	struct dossier_column *column;
	struct dossier_part *part;
	int r = 0;

	if (d->nparts == DOSSIER_MAX_PARTS) {
		return cu_err_set(err, CU_ELIMIT, "more than %d collections", DOSSIER_MAX_PARTS);
	}
	part = &d->parts[d->nparts++];
	*part = (struct dossier_part){ .collection = collection };
	strncpy(part->key, key, sizeof(part->key) - 1);
	for (size_t i = 0; r == 0 && collection && i < collection->nfields; i++) {
		const struct field *f = &collection->fields[i];

		r = add_column(d, part, span_str(f->key), &column, err);
		if (r == 0) {
			column->is_number = f->type == FIELD_DECIMAL || f->type == FIELD_INTEGER;
		}
	}
	*ret = part;
	return r;
}

bool dossier_is_of_another(const struct dossier *d, const struct row_record *row)
{
	return !id_eq(&row->subject, &d->subject);
}

bool dossier_is_whole(const struct dossier *d)
{
	const struct purpose *purpose = policy_find_purpose(d->policy, d->purpose);

	return d->only.n == 0 && purpose && purpose->covers_all;
}

/* What the purpose does not cover is not said to be empty. */
static bool is_wanted(const struct dossier *d, const char *collection)
{
	const struct purpose *purpose = policy_find_purpose(d->policy, d->purpose);

	if (purpose && !purpose_covers(purpose, collection)) {
		return false;
	}
	for (size_t i = 0; i < d->only.n; i++) {
		if (strcmp(d->only.v[i], collection) == 0) {
			return true;
		}
	}
	return d->only.n == 0;
}

int dossier_init(struct dossier *d, struct cu_err *err)
{
	const struct schema *s = policy_schema(d->policy);
	struct dossier_part *part;
	int r = 0;

	d->parts = calloc(DOSSIER_MAX_PARTS, sizeof(*d->parts));
	d->sources = calloc(DOSSIER_MAX_SOURCES, sizeof(*d->sources));
	d->looks = calloc(DOSSIER_MAX_LOOKS, sizeof(*d->looks));
	if (!d->parts || !d->sources || !d->looks) {
		return no_memory(err);
	}
	for (size_t i = 0; r == 0 && i < s->ncollections; i++) {
		if (is_wanted(d, s->collections[i].key)) {
			r = add_part(d, s->collections[i].key, &s->collections[i], &part, err);
		}
	}
	return r;
}

/* Somebody's words. */
static void forget(char *text)
{
	if (text) {
		explicit_bzero(text, strlen(text));
		free(text);
	}
}

void dossier_done(struct dossier *d)
{
	for (size_t i = 0; i < d->nparts; i++) {
		free(d->parts[i].columns);
		free(d->parts[i].places);
	}
	for (size_t i = 0; i < d->nsources; i++) {
		forget(d->sources[i].name);
	}
	for (size_t i = 0; i < d->nconsents; i++) {
		forget(d->consents[i].source);
		forget(d->consents[i].said);
	}
	free(d->consents);
	free(d->parts);
	free(d->sources);
	free(d->looks);
	d->consents = NULL;
	d->parts = NULL;
	d->sources = NULL;
	d->looks = NULL;
	d->nparts = d->nsources = d->nlooks = d->nconsents = 0;
}

struct dossier_column *dossier_column(const struct dossier_part *part, struct span name)
{
	for (size_t i = 0; i < part->ncolumns; i++) {
		if (span_eq(span_str(part->columns[i].name), name)) {
			return &part->columns[i];
		}
	}
	return NULL;
}

static int find_part(struct dossier *d, const char *key, struct dossier_part **ret,
	struct cu_err *err)
{
	for (size_t i = 0; i < d->nparts; i++) {
		if (strcmp(d->parts[i].key, key) == 0) {
			*ret = &d->parts[i];
			return 0;
		}
	}
	return add_part(d, key, NULL, ret, err);
}

static int survey_field(struct dossier *d, struct dossier_part *part,
	const struct record_field *f, struct cu_err *err)
{
	struct dossier_column *c = dossier_column(part, f->name);
	int r = c ? 0 : add_column(d, part, f->name, &c, err);

	if (r == 0) {
		c->is_used = true;
		c->longest = f->value.n > c->longest ? f->value.n : c->longest;
		d->nbytes += f->name.n + f->value.n;
	}
	return r;
}

/* --- sources ---------------------------------------------------------------------- */

/* Names that hand entry gave have custos as their source. */
static int survey_source(struct dossier *d, const struct record *rec, struct cu_err *err)
{
	struct span name = span_eq(rec->source, span_str("custos")) ? (struct span){ 0 } : rec->source;
	struct dossier_source *s;

	for (size_t i = 0; i < d->nsources; i++) {
		s = &d->sources[i];
		if (s->origin == rec->origin && span_eq(span_str(s->name), name)) {
			s->nrecords++;
			return 0;
		}
	}
	if (d->nsources == DOSSIER_MAX_SOURCES) {
		d->has_more_sources = true;
		return 0;
	}
	s = &d->sources[d->nsources];
	s->name = name.n > 0 ? strndup((const char *)name.p, name.n) : strdup("");
	if (!s->name) {
		return no_memory(err);
	}
	s->origin = rec->origin;
	s->nrecords = 1;
	d->nsources++;
	return 0;
}

/* Of a set of records, in whatever order: sums of digests. */
void dossier_see(uint8_t seen[32], const struct row_record *row)
{
	uint8_t text[sizeof(struct id) + 4], digest[32];

	memcpy(text, row->id.b, sizeof(row->id.b));
	for (unsigned i = 0; i < 4; i++) {
		text[sizeof(struct id) + i] = (uint8_t)(row->version >> (24 - 8 * i));
	}
	hash_sha256(span_of(text, sizeof(text)), digest);
	for (unsigned i = 0; i < sizeof(digest); i++) {
		seen[i] = (uint8_t)(seen[i] ^ digest[i]);
	}
}

static int survey_place(struct dossier *d, struct dossier_part *part,
	const struct row_record *row, const struct record *rec, struct cu_err *err)
{
	if (d->nrecords == DOSSIER_MAX_RECORDS) {
		return cu_err_set(err, CU_ELIMIT,
			"more than %d records: make a dossier of some collections at a time",
			DOSSIER_MAX_RECORDS);
	}
	if (part->nrecords == part->room) {
		size_t room = part->room > 0 ? part->room * 2 : 16;
		struct dossier_place *more = realloc(part->places, room * sizeof(*more));

		if (!more) {
			return no_memory(err);
		}
		part->places = more;
		part->room = room;
	}
	part->places[part->nrecords++] = (struct dossier_place){
		.ms = rec->anchor_day != CIVIL_NO_DAY ? rec->anchor_day * (int64_t)86400000 :
							row->created_ms,
		.id = row->id,
	};
	d->nrecords++;
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct dossier_place *x = a, *y = b;

	return x->ms < y->ms ? -1 : x->ms > y->ms ? 1 : memcmp(x->id.b, y->id.b, sizeof(x->id.b));
}

void dossier_order(struct dossier *d)
{
	for (size_t i = 0; i < d->nparts; i++) {
		if (d->parts[i].nrecords > 1) {
			qsort(d->parts[i].places, d->parts[i].nrecords, sizeof(*d->parts[i].places),
				compare_places);
		}
	}
}

int dossier_survey(struct dossier *d, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct dossier_part *part;
	int r = find_part(d, row->collection, &part, err);

	for (unsigned i = 0; r == 0 && i < rec->nfields; i++) {
		r = survey_field(d, part, &rec->fields[i], err);
	}
	if (r == 0) {
		r = survey_source(d, rec, err);
	}
	if (r == 0) {
		r = survey_place(d, part, row, rec, err);
	}
	if (r == 0) {
		dossier_see(d->seen, row);
	}
	return r;
}

/* --- consents --------------------------------------------------------------------- */

static char *copy(const struct record *papers, const char *field)
{
	struct span text = papers ? record_get(papers, field) : (struct span){ 0 };

	return text.n > 0 ? strndup((const char *)text.p, text.n) : strdup("");
}

int dossier_add_consent(struct dossier *d, const struct row_consent *row,
	const struct record *papers, struct cu_err *err)
{
	struct dossier_consent *c;

	if (d->nconsents == DOSSIER_MAX_CONSENTS) {
		d->has_more_consents = true;
		return 0;
	}
	if (d->nconsents == d->consents_room) {
		size_t room = d->consents_room > 0 ? d->consents_room * 2 : 16;
		struct dossier_consent *more = realloc(d->consents, room * sizeof(*more));

		if (!more) {
			return no_memory(err);
		}
		d->consents = more;
		d->consents_room = room;
	}
	c = &d->consents[d->nconsents++];
	*c = (struct dossier_consent){ *row, copy(papers, "source"), copy(papers, "text") };
	return c->source && c->said ? 0 : no_memory(err);
}

/* --- who looked ------------------------------------------------------------------- */

void dossier_add_look(struct dossier *d, const struct leaf *l)
{
	int32_t day = civil_day_of_ms(l->t_ms);
	struct dossier_look *k;

	for (size_t i = d->nlooks; i > 0; i--) {
		k = &d->looks[i - 1];
		if (civil_day_of_ms(k->first_ms) != day) {
			break;
		}
		if (k->act == l->act && id_eq(&k->by, &l->by) && strcmp(k->purpose, l->purpose) == 0) {
			k->times++;
			k->last_ms = l->t_ms;
			return;
		}
	}
	if (d->nlooks == DOSSIER_MAX_LOOKS) {
		d->has_more_looks = true;
		return;
	}
	k = &d->looks[d->nlooks++];
	*k = (struct dossier_look){ .first_ms = l->t_ms, .last_ms = l->t_ms, .by = l->by,
		.act = l->act, .times = 1 };
	memcpy(k->purpose, l->purpose, sizeof(k->purpose));
}
