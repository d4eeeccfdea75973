#include "control/expiry.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/expiry_internal.h"
#include "control/keeping.h"
#include "control/repos.h"
#include "control/tally.h"
#include "backup/watch.h"
#include "policy/policy.h"
#include "store/reader_expiry.h"
#include "store/reader_hold.h"

#define CLEAR_FOR_MS 5000 /* of one round; other duties wait */
#define MAX_RECOUNTS 3    /* of keys that others write under meanwhile; then the next round */

void expiry_init(struct expiry *e)
{
	*e = (struct expiry){ .listed_day = { CIVIL_NO_DAY, CIVIL_NO_DAY } };
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->said_lock, NULL);
}

void expiry_wake(struct daemon *d)
{
	atomic_store(&d->expiry.is_wanted, true);
}

/* --- steps on the writer's thread -------------------------------------------------- */

int expiry_step_run(struct daemon *d, struct expiry_step *s, enum store_kind kind,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err)
{
	s->op.apply = apply;
	s->op.kind = kind;
	return store_run(d->house.store, &s->op, err);
}

static int apply_admit(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;

	return tx_expiry_admit(tx, &s->run, &s->brake, &s->row, err);
}

static int apply_shred(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;

	return tx_expiry_shred(tx, &s->run, &s->limits, &s->row, err);
}

static int apply_clear(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct expiry_step *s = (struct expiry_step *)op;

	return tx_expiry_clear(tx, &s->run, &s->row, err);
}

/* --- one run ---------------------------------------------------------------------- */

/* What numbers stay of is counted first.  While others go on changing it, it waits. */
static int shred_all(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	uint64_t left = UINT64_MAX;
	int ncounts = 0, r = 0;

	while (r == 0 && s->row.state == EXPIRY_GOING && ncounts < MAX_RECOUNTS) {
		r = tally_next(d, s, watch, err);
		ncounts += r > 0;
		if (r >= 0) {
			r = expiry_step_run(d, s, STORE_CHANGE, apply_shred, err);
		}
		if (r == 0 && s->row.generation != left) { /* something went */
			left = s->row.generation;
			ncounts = 0;
		}
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	return r;
}

/* As many rows as a round has time for; the rest in the next second. */
static int clear_some(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	int64_t until = clock_monotonic_ms() + CLEAR_FOR_MS;
	int r = 0;

	while (r == 0 && s->row.state == EXPIRY_CLEARING) {
		if (clock_monotonic_ms() >= until) {
			expiry_wake(d);
			return 0;
		}
		r = expiry_step_run(d, s, STORE_CHANGE, apply_clear, err);
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	if (r == 0 && s->row.state == EXPIRY_DONE) {
		r = repos_flush(d, err);
	}
	return r;
}

static bool is_open(const struct row_expiry *row)
{
	return row->state >= EXPIRY_ASKED && row->state <= EXPIRY_CLEARING;
}

/* Who denied it is not asked again the same day; after a review for longer, unless somebody asks. */
static bool is_put_off(struct daemon *d, const struct expiry_step *s)
{
	const struct row_expiry *last = &s->row;
	int64_t again = duration_seconds(policy_retention(d->policy)->review_again) / 86400;
	bool is_asked_for = !id_is_nil(&s->op.actor);

	return last->state == EXPIRY_DENIED &&
		s->day < last->day + (s->is_review && !is_asked_for ? again : 1);
}

/* The run of this kind that is under way, or a fresh one when there is something to list. */
static int find_run(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = reader_expiry_last(rd, s->is_review, &s->row, err);

	store_reader_give(d->house.store, rd);
	if (r > 0 && is_open(&s->row)) {
		s->run = s->row.id;
		return 1;
	}
	if (r < 0 || s->limits.n == 0 || (r > 0 && is_put_off(d, s))) {
		return r < 0 ? r : 0;
	}
	r = expiry_make_list(d, s, watch, err);
	return r < 0 ? r : 1;
}

static void tell(const struct row_expiry *row)
{
	char id[ID_TEXT_SIZE];

	if (row->state == EXPIRY_CLEARING || row->state == EXPIRY_DONE) {
		log_notice("retention: the keys of %" PRIu64 " cohorts and of %" PRIu64
			   " people's collections were shredded",
			row->ncohorts, row->nslots);
	} else if (row->state == EXPIRY_ASKED) {
		id_format(&row->approval, id);
		log_notice("retention: %" PRIu64 " cohorts and %" PRIu64
			   " people's collections are over, and a second user has to confirm: "
			   "approval grant %s",
			row->ncohorts, row->nslots, id);
	}
}

static int advance(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct row_expiry *ret, struct cu_err *err)
{
	enum expiry_state before;
	int r = find_run(d, s, watch, err);

	if (r > 0 && s->row.state == EXPIRY_CLEARING) { /* the last one's rows; then what is over since */
		r = clear_some(d, s, watch, err);
		r = r < 0 ? r : s->row.state == EXPIRY_DONE ? find_run(d, s, watch, err) : 1;
	}
	if (r <= 0) {
		return r;
	}
	before = s->row.state;
	r = expiry_step_run(d, s, STORE_CHANGE, apply_admit, err);
	if (r == 0) {
		r = shred_all(d, s, watch, err);
	}
	if (r == 0 && (before != s->row.state) && s->row.state != EXPIRY_DROPPED) {
		tell(&s->row);
	}
	if (r == 0 && s->row.state == EXPIRY_CLEARING && !id_is_nil(&s->op.actor)) {
		expiry_wake(d); /* nobody waits for rows that do not open */
	} else if (r == 0) {
		r = clear_some(d, s, watch, err);
	}
	if (r == 0 && s->row.state != EXPIRY_DROPPED) {
		*ret = s->row;
	}
	return r;
}

/* --- what waits for a backup ------------------------------------------------------ */

/* A backup counts once a drill of it, or of a later one, has found no fault.  What the newest such
 * backup holds was written before its image was taken; without targets there is none to wait for. */
static int find_backed_up(struct daemon *d, uint64_t *ret, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	uint64_t newest = targets->n > 0 ? 0 : UINT64_MAX;
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		struct drill_last drill = { 0 };

		r = drill_last(d, &targets->v[i], &drill, err);
		if (r == 0 && drill.capture > newest) {
			newest = drill.capture;
		}
	}
	*ret = newest;
	return r;
}

/* Keys of what is held that no such backup holds yet. */
static int count_waiting(struct daemon *d, uint64_t backed_up, uint64_t *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_hold_slot row;
	uint64_t at, n = 0, *after = NULL;
	int r;

	while ((r = reader_hold_slot(rd, after, &row, err)) > 0) {
		at = row.slot;
		after = &at;
		n += row.captures >= backed_up;
	}
	store_reader_give(d->house.store, rd);
	*ret = n;
	return r;
}

/* --- both kinds of runs ----------------------------------------------------------- */

static struct erase_limits brake_of(struct daemon *d, int64_t now_ms)
{
	const struct erasure_rules *p = policy_erasure(d->policy);

	return (struct erase_limits){ .now_ms = now_ms,
		.approval_ms = duration_seconds(p->approval_expires) * 1000,
		.daily_slots = (uint64_t)p->daily_slots,
		.daily_cohorts = (uint64_t)p->daily_cohorts };
}

static int run_kind(struct daemon *d, const struct keeping *k, bool is_review,
	uint64_t backed_up, const struct id *actor, const struct watch *watch, struct row_expiry *ret,
	struct cu_err *err)
{
	struct expiry_step s = { .op.actor = *actor, .is_review = is_review, .day = k->today, .keeping = k,
		.brake = brake_of(d, k->clock.now_ms) };
	struct buf limits = BUF_INIT;
	int r;

	keeping_limits(k, is_review, backed_up, &limits);
	r = buf_check(&limits, err);
	s.limits = (struct expiry_limits){ (const struct expiry_limit *)(const void *)limits.p,
		limits.n / sizeof(struct expiry_limit) };
	if (r == 0) {
		r = advance(d, &s, watch, ret, err);
	}
	buf_done(&limits);
	return r;
}

static void note_what_waits(struct expiry *e, const struct keeping *k,
	const struct expiry_outcome *o, uint64_t nwaiting)
{
	static const struct id nobody;

	pthread_mutex_lock(&e->said_lock);
	e->nwaiting = nwaiting;
	e->is_behind = k->clock.verdict == KEEPING_BEHIND;
	e->clock_approval = k->clock.verdict == KEEPING_AHEAD ? k->clock.asked.id : nobody;
	e->rules_approval = k->nheld > 0 ? k->asked.id : nobody;
	for (int i = 0; i < 2; i++) {
		e->run_approvals[i] =
			o->runs[i].state == EXPIRY_ASKED ? o->runs[i].approval : nobody;
	}
	pthread_mutex_unlock(&e->said_lock);
}

int expiry_run(struct daemon *d, const struct id *actor, const struct watch *watch,
	struct expiry_outcome *ret, struct cu_err *err)
{
	struct expiry_outcome outcome = { 0 };
	struct keeping k = { 0 };
	uint64_t backed_up = 0, nwaiting = 0;
	int r;

	pthread_mutex_lock(&d->expiry.lock);
	r = keeping_look(d, &k, err);
	if (r == 0) {
		r = find_backed_up(d, &backed_up, err);
	}
	for (int i = 0; r == 0 && k.clock.verdict == KEEPING_GOOD && i < 2; i++) {
		r = run_kind(d, &k, i > 0, backed_up, actor, watch, &outcome.runs[i], err);
	}
	if (r == 0) {
		r = count_waiting(d, backed_up, &nwaiting, err);
	}
	if (r == 0) {
		note_what_waits(&d->expiry, &k, &outcome, nwaiting);
	}
	keeping_done(&k);
	pthread_mutex_unlock(&d->expiry.lock);
	if (r == 0) {
		*ret = outcome;
	}
	return r;
}
