#include "control/alarms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/zone.h"
#include "control/alarm_words.h"
#include "control/daemon.h"
#include "policy/policy.h"
#include "store/reader_message.h"
#include "store/tx_alarm.h"
#include "vault/vault.h"

#define MOST          256 /* alarms at once; what is beyond is told when some have ended */
#define CLEAR_MS      (9 * 60000LL) /* less than the duty's ten minutes: the next look */
#define FLAPS_MS      (3600 * 1000LL)
#define SINGLY        3   /* so many at once are told one by one */

static const struct id itself;

/* --- what lasts ------------------------------------------------------------------- */

struct alarms {
	struct daemon *daemon;
	struct row_alarm v[MOST], stored[MOST]; /* as they are now; as the rows were */
	size_t n, nstored;
};

static struct row_alarm *find(struct row_alarm *v, size_t n, const struct row_alarm *row)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].kind, row->kind) == 0 && strcmp(v[i].about, row->about) == 0) {
			return &v[i];
		}
	}
	return NULL;
}

static int take_attention(void *ctx, const struct attention *a, struct cu_err *err)
{
	struct alarms *all = ctx;
	struct daemon *d = all->daemon;
	struct row_alarm row = { .since_ms = clock_now_ms(&d->house.clock) };

	(void)err;
	if (a->kind == ATTENTION_TARGET_BEHIND && (uint64_t)a->number >= d->alarms_generation) {
		return 0; /* what moved since the last look is on its way */
	}
	snprintf(row.kind, sizeof(row.kind), "%s", attention_word(a->kind));
	/* where exactly is for 'erase scan' to say: it is one matter, wherever it is */
	snprintf(row.about, sizeof(row.about), "%s", a->kind == ATTENTION_RESIDUE_LEFT ? "" : a->about);
	if (all->n < MOST && !find(all->v, all->n, &row)) {
		all->v[all->n++] = row;
	}
	return 0;
}

static int load(struct alarms *all, struct cu_err *err)
{
	struct store *st = all->daemon->house.store;
	struct reader *rd = store_reader_take(st);
	struct row_alarm *after = NULL;
	int r = 0;

	while (all->nstored < MOST &&
		(r = reader_next_alarm(rd, after, &all->stored[all->nstored], err)) > 0) {
		after = &all->stored[all->nstored++];
	}
	store_reader_give(st, rd);
	return r < 0 ? r : 0;
}

/* Since when those that last do, and those that ended: what the rows are to be.  A clock that was put back
 * counts from now. */
static void compare(struct alarms *all)
{
	int64_t now = clock_now_ms(&all->daemon->house.clock);

	for (size_t i = 0; i < all->nstored; i++) {
		const struct row_alarm *old = &all->stored[i];
		struct row_alarm *lasts = find(all->v, all->n, old);

		if (lasts && old->since_ms <= now) {
			lasts->since_ms = old->since_ms;
		} else if (!lasts && all->n < MOST) {
			all->v[all->n] = *old;
			all->v[all->n++].ended_ms = old->ended_ms > 0 && old->ended_ms <= now ?
				old->ended_ms : now;
		}
	}
}

/* --- the rows --------------------------------------------------------------------- */

struct storing {
	struct store_op op;
	struct row_alarm rows[MOST];
	size_t n;
	bool drops;
};

static int apply_rows(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct storing *s = (struct storing *)op;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		r = s->drops ? tx_alarm_drop(tx, &s->rows[i], err) : tx_alarm_put(tx, &s->rows[i], err);
	}
	return r;
}

/* Mostly nothing has changed, and the writer is left alone. */
static int store_changes(struct alarms *all, struct storing *s, struct cu_err *err)
{
	s->n = 0;
	s->drops = false;
	for (size_t i = 0; i < all->n; i++) {
		const struct row_alarm *old = find(all->stored, all->nstored, &all->v[i]);

		if (!old || old->since_ms != all->v[i].since_ms || old->ended_ms != all->v[i].ended_ms) {
			s->rows[s->n++] = all->v[i];
		}
	}
	return s->n > 0 ? store_run(all->daemon->house.store, &s->op, err) : 0;
}

/* --- who is told ------------------------------------------------------------------ */

bool alarms_are_taken(const struct agent_route *route, enum attention_kind kind, const char *about)
{
	bool is_itself = (kind == ATTENTION_MESSAGE_GIVEN_UP || kind == ATTENTION_ROUTE_UNUSABLE) &&
		strcmp(about, route->key) == 0; /* by the others: this one does not work */

	return route->takes_alarms && !is_itself && (int)attention_severity(kind) >= route->least &&
		names_allow(&route->kinds, attention_word(kind));
}

static bool is_taken(const struct agent_route *route, const struct row_alarm *row)
{
	int kind = attention_parse(row->kind);

	return kind >= 0 && alarms_are_taken(route, (enum attention_kind)kind, row->about);
}

static bool is_quiet(const struct agent_route *route, const struct row_alarm *row, int64_t now)
{
	int kind = attention_parse(row->kind), minute;
	int32_t day;

	zone_wall(now, &day, &minute);
	return kind >= 0 &&
		agent_is_quiet(route, (int)attention_severity((enum attention_kind)kind), minute);
}

/* When the route was last told so, by itself or among several: 0 never; INT64_MAX: it waits to be sent. */
static int said_ms(struct daemon *d, const struct agent_route *route, const char *prefix,
	const struct row_alarm *row, int64_t *ret, struct cu_err *err)
{
	const char *const words[] = { row->kind, ALARM_SEVERAL };
	const char *const abouts[] = { row->about, "" };
	struct reader *rd = store_reader_take(d->house.store);
	int r = 0;

	*ret = 0;
	for (size_t i = 0; r >= 0 && i < 2; i++) {
		struct row_message last;
		char kind[ENGINE_KEY_SIZE];

		snprintf(kind, sizeof(kind), "%s%.50s", prefix, words[i]);
		r = reader_last_message(rd, kind, abouts[i], route->key, &last, err);
		if (r > 0 && last.state == MESSAGE_WAITING && last.made_ms >= row->since_ms) {
			*ret = INT64_MAX;
		} else if (r > 0 && last.made_ms > *ret) {
			*ret = last.made_ms;
		}
	}
	store_reader_give(d->house.store, rd);
	return r < 0 ? r : 0;
}

/* What is not late yet is said less often. */
static int64_t remind_ms_of(const struct daemon *d, const struct row_alarm *row)
{
	int64_t ms = duration_seconds(policy_agent(d->policy)->remind) * 1000;

	return strcmp(row->kind, attention_word(ATTENTION_DUTY_SOON)) == 0 ? 7 * ms : ms;
}

/* 1: it is to be told now. */
static int is_to_tell(struct daemon *d, const struct agent_route *route, const struct row_alarm *row,
	int64_t now, struct cu_err *err)
{
	int64_t remind_ms = remind_ms_of(d, row);
	int64_t from_ms = row->since_ms + duration_seconds(route->after) * 1000, said;
	int r;

	if (row->ended_ms > 0 || !is_taken(route, row) || now < from_ms || is_quiet(route, row, now)) {
		return 0;
	}
	r = said_ms(d, route, ALARM_PREFIX, row, &said, err);
	if (r < 0 || said == INT64_MAX) {
		return r;
	}
	/* one that came back soon after it was told to have ended is not news every time */
	return said < from_ms ? now - said >= FLAPS_MS || said > now : now - said >= remind_ms;
}

/* 1: that it ended is to be told now; 2: later, when the hours are not quiet. */
static int is_to_clear(struct daemon *d, const struct agent_route *route, const struct row_alarm *row,
	int64_t now, struct cu_err *err)
{
	int64_t from_ms = row->since_ms + duration_seconds(route->after) * 1000, told, cleared;
	int r;

	if (row->ended_ms == 0 || !is_taken(route, row)) {
		return 0;
	}
	r = said_ms(d, route, ALARM_PREFIX, row, &told, err);
	r = r < 0 ? r : said_ms(d, route, CLEAR_PREFIX, row, &cleared, err);
	if (r < 0 || told < from_ms || (cleared >= row->ended_ms && cleared > 0)) {
		return r;
	}
	return now - row->ended_ms < CLEAR_MS || is_quiet(route, row, now) ? 2 : 1;
}

/* --- telling ---------------------------------------------------------------------- */

static int submit(struct daemon *d, const struct agent_route *route, const char *prefix,
	const char *word, const char *about, struct cu_err *err)
{
	struct row_message row = { .state = 0 };

	snprintf(row.kind, sizeof(row.kind), "%s%.50s", prefix, word);
	snprintf(row.about, sizeof(row.about), "%s", about);
	snprintf(row.route, sizeof(row.route), "%s", route->key);
	return post_office_submit(d, &itself, &row, NULL, err);
}

typedef int wanted_fn(struct daemon *d, const struct agent_route *route, const struct row_alarm *row,
	int64_t now, struct cu_err *err);

/* One by one, or, when they are many, or had to wait for the morning, as one. */
static int tell_on(struct alarms *all, const struct agent_route *route, const char *prefix,
	wanted_fn *wanted, struct cu_err *err)
{
	struct daemon *d = all->daemon;
	int64_t now = clock_now_ms(&d->house.clock);
	size_t which[MOST], n = 0, singly = route->quiet ? 1 : SINGLY;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < all->n; i++) {
		r = wanted(d, route, &all->v[i], now, err);
		if (r == 1) {
			which[n++] = i;
		}
	}
	if (r >= 0 && n > singly) {
		return submit(d, route, prefix, ALARM_SEVERAL, "", err);
	}
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = submit(d, route, prefix, all->v[which[i]].kind, all->v[which[i]].about, err);
	}
	return r < 0 ? r : 0;
}

/* Those that ended, and of which nobody is to be told any more. */
static int drop_known(struct alarms *all, struct storing *s, struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(all->daemon->policy);
	int64_t now = clock_now_ms(&all->daemon->house.clock);

	s->n = 0;
	s->drops = true;
	for (size_t i = 0; i < all->n; i++) {
		int r = all->v[i].ended_ms > 0 ? 0 : 2;

		for (size_t k = 0; r == 0 && k < rules->n; k++) {
			r = is_to_clear(all->daemon, &rules->v[k], &all->v[i], now, err);
		}
		if (r < 0) {
			return r;
		}
		if (r == 0) {
			s->rows[s->n++] = all->v[i];
		}
	}
	return s->n > 0 ? store_run(all->daemon->house.store, &s->op, err) : 0;
}

static int tell_all(struct alarms *all, struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(all->daemon->policy);
	struct storing *s = calloc(1, sizeof(*s));
	int r = s ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	if (r == 0) {
		s->op = (struct store_op){ .apply = apply_rows, .kind = STORE_CHANGE };
		r = store_changes(all, s, err);
	}
	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		r = tell_on(all, &rules->v[i], ALARM_PREFIX, is_to_tell, err);
		r = r < 0 ? r : tell_on(all, &rules->v[i], CLEAR_PREFIX, is_to_clear, err);
	}
	r = r < 0 ? r : drop_known(all, s, err);
	free(s);
	return r;
}

int alarms_duty(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	struct alarms *all;
	int r;

	(void)watch; /* a few rows each */
	room_measure(d);
	if (policy_agent(d->policy)->n == 0 || store_waits(d->house.store)) {
		return 0;
	}
	all = calloc(1, sizeof(*all));
	if (!all) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	all->daemon = d;
	r = attention_each(d, take_attention, all, err);
	r = r < 0 ? r : load(all, err);
	if (r == 0) {
		compare(all);
		r = tell_all(all, err);
	}
	d->alarms_generation = vault_generation(d->house.vault);
	free(all);
	return r;
}

int alarms_list(struct daemon *d, const char *route_key, int language, struct buf *to, size_t *ret_n,
	struct cu_err *err)
{
	const struct agent_route *route = agent_find(policy_agent(d->policy), route_key);
	struct reader *rd = store_reader_take(d->house.store);
	struct row_alarm row, *after = NULL;
	size_t n = 0;
	int r = 0;

	while (route && (r = reader_next_alarm(rd, after, &row, err)) > 0) {
		after = &row;
		if (row.ended_ms == 0 && is_taken(route, &row)) {
			alarm_write_line(&row, language, to);
			n++;
		}
	}
	store_reader_give(d->house.store, rd);
	*ret_n = n;
	return r < 0 ? r : 0;
}
