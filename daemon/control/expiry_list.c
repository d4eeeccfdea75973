/* The list of a run: what is over, after what is held of it has keys of its own. */
#include <string.h>

#include "backup/watch.h"
#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/expiry_internal.h"
#include "store/reader_expiry.h"
#include "store/tx_hold.h"

#define LOOK_AT 256 /* subjects, between two steps of the writer */

/* --- steps on the writer's thread ------------------------------------------------- */

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;

	return tx_expiry_begin(tx, s->is_review, s->day, &s->run, err);
}

static int apply_list_cohorts(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;

	return tx_expiry_list_cohorts(tx, &s->run, s->limit, err);
}

static int apply_list_subjects(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->nsubjects; i++) {
		for (size_t j = 0; r == 0 && j < s->limits.n; j++) {
			if (s->limits.v[j].is_moving) {
				r = tx_expiry_list_subject(tx, &s->run, &s->limits.v[j],
					&s->subjects[i], err);
			}
		}
	}
	return r;
}

/* --- what is held of old cohorts -------------------------------------------------- */

static int apply_reseal(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;
	int r = tx_hold_reseal(tx, s->limit, err);

	s->is_more = r > 0;
	return r < 0 ? r : 0;
}

static int reseal_held(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->limits.n; i++) {
		s->limit = &s->limits.v[i];
		s->is_more = !s->limit->is_moving;
		while (r == 0 && s->is_more) {
			r = expiry_step_run(d, s, STORE_CHANGE, apply_reseal, err);
			if (r == 0) {
				r = watch_step(watch, "retention", 0, 0, err);
			}
		}
	}
	return r;
}

/* --- the list --------------------------------------------------------------------- */

/* Of all limits that count from a person: who was heard of after the latest, or came after it, is
 * not due; but for the end of a relationship, which may have been before they came. */
struct latest {
	int32_t active, ended; /* CIVIL_NO_DAY: none of this kind */
	const char *ends_in;
};

static struct latest latest_of(const struct expiry_limits *limits)
{
	struct latest l = { CIVIL_NO_DAY, CIVIL_NO_DAY, "" };

	for (size_t i = 0; i < limits->n; i++) {
		const struct expiry_limit *limit = &limits->v[i];
		int32_t *day = limit->ends_in[0] ? &l.ended : &l.active;

		if (limit->is_moving && limit->last_day > *day) {
			*day = limit->last_day;
		}
		l.ends_in = limit->ends_in[0] ? limit->ends_in : l.ends_in;
	}
	return l;
}

static bool may_be_due(const struct latest *l, const struct row_activity *at)
{
	return (at->day != CIVIL_NO_DAY && at->day <= l->active) ||
		(at->ended_day != CIVIL_NO_DAY && at->ended_day <= l->ended);
}

/* The next subjects that may be due, read beside the writer.  The number, or a code. */
static int find_subjects(struct daemon *d, const struct latest *l, struct row_activity *at,
	struct id found[LOOK_AT], bool *ret_is_end, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int64_t before_ms =
		l->ended != CIVIL_NO_DAY ? INT64_MAX : ((int64_t)l->active + 1) * 86400000;
	int n = 0, r = 1;

	for (int looked = 0; looked < 16 * LOOK_AT && n < LOOK_AT; looked++) {
		r = reader_next_activity(rd, &at->subject, before_ms, l->ends_in, at, err);
		if (r <= 0) {
			break;
		}
		if (may_be_due(l, at)) {
			found[n++] = at->subject;
		}
	}
	store_reader_give(d->house.store, rd);
	*ret_is_end = r == 0;
	return r < 0 ? r : n;
}

static int list_subjects(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct id found[LOOK_AT];
	struct row_activity at = { .day = 0 };
	struct latest latest = latest_of(&s->limits);
	bool is_end = latest.active == CIVIL_NO_DAY && latest.ended == CIVIL_NO_DAY;
	int r = 0;

	while (r == 0 && !is_end) {
		r = find_subjects(d, &latest, &at, found, &is_end, err);
		if (r > 0) {
			s->subjects = found;
			s->nsubjects = (size_t)r;
			r = expiry_step_run(d, s, STORE_CHANGE, apply_list_subjects, err);
		}
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	return r;
}

int expiry_make_list(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct expiry *e = &d->expiry;
	int r = reseal_held(d, s, watch, err);

	if (r == 0) {
		r = expiry_step_run(d, s, STORE_CHANGE, apply_begin, err);
	}
	for (size_t i = 0; r == 0 && i < s->limits.n; i++) {
		s->limit = &s->limits.v[i];
		if (!s->limit->is_moving) {
			r = expiry_step_run(d, s, STORE_CHANGE, apply_list_cohorts, err);
		}
	}
	/* all subjects are looked at once a day, or when somebody asks */
	if (r == 0 && (!id_is_nil(&s->op.actor) || e->listed_day[s->is_review] != s->day)) {
		r = list_subjects(d, s, watch, err);
		if (r == 0) {
			e->listed_day[s->is_review] = s->day;
		}
	}
	return r;
}
