#include "control/post_office.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "control/job_ping.h"
#include "control/message_body.h"
#include "policy/policy.h"
#include "store/reader_message.h"

#define LOOK_AT_LEAST_MS  60000
#define ANSWER_TIMEOUT_MS (5 * 60 * 1000)    /* a plugin comes back within two minutes */
#define WAIT_LONGEST_MS   (6 * 3600 * 1000LL)
#define ATTEMPTS_AT_LEAST 5                  /* before one is given up, however old */
#define KEPT_MS           (90 * 86400000LL)  /* a row, after it ended */
#define FORGET_EACH_MS    (3600 * 1000LL)
#define FORGET_AT_ONCE    64
#define DUE_AT_ONCE       32

/* --- any thread ------------------------------------------------------------------------ */

void post_office_init(struct post_office *o, struct daemon *d)
{
	*o = (struct post_office){ .daemon = d };
	pthread_mutex_init(&o->lock, NULL);
}

void post_office_done(struct post_office *o)
{
	pthread_mutex_destroy(&o->lock);
}

void post_office_wake(struct post_office *o)
{
	atomic_store(&o->is_wanted, true);
}

static void remember_fault(struct post_office *o, const char *route, const struct id *id,
	const char *fault)
{
	size_t i = 0;

	while (i < o->nfaults && strcmp(o->faults[i].route, route) != 0) {
		i++;
	}
	if (i == AGENT_MAX_ROUTES) {
		i = 0; /* routes of an older policy */
	}
	o->nfaults += i == o->nfaults;
	snprintf(o->faults[i].route, sizeof(o->faults[i].route), "%s", route);
	snprintf(o->faults[i].text, sizeof(o->faults[i].text), "%s", fault);
	o->faults[i].id = *id;
}

void post_office_fault(struct post_office *o, const struct id *message,
	char ret[OFFICE_FAULT_SIZE])
{
	ret[0] = '\0';
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->nfaults; i++) {
		if (id_eq(&o->faults[i].id, message)) {
			snprintf(ret, OFFICE_FAULT_SIZE, "%s", o->faults[i].text);
		}
	}
	pthread_mutex_unlock(&o->lock);
}

/* --- a new one --------------------------------------------------------------------------- */

struct making {
	struct store_op op;
	struct row_message *row;
	const struct message_text *text;
};

static int apply_make(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct making *m = (struct making *)op;
	int r = tx_message_make(tx, m->row, m->text, err);

	return r < 0 ? r : 0;
}

int post_office_submit(struct daemon *d, const struct id *actor, struct row_message *row,
	const struct message_text *text, struct cu_err *err)
{
	const struct agent_route *route = agent_find(policy_agent(d->policy), row->route);
	struct making m = { { .apply = apply_make, .kind = STORE_CHANGE, .actor = *actor }, row, text };
	int r;

	if (!route) {
		return cu_err_set(err, CU_ENOENT, "agent.yaml has no such route: 'agent status' lists them");
	}
	if (text && !route->is_personal) {
		return cu_err_set(err, CU_EDENIED,
			"route %s may not take what is addressed to a person ('personal: yes' in agent.yaml)",
			route->key);
	}
	if (id_is_nil(&row->id)) {
		row->id = id_new();
	}
	r = store_run(d->house.store, &m.op, err);
	if (r == 0) {
		post_office_wake(&d->office);
	}
	return r;
}

/* --- what became of them -------------------------------------------------------------------- */

struct settling {
	struct store_op op;
	struct id id;
	enum office_came came;
	const struct agent_rules *rules;
};

/* Three times as long each time, a quarter more or less, so that many do not come at once. */
static int64_t wait_ms(const struct agent_rules *rules, unsigned nattempts)
{
	int64_t ms = duration_seconds(rules->retry) * 1000;
	uint32_t random;

	for (unsigned i = 0; i < nattempts && ms < WAIT_LONGEST_MS; i++) {
		ms *= 3;
	}
	ms = ms > WAIT_LONGEST_MS ? WAIT_LONGEST_MS : ms;
	id_random_bytes(&random, sizeof(random));
	return ms - ms / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static int apply_settle(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	const struct settling *s = (struct settling *)op;
	int64_t give_up_ms = duration_seconds(s->rules->give_up) * 1000;
	struct row_message row;
	bool is_over;
	int r = s->came == OFFICE_SENT ? 0 : tx_message_get(tx, &s->id, &row, err);

	if (r < 0 || s->came == OFFICE_SENT) {
		return r < 0 ? r : tx_message_sent(tx, &s->id, err);
	}
	if (strcmp(row.kind, JOB_PING_STARTED) == 0) {
		return tx_message_drop(tx, &s->id, err); /* later it would say the opposite of what is true */
	}
	is_over = s->came == OFFICE_REFUSED ||
		(tx->now_ms - row.made_ms > give_up_ms && row.nattempts + 1 >= ATTEMPTS_AT_LEAST);
	return tx_message_failed(
		tx, &s->id, tx->now_ms + wait_ms(s->rules, row.nattempts), is_over, err);
}

static int apply_shred(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_message_shred(tx, &((struct settling *)op)->id, err);
}

/* That it was sent is durable before its text's keys are gone: else a crash in between would have it
 * dropped. */
static int settle(struct post_office *o, const struct id *id, enum office_came came,
	struct cu_err *err)
{
	struct store *st = o->daemon->house.store;
	struct settling s = { { .apply = apply_settle, .kind = STORE_CHANGE }, *id, came,
		policy_agent(o->daemon->policy) };
	int r = store_run(st, &s.op, err);

	if (r == 0 && came == OFFICE_SENT) {
		s.op.apply = apply_shred;
		r = store_run(st, &s.op, err);
	}
	return r == CU_ENOENT ? 0 : r; /* forgotten meanwhile */
}

/* Locked.  Its place in flights, or nflights. */
static size_t find_flight(const struct post_office *o, const struct id *id)
{
	size_t i = 0;

	while (i < o->nflights && !id_eq(&o->flights[i].id, id)) {
		i++;
	}
	return i;
}

/* The store knows what became of it: its route is free. */
static void land(struct post_office *o, const struct id *id, const char *fault)
{
	size_t i;

	pthread_mutex_lock(&o->lock);
	i = find_flight(o, id);
	if (i < o->nflights) {
		if (fault) {
			remember_fault(o, o->flights[i].route, id, fault);
		}
		o->flights[i] = o->flights[--o->nflights];
	}
	pthread_mutex_unlock(&o->lock);
}

static bool find_back(struct post_office *o, struct office_flight *ret)
{
	bool is_any = false;

	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->nflights && !is_any; i++) {
		is_any = o->flights[i].is_back;
		*ret = o->flights[i];
	}
	pthread_mutex_unlock(&o->lock);
	return is_any;
}

static int settle_all(struct post_office *o, struct cu_err *err)
{
	struct office_flight f;
	int r = 0;

	while (r == 0 && find_back(o, &f)) {
		r = settle(o, &f.id, f.came, err);
		if (r == 0) {
			land(o, &f.id, NULL);
		}
	}
	return r;
}

/* --- handing over ---------------------------------------------------------------------------- */

/* Locked. */
static bool is_flying(const struct post_office *o, const char *route)
{
	bool yes = o->nflights == AGENT_MAX_ROUTES;

	for (size_t i = 0; i < o->nflights; i++) {
		yes |= strcmp(o->flights[i].route, route) == 0;
	}
	return yes;
}

static bool take_off(struct post_office *o, const struct row_message *row)
{
	bool is_free;

	pthread_mutex_lock(&o->lock);
	is_free = !is_flying(o, row->route);
	if (is_free) {
		struct office_flight *f = &o->flights[o->nflights++];

		*f = (struct office_flight){ .id = row->id, .since_ms = clock_monotonic_ms() };
		memcpy(f->route, row->route, sizeof(f->route));
	}
	pthread_mutex_unlock(&o->lock);
	return is_free;
}

struct dropping {
	struct store_op op;
	struct id id;
};

/* Why it cannot go at all, as policies are now; NULL: it can. */
static const char *obstacle(const struct post_office *o, const struct row_message *row)
{
	const struct agent_route *route = agent_find(policy_agent(o->daemon->policy), row->route);

	if (!route) {
		return "agent.yaml has no such route any more";
	}
	return !id_is_nil(&row->kase) && !route->is_personal ?
		"the route may not take what is addressed to a person" :
		NULL;
}

static int apply_drop(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	return tx_message_drop(tx, &((struct dropping *)op)->id, err);
}

/* A failure of one leaves the others alone; it has had an attempt. */
static int try_one(struct post_office *o, const struct row_message *row, struct cu_err *err)
{
	const char *why = obstacle(o, row);
	struct cu_err fault = { .msg = "" };
	int r;

	if (!take_off(o, row)) {
		return 0; /* its route is not free: when it is, we look again */
	}
	r = why ? cu_err_set(&fault, CU_ENOENT, "%s", why) : message_hand_over(o->daemon, row, &fault);
	if (r == 0) {
		return 0;
	}
	if (r == CU_ENOKEY) {
		struct dropping t = { { .apply = apply_drop, .kind = STORE_CHANGE }, row->id };

		log_notice("a message is dropped: %s", fault.msg);
		r = store_run(o->daemon->house.store, &t.op, err);
	} else if (r == CU_EBUSY) {
		r = 0; /* it was dropped just now, or the agent has its hands full */
	} else {
		r = settle(o, &row->id, OFFICE_LATER, err);
	}
	land(o, &row->id, fault.msg);
	return r;
}

/* --- a look -------------------------------------------------------------------------------- */

/* A clock that was set back would have it wait for ever. */
static bool is_due(const struct row_message *row, int64_t now_ms)
{
	return row->next_ms <= now_ms || row->next_ms > now_ms + 2 * WAIT_LONGEST_MS;
}

static bool is_listed(const struct row_message *v, size_t n, const char *route)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].route, route) == 0) {
			return true;
		}
	}
	return false;
}

/* The first that is due of each route that is free; and when the next one will be. */
static int list_due(struct post_office *o, struct row_message to[DUE_AT_ONCE], size_t *ret_n,
	struct cu_err *err)
{
	int64_t now_ms = clock_now_ms(&o->daemon->house.clock), next_ms = now_ms + LOOK_AT_LEAST_MS;
	struct reader *rd = store_reader_take(o->daemon->house.store);
	struct row_message row, *after = NULL;
	size_t n = 0;
	int r = 1;

	while (n < DUE_AT_ONCE && (r = reader_next_waiting_message(rd, after, &row, err)) > 0 &&
		is_due(&row, now_ms)) {
		bool is_free;

		after = &row;
		pthread_mutex_lock(&o->lock);
		is_free = !is_flying(o, row.route);
		pthread_mutex_unlock(&o->lock);
		if (is_free && !is_listed(to, n, row.route)) {
			to[n++] = row;
		}
	}
	store_reader_give(o->daemon->house.store, rd);
	if (r > 0 && !is_due(&row, now_ms) && row.next_ms < next_ms) {
		next_ms = row.next_ms;
	}
	atomic_store(&o->look_ms, clock_monotonic_ms() + (next_ms - now_ms));
	*ret_n = n;
	return r < 0 ? r : 0;
}

/* An agent that says nothing about a message is ended: what it had is tried again. */
static void end_the_silent(struct post_office *o)
{
	int64_t now = clock_monotonic_ms();
	bool is_silent = false;

	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->nflights; i++) {
		is_silent |= now - o->flights[i].since_ms > ANSWER_TIMEOUT_MS;
	}
	pthread_mutex_unlock(&o->lock);
	if (is_silent) {
		log_warn("custos-agent does not answer: it is ended");
		agent_link_cut(o->daemon->agent);
	}
}

static int try_all(struct post_office *o, struct cu_err *err)
{
	struct row_message due[DUE_AT_ONCE];
	struct agent_seen seen;
	size_t n;
	int r = list_due(o, due, &n, err);

	agent_link_look(o->daemon->agent, &seen);
	for (size_t i = 0; r == 0 && i < n && (seen.is_ready || obstacle(o, &due[i])); i++) {
		r = try_one(o, &due[i], err);
	}
	return r;
}

struct forgetting {
	struct store_op op;
	unsigned n;
};

static int apply_forget(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct forgetting *f = (struct forgetting *)op;

	return tx_message_forget(tx, tx->now_ms - KEPT_MS, FORGET_AT_ONCE, &f->n, err);
}

static int forget_old(struct post_office *o, struct cu_err *err)
{
	struct forgetting f = { { .apply = apply_forget, .kind = STORE_CHANGE }, 0 };
	int64_t now = clock_monotonic_ms();

	if (o->forgot_ms != 0 && now - o->forgot_ms < FORGET_EACH_MS) {
		return 0;
	}
	o->forgot_ms = now;
	return store_run(o->daemon->house.store, &f.op, err);
}

static struct post_office *office_of(struct work *w)
{
	return (struct post_office *)((char *)w - offsetof(struct post_office, work));
}

static int run_look(struct work *w, struct cu_err *err)
{
	struct post_office *o = office_of(w);
	struct guest guest = { .cancel = &w->cancel };
	struct store *st;
	int r = gate_enter(&o->daemon->gate, &guest, true, err);

	if (r < 0) {
		return r;
	}
	st = o->daemon->house.store;
	atomic_store(&o->look_ms, clock_monotonic_ms() + LOOK_AT_LEAST_MS);
	/* an older copy, or one that was restored and not adopted, sends nothing to anybody */
	if (!store_is_restricted(st) && !store_waits(st)) {
		r = settle_all(o, err);
		end_the_silent(o);
		if (r == 0) {
			r = forget_old(o, err);
		}
		if (r == 0) {
			r = try_all(o, err);
		}
	}
	gate_leave(&o->daemon->gate, &guest);
	return r;
}

static void on_looked(struct work *w)
{
	struct post_office *o = office_of(w);

	o->is_running = false;
	if (w->code < 0 && w->code != CU_ECANCELED && w->code != CU_ESEALED) {
		log_error("messages: %s", w->err.msg);
	}
	if (atomic_load(&o->is_wanted)) {
		post_office_tick(o);
	}
}

void post_office_tick(struct post_office *o)
{
	struct daemon *d = o->daemon;

	if (o->is_running || d->is_stopping || !d->agent ||
		atomic_load(&d->state) != DAEMON_RUNNING ||
		(!atomic_load(&o->is_wanted) && clock_monotonic_ms() < atomic_load(&o->look_ms))) {
		return;
	}
	atomic_store(&o->is_wanted, false);
	o->work.run = run_look;
	o->work.done = on_looked;
	o->is_running = work_start(d->loop, &o->work, NULL) == 0;
}

/* --- from the agent ------------------------------------------------------------------------ */

void post_office_on_outcome(struct post_office *o, const struct id *id, enum office_came came,
	const char *fault)
{
	size_t i;

	pthread_mutex_lock(&o->lock);
	i = find_flight(o, id);
	if (i < o->nflights && !o->flights[i].is_back) { /* else it is none of ours */
		o->flights[i].is_back = true;
		o->flights[i].came = came;
		if (came != OFFICE_SENT) {
			remember_fault(o, o->flights[i].route, id, fault);
		}
	}
	pthread_mutex_unlock(&o->lock);
	post_office_wake(o);
	post_office_tick(o);
}

/* Whether what it had was sent nobody knows: it is sent again, under the same id. */
void post_office_on_gone(struct post_office *o)
{
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < o->nflights; i++) {
		struct office_flight *f = &o->flights[i];

		if (!f->is_back) {
			f->is_back = true;
			f->came = OFFICE_LATER;
			remember_fault(o, f->route, &f->id, "custos-agent ended meanwhile");
		}
	}
	pthread_mutex_unlock(&o->lock);
	post_office_wake(o);
}
