#include "control/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/alarm_words.h"
#include "control/alarms.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/digest_words.h"
#include "control/drill.h"
#include "control/duties.h"
#include "control/incidents.h"
#include "control/repos_note.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "privacy/request.h"
#include "store/reader_expiry.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/reader_message.h"
#include "store/tx_alarm.h"
#include "vault/vault.h"

#define WEEK_DAYS  7
#define AHEAD_DAYS 28
#define DAY_MS     86400000LL
#define MAX_SLOTS  (VAULT_MAX_LEAVES * VAULT_LEAF_SLOTS) /* of one leaf, as ranges */

struct digest {
	struct daemon *daemon;
	struct reader *rd;
	struct buf *to;
	const atomic_bool *cancel;
	int language;
	int32_t today;
	int64_t now_ms, from_ms;
	size_t nlines; /* of the part that is being written */
};

static const char *say(const struct digest *g, enum digest_word w)
{
	return digest_word(w, g->language);
}

static void line(struct digest *g, const char *text)
{
	buf_putf(g->to, "  %s\n", text);
	g->nlines++;
}

/* "  words: number"; of zeros nothing. */
static void count(struct digest *g, enum digest_word w, uint64_t n)
{
	if (n > 0) {
		buf_putf(g->to, "  %s: %" PRIu64 "\n", say(g, w), n);
		g->nlines++;
	}
}

/* "  2026-12-21 (22): words 7" */
static void due(struct digest *g, int32_t day, const char *what, const char *about)
{
	char text[CIVIL_DAY_SIZE];

	civil_format_day(day, text);
	if (day < g->today) {
		buf_putf(g->to, "  %s, %s: %s %s\n", text, say(g, DIGEST_IS_LATE), what, about);
	} else {
		buf_putf(g->to, "  %s, ", text);
		buf_putf(g->to, g->language == LANGUAGE_ZH ? "%" PRId32 " 天后" : "in %" PRId32 " days",
			day - g->today);
		buf_putf(g->to, ": %s %s\n", what, about);
	}
	g->nlines++;
}

/* --- now --------------------------------------------------------------------------- */

static int put_attention(void *ctx, const struct attention *a, struct cu_err *err)
{
	struct digest *g = ctx;
	struct row_alarm row = { .since_ms = 0 };

	(void)err;
	snprintf(row.kind, sizeof(row.kind), "%s", attention_word(a->kind));
	snprintf(row.about, sizeof(row.about), "%s", a->about);
	buf_put_str(g->to, "  ");
	alarm_write_line(&row, g->language, g->to);
	g->nlines++;
	return 0;
}

static int put_needs(struct digest *g, struct cu_err *err)
{
	return attention_each(g->daemon, put_attention, g, err);
}

/* --- the coming weeks ---------------------------------------------------------------- */

static int put_due_requests(struct digest *g, struct cu_err *err)
{
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(g->rd, row.number, false, &row, err)) > 0) {
		char number[16];

		if (row.due_day == CIVIL_NO_DAY || row.due_day > g->today + AHEAD_DAYS ||
			row.state == REQ_LIVE_DONE || row.state == REQ_BACKUPS_PENDING) {
			continue;
		}
		snprintf(number, sizeof(number), "%" PRIu32, row.number);
		due(g, row.due_day, say(g, DIGEST_REQUEST), number);
	}
	return r;
}

static int put_due_holds(struct digest *g, struct cu_err *err)
{
	struct row_hold row, *after = NULL;
	int r;

	while ((r = reader_next_hold(g->rd, after, &row, err)) > 0) {
		after = &row;
		if (row.state == HOLD_ACTIVE && row.review_day != CIVIL_NO_DAY &&
			row.review_day <= g->today + AHEAD_DAYS) {
			due(g, row.review_day, say(g, DIGEST_HOLD_REVIEW), "");
		}
	}
	return r;
}

/* In the order in which these are told. */
static int put_deadlines(struct digest *g, struct cu_err *err)
{
	static int (*const parts[])(struct digest *, struct cu_err *) = { put_due_requests,
		put_due_holds };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = parts[i](g, err);
	}
	return r;
}

static int put_duty(void *ctx, const struct duty_look *duty, struct cu_err *err)
{
	struct digest *g = ctx;

	(void)err;
	if (duty->due != CIVIL_NO_DAY && duty->due <= g->today + AHEAD_DAYS) {
		due(g, duty->due, say(g, DIGEST_DUTY), duty->key);
	}
	return 0;
}

static int put_duties(struct digest *g, struct cu_err *err)
{
	return duties_each(g->daemon, g->daemon->policy, false, put_duty, g, err);
}

/* --- what is open --------------------------------------------------------------------- */

struct open_requests {
	uint64_t n, ages[3]; /* up to a week, up to 30 days, longer */
};

static void put_type(struct digest *g, enum request_type type, const struct open_requests *o)
{
	if (o->n > 0) {
		buf_putf(g->to, "  %s: %" PRIu64 " (%s: %" PRIu64 ", %s: %" PRIu64 ", %s: %" PRIu64 ")\n",
			digest_request_word(type, g->language), o->n, say(g, DIGEST_TO_7_DAYS),
			o->ages[0], say(g, DIGEST_TO_30_DAYS), o->ages[1], say(g, DIGEST_OLDER),
			o->ages[2]);
		g->nlines++;
	}
}

static int put_open(struct digest *g, struct cu_err *err)
{
	struct open_requests open[NREQUEST_TYPES] = { { 0 } };
	uint64_t nreceived = 0, nclosed = 0;
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(g->rd, row.number, true, &row, err)) > 0) {
		int32_t age = g->today - row.received_day;

		nreceived += age < WEEK_DAYS;
		nclosed += row.closed_ms >= g->from_ms;
		if (request_is_open(row.state) && row.type < NREQUEST_TYPES) {
			open[row.type].n++;
			open[row.type].ages[age <= 7 ? 0 : age <= 30 ? 1 : 2]++;
		}
	}
	for (unsigned t = 0; t < NREQUEST_TYPES; t++) {
		put_type(g, (enum request_type)t, &open[t]);
	}
	count(g, DIGEST_RECEIVED, nreceived);
	count(g, DIGEST_CLOSED, nclosed);
	return r;
}

static int put_open_incidents(struct digest *g, struct cu_err *err)
{
	struct row_incident row = { .number = 0 };
	uint64_t nopen = 0, nnew = 0;
	int r;

	while ((r = reader_next_incident(g->rd, row.number, &row, err)) > 0) {
		nopen += row.closed_ms == 0;
		nnew += row.noticed_ms >= g->from_ms;
	}
	count(g, DIGEST_INCIDENTS_OPEN, nopen);
	count(g, DIGEST_INCIDENTS_NEW, nnew);
	return r;
}

static int put_open_holds(struct digest *g, struct cu_err *err)
{
	struct row_hold row, *after = NULL;
	uint64_t nactive = 0;
	int r;

	while ((r = reader_next_hold(g->rd, after, &row, err)) > 0) {
		after = &row;
		nactive += row.state == HOLD_ACTIVE;
	}
	count(g, DIGEST_HOLDS, nactive);
	return r;
}

static int put_all_open(struct digest *g, struct cu_err *err)
{
	int r = put_open(g, err);

	r = r < 0 ? r : put_open_incidents(g, err);
	return r < 0 ? r : put_open_holds(g, err);
}

/* --- what was done --------------------------------------------------------------------- */

static int put_expired(struct digest *g, struct cu_err *err)
{
	struct row_expiry row, *before = NULL;
	uint64_t ncohorts = 0, npeople = 0, nrecords = 0;
	int r;

	while ((r = reader_next_expiry(g->rd, before, &row, err)) > 0) {
		before = &row;
		if (row.went_ms >= g->from_ms) {
			ncohorts += row.ncohorts;
			npeople += row.nslots;
			nrecords += row.nrecords;
		}
	}
	count(g, DIGEST_EXPIRED_COHORTS, ncohorts);
	count(g, DIGEST_EXPIRED_PEOPLE, npeople);
	count(g, DIGEST_EXPIRED_RECORDS, nrecords);
	return r;
}

static int put_alarms(struct digest *g, struct cu_err *err)
{
	struct row_message row, *after = NULL;
	uint64_t n = 0, ngiven_up = 0;
	int r;

	while ((r = reader_next_message(g->rd, after, &row, err)) > 0) {
		after = &row;
		n += row.made_ms >= g->from_ms &&
			strncmp(row.kind, ALARM_PREFIX, sizeof(ALARM_PREFIX) - 1) == 0;
		ngiven_up += row.state == MESSAGE_GIVEN_UP;
	}
	count(g, DIGEST_ALARMS, n);
	count(g, DIGEST_GIVEN_UP, ngiven_up);
	return r;
}

/* The week's entries of the log that count. */
static const struct {
	enum leaf_act act;
	enum digest_word word;
} counted[] = {
	{ LEAF_ERASE_DONE, DIGEST_ERASED },
	{ LEAF_CONSENT_GIVE, DIGEST_CONSENTS },
	{ LEAF_CONSENT_WITHDRAW, DIGEST_WITHDRAWN },
	{ LEAF_CONSENT_OBJECT, DIGEST_OBJECTED },
	{ LEAF_SUBJECT_EXPORT, DIGEST_EXPORTS },
	{ LEAF_REFUSED, DIGEST_REFUSED },
	{ LEAF_BACKUP_DONE, DIGEST_BACKUPS },
	{ LEAF_DRILL_DONE, DIGEST_DRILLS },
	{ LEAF_DRILL_FAILED, DIGEST_DRILLS_FAILED },
};

#define NCOUNTED (sizeof(counted) / sizeof(counted[0]))

struct scan {
	struct digest *g;
	uint64_t *slots;
	uint64_t n[NCOUNTED];
};

static int scan_leaf(void *ctx, uint64_t index, struct span text, struct cu_err *err)
{
	struct scan *s = ctx;
	struct leaf l;
	int r = leaf_parse(text, &l, s->slots, MAX_SLOTS, err);

	for (size_t i = 0; r == 0 && i < NCOUNTED; i++) {
		s->n[i] += counted[i].act == l.act && l.t_ms >= s->g->from_ms;
	}
	return r == 0 && index % 256 == 0 && s->g->cancel && atomic_load(s->g->cancel) ?
		cu_err_set(err, CU_ECANCELED, "cancelled") :
		r;
}

/* The first entry of the week, by halves: they are in the order of time, but for clocks that were set. */
static int find_begin(struct scan *s, uint64_t *ret, struct cu_err *err)
{
	struct ledger *ledger = s->g->daemon->house.ledger;
	uint64_t from = 0, to = ledger_size(ledger);
	struct buf text = BUF_INIT;
	int r = 0;

	while (r == 0 && from < to) {
		uint64_t at = from + (to - from) / 2;
		struct leaf l;

		buf_clear(&text);
		r = ledger_read(ledger, at, &text, err);
		r = r < 0 ? r : leaf_parse(buf_span(&text), &l, s->slots, MAX_SLOTS, err);
		if (r == 0 && l.t_ms < s->g->from_ms) {
			from = at + 1;
		} else {
			to = at;
		}
	}
	buf_done(&text);
	*ret = from;
	return r;
}

static int put_week(struct digest *g, struct cu_err *err)
{
	struct ledger *ledger = g->daemon->house.ledger;
	struct scan s = { .g = g, .slots = malloc(MAX_SLOTS * sizeof(*s.slots)) };
	uint64_t begin = 0;
	int r = s.slots ? find_begin(&s, &begin, err) : cu_err_set(err, CU_ENOMEM, "out of memory");

	r = r < 0 ? r : ledger_each(ledger, begin, ledger_size(ledger), scan_leaf, &s, err);

	for (size_t i = 0; r >= 0 && i < NCOUNTED; i++) {
		count(g, counted[i].word, s.n[i]);
	}
	free(s.slots);
	r = r < 0 ? r : put_expired(g, err);
	return r < 0 ? r : put_alarms(g, err);
}

/* --- backups ---------------------------------------------------------------------------- */

static void put_when(struct digest *g, enum digest_word w, int64_t ms)
{
	char day[CIVIL_DAY_SIZE];

	if (ms > 0) {
		civil_format_day(zone_day_of_ms(ms), day);
	}
	buf_putf(g->to, "%s%s %s", w == DIGEST_BACKUP ? " " : ", ", say(g, w),
		ms > 0 ? day : say(g, DIGEST_NEVER));
}

static int put_targets(struct digest *g, struct cu_err *err)
{
	const struct targets *t = policy_targets(g->daemon->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		struct drill_last drill = { 0 };
		struct repos_last last = { 0 };

		r = repos_last(g->daemon, &t->v[i], &last, err);
		r = r < 0 ? r : drill_last(g->daemon, &t->v[i], &drill, err);
		buf_putf(g->to, "  %s:", t->v[i].key);
		put_when(g, DIGEST_BACKUP, last.sequence > 0 ? last.time_ms : 0);
		put_when(g, DIGEST_DRILL, drill.time_ms);
		put_when(g, DIGEST_RESTORE, drill.restore_ms);
		buf_put_str(g->to, "\n");
		g->nlines++;
	}
	return r;
}

/* --- all ------------------------------------------------------------------------------- */

static const struct {
	enum digest_word title;
	int (*put)(struct digest *g, struct cu_err *err);
	bool has_reader;
} parts[] = {
	{ DIGEST_TITLE_NEEDS, put_needs, false },
	{ DIGEST_TITLE_DUE, put_deadlines, true },
	{ DIGEST_TITLE_DUTIES, put_duties, false },
	{ DIGEST_TITLE_OPEN, put_all_open, true },
	{ DIGEST_TITLE_WEEK, put_week, true },
	{ DIGEST_TITLE_TARGETS, put_targets, false },
};

/* What takes a reader of its own is not given another one. */
static int put_part(struct digest *g, size_t i, struct cu_err *err)
{
	struct store *st = g->daemon->house.store;
	int r;

	buf_putf(g->to, "%s%s\n", i > 0 ? "\n" : "", say(g, parts[i].title));
	g->nlines = 0;
	g->rd = parts[i].has_reader ? store_reader_take(st) : NULL;
	r = parts[i].put(g, err);
	if (g->rd) {
		store_reader_give(st, g->rd);
	}
	if (r >= 0 && g->nlines == 0) {
		line(g, say(g, DIGEST_NOTHING));
	}
	return r < 0 ? r : 0;
}

int digest_write(struct daemon *d, int language, const atomic_bool *cancel, struct buf *to,
	struct cu_err *err)
{
	struct digest g = { .daemon = d, .to = to, .cancel = cancel, .language = language,
		.today = casework_today(d), .now_ms = clock_now_ms(&d->house.clock) };
	int r = 0;

	g.from_ms = g.now_ms - WEEK_DAYS * DAY_MS;
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = put_part(&g, i, err);
	}
	return r < 0 ? r : buf_check(to, err);
}

void digest_subject(struct daemon *d, int language, struct buf *to)
{
	char day[CIVIL_DAY_SIZE];

	civil_format_day(casework_today(d), day);
	buf_putf(to, language == LANGUAGE_ZH ? "custos：截至 %s 的一周" : "custos: the week to %s", day);
}

int digest_send(struct daemon *d, struct cu_err *err)
{
	static const struct id itself;
	const struct agent_rules *rules = policy_agent(d->policy);
	int r = 1;

	for (size_t i = 0; r >= 0 && i < rules->n; i++) {
		struct row_message row = { .kind = DIGEST_KIND };

		if (rules->v[i].takes_digest) {
			snprintf(row.route, sizeof(row.route), "%s", rules->v[i].key);
			r = post_office_submit(d, &itself, &row, NULL, err);
		}
	}
	return r;
}
