#include "control/own_end.h"

#include "backup/watch.h"
#include "base/civil.h"
#include "base/err.h"
#include "control/daemon.h"
#include "control/due.h"
#include "control/keeping.h"
#include "policy/policy.h"
#include "store/access.h"
#include "store/reader_dsr.h"
#include "store/reader_expiry.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/tx_dsr.h"
#include "store/tx_duty.h"
#include "store/tx_hold.h"
#include "store/tx_incident.h"

#define DAY_MS (24 * 3600 * 1000LL)

const char *own_name(enum own_kind kind)
{
	static const char *const names[] = {
#define X(id, name) [OWN_##id] = name,
		OWN_KINDS(X)
#undef X
	};

	return names[kind];
}

static struct duration keep_of(const struct retention *r, enum own_kind kind)
{
	switch (kind) {
	case OWN_REQUESTS: return r->requests;
	case OWN_HOLDS: return r->holds;
	case OWN_INCIDENTS: return r->incidents;
	case OWN_DUTIES: return r->duties;
	case OWN_ACCESS:
	case OWN_NKINDS_: break;
	}
	return r->access_journal;
}

/* --- counting --------------------------------------------------------------------- */

struct counting {
	struct daemon *d;
	struct reader *reader;
	int32_t today;
	size_t nmonths;
	uint64_t *to;
};

static void count_day(struct counting *c, enum own_kind kind, int32_t day)
{
	int32_t over = retention_day_over(keep_of(policy_retention(c->d->policy), kind), day);
	int32_t at = over <= c->today ? 0 : due_month(over) - due_month(c->today);

	if ((size_t)at < c->nmonths) {
		c->to[(size_t)kind * c->nmonths + (size_t)at]++;
	}
}

/* 0 is open. */
static void count_time(struct counting *c, enum own_kind kind, int64_t ms)
{
	if (ms > 0) {
		count_day(c, kind, civil_day_of_ms(ms));
	}
}

static int count_requests(struct counting *c, struct cu_err *err)
{
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(c->reader, row.number, true, &row, err)) > 0) {
		count_time(c, OWN_REQUESTS, row.closed_ms);
	}
	return r;
}

static int count_holds(struct counting *c, struct cu_err *err)
{
	struct row_hold row, *after = NULL;
	int r;

	while ((r = reader_next_hold(c->reader, after, &row, err)) > 0) {
		after = &row;
		count_time(c, OWN_HOLDS, row.released_ms);
	}
	return r;
}

static int count_incidents(struct counting *c, struct cu_err *err)
{
	struct row_incident row = { .number = 0 };
	int r;

	while ((r = reader_next_incident(c->reader, row.number, &row, err)) > 0) {
		count_time(c, OWN_INCIDENTS, row.closed_ms);
	}
	return r;
}

/* The newest of each stays. */
static int count_duties(struct counting *c, struct cu_err *err)
{
	char key[ENGINE_KEY_SIZE] = "";
	int r;

	while ((r = reader_duty_next_key(c->reader, key, key, err)) > 0) {
		struct row_duty row;

		r = reader_duty_before(c->reader, key, NULL, &row, err);
		while (r > 0 && (r = reader_duty_before(c->reader, key, &row, &row, err)) > 0) {
			count_time(c, OWN_DUTIES, row.at_ms);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int count_access(struct counting *c, struct cu_err *err)
{
	struct row_cohort at = { .period = 0 };
	int r;

	while ((r = reader_next_cohort(c->reader, ACCESS_COLLECTION, COHORT_DEFAULT, at.period, &at,
			err)) > 0) {
		count_day(c, OWN_ACCESS, expiry_last_day(at.period));
	}
	return r;
}

int own_count(struct daemon *d, int32_t today, size_t nmonths, uint64_t *to, struct cu_err *err)
{
	struct counting c = { d, store_reader_take(d->house.store), today, nmonths, to };
	int r = count_requests(&c, err);

	if (r == 0) {
		r = count_holds(&c, err);
	}
	if (r == 0) {
		r = count_incidents(&c, err);
	}
	if (r == 0) {
		r = count_duties(&c, err);
	}
	if (r == 0) {
		r = count_access(&c, err);
	}
	store_reader_give(d->house.store, c.reader);
	return r;
}

/* --- the end ---------------------------------------------------------------------- */

struct ending {
	struct store_op op;
	int (*end_one)(struct tx *tx, int64_t before_ms, struct cu_err *err);
	int64_t before_ms;
	int found; /* 1: one was forgotten */
};

static int apply_ending(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct ending *e = (struct ending *)op;

	e->found = e->end_one(tx, e->before_ms, err);
	return e->found < 0 ? e->found : 0;
}

static int end_kind(struct daemon *d, struct ending *e, const struct watch *watch,
	struct cu_err *err)
{
	int r = 0;

	e->op = (struct store_op){ .apply = apply_ending, .kind = STORE_CHANGE };
	do {
		r = watch_step(watch, "cases that are over", 0, 0, err);
		if (r == 0) {
			r = store_run(d->house.store, &e->op, err);
		}
	} while (r == 0 && e->found > 0);
	return r;
}

int own_end(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	static int (*const ends[])(struct tx *, int64_t, struct cu_err *) = {
		[OWN_REQUESTS] = tx_dsr_end_one, [OWN_HOLDS] = tx_hold_end_one,
		[OWN_INCIDENTS] = tx_incident_end_one,
		[OWN_DUTIES] = tx_duty_end_one };
	struct keeping k = { 0 };
	int r = keeping_look(d, &k, err);
	bool is_good = r == 0 && k.clock.verdict == KEEPING_GOOD;
	int32_t today = k.today;

	keeping_done(&k);
	for (int i = 0; r == 0 && is_good && i < OWN_ACCESS; i++) {
		struct duration keep = keep_of(policy_retention(d->policy), (enum own_kind)i);
		struct ending e = { .end_one = ends[i],
			.before_ms = (retention_last_day_over(keep, today) + 1) * DAY_MS };

		r = end_kind(d, &e, watch, err);
	}
	return r;
}
