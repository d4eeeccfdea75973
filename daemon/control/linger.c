#include "control/linger.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/log.h"
#include "control/daemon.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "ledger/leaf.h"
#include "policy/policy.h"
#include "store/reader.h"
#include "store/tx.h"
#include "vault/vault.h"

/* --- what is remembered ----------------------------------------------------------- */

static int read_note(struct daemon *d, const struct target *t, const char *what,
	uint64_t *ret, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	char name[REPOS_NOTE_SIZE];
	int r;

	*ret = 0;
	repos_note_name(d, t, what, name);
	r = reader_note(rd, name, ret, err);
	store_reader_give(d->house.store, rd);
	return r < 0 ? r : 0;
}

static int put_note(struct tx *tx, struct daemon *d, const struct target *t,
	const char *what, uint64_t value, struct cu_err *err)
{
	char name[REPOS_NOTE_SIZE];

	repos_note_name(d, t, what, name);
	return tx_note_put(tx, name, value, err);
}

int linger_seen(struct daemon *d, const struct target *t, struct linger_seen *ret,
	struct cu_err *err)
{
	uint64_t seen = 0, oldest = 0, until = 0;
	int r = read_note(d, t, "seen", &seen, err);

	if (r == 0) {
		r = read_note(d, t, "oldest", &oldest, err);
	}
	if (r == 0) {
		r = read_note(d, t, "until", &until, err);
	}
	if (r == 0) {
		*ret = (struct linger_seen){ (int64_t)seen, oldest, (int64_t)until };
	}
	return r;
}

struct remember {
	struct store_op op;
	struct daemon *daemon;
	const struct target *target;
	struct linger_seen seen;
};

static int apply_seen(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct remember *m = (struct remember *)op;
	int r = put_note(tx, m->daemon, m->target, "seen", (uint64_t)tx->now_ms, err);

	if (r == 0) {
		r = put_note(tx, m->daemon, m->target, "oldest",
			m->seen.oldest_generation, err);
	}
	return r < 0 ? r
		     : put_note(tx, m->daemon, m->target, "until",
			       (uint64_t)m->seen.until_ms, err);
}

static int remember(struct daemon *d, const struct target *t,
	const struct prune_view *view, struct cu_err *err)
{
	struct remember m = { { .apply = apply_seen, .kind = STORE_CHANGE }, d, t,
		{ 0 } };

	for (size_t i = 0; i < view->n; i++) {
		const struct prune_object *o = &view->v[i];

		if (o->generation > 0 &&
			(m.seen.oldest_generation == 0 ||
				o->generation < m.seen.oldest_generation)) {
			m.seen.oldest_generation = o->generation;
		}
		if (o->until_ms > m.seen.until_ms) {
			m.seen.until_ms = o->until_ms;
		}
	}
	return store_run(d->house.store, &m.op, err);
}

/* --- the leaf --------------------------------------------------------------------- */

/* Before the first deletion, as for reads: nothing goes that the log does not tell. */
struct condemn {
	struct store_op op;
	struct daemon *daemon;
	const struct target *target;
	const struct prune_view *view;
	uint8_t digest[32];
	uint64_t mark; /* of this very list */
};

static int apply_condemn(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct condemn *c = (struct condemn *)op;
	struct leaf leaf = { .act = LEAF_BACKUP_PRUNE,
		.count = c->view->ngoing,
		.generation = c->view->generation,
		.has_digest = true };
	int r;

	memcpy(leaf.digest, c->digest, sizeof(leaf.digest));
	strncpy(leaf.why, c->target->key, sizeof(leaf.why) - 1);
	r = tx_leaf(tx, &leaf, err);
	return r < 0 ? r
		     : put_note(tx, c->daemon, c->target, "condemned", c->mark, err);
}

/* A target that cannot delete is tried again every hour; that is told once. */
static int condemn(struct daemon *d, const struct target *t,
	const struct prune_view *view, struct cu_err *err)
{
	struct condemn c = { { .apply = apply_condemn, .kind = STORE_CHANGE }, d, t,
		view, { 0 }, 0 };
	uint64_t before = 0;
	int r = read_note(d, t, "condemned", &before, err);

	prune_digest(view, c.digest);
	memcpy(&c.mark, c.digest, sizeof(c.mark));
	c.mark &= INT64_MAX; /* SQLite's integers have a sign */
	return r < 0 || c.mark == before ? r : store_run(d->house.store, &c.op, err);
}

/* --- a visit ---------------------------------------------------------------------- */

static int look(struct daemon *d, const struct target *t, struct repo *repo,
	struct prune_view *ret, struct cu_err *err)
{
	struct house *h = &d->house;
	struct prune_source src = { .manifest_key = &h->verifier,
		.store = store_id(h->store),
		.lineage = store_lineage(h->store),
		.generation = vault_generation(h->vault),
		.now_ms = clock_now_ms(&h->clock),
		.bound_ms = repos_bound_ms(d) };
	struct repos_last last = { 0 };
	int r = repos_last(d, t, &last, err);

	if (r < 0) {
		return r;
	}
	src.known_sequence = last.sequence;
	r = repos_reach(d, t, repo, err);
	if (r == CU_ENOENT && last.sequence > 0) {
		return cu_err_set(err, CU_EUNAVAIL,
			"backup %" PRIu64
			" was written there, and no repository is there now",
			last.sequence);
	}
	return r < 0 ? r : prune_look(repo, &src, ret, err);
}

struct visit {
	struct prune_view before, after;
	int code; /* of the deletion */
	struct cu_err why;
};

static void visit_done(struct visit *v)
{
	prune_view_done(&v->before);
	prune_view_done(&v->after);
}

static void delete_due(struct daemon *d, const struct target *t, struct repo *repo,
	const struct watch *watch, struct visit *v)
{
	v->code = condemn(d, t, &v->before, &v->why);
	if (v->code == 0) {
		v->code = prune_run(repo, &v->before, watch, &v->why);
	}
	if (v->code == 0) {
		log_notice(
			"target %s: %zu vault objects whose time was over are deleted",
			t->key, v->before.ngoing);
	}
}

/* 0: it could be looked at, whatever became of the deletion.  Released by visit_done.
 */
static int visit(struct daemon *d, const struct target *t, bool may_delete,
	const struct watch *watch, struct visit *ret, struct cu_err *err)
{
	struct repo repo;
	int r;

	*ret = (struct visit){ 0 };
	pthread_mutex_lock(&d->backing_up);
	r = look(d, t, &repo, &ret->before, err);
	if (r == 0 && may_delete && ret->before.ngoing > 0) {
		delete_due(d, t, &repo, watch, ret);
	}
	if (r == 0) {
		r = look(d, t, &repo, &ret->after, err);
	}
	if (r == 0) {
		r = remember(d, t, &ret->after, err);
	}
	pthread_mutex_unlock(&d->backing_up);
	return r < 0 ? cu_err_wrap(err, r, "target %s", t->key) : 0;
}

int linger_prune(struct daemon *d, const struct target *t, bool is_dry_run,
	const struct watch *watch, struct prune_view *ret, struct cu_err *err)
{
	struct visit v;
	int r = visit(d, t, !is_dry_run, watch, &v, err);

	if (r == 0 && v.code < 0) {
		r = cu_err_set(err, v.code, "target %s: %s", t->key, v.why.msg);
	}
	if (r == 0) {
		*ret = v.before;
		v.before = (struct prune_view){ 0 };
	}
	visit_done(&v);
	return r;
}

static void warn_of_rollback(const struct target *t, const struct prune_view *view)
{
	unsigned n = 0;

	for (size_t i = 0; i < view->n; i++) {
		n += view->v[i].state == PRUNE_BEYOND;
	}
	if (n > 0) {
		log_warn("target %s: %u vault objects are newer than this store: "
			 "either the "
			 "store was rolled back, or somebody else put them there",
			t->key, n);
	}
}

void linger_duty(struct daemon *d, const struct watch *watch)
{
	const struct targets *targets = policy_targets(d->policy);

	for (size_t i = 0; i < targets->n; i++) {
		struct visit v;
		struct cu_err err;
		int r = visit(d, &targets->v[i], true, watch, &v, &err);

		if (r < 0 && r != CU_ENOENT) {
			log_warn("old vault objects: %s", err.msg);
		}
		if (r == 0 && v.code < 0 && v.code != CU_ECANCELED) {
			log_warn("target %s: %s", targets->v[i].key, v.why.msg);
		}
		if (r == 0) {
			warn_of_rollback(&targets->v[i], &v.after);
		}
		visit_done(&v);
	}
}

/* --- the horizon ------------------------------------------------------------------ */

/* When was it last as it should be?  0: never; then since the last backup went there.
 */
static int unseen(struct daemon *d, const struct target *t, struct horizon *ret,
	struct cu_err *err)
{
	struct linger_seen seen = { 0 };
	struct repos_last last = { 0 };
	int r = linger_seen(d, t, &seen, err);

	if (r == 0) {
		r = repos_last(d, t, &last, err);
	}
	*ret = horizon_unseen(seen.time_ms > 0 ? seen.time_ms : last.time_ms);
	return r;
}

struct linger_seen_target {
	const struct target *target;
	struct prune_view view;
	struct horizon unseen; /* instead, when it cannot be looked at */
	bool is_unseen;
};

static int look_at_target(
	struct daemon *d, const struct target *t, struct linger_sight *to, struct cu_err *err)
{
	struct linger_seen_target at = { .target = t };
	struct visit v;
	struct cu_err why = { 0 };
	int r = visit(d, t, true, NULL, &v, &why);

	if (r == CU_ENOENT) { /* it never held a backup */
		return 0;
	}
	if (r == 0 && v.code < 0) {
		log_warn("target %s: %s", t->key, v.why.msg);
	}
	if (r == 0) {
		at.view = v.after;
		v.after = (struct prune_view){ 0 };
	} else {
		log_warn("%s", why.msg);
		at.is_unseen = true;
		r = unseen(d, t, &at.unseen, err);
	}
	visit_done(&v);
	to->v[to->n++] = at;
	return r;
}

int linger_look(struct daemon *d, struct linger_sight *ret, struct cu_err *err)
{
	const struct targets *targets = policy_targets(d->policy);
	struct linger_sight s = { .v = calloc(targets->n + 1, sizeof(*s.v)),
		.generation = vault_generation(d->house.vault) };
	int r = s.v ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		r = look_at_target(d, &targets->v[i], &s, err);
	}
	if (r < 0) {
		linger_sight_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void linger_sight_done(struct linger_sight *s)
{
	for (size_t i = 0; i < s->n; i++) {
		prune_view_done(&s->v[i].view);
	}
	free(s->v);
	*s = (struct linger_sight){ 0 };
}

static int join(struct lingering *l, struct cu_err *err)
{
	struct horizon *all = calloc(l->n + 1, sizeof(*all));

	if (!all) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < l->n; i++) {
		all[i] = l->v[i].at;
	}
	l->all = horizon_of_all(all, l->n);
	free(all);
	return 0;
}

int linger_at(const struct linger_sight *s, uint64_t generation, int64_t erased_ms,
	struct lingering *ret, struct cu_err *err)
{
	const struct horizon_question q = { generation, erased_ms, LINGER_EACH_MS };
	struct lingering l = { .v = calloc(s->n + 1, sizeof(*l.v)), .n = s->n };
	int r;

	if (!l.v) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct linger_seen_target *t = &s->v[i];

		l.v[i] = (struct linger_target){ t->target,
			t->is_unseen ? t->unseen : horizon_at(&t->view, &q) };
	}
	r = join(&l, err);
	if (r < 0) {
		linger_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

int linger_of(struct daemon *d, uint64_t generation, int64_t erased_ms,
	struct lingering *ret, struct cu_err *err)
{
	struct linger_sight s = { 0 };
	int r = linger_look(d, &s, err);

	if (r == 0) {
		r = linger_at(&s, generation, erased_ms, ret, err);
	}
	linger_sight_done(&s);
	return r;
}

void linger_done(struct lingering *l)
{
	free(l->v);
	*l = (struct lingering){ 0 };
}

/* --- in words --------------------------------------------------------------------- */

/* The first target of this state; there is one. */
static const char *target_of(const struct lingering *l, enum horizon_state state)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].at.state == state) {
			return l->v[i].target->key;
		}
	}
	return "";
}

void linger_say(const struct lingering *l, char *out, size_t cap)
{
	char when[CIVIL_TIME_SIZE];

	switch (l->all.state) {
	case HORIZON_HOST_ONLY:
		snprintf(out, cap, "%s",
			_("No target of backup.yaml ever held a backup: this statement "
			  "is about this host only."));
		break;
	case HORIZON_GONE:
		snprintf(out, cap, "%s",
			_("No vault object that holds them is left at any target of "
			  "backup.yaml."));
		break;
	case HORIZON_BY:
		civil_format_time(l->all.date_ms, when);
		snprintf(out, cap,
			_("Older vault objects still hold them; custosd deletes the "
			  "last of these by %s, if it runs and reaches the targets."),
			when);
		break;
	case HORIZON_UNBOUNDED:
		civil_format_time(l->all.since_ms, when);
		snprintf(out, cap,
			_("Copies of them may be left at target %s, and no date can be "
			  "given: since %s it could not be confirmed that they are "
			  "deleted, or will be."),
			target_of(l, HORIZON_UNBOUNDED), when);
		break;
	}
}
