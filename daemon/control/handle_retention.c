/* Retention: what ends when, and ending it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/watch.h"
#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/due.h"
#include "control/expiry.h"
#include "control/handle.h"
#include "control/keeping.h"
#include "control/own_end.h"
#include "policy/policy.h"
#include "store/reader_expiry.h"

#define MONTHS     12
#define MAX_MONTHS (100 * 12)

/* --- showing ---------------------------------------------------------------------- */

static void show_clock(struct json *out, const struct keeping_clock *c)
{
	static const char *const states[] = { [KEEPING_GOOD] = "good", [KEEPING_BEHIND] = "behind",
		[KEEPING_AHEAD] = "ahead" };

	json_open_object(out, "clock");
	json_str(out, "state", states[c->verdict]);
	json_int(out, "now_ms", c->now_ms);
	json_int(out, "known_ms", c->known_ms);
	if (c->verdict == KEEPING_AHEAD) {
		json_hex(out, "approval", c->asked.id.b, sizeof(c->asked.id.b));
	}
	json_close_object(out);
}

static void show_counts(struct json *out, const struct due *d)
{
	json_uint(out, "cohorts", d->ncohorts);
	json_uint(out, "records", d->nrecords);
	json_uint(out, "people", d->npeople);
}

static bool is_empty(const struct due *d)
{
	return d->ncohorts + d->npeople == 0;
}

/* The law that keeps it beyond the rule's own day, if one does. */
static const char *citation_of(const struct kept *k, int32_t today)
{
	return !k->is_held && k->minimum &&
			retention_day_over(k->minimum->keep, today) >
				retention_day_over(k->rule->keep, today) ?
		k->minimum->citation :
		NULL;
}

static void show_what(struct json *out, const struct retention_rule *rule)
{
	json_str(out, "collection", rule->collection);
	if (strcmp(rule->class_key, RETENTION_DEFAULT) != 0) {
		json_str(out, "class", rule->class_key);
	}
}

static const char *then_of(const struct kept *k)
{
	return kept_is_review(k) ? "review" : kept_is_counted(k) ? "anonymise" : "shred";
}

static void show_due(struct json *out, struct due_counting *c)
{
	json_open_array(out, "due");
	for (size_t m = 0; m < c->nmonths; m++) {
		int32_t month = due_month(c->k->today) + (int32_t)m;
		char text[16];

		snprintf(text, sizeof(text), "%04d-%02d", month / 12, month % 12 + 1);
		for (size_t i = 0; i < c->k->n; i++) {
			const struct kept *k = &c->k->v[i];
			const struct due *d = &c->due[i * c->nmonths + m];
			const char *citation = citation_of(k, c->k->today);

			if (is_empty(d)) {
				continue;
			}
			json_open_object(out, NULL);
			json_str(out, "month", text);
			show_what(out, k->rule);
			json_str(out, "then", then_of(k));
			show_counts(out, d);
			if (citation) {
				json_str(out, "minimum", citation);
			}
			json_close_object(out);
		}
	}
	json_close_array(out);
}

static void show_held(struct json *out, const struct due_counting *c)
{
	char keep[16];

	json_open_array(out, "held");
	for (size_t i = 0; i < c->k->n; i++) {
		const struct kept *k = &c->k->v[i];

		if (!k->is_held) {
			continue;
		}
		snprintf(keep, sizeof(keep), "%d%c", (int)k->rule->keep.n, k->rule->keep.unit);
		json_open_object(out, NULL);
		show_what(out, k->rule);
		json_str(out, "keep", keep);
		if (k->has_before) {
			json_str(out, "before", k->before.keep);
		}
		show_counts(out, &c->held[i]);
		json_close_object(out);
	}
	json_close_array(out);
}

static void show_run(struct json *out, const struct row_expiry *row)
{
	static const char *const states[] = { [EXPIRY_PLANNING] = "planning",
		[EXPIRY_ASKED] = "asked", [EXPIRY_GOING] = "going", [EXPIRY_CLEARING] = "clearing",
		[EXPIRY_DONE] = "done", [EXPIRY_DENIED] = "denied", [EXPIRY_DROPPED] = "dropped" };
	char day[CIVIL_DAY_SIZE];

	civil_format_day(row->day, day);
	json_open_object(out, NULL);
	json_hex(out, "run", row->id.b, sizeof(row->id.b));
	json_bool(out, "is_review", row->is_review);
	json_str(out, "state", states[row->state]);
	json_str(out, "day", day);
	json_int(out, "begun_ms", row->begun_ms);
	json_uint(out, "cohorts", row->ncohorts);
	json_uint(out, "people", row->nslots);
	json_uint(out, "records", row->nrecords);
	json_uint(out, "generation", row->generation);
	if (!id_is_nil(&row->approval)) {
		json_hex(out, "approval", row->approval.b, sizeof(row->approval.b));
	}
	json_close_object(out);
}

/* --- plan ------------------------------------------------------------------------- */

/* A class that the file has, or one that it had and that records are still of. */
static void show_if_unruled(const struct retention *r, const char *collection,
	const char *class_key, struct json *out)
{
	char text[2 * ENGINE_KEY_SIZE];

	if (!retention_find(r, collection, class_key)) {
		kept_name(&(struct retention_rule){ .collection = collection, .class_key = class_key },
			text);
		json_str(out, NULL, text);
	}
}

static bool is_in_file(const struct retention *r, const char *collection, const char *class_key)
{
	const char *key;

	for (size_t n = 0; (key = retention_class_key(r, collection, n)) != NULL; n++) {
		if (strcmp(key, class_key) == 0) {
			return true;
		}
	}
	return false;
}

static int show_unruled(struct daemon *d, struct json *out, struct cu_err *err)
{
	const struct retention *all = policy_retention(d->policy);
	const struct schema *s = policy_schema(d->policy);
	struct reader *rd = store_reader_take(d->house.store);
	int r = 0;

	json_open_array(out, "unruled");
	for (size_t i = 0; r == 0 && i < s->ncollections; i++) {
		const char *collection = s->collections[i].key, *key;
		char old[ENGINE_KEY_SIZE] = "";

		for (size_t n = 0; (key = retention_class_key(all, collection, n)) != NULL; n++) {
			show_if_unruled(all, collection, key, out);
		}
		while ((r = reader_next_class(rd, collection, old, old, err)) > 0) {
			if (!is_in_file(all, collection, old)) {
				show_if_unruled(all, collection, old, out);
			}
		}
	}
	json_close_array(out);
	store_reader_give(d->house.store, rd);
	return r;
}

/* What custos keeps for its own work, in the same list. */
static void show_own(struct json *out, const uint64_t *n, int32_t today, size_t nmonths)
{
	for (size_t m = 0; m < nmonths; m++) {
		int32_t month = due_month(today) + (int32_t)m;
		char text[16];

		snprintf(text, sizeof(text), "%04d-%02d", month / 12, month % 12 + 1);
		for (size_t i = 0; i < OWN_NKINDS_; i++) {
			if (n[i * nmonths + m] == 0) {
				continue;
			}
			json_open_object(out, NULL);
			json_str(out, "month", text);
			json_str(out, "what", own_name((enum own_kind)i));
			json_uint(out, "count", n[i * nmonths + m]);
			json_close_object(out);
		}
	}
}

static int plan_own(struct daemon *d, struct json *out, int32_t today, size_t nmonths,
	struct cu_err *err)
{
	uint64_t *n = calloc(OWN_NKINDS_ * nmonths, sizeof(*n));
	int r = n ? own_count(d, today, nmonths, n, err) :
		    cu_err_set(err, CU_ENOMEM, "out of memory");

	json_open_array(out, "own");
	if (r == 0) {
		show_own(out, n, today, nmonths);
	}
	json_close_array(out);
	free(n);
	return r;
}

int handle_RETENTION_PLAN(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t months = exchange_int(x, "months", MONTHS);
	struct due_counting c = { 0 };
	struct keeping k;
	int r;

	if (months < 1 || months > MAX_MONTHS) {
		return cu_err_set(err, CU_EINVAL, "months: expected 1 to %d", MAX_MONTHS);
	}
	r = keeping_look(x->daemon, &k, err);
	if (r < 0) {
		return r;
	}
	c.k = &k;
	c.nmonths = (size_t)months;
	r = due_count(&c, x, err);
	if (r == 0) {
		show_clock(out, &k.clock);
		show_due(out, &c);
		show_held(out, &c);
		r = show_unruled(x->daemon, out, err);
		r = r < 0 ? r : plan_own(x->daemon, out, k.today, c.nmonths, err);
		if (k.nheld > 0) {
			json_hex(out, "policy_approval", k.asked.id.b, sizeof(k.asked.id.b));
		}
	}
	due_done(&c);
	keeping_done(&k);
	return r;
}

/* --- run -------------------------------------------------------------------------- */

/* What is over now. */
static int show_over(struct exchange *x, struct json *out, const struct keeping *k,
	struct cu_err *err)
{
	struct due_counting c = { .k = k, .nmonths = 1 };
	int r;

	r = due_count(&c, x, err);
	if (r == 0) {
		show_due(out, &c);
	}
	due_done(&c);
	return r;
}

static int end_now(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct watch watch = { .cancel = &x->work.cancel };
	struct expiry_outcome outcome;
	int r = expiry_run(x->daemon, &x->actor, &watch, &outcome, err);

	json_open_array(out, "runs");
	for (int i = 0; r == 0 && i < 2; i++) {
		if (!id_is_nil(&outcome.runs[i].id)) {
			show_run(out, &outcome.runs[i]);
		}
	}
	json_close_array(out);
	return r;
}

int handle_RETENTION_RUN(struct exchange *x, struct json *out, struct cu_err *err)
{
	bool is_dry = exchange_flag(x, "dry_run");
	struct keeping k;
	int r;

	if (x->rights.is_root) {
		return cu_err_set(err, CU_EDENIED, "root never erases a person's data");
	}
	r = keeping_look(x->daemon, &k, err);
	if (r < 0) {
		return r;
	}
	show_clock(out, &k.clock);
	json_uint(out, "held", k.nheld);
	if (is_dry) {
		r = show_over(x, out, &k, err);
		json_open_array(out, "runs");
		json_close_array(out);
	} else {
		json_open_array(out, "due");
		json_close_array(out);
		r = end_now(x, out, err);
	}
	keeping_done(&k);
	return r;
}

int handle_RETENTION_LIST(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct reader *rd = store_reader_take(x->daemon->house.store);
	struct row_expiry row, *before = NULL;
	int r;

	json_open_array(out, "runs");
	while ((r = reader_next_expiry(rd, before, &row, err)) > 0) {
		before = &row;
		show_run(out, &row);
	}
	json_close_array(out);
	store_reader_give(x->daemon->house.store, rd);
	return r;
}
