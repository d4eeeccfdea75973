#include "control/eraser.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx_approval.h"

#define LOOK_WHILE_ASKED_MS 2000           /* an approval expires, or the cap has room again */
#define RETRY_FIRST_MS      1000           /* doubled each time */
#define RETRY_LAST_MS       (5 * 60 * 1000LL)
#define DAY_MS              (24 * 3600 * 1000LL)

void eraser_init(struct eraser *e, struct daemon *d)
{
	*e = (struct eraser){ .daemon = d };
	e->steady = (struct steady){ clock_now_ms(&d->house.clock), clock_boottime_ms() };
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
}

/* --- one step on the writer's thread ---------------------------------------------- */

struct step {
	struct store_op op;
	int (*fn)(struct tx *tx, const struct id *erasure, struct cu_err *err);
	struct id erasure;
	struct erase_limits limits;
	struct row_erasure row;
};

static int apply_step(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return s->fn(tx, &s->erasure, err);
}

static int apply_admit(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_erase_admit(tx, &s->erasure, &s->limits, &s->row, err);
}

static int apply_get(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_erase_get(tx, &s->erasure, &s->row, err);
}

static int apply_expire(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	int r = tx_approval_expire(tx, err);

	(void)op;
	return r < 0 ? r : 0;
}

static int run_op(struct eraser *e, struct step *s, enum store_kind kind,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err)
{
	s->op.apply = apply;
	s->op.kind = kind;
	return store_run(e->daemon->house.store, &s->op, err);
}

static void tell(struct eraser *e, const struct id *erasure, const char *step)
{
	pthread_mutex_lock(&e->lock);
	e->at = *erasure;
	e->step = step;
	e->nchanges++;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

static int run_step(struct eraser *e, struct step *s, const char *name,
	int (*fn)(struct tx *, const struct id *, struct cu_err *), struct cu_err *err)
{
	tell(e, &s->erasure, name);
	s->fn = fn;
	return run_op(e, s, STORE_CHANGE, apply_step, err);
}

/* From "let go" to "done" on this host. */
static int carry_out(struct eraser *e, struct step *s, struct cu_err *err)
{
	int r = 0;

	if (s->row.scope == ERASE_RECORD) {
		r = run_step(e, s, "rekey", tx_erase_rekey, err);
	}
	if (r == 0) {
		r = run_step(e, s, "shred", tx_erase_shred, err);
	}
	if (r == 0) {
		r = run_step(e, s, "rows", tx_erase_rows, err);
	}
	if (r == 0) {
		tell(e, &s->erasure, "flush");
		r = repos_flush(e->daemon, err);
	}
	if (r == 0) {
		r = run_step(e, s, "done", tx_erase_done, err);
	}
	return r < 0 ? r : run_op(e, s, STORE_ALONE, apply_get, err);
}

/* --- what is due ------------------------------------------------------------------ */

/* Time that does not jump; a jump is told once. */
static int64_t time_to_go_by(struct eraser *e)
{
	int64_t ahead, now = steady_now(&e->steady, clock_now_ms(&e->daemon->house.clock),
				 clock_boottime_ms(), &ahead);

	if (ahead / 60000 != e->told_ahead_ms / 60000) {
		e->told_ahead_ms = ahead;
		log_warn(ahead > 0 ? "the clock was set forward by %lld minutes: erasures wait as "
				     "long as before; restart custosd if the clock is right now" :
				     "the clock is back where it was (%lld minutes)",
			(long long)ahead / 60000);
	}
	return now;
}

struct due {
	struct buf ids;
	int64_t next_ms; /* the first that is not due yet; INT64_MAX: none */
	bool is_asked;   /* one at least waits for a second user */
};

static int find_due(struct eraser *e, int64_t now_ms, bool only_let_go, struct due *ret,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(e->daemon->house.store);
	struct row_erasure row, *after = NULL;
	int r;

	*ret = (struct due){ .next_ms = INT64_MAX };
	while ((r = reader_next_open_erasure(rd, after, &row, err)) > 0) {
		bool is_let_go = row.state >= ERASURE_SHREDDING;

		after = &row;
		if (row.state == ERASURE_COOLING_OFF && row.due_ms > now_ms) {
			ret->next_ms = row.due_ms < ret->next_ms ? row.due_ms : ret->next_ms;
		} else if (is_let_go || !only_let_go) {
			buf_put(&ret->ids, row.id.b, sizeof(row.id.b));
		}
		ret->is_asked |= row.state == ERASURE_AWAITING_APPROVAL;
	}
	store_reader_give(e->daemon->house.store, rd);
	return r < 0 ? r : buf_check(&ret->ids, err);
}

static struct erase_limits limits_of(struct eraser *e, int64_t now_ms)
{
	const struct erasure_rules *p = policy_erasure(e->daemon->policy);

	return (struct erase_limits){ .now_ms = now_ms,
		.approval_ms = duration_seconds(p->approval_expires) * 1000,
		.daily_slots = (uint64_t)p->daily_slots,
		.daily_cohorts = (uint64_t)p->daily_cohorts };
}

static void remember(struct eraser *e, const struct row_erasure *row)
{
	pthread_mutex_lock(&e->lock);
	e->results[e->nresults++ % ERASER_RESULTS] = (struct erase_result){ .row = *row };
	pthread_mutex_unlock(&e->lock);
}

static void fail(struct eraser *e, const struct id *erasure, const struct cu_err *why)
{
	char text[ID_TEXT_SIZE];

	id_format(erasure, text);
	log_warn("erasure %s: %s; it is tried again", text, why->msg);
	pthread_mutex_lock(&e->lock);
	e->failed = *erasure;
	e->why = *why;
	pthread_mutex_unlock(&e->lock);
}

/* One erasure as far as it may go.  1: it is done now. */
static int advance(struct eraser *e, const struct id *erasure, const struct erase_limits *limits,
	struct cu_err *err)
{
	struct step s = { .erasure = *erasure, .limits = *limits };
	int r = run_op(e, &s, STORE_CHANGE, apply_admit, err);

	if (r == 0 && (s.row.state == ERASURE_SHREDDING || s.row.state == ERASURE_SHREDDED)) {
		r = carry_out(e, &s, err);
		if (r == 0) {
			remember(e, &s.row);
			r = 1;
		}
	}
	return r;
}

/* --- the targets ------------------------------------------------------------------ */

/* A target that never held a backup has nothing to forget. */
static void confirm(struct eraser *e, struct erase_result *ret)
{
	struct daemon *d = e->daemon;
	const struct targets *targets = policy_targets(d->policy);
	struct snapshot_result result;

	ret->is_confirmed = targets->n > 0;
	for (size_t i = 0; i < targets->n; i++) {
		struct cu_err err;
		int r = repos_write(d, &targets->v[i], REPOS_VAULT, NULL, &result, &err);

		ret->ntargets++;
		if (r < 0 && r != CU_ENOENT) {
			log_warn("erasure: %s", err.msg);
			if (ret->is_confirmed) {
				snprintf(ret->unconfirmed, sizeof(ret->unconfirmed), "%s", err.msg);
			}
			ret->is_confirmed = false;
		}
	}
}

/* Once for all that were done in this look: the newest vault object is of them all. */
static void confirm_last(struct eraser *e, unsigned n)
{
	struct erase_result at_targets = { 0 };

	confirm(e, &at_targets);
	pthread_mutex_lock(&e->lock);
	for (unsigned i = 0; i < n && i < ERASER_RESULTS; i++) {
		struct erase_result *r = &e->results[(e->nresults - 1 - i) % ERASER_RESULTS];

		r->is_asked = true;
		r->is_confirmed = at_targets.is_confirmed;
		r->ntargets = at_targets.ntargets;
		memcpy(r->unconfirmed, at_targets.unconfirmed, sizeof(r->unconfirmed));
	}
	pthread_mutex_unlock(&e->lock);
}

/* --- a look ----------------------------------------------------------------------- */

static void set_busy(struct eraser *e, bool is_busy)
{
	pthread_mutex_lock(&e->lock);
	e->is_busy = is_busy;
	if (!is_busy) {
		e->step = NULL;
	}
	e->nchanges++;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

bool eraser_is_busy(struct eraser *e)
{
	bool is_busy;

	pthread_mutex_lock(&e->lock);
	is_busy = e->is_busy;
	pthread_mutex_unlock(&e->lock);
	return is_busy;
}

static void plan_next(struct eraser *e, const struct due *due, int64_t now_ms, bool has_failed)
{
	int64_t wait_ms = due->next_ms == INT64_MAX ? DAY_MS : due->next_ms - now_ms;
	int64_t retry_ms = RETRY_FIRST_MS;

	if (due->is_asked && wait_ms > LOOK_WHILE_ASKED_MS) {
		wait_ms = LOOK_WHILE_ASKED_MS;
	}
	if (!has_failed || atomic_exchange(&e->is_fresh, false)) {
		e->nfailures = 0;
	}
	e->nfailures += has_failed;
	for (unsigned i = 1; i < e->nfailures && retry_ms < RETRY_LAST_MS; i++) {
		retry_ms *= 2;
	}
	if (has_failed && (wait_ms > retry_ms || wait_ms < RETRY_FIRST_MS)) {
		wait_ms = retry_ms < RETRY_LAST_MS ? retry_ms : RETRY_LAST_MS;
	}
	/* due times go by a clock that may be set: looked at each hour at least */
	wait_ms = wait_ms > 3600 * 1000 ? 3600 * 1000 : wait_ms;
	atomic_store(&e->next_ms, clock_monotonic_ms() + wait_ms);
}

/* All that is due, each as far as it may go.  The number done, also when some failed. */
static unsigned look(struct eraser *e, bool only_let_go)
{
	int64_t now_ms = time_to_go_by(e);
	struct erase_limits limits = limits_of(e, now_ms);
	struct step expire = { .op.actor = { { 0 } } };
	struct due due = { .next_ms = INT64_MAX };
	struct cu_err err = { 0 };
	bool has_failed = false;
	unsigned n = 0;
	int r = only_let_go ? 0 : run_op(e, &expire, STORE_CHANGE, apply_expire, &err);

	if (r == 0) {
		r = find_due(e, now_ms, only_let_go, &due, &err);
	}
	if (r < 0) {
		log_warn("erasures could not be looked at: %s", err.msg);
		has_failed = true;
	}
	for (size_t at = 0; r >= 0 && at < due.ids.n && !atomic_load(&e->work.cancel);
		at += sizeof(struct id)) {
		struct id id;
		int done;

		memcpy(id.b, due.ids.p + at, sizeof(id.b));
		done = advance(e, &id, &limits, &err);
		if (done < 0) {
			fail(e, &id, &err);
			has_failed = true;
		}
		n += done > 0;
	}
	buf_done(&due.ids);
	if (n > 0 && !only_let_go) {
		tell(e, &e->at, "confirm");
		confirm_last(e, n);
	}
	plan_next(e, &due, now_ms, has_failed);
	return n;
}

static int run_look(struct work *w, struct cu_err *err)
{
	struct eraser *e = (struct eraser *)((char *)w - offsetof(struct eraser, work));

	struct guest guest = { .cancel = &w->cancel };
	int r = gate_enter(&e->daemon->gate, &guest, true, err);

	if (r < 0) {
		return r;
	}
	set_busy(e, true);
	look(e, false);
	set_busy(e, false);
	gate_leave(&e->daemon->gate, &guest);
	return 0; /* failures are logged, each with its erasure */
}

static void on_looked(struct work *w)
{
	struct eraser *e = (struct eraser *)((char *)w - offsetof(struct eraser, work));

	e->is_running = false;
	if (atomic_load(&e->is_wanted)) {
		eraser_tick(e);
	}
}

/* Takes what was wanted. */
static bool may_look(struct eraser *e)
{
	struct daemon *d = e->daemon;
	struct guest guest = { 0 };
	bool may;

	if (e->is_running || d->is_stopping || gate_enter(&d->gate, &guest, true, NULL) < 0) {
		return false;
	}
	may = !store_is_restricted(d->house.store) &&
		(atomic_exchange(&e->is_wanted, false) ||
			clock_monotonic_ms() >= atomic_load(&e->next_ms));
	gate_leave(&d->gate, &guest);
	return may;
}

void eraser_tick(struct eraser *e)
{
	if (!may_look(e)) {
		return;
	}
	e->work.run = run_look;
	e->work.done = on_looked;
	e->is_running = work_start(e->daemon->loop, &e->work, NULL) == 0;
	if (!e->is_running) {
		atomic_store(&e->is_wanted, true); /* the next second */
	}
}

static void read_bell(struct letter *l)
{
	struct eraser *e = (struct eraser *)((char *)l - offsetof(struct eraser, bell));

	atomic_store(&e->is_rung, false);
	eraser_tick(e);
}

static void drop_bell(struct letter *l)
{
	(void)l; /* custosd ends */
}

void eraser_wake(struct eraser *e)
{
	pthread_mutex_lock(&e->lock);
	e->nchanges++;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	atomic_store(&e->is_fresh, true);
	atomic_store(&e->is_wanted, true);
	if (!atomic_exchange(&e->is_rung, true)) {
		e->bell.read = read_bell;
		e->bell.drop = drop_bell;
		post_send(&e->daemon->post, &e->bell);
	}
}

int eraser_resume(struct eraser *e)
{
	unsigned n;

	atomic_store(&e->work.cancel, false); /* as a seal has left it */
	n = look(e, true);
	atomic_store(&e->is_wanted, true); /* what is due, in the first second */
	return (int)n;
}
