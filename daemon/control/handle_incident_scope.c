/* Whom an incident is about: by the log, and the access journal for what many were shown in. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "control/daemon.h"
#include "control/handle.h"
#include "control/incidents.h"
#include "control/log_walk.h"
#include "control/outlet.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/reader_alias.h"

#define FIRST_SWEEP 65536 /* ids, before the same ones are dropped for the first time */

struct scope {
	struct exchange *x;
	struct reader *reader;
	struct row_incident row;
	struct log_filter filter;
	const char *collection;      /* NULL: any */
	struct buf ids;              /* of 16 bytes; some may be there twice until swept */
	size_t sweep_at;             /* bytes */
	uint64_t nentries;           /* that fit */
	uint64_t nunknown, nhidden;  /* of which it is not known whom they showed; how many they showed */
	uint64_t ngone;              /* of those found: erased by now, or being erased */
};

/* --- which entries ----------------------------------------------------------------- */

/* The papers of a request tell of a person, too, and so does a letter to them; whose they are is not
 * known before it is found. */
static bool shows_papers(const struct leaf *l)
{
	return !id_is_nil(&l->sub) &&
		(l->act == LEAF_REQUEST_READ || l->act == LEAF_HOLD_READ ||
			(l->act == LEAF_REQUEST_NOTE && strncmp(l->why, "letter.", 7) == 0));
}

/* Acts by which data gets into wrong hands, is changed, is lost. */
static bool is_of_kind(unsigned kind, const struct leaf *l)
{
	enum leaf_act act = l->act;

	switch (kind) {
	case INCIDENT_DISCLOSURE:
		return act == LEAF_SUBJECT_READ || act == LEAF_SUBJECT_SEARCH ||
			act == LEAF_SUBJECT_EXPORT || act == LEAF_SUBJECT_DOSSIER ||
			act == LEAF_CONSENT_READ || act == LEAF_RECORD_READ || shows_papers(l);
	case INCIDENT_ALTERATION:
		return act == LEAF_RECORD_PUT || act == LEAF_RECORD_RULE ||
			act == LEAF_RECORD_DELETE;
	case INCIDENT_LOSS: return act == LEAF_RECORD_DELETE || act == LEAF_ERASE_BEGIN;
	default: return false;
	}
}

/* An entry that names no collection was about all of them. */
static bool is_wanted(const struct scope *s, const struct leaf *l)
{
	return is_of_kind(s->row.kind, l) && log_filter_fits(&s->filter, l) &&
	       (!s->collection || !l->collection[0] || strcmp(s->collection, l->collection) == 0);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

/* Sorted, and each there once. */
static void sweep(struct buf *ids)
{
	const size_t size = sizeof(struct id);
	size_t kept = 0;

	if (ids->n == 0) {
		return;
	}
	qsort(ids->p, ids->n / size, size, by_bytes);
	for (size_t at = size; at < ids->n; at += size) {
		if (memcmp(ids->p + kept, ids->p + at, size) != 0) {
			kept += size;
			memmove(ids->p + kept, ids->p + at, size);
		}
	}
	ids->n = kept + size;
}

static int add(struct scope *s, const uint8_t *ids, size_t n, struct cu_err *err)
{
	buf_put(&s->ids, ids, n);
	if (s->ids.n >= s->sweep_at) {
		sweep(&s->ids);
		s->sweep_at = 2 * s->ids.n > s->sweep_at ? 2 * s->ids.n : s->sweep_at;
	}
	return buf_check(&s->ids, err);
}

static int on_entry(void *ctx, uint64_t index, struct span text, const struct leaf *l,
	struct cu_err *err)
{
	struct scope *s = ctx;
	struct span ids = { 0 };
	int r;

	(void)index;
	(void)text;
	if (!is_wanted(s, l) || (id_is_nil(&l->sub) && l->count == 0)) {
		return 0; /* or a search that found nobody */
	}
	s->nentries++;
	if (!id_is_nil(&l->sub)) {
		return add(s, l->sub.b, sizeof(l->sub.b), err);
	}
	r = reader_access(s->reader, l, &ids, err);
	if (r == 0) {
		s->nunknown++;
		s->nhidden += l->count;
	}
	return r <= 0 ? r : add(s, ids.p, ids.n, err);
}

/* --- the call ---------------------------------------------------------------------- */

static int take_operator(struct scope *s, struct cu_err *err)
{
	struct id operator;
	int r = exchange_id(s->x, "operator", &operator, err);

	if (r < 0 || id_is_nil(&operator)) {
		return r < 0 ? r : log_filter_take_actor(s->x, s->reader, &s->filter, err);
	}
	if (exchange_has(s->x, "actor")) {
		return cu_err_set(err, CU_EINVAL, "either actor or operator, not both");
	}
	s->filter.actor = operator;
	return 0;
}

/* What is not said is as the incident says. */
static int take_question(struct scope *s, struct cu_err *err)
{
	int64_t from = 0, to = 0;
	int r = incidents_take_time(s->x, "from", false, &from, err);

	if (r == 0) {
		r = incidents_take_time(s->x, "to", true, &to, err);
	}
	if (r < 0) {
		return r;
	}
	s->filter.from_ms = from ? from : s->row.from_ms ? s->row.from_ms : INT64_MIN;
	s->filter.to_ms = to ? to : s->row.to_ms ? s->row.to_ms : INT64_MAX;
	if (s->filter.from_ms >= s->filter.to_ms) {
		return cu_err_set(err, CU_EINVAL, "to: this is not after 'from'");
	}
	s->collection = exchange_text(s->x, "collection");
	if (s->collection && !policy_find_collection(s->x->daemon->policy, s->collection)) {
		return cu_err_set(err, CU_EINVAL, "collection: schema.yaml has no such collection");
	}
	r = log_filter_take_purpose(s->x, "used_for", &s->filter, err);
	return r < 0 ? r : take_operator(s, err);
}

/* Two ids that are one person's by now are one person. */
static int follow_aliases(struct scope *s, struct cu_err *err)
{
	int r = 0;

	for (size_t at = 0; r >= 0 && at < s->ids.n; at += sizeof(struct id)) {
		struct id id;

		memcpy(id.b, s->ids.p + at, sizeof(id.b));
		r = reader_alias_follow(s->reader, &id, err);
		memcpy(s->ids.p + at, id.b, sizeof(id.b));
	}
	sweep(&s->ids);
	return r < 0 ? r : 0;
}

static int count_gone(struct scope *s, struct cu_err *err)
{
	int r = 1;

	for (size_t at = 0; r >= 0 && at < s->ids.n; at += sizeof(struct id)) {
		struct row_subject who;
		struct id id;

		memcpy(id.b, s->ids.p + at, sizeof(id.b));
		r = reader_subject(s->reader, &id, &who, err);
		s->ngone += r == 0 || (r > 0 && who.state != SUBJECT_LIVE);
	}
	return r < 0 ? r : 0;
}

static int find(struct scope *s, struct cu_err *err)
{
	struct log_walk walk = { .x = s->x, .fn = on_entry, .ctx = s,
		.end = ledger_size(s->x->daemon->house.ledger) };
	int r = take_question(s, err);

	if (r == 0 && !s->filter.is_nobody) {
		r = log_walk(&walk, err);
	}
	if (r == 0) {
		sweep(&s->ids);
		r = follow_aliases(s, err);
	}
	if (r == 0) {
		r = count_gone(s, err);
	}
	return r;
}

static int apply_scope(struct tx *tx, struct incident_change *c, struct cu_err *err)
{
	const struct scope *s = c->ctx;

	return tx_incident_scope(tx, &c->row, s->x->purpose, buf_span(&s->ids), err);
}

/* One id a line. */
static int put_ids(struct scope *s, struct cu_err *err)
{
	struct buf lines = BUF_INIT;
	struct outlet outlet;
	int r;

	if (s->x->fd < 0) {
		return 0;
	}
	for (size_t at = 0; at < s->ids.n; at += sizeof(struct id)) {
		char text[ID_TEXT_SIZE];
		struct id id;

		memcpy(id.b, s->ids.p + at, sizeof(id.b));
		id_format(&id, text);
		buf_putf(&lines, "%s\n", text);
	}
	outlet_init(&outlet, s->x);
	r = buf_check(&lines, err);
	if (r == 0) {
		r = outlet_put(&outlet, buf_span(&lines), err);
	}
	if (r == 0) {
		r = outlet_sync(&outlet, err);
	}
	buf_done(&lines);
	return r;
}

static void show_result(const struct scope *s, struct json *out)
{
	json_open_object(out, "result");
	json_uint(out, "number", s->row.number);
	json_uint(out, "affected", s->ids.n / sizeof(struct id));
	json_uint(out, "gone", s->ngone);
	json_uint(out, "entries", s->nentries);
	json_uint(out, "unknown", s->nunknown);
	json_uint(out, "hidden", s->nhidden);
	json_close_object(out);
}

int handle_INCIDENT_SCOPE(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct store *store = x->daemon->house.store;
	struct scope s = { .x = x, .sweep_at = FIRST_SWEEP * sizeof(struct id) };
	struct incident_change c = { .fn = apply_scope, .ctx = &s, .may_be_closed = true };
	int r = incidents_find(x, &s.row, err);

	if (r == 0 && s.row.kind == INCIDENT_UNAVAILABILITY) {
		r = cu_err_set(err, CU_EUNSUP,
			"what nobody can reach is no entry of the log: it is about everybody whom 'status' counts");
	}
	if (r < 0) {
		return r;
	}
	s.reader = store_reader_take(store);
	r = find(&s, err);
	store_reader_give(store, s.reader);
	if (r == 0) { /* in the log and the access journal before anybody sees it */
		r = incidents_change(x, &c, err);
	}
	if (r == 0) {
		r = put_ids(&s, err);
	}
	if (r == 0) {
		show_result(&s, out);
	}
	buf_done(&s.ids);
	return r;
}
