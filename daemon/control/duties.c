#include "control/duties.h"

#include <stdio.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "policy/policy.h"
#include "store/tx_duty.h"

/* The day by which a whole restore of every target had gone well; CIVIL_NO_DAY: not of all. */
static int day_of_drills(struct daemon *d, const struct policy *p, int32_t *ret, struct cu_err *err)
{
	const struct targets *t = policy_targets(p);
	int64_t oldest = t->n > 0 ? INT64_MAX : 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		struct drill_last last = { 0 };

		r = drill_last(d, &t->v[i], &last, err);
		oldest = last.restore_ms < oldest ? last.restore_ms : oldest;
	}
	*ret = oldest > 0 ? zone_day_of_ms(oldest) : CIVIL_NO_DAY;
	return r;
}

static int look_at(struct daemon *d, const struct policy *p, struct reader *rd,
	const struct duty *duty, struct duty_look *l, struct cu_err *err)
{
	int32_t today = casework_today(d), drill = CIVIL_NO_DAY;
	int64_t since_ms = clock_now_ms(&d->house.clock);
	struct duty_doing last = { CIVIL_NO_DAY, CIVIL_NO_DAY };
	struct row_duty row;
	int r = reader_duty_before(rd, duty->key, NULL, &row, err);

	*l = (struct duty_look){ .duty = duty };
	snprintf(l->key, sizeof(l->key), "%s", duty->key);
	if (r > 0) {
		last = (struct duty_doing){ row.day, row.due_day };
	}
	if (r >= 0) {
		r = reader_duty_known(rd, duty->key, &since_ms, err);
	}
	if (r >= 0 && duty->counts == DUTY_COUNTS_DRILL) {
		r = day_of_drills(d, p, &drill, err);
	}
	if (r >= 0 && drill > last.day) {
		last = (struct duty_doing){ drill, CIVIL_NO_DAY };
		l->is_by_drill = true;
	}
	l->last = last.day;
	l->due = duty_due(duty, zone_day_of_ms(since_ms), last.day == CIVIL_NO_DAY ? NULL : &last,
		today);
	l->state = duty_state_of(duty, l->due, today);
	return r < 0 ? r : 0;
}

/* 1; 0: nobody ever said that it was done. */
static int look_at_gone(struct reader *rd, const char *key, struct duty_look *l,
	struct cu_err *err)
{
	struct row_duty row;
	int r = reader_duty_before(rd, key, NULL, &row, err);

	if (r > 0) {
		*l = (struct duty_look){ .state = DUTY_GONE, .due = CIVIL_NO_DAY, .last = row.day };
		snprintf(l->key, sizeof(l->key), "%s", key);
	}
	return r;
}

static int each_gone(struct daemon *d, const struct policy *p, duty_look_fn *fn, void *ctx,
	struct cu_err *err)
{
	char key[ENGINE_KEY_SIZE] = "";
	int r = 1;

	while (r > 0) {
		struct reader *rd = store_reader_take(d->house.store);
		struct duty_look l;
		bool is_gone = false;

		r = reader_duty_next_key(rd, key, key, err);
		if (r > 0 && !duties_find(policy_duties(p), key)) {
			r = look_at_gone(rd, key, &l, err);
			is_gone = r > 0;
		}
		store_reader_give(d->house.store, rd);
		if (is_gone && (r = fn(ctx, &l, err)) == 0) {
			r = 1;
		}
	}
	return r;
}

int duties_each(struct daemon *d, const struct policy *p, bool is_all, duty_look_fn *fn, void *ctx,
	struct cu_err *err)
{
	const struct duties *all = policy_duties(p);
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		struct reader *rd = store_reader_take(d->house.store);
		struct duty_look l;

		r = look_at(d, p, rd, &all->v[i], &l, err);
		store_reader_give(d->house.store, rd);
		if (r == 0) {
			r = fn(ctx, &l, err);
		}
	}
	return r == 0 && is_all ? each_gone(d, p, fn, ctx, err) : r;
}

int duties_look(struct daemon *d, const struct policy *p, const char *key, struct duty_look *ret,
	struct cu_err *err)
{
	const struct duty *duty = duties_find(policy_duties(p), key);
	struct reader *rd = store_reader_take(d->house.store);
	int r = duty ? look_at(d, p, rd, duty, ret, err) : look_at_gone(rd, key, ret, err);

	store_reader_give(d->house.store, rd);
	if (!duty && r == 0) {
		return cu_err_set(err, CU_ENOENT,
			"duty: duties.yaml has none of this key, and never had: see 'duty list'");
	}
	return r < 0 ? r : 0;
}

/* --- since when ------------------------------------------------------------------- */

struct knowing {
	struct store_op op;
	const struct duties *all;
};

static int apply_knowing(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct duties *all = ((struct knowing *)op)->all;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		r = tx_duty_know(tx, all->v[i].key, err);
	}
	return r;
}

int duties_know(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	const struct duties *all = policy_duties(d->policy);
	struct knowing k = { { .apply = apply_knowing, .kind = STORE_CHANGE }, all };
	struct reader *rd = store_reader_take(d->house.store);
	bool is_any_new = false;
	int r = 0;

	(void)watch; /* a few rows */
	for (size_t i = 0; r >= 0 && i < all->n; i++) {
		int64_t since_ms;

		r = reader_duty_known(rd, all->v[i].key, &since_ms, err);
		is_any_new |= r == 0;
	}
	store_reader_give(d->house.store, rd);
	return r < 0 || !is_any_new ? (r < 0 ? r : 0) : store_run(d->house.store, &k.op, err);
}
