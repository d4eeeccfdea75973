#include "control/attention.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/json.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/duties.h"
#include "control/expiry.h"
#include "control/agent_link.h"
#include "control/agent_report.h"
#include "control/repos_note.h"
#include "control/residue.h"
#include "policy/policy.h"
#include "privacy/request.h"
#include "store/reader_dsr.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/tx_job.h"
#include "vault/vault.h"

#define HOUR_MS      3600000LL
#define NOBODYS_DAYS 3 /* so long a request may lie before somebody takes it */

struct look {
	struct daemon *daemon;
	attention_fn *fn;
	void *ctx;
};

static const struct {
	const char *word;
	enum severity severity;
} kinds[] = {
#define X(id, word, severity) [ATTENTION_##id] = { word, SEVERITY_##severity },
	ALARMS(X)
#undef X
};

const char *attention_word(enum attention_kind kind)
{
	return kinds[kind].word;
}

enum severity attention_severity(enum attention_kind kind)
{
	return kinds[kind].severity;
}

const char *severity_word(enum severity severity)
{
	static const char *const words[] = {
#define X(id, word) [SEVERITY_##id] = word,
		SEVERITIES(X)
#undef X
	};

	return words[severity];
}

int attention_parse(const char *word)
{
	for (int i = 0; i < ATTENTION_NKINDS; i++) {
		if (strcmp(kinds[i].word, word) == 0) {
			return i;
		}
	}
	return -1;
}

static int found(const struct look *l, enum attention_kind kind, const char *about, int64_t number,
	struct cu_err *err)
{
	struct attention a = { .kind = kind, .number = number };

	snprintf(a.about, sizeof(a.about), "%s", about);
	return l->fn(l->ctx, &a, err);
}

/* --- people's business ------------------------------------------------------------ */

static int look_at_incidents(const struct look *l, struct cu_err *err)
{
	struct reader *rd = store_reader_take(l->daemon->house.store);
	struct row_incident row = { .number = 0 };
	char number[16];
	int r;

	while ((r = reader_next_incident(rd, row.number, &row, err)) > 0) {
		snprintf(number, sizeof(number), "%" PRIu32, row.number);
		r = row.closed_ms == 0 ? found(l, ATTENTION_INCIDENT_OPEN, number, 0, err) : 0;
		if (r < 0) {
			break;
		}
	}
	store_reader_give(l->daemon->house.store, rd);
	return r;
}

/* Once nothing live is left the person has the answer, and custosd alone waits. */
static int look_at_request(const struct look *l, const struct row_dsr *row, int32_t today,
	struct cu_err *err)
{
	int64_t soon = duration_seconds(policy_agent(l->daemon->policy)->request_soon) / 86400;
	char number[16];
	int r = 0;

	snprintf(number, sizeof(number), "%" PRIu32, row->number);
	if (id_is_nil(&row->worker) && zone_day_of_ms(row->entered_ms) + NOBODYS_DAYS <= today) {
		r = found(l, ATTENTION_REQUEST_NOBODYS, number, 0, err);
	}
	if (r < 0 || row->due_day == CIVIL_NO_DAY || row->state == REQ_LIVE_DONE ||
		row->state == REQ_BACKUPS_PENDING || row->due_day - today > soon) {
		return r;
	}
	return row->due_day < today ?
		found(l, ATTENTION_REQUEST_LATE, number, today - row->due_day, err) :
		found(l, ATTENTION_REQUEST_SOON, number, row->due_day - today, err);
}

static int look_at_requests(const struct look *l, struct cu_err *err)
{
	int32_t today = zone_day_of_ms(clock_now_ms(&l->daemon->house.clock));
	struct reader *rd = store_reader_take(l->daemon->house.store);
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(rd, row.number, false, &row, err)) > 0) {
		r = look_at_request(l, &row, today, err);
		if (r < 0) {
			break;
		}
	}
	store_reader_give(l->daemon->house.store, rd);
	return r;
}

static int look_at_holds(const struct look *l, struct cu_err *err)
{
	int32_t today = zone_day_of_ms(clock_now_ms(&l->daemon->house.clock));
	struct reader *rd = store_reader_take(l->daemon->house.store);
	struct row_hold row, *after = NULL;
	bool is_any = false;
	int r;

	while ((r = reader_next_hold(rd, after, &row, err)) > 0) {
		after = &row;
		is_any |= row.state == HOLD_ACTIVE && row.review_day != CIVIL_NO_DAY &&
			row.review_day <= today;
	}
	store_reader_give(l->daemon->house.store, rd);
	return r == 0 && is_any ? found(l, ATTENTION_HOLD_REVIEW, "", 0, err) : r;
}

/* --- backups ---------------------------------------------------------------------- */

/* How long after its time a job may be, before nobody waits for it any more: it takes some time itself. */
#define BACKUP_GRACE_MS (2 * HOUR_MS)
#define DRILL_GRACE_MS  (24 * HOUR_MS)

/* The time of the first after the last one is over; what runs just now may still end well. */
static bool is_missed(const struct look *l, enum job j, int64_t last_ms, int64_t grace_ms)
{
	const struct schedule *s = policy_schedule(l->daemon->policy);
	int64_t jitter_ms = duration_seconds(s->jitter) * 1000, due_ms;

	if (s->v[j].is_never || schedule_look(l->daemon, j).is_running) {
		return false;
	}
	due_ms = cron_next(&s->v[j].when, last_ms);
	return due_ms != INT64_MAX &&
		clock_now_ms(&l->daemon->house.clock) > due_ms + jitter_ms + grace_ms;
}

/* *ret_ms: when it was done last, or, never yet, since when its job is known; 0, or a code. */
static int last_time(const struct look *l, enum job j, int64_t last_ms, int64_t *ret_ms,
	struct cu_err *err)
{
	struct store *st = l->daemon->house.store;
	struct reader *rd;
	int r = 1;

	*ret_ms = last_ms;
	if (last_ms == 0) {
		rd = store_reader_take(st);
		r = reader_job_from(st, rd, job_word(j), ret_ms, err);
		store_reader_give(st, rd);
		*ret_ms = r == 0 ? clock_now_ms(&l->daemon->house.clock) : *ret_ms;
	}
	return r < 0 ? r : 0;
}

/* Older than backup.yaml says, or, where it says nothing, than schedule.yaml allows. */
static int look_at_backup(const struct look *l, const struct target *t, int64_t last_ms,
	struct cu_err *err)
{
	int64_t most_ms = duration_seconds(policy_targets(l->daemon->policy)->recovery_point) * 1000;
	int64_t from_ms, age_ms;
	int r = last_time(l, JOB_BACKUP, last_ms, &from_ms, err);

	if (r < 0) {
		return r;
	}
	age_ms = clock_now_ms(&l->daemon->house.clock) - from_ms;
	return (most_ms > 0 ? age_ms > most_ms : is_missed(l, JOB_BACKUP, from_ms, BACKUP_GRACE_MS)) ?
		found(l, ATTENTION_BACKUP_LATE, t->key, age_ms / HOUR_MS, err) :
		0;
}

static int look_at_drill(const struct look *l, const struct target *t, int64_t last_ms,
	struct cu_err *err)
{
	int64_t from_ms;
	int r = last_time(l, JOB_DRILL, last_ms, &from_ms, err);

	if (r < 0 || !is_missed(l, JOB_DRILL, from_ms, DRILL_GRACE_MS)) {
		return r;
	}
	return found(l, ATTENTION_DRILL_LATE, t->key,
		(clock_now_ms(&l->daemon->house.clock) - from_ms) / HOUR_MS, err);
}

/* A backup counts once it was restored, and not too long ago. */
static int look_at_target(const struct look *l, const struct target *t, struct cu_err *err)
{
	struct daemon *d = l->daemon;
	int64_t now = clock_now_ms(&d->house.clock);
	struct drill_last drill = { 0 };
	struct repos_last last = { 0 };
	int r = repos_last(d, t, &last, err);

	if (r == 0) {
		r = drill_last(d, t, &drill, err);
	}
	if (r == 0) {
		r = look_at_backup(l, t, last.sequence > 0 ? last.time_ms : 0, err);
	}
	if (r < 0 || last.sequence == 0) {
		return r;
	}
	if (drill.faults > 0) {
		r = found(l, ATTENTION_DRILL_FAILED, t->key, (int64_t)drill.number, err);
	}
	if (r == 0) {
		r = look_at_drill(l, t, drill.time_ms, err);
	}
	if (r == 0 && now - drill.restore_ms > DRILL_RESTORE_EACH_MS) {
		r = found(l, ATTENTION_DRILL_MISSING, t->key, 0, err);
	}
	if (r == 0 && last.generation < vault_generation(d->house.vault)) {
		r = found(l, ATTENTION_TARGET_BEHIND, t->key, (int64_t)last.generation, err);
	}
	return r;
}

static int look_at_targets(const struct look *l, struct cu_err *err)
{
	const struct targets *t = policy_targets(l->daemon->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		r = look_at_target(l, &t->v[i], err);
	}
	return r;
}

/* --- what custosd does by itself -------------------------------------------------- */

static int look_at_residue(const struct look *l, struct cu_err *err)
{
	struct residue_last last = { 0 };
	int r = residue_last(l->daemon, &last, err);

	return r == 0 && last.left > 0 ? found(l, ATTENTION_RESIDUE_LEFT, last.where, 0, err) : r;
}

static int look_at_jobs(const struct look *l, struct cu_err *err)
{
	int r = 0;

	for (enum job j = 0; r == 0 && j < NJOBS; j++) {
		const struct schedule_look look = schedule_look(l->daemon, j);

		if (look.nfailed > 0) {
			r = found(l, ATTENTION_JOB_FAILED, job_word(j), look.nfailed, err);
		}
	}
	return r;
}

/* --- what people do again and again ------------------------------------------------ */

static int look_at_duty(void *ctx, const struct duty_look *duty, struct cu_err *err)
{
	const struct look *l = ctx;
	int32_t today = zone_day_of_ms(clock_now_ms(&l->daemon->house.clock));

	switch (duty->state) {
	case DUTY_LATE:
		return found(l, ATTENTION_DUTY_LATE, duty->key, today - duty->due, err);
	case DUTY_SOON:
	case DUTY_DUE:
		return found(l, ATTENTION_DUTY_SOON, duty->key,
			duty->due > today ? duty->due - today : 0, err);
	case DUTY_OPEN:
	case DUTY_GONE: break;
	}
	return 0;
}

static int look_at_duties(const struct look *l, struct cu_err *err)
{
	struct look copy = *l;

	return duties_each(l->daemon, l->daemon->policy, false, look_at_duty, &copy, err);
}

static int look_at_retention(const struct look *l, struct cu_err *err)
{
	return expiry_waits(l->daemon) ? found(l, ATTENTION_RETENTION_WAITS, "", 0, err) : 0;
}

static int look_at_room(const struct look *l, struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(l->daemon->policy);
	struct room_place v[ROOM_MAX];
	size_t n = room_look(l->daemon, v);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		unsigned left = room_percent(&v[i]);

		if (left < rules->disk_full) {
			r = found(l, ATTENTION_DISK_FULL, v[i].key, left, err);
		} else if (left < rules->disk_low) {
			r = found(l, ATTENTION_DISK_LOW, v[i].key, left, err);
		}
	}
	return r;
}

/* What was given up, and what cannot be used at all. */
static int look_at_routes(const struct look *l, struct cu_err *err)
{
	struct agent_figures figures[AGENT_MAX_ROUTES];
	const struct agent_rules *rules = policy_agent(l->daemon->policy);
	struct agent_seen seen;
	int r;

	if (!l->daemon->agent) {
		return 0;
	}
	r = agent_report_count(l->daemon, figures, err);
	agent_link_look(l->daemon->agent, &seen);
	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		if (figures[i].given_up > 0) {
			r = found(l, ATTENTION_MESSAGE_GIVEN_UP, rules->v[i].key, figures[i].given_up, err);
		}
	}
	for (size_t i = 0; r == 0 && i < seen.nroutes; i++) {
		if (seen.routes[i].fault[0]) {
			r = found(l, ATTENTION_ROUTE_UNUSABLE, seen.routes[i].key, 0, err);
		}
	}
	return r;
}

int attention_each(struct daemon *d, attention_fn *fn, void *ctx, struct cu_err *err)
{
	static int (*const looks[])(const struct look *, struct cu_err *) = { look_at_incidents,
		look_at_requests, look_at_targets, look_at_residue, look_at_room, look_at_jobs,
		look_at_retention, look_at_routes, look_at_holds, look_at_duties };
	const struct look l = { d, fn, ctx };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(looks) / sizeof(looks[0]); i++) {
		r = looks[i](&l, err);
	}
	return r;
}

/* What it is; with which command somebody goes on.  '@': what it is about; '#': its number.  "": `status` says
 * it elsewhere. */
struct way_on {
	const char *text, *command;
};

static struct way_on said_of(enum attention_kind kind)
{
	switch (kind) {
	case ATTENTION_INCIDENT_OPEN: return (struct way_on){ "", "incident show @" };
	case ATTENTION_REQUEST_LATE:
		return (struct way_on){ _("Data subject's request @ is late by # days."), "request next @" };
	case ATTENTION_REQUEST_SOON:
		return (struct way_on){ _("Data subject's request @ is due in # days."), "request next @" };
	case ATTENTION_REQUEST_NOBODYS:
		return (struct way_on){ _("Data subject's request @ is nobody's work yet."),
			"request assign @ --to=me" };
	case ATTENTION_BACKUP_LATE:
		return (struct way_on){ _("The newest backup at target @ is # hours old, more than is allowed."),
			"backup run --target=@" };
	case ATTENTION_DRILL_FAILED:
		return (struct way_on){ _("The last drill of target @ FAILED."), "drill show #" };
	case ATTENTION_DRILL_LATE:
		return (struct way_on){
			_("No drill was held at target @ for # hours, longer than schedule.yaml allows."),
			"job run drill" };
	case ATTENTION_DRILL_MISSING:
		return (struct way_on){ _("No backup at target @ was restored within 90 days."),
			"drill run --target=@ --identity=FILE" };
	case ATTENTION_TARGET_BEHIND:
		return (struct way_on){
			_("Target @ lacks the newest keys: custosd brings them there by itself, once it can be reached."),
			"backup run --target=@" };
	case ATTENTION_RESIDUE_LEFT:
		return (struct way_on){ _("The raw files still hold traces of erased people, the first at @."),
			"erase scan" };
	case ATTENTION_DISK_FULL:
		return (struct way_on){
			_("Hardly any room is left at @, # per cent: make some before writes are refused."), "" };
	case ATTENTION_DISK_LOW:
		return (struct way_on){ _("Little room is left at @, # per cent."), "" };
	case ATTENTION_JOB_FAILED:
		return (struct way_on){ _("The job @ failed, # times by now; the system's journal says why."),
			"job show @" };
	case ATTENTION_DUTY_LATE:
		return (struct way_on){ _("The duty @ is late: it was due # days ago."), "duty show @" };
	case ATTENTION_DUTY_SOON:
		return (struct way_on){ _("The duty @ is due in # days."), "duty show @" };
	case ATTENTION_HOLD_REVIEW:
		return (struct way_on){ _("Legal holds are to be reviewed."), "hold list" };
	case ATTENTION_QUARANTINED:
	case ATTENTION_SEALED:
	case ATTENTION_RETENTION_WAITS:
	case ATTENTION_MESSAGE_GIVEN_UP:
	case ATTENTION_ROUTE_UNUSABLE:
	case ATTENTION_NKINDS: break;
	}
	return (struct way_on){ "", "" };
}

static void fill(const struct attention *a, const char *pattern, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (const char *p = pattern; *p && n < cap; p++) {
		int put = *p == '@' ? snprintf(out + n, cap - n, "%s", a->about) :
			*p == '#'   ? snprintf(out + n, cap - n, "%" PRId64, a->number) :
				      snprintf(out + n, cap - n, "%c", *p);

		n += (size_t)put;
	}
}

void attention_say(const struct attention *a, char out[ATTENTION_TEXT_SIZE])
{
	fill(a, said_of(a->kind).text, out, ATTENTION_TEXT_SIZE);
}

void attention_command(const struct attention *a, char out[ATTENTION_COMMAND_SIZE])
{
	fill(a, said_of(a->kind).command, out, ATTENTION_COMMAND_SIZE);
}

void attention_put(struct json *lines, const char *kind, const char *text, const char *command)
{
	json_open_object(lines, NULL);
	json_str(lines, "kind", kind);
	json_str(lines, "text", text);
	if (command) {
		json_str(lines, "command", command);
	}
	json_close_object(lines);
}
