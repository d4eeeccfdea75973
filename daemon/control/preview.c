#include "control/preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/mask.h"
#include "control/show.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/reader_hold.h"
#include "store/tx_hold.h"

#define DAY_MS  (24 * 3600 * 1000LL)
#define WHY_ERASE "erase.preview" /* of a leaf */
#define PROFILE "profile" /* of schema.yaml, with these fields */

static const char *const names[] = { "full_name", "given_name", "family_name" };

void preview_done(struct preview *p)
{
	buf_done(&p->who);
}

/* --- looking ---------------------------------------------------------------------- */

struct looking {
	struct preview *p;
	const char *const *collections;
	size_t ncollections;
	const struct id *record; /* NULL: all */
};

static struct preview_part *part_of(struct preview *p, const char *collection)
{
	for (size_t i = 0; i < p->nparts; i++) {
		if (strcmp(p->parts[i].collection, collection) == 0) {
			return &p->parts[i];
		}
	}
	if (p->nparts == PREVIEW_MAX_PARTS) {
		return &p->parts[PREVIEW_MAX_PARTS - 1];
	}
	strncpy(p->parts[p->nparts].collection, collection, ENGINE_KEY_SIZE - 1);
	return &p->parts[p->nparts++];
}

static bool is_meant(const struct looking *l, const struct row_record *row)
{
	bool is_in = l->ncollections == 0;

	for (size_t i = 0; i < l->ncollections; i++) {
		is_in |= strcmp(l->collections[i], row->collection) == 0;
	}
	return is_in && (!l->record || id_eq(l->record, &row->id));
}

/* The full name, or what it is made of. */
static void take_name(struct preview *p, const struct record *rec)
{
	if (p->who.n > 0 || strcmp(rec->collection, PROFILE) != 0) {
		return;
	}
	mask_name(record_get(rec, names[0]), &p->who);
	if (p->who.n == 0) {
		mask_name(record_get(rec, names[1]), &p->who);
		mask_name(record_get(rec, names[2]), &p->who);
	}
	if (p->who.n == 0 && p->kind == SUBJECT_ORGANISATION) {
		mask_name(record_get(rec, "organisation"), &p->who);
	}
}

static int look_at(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct looking *l = ctx;

	(void)err;
	take_name(l->p, rec);
	if (is_meant(l, row)) {
		part_of(l->p, row->collection)->nrecords++;
	}
	return 0;
}

static int count_slots(struct reader *rd, struct preview *p, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = 0;

	p->nslots = p->scope == ERASE_RECORD ? 1 : p->nparts;
	if (p->scope == ERASE_SUBJECT) {
		r = reader_slots(rd, &p->subject, &slots, err);
		p->nslots = slots.n / sizeof(uint64_t);
	}
	buf_done(&slots);
	return r;
}

static int look(struct exchange *x, struct reader *rd, struct looking *l, struct cu_err *err)
{
	struct preview *p = l->p;
	uint64_t cohorts;
	struct row_subject who;
	int r = reader_subject(rd, &p->subject, &who, err);

	if (r == 0) {
		return cu_err_set(err, CU_ENOENT, "there is no such data subject");
	}
	if (r > 0) {
		p->kind = who.kind;
		r = reader_all_records(rd, &p->subject, NULL, look_at, l, err);
	}
	if (r == 0) {
		r = count_slots(rd, p, err);
	}
	if (r == 0) {
		int64_t since = clock_now_ms(&x->daemon->house.clock) - DAY_MS;

		r = reader_erasure_spent(rd, since, &p->spent, &cohorts, err);
		p->cap = (uint64_t)policy_erasure(x->daemon->policy)->daily_slots;
	}
	return r;
}

/* --- the leaf --------------------------------------------------------------------- */

struct leaf_op {
	struct store_op op;
	struct leaf leaf;
};

/* Not as exchange_leaf: the subject may be denied to all but those who decide about that. */
static int apply_leaf(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_leaf(tx, &((struct leaf_op *)op)->leaf, err);
}

static int put_leaf(struct exchange *x, const struct id *subject, const char *purpose,
	const char *why, struct cu_err *err)
{
	struct leaf_op o = { { .apply = apply_leaf, .kind = STORE_LEAF, .actor = x->actor },
		{ .act = LEAF_SUBJECT_READ, .sub = *subject, .collection = PROFILE } };

	strncpy(o.leaf.why, why, sizeof(o.leaf.why) - 1);
	strncpy(o.leaf.purpose, purpose, sizeof(o.leaf.purpose) - 1);
	return store_run(x->daemon->house.store, &o.op, err);
}

static int make(struct exchange *x, struct reader *rd, struct looking *l, const char *purpose,
	const char *why, struct cu_err *err)
{
	int r = reader_begin(rd, err);

	if (r == 0) {
		r = look(x, rd, l, err);
		reader_end(rd);
	}
	if (r == 0) {
		r = buf_check(&l->p->who, err);
	}
	if (r == 0) {
		r = put_leaf(x, &l->p->subject, purpose, why, err);
	}
	if (r < 0) {
		preview_done(l->p);
	}
	return r;
}

static int require_free(struct reader *rd, const struct id *subject, struct cu_err *err)
{
	struct row_erasure open;
	char text[ID_TEXT_SIZE];
	int r = reader_erasure_of(rd, subject, &open, err);

	if (r > 0) {
		id_format(&open.id, text);
		r = cu_err_set(err, CU_EBUSY,
			"an erasure of this data subject is under way: see 'erase show %s'", text);
	}
	return r;
}

static int require_unheld(struct reader *rd, const struct erase_what *what, struct cu_err *err)
{
	struct id hold;
	int r = reader_hold_of(rd, what, &hold, err);

	return r > 0 ? hold_refuse(&hold, err) : r;
}

int preview_of(struct exchange *x, const struct erase_what *what, struct preview *ret,
	struct cu_err *err)
{
	const struct erasure_rules *rules = policy_erasure(x->daemon->policy);
	bool is_record = !id_is_nil(&what->record);
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct looking l = { ret, what->collections, what->ncollections,
		is_record ? &what->record : NULL };
	int r = require_free(rd, &what->subject, err);

	if (r == 0) {
		r = require_unheld(rd, what, err);
	}
	*ret = (struct preview){ .subject = what->subject, .who = BUF_INIT_WIPE,
		.scope = is_record	    ? ERASE_RECORD :
			what->ncollections > 0 ? ERASE_COLLECTIONS :
						 ERASE_SUBJECT,
		.is_now = what->is_now,
		.due_ms = clock_now_ms(&x->daemon->house.clock) +
			(what->is_now ? 0 : duration_seconds(rules->grace) * 1000) };
	for (size_t i = 0; i < what->ncollections; i++) {
		part_of(ret, what->collections[i]);
	}
	if (r == 0) {
		r = make(x, rd, &l, what->purpose, WHY_ERASE, err);
	}
	store_reader_give(x->daemon->house.store, rd);
	if (r == 0 && is_record && ret->nparts == 0) {
		preview_done(ret);
		r = cu_err_set(err, CU_ENOENT, "this data subject has no such record");
	}
	return r;
}

int preview_of_erasure(struct exchange *x, const struct row_erasure *row, struct preview *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	const char *collections[PREVIEW_MAX_PARTS];
	char collection[ENGINE_KEY_SIZE] = "";
	struct looking l = { ret, collections, 0,
		row->scope == ERASE_RECORD ? &row->record : NULL };
	int r = 0;

	*ret = (struct preview){ .subject = row->subject, .who = BUF_INIT_WIPE,
		.scope = row->scope, .is_now = row->is_now, .due_ms = row->due_ms };
	while (l.ncollections < PREVIEW_MAX_PARTS &&
		(r = reader_erasure_part(rd, &row->id, collection, collection, err)) > 0) {
		collections[l.ncollections++] = part_of(ret, collection)->collection;
	}
	if (r >= 0) {
		r = make(x, rd, &l, row->purpose, WHY_ERASE, err);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

int preview_of_subject(struct exchange *x, const struct id *subject, const char *purpose,
	const char *why, struct preview *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct looking l = { .p = ret };
	int r;

	*ret = (struct preview){ .subject = *subject, .who = BUF_INIT_WIPE, .scope = ERASE_SUBJECT };
	r = make(x, rd, &l, purpose, why, err);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

/* --- showing ---------------------------------------------------------------------- */

bool preview_is_over_cap(const struct preview *p)
{
	return p->spent + p->nslots > p->cap;
}

static const char *name_of_scope(enum erasure_scope scope)
{
	return scope == ERASE_SUBJECT ? "subject" : scope == ERASE_RECORD ? "record" : "collections";
}

void preview_show(const struct preview *p, struct json *out, const char *name)
{
	json_open_object(out, name);
	json_hex(out, "subject", p->subject.b, sizeof(p->subject.b));
	show_kind(out, p->kind);
	json_buf(out, "who", &p->who);
	json_str(out, "scope", name_of_scope(p->scope));
	json_open_array(out, "collections");
	for (size_t i = 0; i < p->nparts; i++) {
		json_open_object(out, NULL);
		json_str(out, "collection", p->parts[i].collection);
		json_uint(out, "records", p->parts[i].nrecords);
		json_close_object(out);
	}
	json_close_array(out);
	json_uint(out, "slots", p->nslots);
	json_int(out, "due_ms", p->due_ms);
	json_uint(out, "slots_today", p->spent);
	json_uint(out, "daily_slots", p->cap);
	json_open_array(out, "needs");
	if (p->is_now) {
		json_str(out, NULL, ERASE_KIND_NOW);
	}
	if (preview_is_over_cap(p)) {
		json_str(out, NULL, ERASE_KIND_CAP);
	}
	json_close_array(out);
	json_close_object(out);
}

__attribute__((format(printf, 2, 3))) static void line(struct json *lines, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_str(lines, NULL, text);
	explicit_bzero(text, sizeof(text)); /* the first letters of a name */
}

static void say_who(const struct preview *p, struct json *lines)
{
	char id[ID_TEXT_SIZE];

	id_format(&p->subject, id);
	switch (p->scope) {
	case ERASE_SUBJECT:
		line(lines, _("All that is known about %.*s (%s) is erased:"), (int)p->who.n,
			(const char *)p->who.p, id);
		break;
	case ERASE_COLLECTIONS:
		line(lines, _("Some of what is known about %.*s (%s) is erased, the rest stays:"),
			(int)p->who.n, (const char *)p->who.p, id);
		break;
	case ERASE_RECORD:
		line(lines, _("One record about %.*s (%s) is erased, the others get a fresh key:"),
			(int)p->who.n, (const char *)p->who.p, id);
		break;
	}
}

void preview_say(const struct preview *p, struct json *lines)
{
	char when[CIVIL_TIME_SIZE];

	say_who(p, lines);
	for (size_t i = 0; i < p->nparts; i++) {
		line(lines, _("  %s: records: %" PRIu64), p->parts[i].collection,
			p->parts[i].nrecords);
	}
	line(lines, _("Keys that are shredded: %" PRIu64 ". No backup of any age gives this back."),
		p->nslots);
	civil_format_time(p->due_ms, when);
	if (p->is_now) {
		line(lines, "%s", _("It happens as soon as a second user confirms, without a grace period."));
	} else {
		line(lines, _("It happens after %.16s UTC."), when);
	}
	if (preview_is_over_cap(p)) {
		line(lines,
			_("It exceeds the cap: %" PRIu64 " of %" PRIu64
			  " keys were shredded in the last 24 hours."),
			p->spent, p->cap);
	}
}
