#include "control/expiry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backup/watch.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/log.h"
#include "control/approval.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/exchange.h"
#include "control/keeping.h"
#include "policy/policy.h"
#include "store/reader_expiry.h"
#include "store/reader_hold.h"
#include "store/tx_hold.h"

#define CLEAR_FOR_MS 5000 /* of one round; other duties wait */
#define LOOK_AT      256  /* subjects, between two steps of the writer */

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

/* --- one step on the writer's thread ---------------------------------------------- */

struct step {
	struct store_op op;
	struct id run;
	bool is_review;
	int32_t day;
	struct expiry_limits limits;
	const struct expiry_limit *limit;
	bool is_more;
	const struct id *subjects;
	size_t nsubjects;
	struct erase_limits brake;
	struct row_expiry row;
};

static int apply_begin(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_begin(tx, s->is_review, s->day, &s->run, err);
}

static int apply_list_cohorts(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_list_cohorts(tx, &s->run, s->limit, err);
}

static int apply_list_subjects(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
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

static int apply_admit(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_admit(tx, &s->run, &s->brake, &s->row, err);
}

static int apply_shred(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_shred(tx, &s->run, &s->limits, &s->row, err);
}

static int apply_clear(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;

	return tx_expiry_clear(tx, &s->run, &s->row, err);
}

static int apply_flush(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)op;
	return tx_flush(tx, err);
}

static int run_step(struct daemon *d, struct step *s, enum store_kind kind,
	int (*apply)(struct tx *, struct store_op *, struct cu_err *), struct cu_err *err)
{
	s->op.apply = apply;
	s->op.kind = kind;
	return store_run(d->house.store, &s->op, err);
}

/* --- what is held of old cohorts -------------------------------------------------- */

static int apply_reseal(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct step *s = (struct step *)op;
	int r = tx_hold_reseal(tx, s->limit, err);

	s->is_more = r > 0;
	return r < 0 ? r : 0;
}

static int reseal_held(struct daemon *d, struct step *s, const struct watch *watch,
	struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->limits.n; i++) {
		s->limit = &s->limits.v[i];
		s->is_more = !s->limit->is_moving;
		while (r == 0 && s->is_more) {
			r = run_step(d, s, STORE_CHANGE, apply_reseal, err);
			if (r == 0) {
				r = watch_step(watch, "retention", 0, 0, err);
			}
		}
	}
	return r;
}

/* A backup counts once a drill of it, or of a later one, has found no fault.  What the newest such
 * backup holds was written before it began; without targets there is none to wait for. */
static int find_backed_up(struct daemon *d, int64_t *ret_ms, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	int64_t newest_ms = targets->n > 0 ? 0 : INT64_MAX;
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		struct drill_last drill = { 0 };

		r = drill_last(d, &targets->v[i], &drill, err);
		if (r == 0 && drill.data_ms > newest_ms) {
			newest_ms = drill.data_ms;
		}
	}
	*ret_ms = newest_ms;
	return r;
}

/* Keys of what is held that no such backup holds yet. */
static int count_waiting(struct daemon *d, int64_t backed_up_ms, uint64_t *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_hold_slot row;
	uint64_t at, n = 0, *after = NULL;
	int r;

	while ((r = reader_hold_slot(rd, after, &row, err)) > 0) {
		at = row.slot;
		after = &at;
		n += row.resealed_ms >= backed_up_ms;
	}
	store_reader_give(d->house.store, rd);
	*ret = n;
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

static int list_subjects(struct daemon *d, struct step *s, const struct watch *watch,
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
			r = run_step(d, s, STORE_CHANGE, apply_list_subjects, err);
		}
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	return r;
}

static int make_list(struct daemon *d, struct step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct expiry *e = &d->expiry;
	int r = reseal_held(d, s, watch, err);

	if (r == 0) {
		r = run_step(d, s, STORE_CHANGE, apply_begin, err);
	}
	for (size_t i = 0; r == 0 && i < s->limits.n; i++) {
		s->limit = &s->limits.v[i];
		if (!s->limit->is_moving) {
			r = run_step(d, s, STORE_CHANGE, apply_list_cohorts, err);
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

/* --- one run ---------------------------------------------------------------------- */

static int shred_all(struct daemon *d, struct step *s, const struct watch *watch,
	struct cu_err *err)
{
	int r = 0;

	while (r == 0 && s->row.state == EXPIRY_GOING) {
		r = run_step(d, s, STORE_CHANGE, apply_shred, err);
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	return r;
}

/* As many rows as a round has time for; the rest in the next second. */
static int clear_some(struct daemon *d, struct step *s, const struct watch *watch,
	struct cu_err *err)
{
	int64_t until = clock_monotonic_ms() + CLEAR_FOR_MS;
	int r = 0;

	while (r == 0 && s->row.state == EXPIRY_CLEARING) {
		if (clock_monotonic_ms() >= until) {
			expiry_wake(d);
			return 0;
		}
		r = run_step(d, s, STORE_CHANGE, apply_clear, err);
		if (r == 0) {
			r = watch_step(watch, "retention", 0, 0, err);
		}
	}
	if (r == 0 && s->row.state == EXPIRY_DONE) {
		/* an image that a backup reads would be in the way: wait for its end */
		pthread_mutex_lock(&d->backing_up);
		r = run_step(d, s, STORE_ALONE, apply_flush, err);
		pthread_mutex_unlock(&d->backing_up);
	}
	return r;
}

static bool is_open(const struct row_expiry *row)
{
	return row->state >= EXPIRY_ASKED && row->state <= EXPIRY_CLEARING;
}

/* The run of this kind that is under way, or a fresh one when there is something to list. */
static int find_run(struct daemon *d, struct step *s, const struct watch *watch,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	int r = reader_expiry_last(rd, s->is_review, &s->row, err);

	store_reader_give(d->house.store, rd);
	if (r > 0 && is_open(&s->row)) {
		s->run = s->row.id;
		return 1;
	}
	if (r < 0 || s->limits.n == 0 ||
		(r > 0 && s->row.state == EXPIRY_DENIED && s->row.day == s->day)) {
		return r < 0 ? r : 0; /* who denied it is not asked again the same day */
	}
	r = make_list(d, s, watch, err);
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

static int advance(struct daemon *d, struct step *s, const struct watch *watch,
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
	r = run_step(d, s, STORE_CHANGE, apply_admit, err);
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

static struct erase_limits brake_of(struct daemon *d, int64_t now_ms)
{
	const struct erasure_rules *p = policy_erasure(d->policy);

	return (struct erase_limits){ .now_ms = now_ms,
		.approval_ms = duration_seconds(p->approval_expires) * 1000,
		.daily_slots = (uint64_t)p->daily_slots,
		.daily_cohorts = (uint64_t)p->daily_cohorts };
}

static int run_kind(struct daemon *d, const struct keeping *k, bool is_review,
	int64_t backed_up_ms, const struct id *actor, const struct watch *watch, struct row_expiry *ret,
	struct cu_err *err)
{
	struct step s = { .op.actor = *actor, .is_review = is_review, .day = k->today,
		.brake = brake_of(d, k->clock.now_ms) };
	struct buf limits = BUF_INIT;
	int r;

	keeping_limits(k, is_review, backed_up_ms, &limits);
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

static void warn(struct json *lines, const char *fmt, const struct id *approval)
{
	char text[400], id[ID_TEXT_SIZE];

	if (!id_is_nil(approval)) {
		id_format(approval, id);
		snprintf(text, sizeof(text), "%s approval grant %s", fmt, id);
		json_str(lines, NULL, text);
	}
}

void expiry_warn(struct daemon *d, struct json *lines)
{
	struct expiry *e = &d->expiry;

	pthread_mutex_lock(&e->said_lock);
	if (e->is_behind) {
		json_str(lines, NULL,
			_("The clock is behind what it was: nothing ends by retention.yaml until it has caught up."));
	}
	warn(lines,
		_("The clock is a day or more ahead of when it was last known to be right (it was set, or the machine stood still): nothing ends by retention.yaml until somebody who may run 'retention run' says that it is right:"),
		&e->clock_approval);
	warn(lines,
		_("retention.yaml keeps less than before, which is not in force until it is confirmed ('retention plan' shows the effect):"),
		&e->rules_approval);
	for (int i = 0; i < 2; i++) {
		warn(lines, _("What is over by retention.yaml ends once a second user has confirmed it:"),
			&e->run_approvals[i]);
	}
	if (e->nwaiting > 0) {
		json_str(lines, NULL,
			_("Months that are over wait: what is held of them has keys of its own that no backup is known to hold. Run 'backup run', then 'drill run' of level 2 or 3."));
	}
	pthread_mutex_unlock(&e->said_lock);
}

int expiry_run(struct daemon *d, const struct id *actor, const struct watch *watch,
	struct expiry_outcome *ret, struct cu_err *err)
{
	struct expiry_outcome outcome = { 0 };
	struct keeping k = { 0 };
	int64_t backed_up_ms = 0;
	uint64_t nwaiting = 0;
	int r;

	pthread_mutex_lock(&d->expiry.lock);
	r = keeping_look(d, &k, err);
	if (r == 0) {
		r = find_backed_up(d, &backed_up_ms, err);
	}
	for (int i = 0; r == 0 && k.clock.verdict == KEEPING_GOOD && i < 2; i++) {
		r = run_kind(d, &k, i > 0, backed_up_ms, actor, watch, &outcome.runs[i], err);
	}
	if (r == 0) {
		r = count_waiting(d, backed_up_ms, &nwaiting, err);
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

/* --- approvals -------------------------------------------------------------------- */

int expiry_may_decide(struct exchange *x, const struct id *object, struct cu_err *err)
{
	(void)object;
	return access_allows(&x->rights, "retention.run") && !x->rights.is_root ?
		0 :
		cu_err_set(err, CU_EDENIED, "this is for whoever may call 'retention run'%s",
			x->rights.is_root ? " (root never touches a person's data)" : "");
}

int expiry_on_decided(struct exchange *x, const struct id *approval, bool is_granted,
	struct cu_err *err)
{
	(void)approval;
	(void)is_granted;
	(void)err;
	expiry_wake(x->daemon); /* it looks at the approval itself */
	return 0;
}

/* The keys of a list by collection. */
struct tally {
	char collection[ENGINE_KEY_SIZE];
	uint64_t ncohorts, npeople;
};

#define TALLIES 64

static struct tally *tally_of(struct tally *v, size_t *n, const char *collection)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(v[i].collection, collection) == 0) {
			return &v[i];
		}
	}
	if (*n == TALLIES) {
		return &v[TALLIES - 1];
	}
	v[*n] = (struct tally){ .ncohorts = 0 };
	snprintf(v[*n].collection, sizeof(v[*n].collection), "%s", collection);
	return &v[(*n)++];
}

static int count_list(struct daemon *d, const struct id *run, struct tally *v, size_t *n,
	struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_expiry_item item;
	uint64_t at, *after = NULL;
	int r;

	while ((r = reader_expiry_item(rd, run, after, &item, err)) > 0) {
		struct tally *t = tally_of(v, n, item.collection);

		at = item.slot;
		after = &at;
		*(item.kind == EXPIRY_OWNER ? &t->npeople : &t->ncohorts) += 1;
	}
	store_reader_give(d->house.store, rd);
	return r;
}

static int say(struct exchange *x, const struct id *run, struct json *lines, struct cu_err *err)
{
	struct tally tallies[TALLIES];
	size_t n = 0;
	char text[200];
	int r = count_list(x->daemon, run, tallies, &n, err);

	json_str(lines, NULL, _("The time of these is over, and their keys are shredded:"));
	for (size_t i = 0; i < n; i++) {
		const struct tally *t = &tallies[i];

		snprintf(text, sizeof(text), _("  %s: cohorts: %" PRIu64 ", people: %" PRIu64),
			t->collection, t->ncohorts, t->npeople);
		json_str(lines, NULL, text);
	}
	json_str(lines, NULL,
		_("No backup of any age gives it back. What is not over any more by then stays."));
	return r;
}

static int run_scope(struct tx *tx, const struct id *run, struct buf *to, struct cu_err *err)
{
	return tx_expiry_scope(tx, run, to, err);
}

const struct approval_kind expiry_approval = { EXPIRY_KIND_RUN, run_scope, expiry_may_decide, say,
	expiry_on_decided };
