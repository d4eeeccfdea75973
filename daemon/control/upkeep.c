#include "control/upkeep.h"

#include <stddef.h>
#include <string.h>

#include "backup/watch.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/log.h"
#include "control/alarms.h"
#include "control/daemon.h"
#include "control/drill_keys.h"
#include "control/duties.h"
#include "control/erase.h"
#include "control/jobs.h"
#include "control/linger.h"
#include "control/merge.h"
#include "control/own_end.h"
#include "control/quarantine.h"
#include "control/request_duty.h"
#include "policy/policy.h"
#include "store/tx.h"
#include "store/reader_rule.h"
#include "store/tx_keeping.h"
#include "store/tx_rule.h"

#define HOURLY_MS      (3600 * 1000)
#define MINUTE_MS      (60 * 1000)
#define TEN_MINUTES_MS (600 * 1000)
#define AT_START       (INT64_MAX / 2) /* and when somebody has answered; else it is a job */

static upkeep_fn look_for_rollback, end_drill_keys, end_access_keys, end_records, end_what_is_over, bring_vaults,
	prune_targets;

/* In this order: keys that are to die, then copies of those that live, then old copies.
 */
static const struct upkeep_duty {
	const char *name; /* for the journal: "upkeep: <name>: <what failed>" */
	int64_t each_ms;
	upkeep_fn *run;
} duties[UPKEEP_NDUTIES] = {
	{ "a target that holds more than this store", TEN_MINUTES_MS,
		look_for_rollback },
	{ "drill keys whose window is over", HOURLY_MS, end_drill_keys },
	{ "days of the access journal whose time is over", HOURLY_MS, end_access_keys },
	{ "records that end by their own rules", MINUTE_MS, end_records },
	{ "data whose time is over", AT_START, end_what_is_over },
	{ "keys of ids that were merged into others", TEN_MINUTES_MS, merge_duty },
	{ "targets that lack the newest vault object", TEN_MINUTES_MS, bring_vaults },
	{ "old vault objects", LINGER_EACH_MS, prune_targets },
	{ "requests, holds, incidents and evidence of long ago", HOURLY_MS, own_end },
	{ "requests that can go on", TEN_MINUTES_MS, request_duty },
	{ "duties that are new", TEN_MINUTES_MS, duties_know },
	{ "what somebody is to be told of", TEN_MINUTES_MS, alarms_duty },
};

/* --- the round ----------------------------------------------------------------------
 */

static struct daemon *daemon_of(struct work *w)
{
	return (struct daemon *)((char *)w - offsetof(struct daemon, upkeep.work));
}

/* False: it was cancelled. */
static bool run_duty(
	struct daemon *d, const struct upkeep_duty *duty, const struct watch *watch)
{
	struct cu_err why;
	int r = watch_step(watch, duty->name, 0, 0, &why);

	if (r == 0) {
		r = duty->run(d, watch, &why);
	}
	if (r < 0 && r != CU_ECANCELED) {
		log_error("upkeep: %s: %s", duty->name, why.msg);
	}
	return r != CU_ECANCELED;
}

/* Somebody has answered, there is more of it than one round takes, or something has just failed. */
static bool is_wanted(struct daemon *d, const struct upkeep_duty *duty)
{
	if (duty->run == end_access_keys) {
		return atomic_load(&d->expiry.is_wanted);
	}
	if (duty->run == alarms_duty) {
		return atomic_exchange(&d->upkeep.has_news, false);
	}
	return duty->run == end_what_is_over && atomic_exchange(&d->expiry.is_wanted, false);
}

/* What is due when the round comes to it; counted from its beginning, however long it
 * took. */
static int run_round(struct work *w, struct cu_err *err)
{
	struct daemon *d = daemon_of(w);
	struct watch watch = { .cancel = &w->cancel };
	struct guest guest = { .cancel = &w->cancel };
	bool goes_on = true;
	int r = gate_enter(&d->gate, &guest, true, err);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; goes_on && i < UPKEEP_NDUTIES; i++) {
		int64_t now = clock_monotonic_ms();

		if (now >= d->upkeep.due_ms[i] || is_wanted(d, &duties[i])) {
			d->upkeep.due_ms[i] = now + duties[i].each_ms;
			goes_on = run_duty(d, &duties[i], &watch);
		}
	}
	gate_leave(&d->gate, &guest);
	return 0; /* each failure is logged */
}

static void on_round_done(struct work *w)
{
	daemon_of(w)->upkeep.is_running = false;
}

static bool is_anything_due(const struct daemon *d)
{
	const struct upkeep *u = &d->upkeep;
	int64_t now = clock_monotonic_ms();

	if (atomic_load(&d->expiry.is_wanted) || atomic_load(&u->has_news)) {
		return true;
	}

	for (size_t i = 0; i < UPKEEP_NDUTIES; i++) {
		if (now >= u->due_ms[i]) {
			return true;
		}
	}
	return false;
}

void upkeep_begin(struct daemon *d)
{
	memset(d->upkeep.due_ms, 0, sizeof(d->upkeep.due_ms));
}

void upkeep_tick(struct daemon *d)
{
	struct upkeep *u = &d->upkeep;

	/* an erasure goes first: it brings its vault to the targets itself */
	if (u->is_running || d->eraser.is_running ||
		store_is_restricted(d->house.store) || !is_anything_due(d)) {
		return;
	}
	u->work.run = run_round;
	u->work.done = on_round_done;
	u->is_running = work_start(d->loop, &u->work, NULL) == 0;
}

/* --- the duties ---------------------------------------------------------------------
 */

/* A target that was away when custosd started. */
static int look_for_rollback(
	struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	(void)watch;
	quarantine_look(d, false);
	return store_is_quarantined(d->house.store)
		       ? cu_err_set(err, CU_ECANCELED, "nothing else is done")
		       : 0;
}

static int end_drill_keys(
	struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	size_t n = 0;
	int r = drill_keys_expire(d, &n, err);

	(void)watch; /* one shred */
	if (r == 0 && n > 0) {
		log_info("the drill keys of %zu days were shredded", n);
	}
	return r;
}

struct ending {
	struct store_op op;
	struct duration keep;
	int64_t approval_ms;
	size_t n;
};

static int apply_ending(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct ending *e = (struct ending *)op;
	int32_t over = retention_last_day_over(e->keep, civil_day_of_ms(tx->now_ms));
	struct keeping_clock clock;
	int r = tx_keeping_clock(tx, e->approval_ms, &clock, err);

	if (r < 0 || clock.verdict != KEEPING_GOOD) {
		return r; /* status says what is in the way */
	}
	return tx_access_end(tx, civil_number_of_day(over + 1), &e->n, err);
}

static int end_access_keys(
	struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	struct ending e = { .op = { .apply = apply_ending, .kind = STORE_CHANGE },
		.keep = policy_retention(d->policy)->access_journal,
		.approval_ms = duration_seconds(policy_erasure(d->policy)->approval_expires) * 1000 };
	int r = store_run(d->house.store, &e.op, err);

	(void)watch; /* one shred */
	if (r == 0 && e.n > 0) {
		log_info("the access journal's keys of %zu days were shredded", e.n);
	}
	return r;
}

struct own_ending {
	struct store_op op;
	int64_t approval_ms, at_ms; /* how far it is */
	struct id record;
	uint64_t n;
	bool is_more;
};

static int apply_own_ending(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct own_ending *e = (struct own_ending *)op;
	struct keeping_clock clock;
	int r = tx_keeping_clock(tx, e->approval_ms, &clock, err);

	e->is_more = false;
	if (r < 0 || clock.verdict != KEEPING_GOOD) {
		return r; /* status says what is in the way */
	}
	r = tx_rule_end_some(tx, &e->at_ms, &e->record, &e->n, err);
	e->is_more = r > 0;
	return r < 0 ? r : 0;
}

/* Is there anything?  Mostly there is not, and the writer is left alone. */
static int has_records_over(struct daemon *d, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = reader_has_over(rd, clock_now_ms(&d->house.clock), err);

	store_reader_give(d->house.store, rd);
	return r;
}

/* Rows; their keys follow when the day is over (expiry.c). */
static int end_records(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	struct own_ending e = { .op = { .apply = apply_own_ending, .kind = STORE_CHANGE },
		.approval_ms = duration_seconds(policy_erasure(d->policy)->approval_expires) * 1000 };
	int r = has_records_over(d, err);

	e.is_more = r > 0;
	while (r >= 0 && e.is_more) {
		r = store_run(d->house.store, &e.op, err);
		if (r == 0) {
			r = watch_step(watch, "records", 0, 0, err);
		}
	}
	if (r >= 0 && e.n > 0) {
		log_info("%llu records ended by their own rules", (unsigned long long)e.n);
	}
	return r < 0 ? r : 0;
}

static int end_what_is_over(
	struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	return jobs_run(d, JOB_RETENTION, watch, err);
}

static int bring_vaults(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	(void)err; /* each target's failure is logged */
	erase_catch_up(d, watch);
	return 0;
}

static int prune_targets(
	struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	(void)err; /* likewise */
	linger_duty(d, watch);
	return 0;
}
