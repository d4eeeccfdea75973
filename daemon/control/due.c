#include "control/due.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/expiry.h"
#include "control/keeping.h"
#include "store/reader_expiry.h"
#include "store/tx_rule.h"

int32_t due_month(int32_t day)
{
	struct civil c = civil_of_day(day);

	return c.year * 12 + c.month - 1;
}

static struct due *due_at(struct due_counting *c, size_t rule, int32_t last_day)
{
	int32_t over = kept_day_over(&c->k->v[rule], last_day), at;

	if (over == INT32_MAX) {
		return NULL;
	}
	if (c->nmonths == 0) {
		return over <= c->k->today ? &c->due[rule] : NULL;
	}
	at = over <= c->k->today ? 0 : due_month(over) - due_month(c->k->today);
	return (size_t)at < c->nmonths ? &c->due[rule * c->nmonths + (size_t)at] : NULL;
}

static bool is_over_by_file(const struct due_counting *c, size_t rule, int32_t last_day)
{
	const struct kept *k = &c->k->v[rule];

	return k->is_held && last_day <= kept_last_day_of_file(k, c->k->today);
}

static int count_cohorts(struct due_counting *c, struct reader *rd, size_t rule, struct cu_err *err)
{
	struct row_cohort cohort = { 0 };
	int r;

	while ((r = reader_next_cohort(rd, c->k->v[rule].rule->collection,
			c->k->v[rule].rule->class_key, cohort.period, &cohort, err)) > 0) {
		int32_t last = expiry_last_day(cohort.period);
		struct due *to[2] = { due_at(c, rule, last),
			is_over_by_file(c, rule, last) ? &c->held[rule] : NULL };

		if (period_is_own(cohort.period)) {
			continue; /* by no rule of the file */
		}
		for (int i = 0; i < 2; i++) {
			if (to[i]) {
				to[i]->ncohorts++;
				to[i]->nrecords += cohort.nrecords;
			}
		}
	}
	return r;
}

static int count_person(struct due_counting *c, struct reader *rd, const struct row_activity *at,
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

static int count_people(struct due_counting *c, struct exchange *x, struct reader *rd,
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

int due_count(struct due_counting *c, struct exchange *x, struct cu_err *err)
{
	struct reader *rd;
	int r = 0;

	c->due = calloc(c->k->n * (c->nmonths + 1) + 1, sizeof(*c->due));
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

void due_done(struct due_counting *c)
{
	free(c->due);
	free(c->held);
}
