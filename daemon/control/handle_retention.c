/* Retention: what ends when, and ending it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/watch.h"
#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/expiry.h"
#include "control/handle.h"
#include "control/keeping.h"
#include "policy/policy.h"
#include "store/reader_expiry.h"

#define MONTHS     12
#define MAX_MONTHS (100 * 12)

/* --- counting --------------------------------------------------------------------- */

struct due {
	uint64_t ncohorts, nrecords, npeople;
};

/* For each rule a row of months from the present one on; and what would be over by rules that
 * are held. */
struct counting {
	const struct keeping *k;
	size_t nmonths;
	struct due *due;  /* k->n × nmonths */
	struct due *held; /* k->n */
};

static int32_t month_of(int32_t day)
{
	struct civil c = civil_of_day(day);

	return c.year * 12 + c.month - 1;
}

static struct due *due_at(struct counting *c, size_t rule, int32_t last_day)
{
	int32_t over = kept_day_over(&c->k->v[rule], last_day), at;

	if (over == INT32_MAX) {
		return NULL;
	}
	at = over <= c->k->today ? 0 : month_of(over) - month_of(c->k->today);
	return (size_t)at < c->nmonths ? &c->due[rule * c->nmonths + (size_t)at] : NULL;
}

static bool is_over_by_file(const struct counting *c, size_t rule, int32_t last_day)
{
	const struct kept *k = &c->k->v[rule];

	return k->is_held && last_day <= kept_last_day_of_file(k, c->k->today);
}

static int count_cohorts(struct counting *c, struct reader *rd, size_t rule, struct cu_err *err)
{
	struct row_cohort cohort = { 0 };
	int r;

	while ((r = reader_next_cohort(rd, c->k->v[rule].rule->collection, cohort.period, &cohort,
			err)) > 0) {
		int32_t last = expiry_last_day(cohort.period);
		struct due *to[2] = { due_at(c, rule, last),
			is_over_by_file(c, rule, last) ? &c->held[rule] : NULL };

		for (int i = 0; i < 2; i++) {
			if (to[i]) {
				to[i]->ncohorts++;
				to[i]->nrecords += cohort.nrecords;
			}
		}
	}
	return r;
}

static int count_person(struct counting *c, struct reader *rd, const struct row_activity *at,
	struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->k->n; i++) {
		int32_t from = kept_counts_from(&c->k->v[i], at);
		struct due *due;

		if (!kept_is_moving(&c->k->v[i]) || from == CIVIL_NO_DAY) {
			continue;
		}
		due = due_at(c, i, from);
		if (!due && !is_over_by_file(c, i, from)) {
			continue;
		}
		r = reader_has_slot(rd, &at->subject, c->k->v[i].rule->collection, err);
		if (r > 0 && due) {
			due->npeople++;
		}
		if (r > 0 && is_over_by_file(c, i, from)) {
			c->held[i].npeople++;
		}
	}
	return r;
}

static int count_people(struct counting *c, struct exchange *x, struct reader *rd,
	struct cu_err *err)
{
	struct row_activity at;
	struct id *after = NULL;
	bool any = false;
	int r;

	for (size_t i = 0; i < c->k->n; i++) {
		any |= kept_is_moving(&c->k->v[i]);
	}
	while (any && (r = reader_next_activity(rd, after, INT64_MAX, c->k->ends_in, &at, err)) != 0) {
		after = &at.subject;
		if (r > 0) {
			r = count_person(c, rd, &at, err);
		}
		if (r >= 0 && exchange_is_cancelled(x)) {
			r = cu_err_set(err, CU_ECANCELED, "cancelled");
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int count(struct counting *c, struct exchange *x, struct cu_err *err)
{
	struct reader *rd;
	int r = 0;

	c->due = calloc(c->k->n * c->nmonths + 1, sizeof(*c->due));
	c->held = calloc(c->k->n + 1, sizeof(*c->held));
	if (!c->due || !c->held) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	rd = store_reader_take(x->daemon->house.store);
	for (size_t i = 0; r == 0 && i < c->k->n; i++) {
		if (!kept_is_moving(&c->k->v[i])) {
			r = count_cohorts(c, rd, i, err);
		}
	}
	if (r == 0) {
		r = count_people(c, x, rd, err);
	}
	store_reader_give(x->daemon->house.store, rd);
	return r;
}

static void counting_done(struct counting *c)
{
	free(c->due);
	free(c->held);
}

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

static void show_due(struct json *out, struct counting *c)
{
	json_open_array(out, "due");
	for (size_t m = 0; m < c->nmonths; m++) {
		int32_t month = month_of(c->k->today) + (int32_t)m;
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
			json_str(out, "collection", k->rule->collection);
			json_str(out, "then", kept_is_review(k) ? "review" : "shred");
			show_counts(out, d);
			if (citation) {
				json_str(out, "minimum", citation);
			}
			json_close_object(out);
		}
	}
	json_close_array(out);
}

static void show_held(struct json *out, const struct counting *c)
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
		json_str(out, "collection", k->rule->collection);
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

static void show_unruled(struct daemon *d, struct json *out)
{
	const struct schema *s = policy_schema(d->policy);

	json_open_array(out, "unruled");
	for (size_t i = 0; i < s->ncollections; i++) {
		if (!retention_find(policy_retention(d->policy), s->collections[i].key)) {
			json_str(out, NULL, s->collections[i].key);
		}
	}
	json_close_array(out);
}

int handle_RETENTION_PLAN(struct exchange *x, struct json *out, struct cu_err *err)
{
	int64_t months = exchange_int(x, "months", MONTHS);
	struct counting c = { 0 };
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
	r = count(&c, x, err);
	if (r == 0) {
		show_clock(out, &k.clock);
		show_due(out, &c);
		show_held(out, &c);
		show_unruled(x->daemon, out);
		if (k.nheld > 0) {
			json_hex(out, "policy_approval", k.asked.id.b, sizeof(k.asked.id.b));
		}
	}
	counting_done(&c);
	keeping_done(&k);
	return r;
}

/* --- run -------------------------------------------------------------------------- */

/* What is over now. */
static int show_over(struct exchange *x, struct json *out, const struct keeping *k,
	struct cu_err *err)
{
	struct counting c = { .k = k, .nmonths = 1 };
	int r;

	c.due = NULL;
	r = count(&c, x, err);
	if (r == 0) {
		show_due(out, &c);
	}
	counting_done(&c);
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
