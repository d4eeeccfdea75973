#include "control/schedule.h"

#include <stddef.h>
#include <string.h>

#include "backup/watch.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/job_ping.h"
#include "control/jobs.h"
#include "policy/policy.h"
#include "store/tx_job.h"

#define RETRY_MIN_MS (10 * 60000LL)
#define RETRY_MAX_MS (6 * 3600000LL)

static const struct schedule_job *rule_of(const struct scheduled *s)
{
	return &policy_schedule(s->daemon->policy)->v[s->job];
}

/* --- when it comes ---------------------------------------------------------------- */

/* The same each time that it is asked for this store and moment, and another one elsewhere: FNV-1a
 * (Fowler, Noll, Vo 1991). */
static int64_t jitter_of(const struct scheduled *s, int64_t due_ms)
{
	int64_t most = duration_seconds(policy_schedule(s->daemon->policy)->jitter) * 1000;
	struct id id = store_id(s->daemon->house.store);
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(id.b); i++) {
		h = (h ^ id.b[i]) * 1099511628211u;
	}
	h = (h ^ (uint64_t)due_ms) * 1099511628211u;
	h = (h ^ (uint64_t)s->job) * 1099511628211u;
	return most > 0 ? (int64_t)((h >> 16) % (uint64_t)most) : 0;
}

static void plan(struct scheduled *s, int64_t from_ms)
{
	const struct schedule_job *rule = rule_of(s);

	s->from_ms = from_ms;
	s->due_ms = rule->is_never ? INT64_MAX : cron_next(&rule->when, from_ms);
	s->begin_ms = s->due_ms == INT64_MAX ? INT64_MAX : s->due_ms + jitter_of(s, s->due_ms);
	s->nfailed = 0;
}

static int64_t retry_after(unsigned nfailed)
{
	int64_t wait = RETRY_MIN_MS;

	for (unsigned i = 1; i < nfailed && wait < RETRY_MAX_MS; i++) {
		wait *= 2;
	}
	return wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
}

/* --- the start -------------------------------------------------------------------- */

struct first_time {
	struct store_op op;
	struct daemon *daemon;
	bool is_new[NJOBS];
};

static int apply_first_time(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct first_time *f = (struct first_time *)op;
	int r = 0;

	for (enum job j = 0; r == 0 && j < NJOBS; j++) {
		if (f->is_new[j]) {
			r = tx_job_from(tx, job_word(j), f->daemon->schedule.v[j].from_ms, err);
		}
	}
	return r;
}

void schedule_init(struct daemon *d)
{
	pthread_mutex_init(&d->schedule.lock, NULL);
	for (enum job j = 0; j < NJOBS; j++) {
		d->schedule.v[j] = (struct scheduled){ .daemon = d, .job = j,
			.due_ms = INT64_MAX, .begin_ms = INT64_MAX };
	}
}

int schedule_begin(struct daemon *d, struct cu_err *err)
{
	struct first_time first = { { .apply = apply_first_time, .kind = STORE_CHANGE }, d, { 0 } };
	int64_t now = clock_now_ms(&d->house.clock);
	struct reader *rd = store_reader_take(d->house.store);
	bool is_any_new = false;
	int r = 0;

	for (enum job j = 0; r >= 0 && j < NJOBS; j++) {
		int64_t from = now;

		r = reader_job_from(d->house.store, rd, job_word(j), &from, err);
		if (from > now) { /* the clock was put back */
			from = now;
			r = 0;
		}
		first.is_new[j] = r == 0;
		is_any_new |= r == 0;
		pthread_mutex_lock(&d->schedule.lock); /* one that the seal ended may be ending still */
		plan(&d->schedule.v[j], policy_schedule(d->policy)->catches_up ? from : now);
		pthread_mutex_unlock(&d->schedule.lock);
	}
	store_reader_give(d->house.store, rd);
	if (r >= 0 && is_any_new && !store_is_restricted(d->house.store)) {
		r = store_run(d->house.store, &first.op, err);
	}
	return r < 0 ? r : 0;
}

/* --- a run ------------------------------------------------------------------------ */

struct ended {
	struct store_op op;
	const struct row_job *run;
	bool is_told;    /* there was something to do, or somebody asked */
	int64_t from_ms; /* 0: as before */
};

static int apply_ended(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct ended *e = (struct ended *)op;
	int r = e->is_told ? tx_job_put(tx, e->run, err) : 0;

	return r == 0 && e->from_ms > 0 ? tx_job_from(tx, e->run->job, e->from_ms, err) : r;
}

/* Is it done with until its next time?  What was asked for comes on top of that, unless it makes good
 * what had failed. */
static bool is_settled(const struct scheduled *s, int code, bool is_cancelled)
{
	bool is_final = code >= 0 || code == CU_ECORRUPT || (code == CU_ECANCELED && is_cancelled);

	return is_final && (s->run.due_ms > 0 || (code == 0 && s->nfailed > 0));
}

static bool was_cancelled(struct scheduled *s)
{
	bool was;

	pthread_mutex_lock(&s->daemon->schedule.lock);
	was = s->is_cancelled;
	pthread_mutex_unlock(&s->daemon->schedule.lock);
	return was;
}

/* It was stopped with custosd, or the store was sealed: it is still to be done. */
static bool is_cut_off(int code, bool is_cancelled)
{
	return code == CU_ESEALED || (code == CU_ECANCELED && !is_cancelled);
}

static int remember(struct scheduled *s, int code, struct cu_err *err)
{
	struct ended e = { { .apply = apply_ended, .kind = STORE_CHANGE }, &s->run,
		code <= 0 || s->run.due_ms == 0, 0 };
	bool is_cancelled = was_cancelled(s);

	if (is_cut_off(code, is_cancelled)) {
		return 0;
	}
	s->run.ended_ms = clock_now_ms(&s->daemon->house.clock);
	s->run.code = code < 0 ? code : 0;
	if (is_settled(s, code, is_cancelled)) {
		e.from_ms = s->run.started_ms;
	}
	/* nothing was done, and that is looked at again after a start */
	return code > 0 && !e.is_told ? 0 : store_run(s->daemon->house.store, &e.op, err);
}

static int run_job(struct work *w, struct cu_err *err)
{
	struct scheduled *s = (struct scheduled *)((char *)w - offsetof(struct scheduled, work));
	const struct watch watch = { .cancel = &w->cancel };
	struct guest guest = { .cancel = &w->cancel };
	struct cu_err why;
	int code, r = gate_enter(&s->daemon->gate, &guest, true, err);

	if (r < 0) {
		return r;
	}
	job_ping(s->daemon, s->job, JOB_PING_STARTED);
	code = jobs_run(s->daemon, s->job, &watch, err);
	if (!is_cut_off(code, was_cancelled(s))) {
		job_ping(s->daemon, s->job, code < 0 ? JOB_PING_FAILED : JOB_PING_DONE);
	}
	r = remember(s, code, &why);
	gate_leave(&s->daemon->gate, &guest);
	if (r < 0 && code >= 0) {
		*err = why;
	}
	return code < 0 ? code : r < 0 ? r : code;
}

static void on_job_done(struct work *w)
{
	struct scheduled *s = (struct scheduled *)((char *)w - offsetof(struct scheduled, work));
	struct daemon *d = s->daemon;
	bool is_cancelled = was_cancelled(s), is_off = is_cut_off(w->code, is_cancelled);
	bool has_failed = w->code < 0 && !is_off;

	if (has_failed) {
		log_happened(LOG_LEVEL_ERROR, LOG_EVENT_JOB_FAILED, job_word(s->job), "job %s: %s",
			job_word(s->job), w->err.msg);
	} else if (w->code == 0 && s->job != JOB_MIRROR && s->job != JOB_RETENTION) {
		log_happened(LOG_LEVEL_INFO, LOG_EVENT_JOB_DONE, job_word(s->job), "job %s: done",
			job_word(s->job));
	}
	pthread_mutex_lock(&d->schedule.lock);
	if (is_settled(s, w->code, is_cancelled)) {
		plan(s, s->run.started_ms);
	} else if (s->run.due_ms > 0 && !is_off) {
		s->nfailed++;
		s->begin_ms = s->run.started_ms + retry_after(s->nfailed);
	}
	s->is_running = false;
	pthread_mutex_unlock(&d->schedule.lock);
	if (has_failed) {
		atomic_store(&d->upkeep.has_news, true);
	}
}

static void start(struct scheduled *s, int64_t now)
{
	const struct id asked_by = s->run.actor;

	s->run = (struct row_job){ .started_ms = now, .due_ms = s->is_wanted ? 0 : s->due_ms };
	if (s->is_wanted) {
		s->run.actor = asked_by;
	}
	strncpy(s->run.job, job_word(s->job), sizeof(s->run.job) - 1);
	s->work.run = run_job;
	s->work.done = on_job_done;
	s->is_cancelled = false;
	s->is_running = work_start(s->daemon->loop, &s->work, NULL) == 0;
	s->is_wanted &= !s->is_running;
}

/* A drill is of the newest backup: after a night in which the machine was off both are due. */
static bool may_start(const struct daemon *d, enum job j)
{
	return j != JOB_DRILL || !d->schedule.v[JOB_BACKUP].is_running;
}

void schedule_tick(struct daemon *d)
{
	int64_t now = clock_now_ms(&d->house.clock);

	if (store_is_restricted(d->house.store)) {
		return;
	}
	pthread_mutex_lock(&d->schedule.lock);
	for (enum job j = 0; j < NJOBS; j++) {
		struct scheduled *s = &d->schedule.v[j];

		if (s->from_ms > now) { /* the clock was put back */
			plan(s, now);
		} else if (s->nfailed > 0 && s->begin_ms > now + RETRY_MAX_MS) { /* likewise */
			s->begin_ms = now + retry_after(s->nfailed);
		}
		if (!s->is_running && (s->is_wanted || now >= s->begin_ms) && may_start(d, j)) {
			start(s, now);
		}
	}
	pthread_mutex_unlock(&d->schedule.lock);
}

void schedule_changed(struct daemon *d)
{
	int64_t now = clock_now_ms(&d->house.clock);

	pthread_mutex_lock(&d->schedule.lock);
	for (enum job j = 0; j < NJOBS; j++) {
		struct scheduled *s = &d->schedule.v[j];

		if (s->from_ms > 0 && (s->nfailed == 0 || rule_of(s)->is_never)) { /* else it is tried again */
			plan(s, policy_schedule(d->policy)->catches_up ? s->from_ms : now);
		}
	}
	pthread_mutex_unlock(&d->schedule.lock);
}

void schedule_stop(struct daemon *d)
{
	for (enum job j = 0; j < NJOBS; j++) {
		atomic_store(&d->schedule.v[j].work.cancel, true);
	}
}

/* --- calls ------------------------------------------------------------------------ */

int schedule_want(struct daemon *d, enum job j, const struct id *actor, struct cu_err *err)
{
	struct scheduled *s = &d->schedule.v[j];
	int r = 0;

	pthread_mutex_lock(&d->schedule.lock);
	if (s->is_running || s->is_wanted) {
		r = cu_err_set(err, CU_EBUSY, "the job %s is running", job_word(j));
	} else {
		s->run.actor = *actor;
		s->is_wanted = true;
	}
	pthread_mutex_unlock(&d->schedule.lock);
	return r;
}

int schedule_cancel(struct daemon *d, enum job j, struct cu_err *err)
{
	struct scheduled *s = &d->schedule.v[j];
	int r = 0;

	pthread_mutex_lock(&d->schedule.lock);
	if (!s->is_running) {
		r = cu_err_set(err, CU_ENOENT, "the job %s is not running", job_word(j));
	} else {
		s->is_cancelled = true;
		atomic_store(&s->work.cancel, true);
	}
	pthread_mutex_unlock(&d->schedule.lock);
	return r;
}

struct schedule_look schedule_look(struct daemon *d, enum job j)
{
	const struct scheduled *s = &d->schedule.v[j];
	struct schedule_look look;

	pthread_mutex_lock(&d->schedule.lock);
	look = (struct schedule_look){ .is_running = s->is_running, .is_never = rule_of(s)->is_never,
		.started_ms = s->run.started_ms, .next_ms = s->begin_ms, .nfailed = s->nfailed };
	pthread_mutex_unlock(&d->schedule.lock);
	return look;
}
