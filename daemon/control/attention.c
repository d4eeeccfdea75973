#include "control/attention.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/json.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/duties.h"
#include "control/repos.h"
#include "control/residue.h"
#include "policy/policy.h"
#include "store/reader_dsr.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "vault/vault.h"

struct look {
	struct daemon *daemon;
	attention_fn *fn;
	void *ctx;
};

const char *attention_word(enum attention_kind kind)
{
	static const char *const words[] = {
#define X(id, word) [ATTENTION_##id] = word,
		ATTENTIONS(X)
#undef X
	};

	return words[kind];
}

static int found(const struct look *l, enum attention_kind kind, const char *about, uint64_t number,
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
	struct row_incident row;
	uint32_t after = 0;
	bool is_open = false;
	int r;

	while ((r = reader_next_incident(rd, after, &row, err)) > 0) {
		after = row.number;
		is_open |= row.closed_ms == 0;
	}
	store_reader_give(l->daemon->house.store, rd);
	return r == 0 && is_open ? found(l, ATTENTION_INCIDENT_OPEN, "", 0, err) : r;
}

static int look_at_requests(const struct look *l, struct cu_err *err)
{
	int32_t today = zone_day_of_ms(clock_now_ms(&l->daemon->house.clock));
	struct reader *rd = store_reader_take(l->daemon->house.store);
	struct row_dsr row;
	uint32_t after = 0;
	bool is_late = false;
	int r;

	while ((r = reader_dsr_next(rd, after, false, &row, err)) > 0) {
		after = row.number;
		is_late |= row.due_day != CIVIL_NO_DAY && row.due_day < today;
	}
	store_reader_give(l->daemon->house.store, rd);
	return r == 0 && is_late ? found(l, ATTENTION_REQUEST_LATE, "", 0, err) : r;
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
	if (r < 0 || last.sequence == 0) {
		return r;
	}
	if (drill.faults > 0) {
		r = found(l, ATTENTION_DRILL_FAILED, t->key, drill.number, err);
	}
	if (r == 0 && now - drill.restore_ms > DRILL_RESTORE_EACH_MS) {
		r = found(l, ATTENTION_DRILL_MISSING, t->key, 0, err);
	}
	if (r == 0 && last.generation < vault_generation(d->house.vault)) {
		r = found(l, ATTENTION_TARGET_BEHIND, t->key, last.generation, err);
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
		return found(l, ATTENTION_DUTY_LATE, duty->key, (uint64_t)(today - duty->due), err);
	case DUTY_SOON:
	case DUTY_DUE:
		return found(l, ATTENTION_DUTY_SOON, duty->key,
			duty->due > today ? (uint64_t)(duty->due - today) : 0, err);
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

int attention_each(struct daemon *d, attention_fn *fn, void *ctx, struct cu_err *err)
{
	static int (*const looks[])(const struct look *, struct cu_err *) = { look_at_incidents,
		look_at_requests, look_at_targets, look_at_residue, look_at_jobs, look_at_holds,
		look_at_duties };
	const struct look l = { d, fn, ctx };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(looks) / sizeof(looks[0]); i++) {
		r = looks[i](&l, err);
	}
	return r;
}

void attention_say(const struct attention *a, char out[ATTENTION_TEXT_SIZE])
{
	const size_t cap = ATTENTION_TEXT_SIZE;

	switch (a->kind) {
	case ATTENTION_INCIDENT_OPEN:
		out[0] = '\0'; /* `status` has a line of its own, with the hour */
		break;
	case ATTENTION_REQUEST_LATE:
		snprintf(out, cap, "%s", _("A data subject's request is late."));
		break;
	case ATTENTION_DRILL_FAILED:
		snprintf(out, cap, _("The last drill of target %s FAILED."), a->about);
		break;
	case ATTENTION_DRILL_MISSING:
		snprintf(out, cap, _("No backup at target %s was restored within 90 days."), a->about);
		break;
	case ATTENTION_TARGET_BEHIND:
		snprintf(out, cap,
			_("Target %s lacks the newest keys: custosd brings them there by itself, once it can be reached."),
			a->about);
		break;
	case ATTENTION_RESIDUE_LEFT:
		snprintf(out, cap,
			_("The raw files still hold traces of erased people, the first at %s."), a->about);
		break;
	case ATTENTION_JOB_FAILED:
		snprintf(out, cap,
			_("The job %s failed, %" PRIu64 " times by now; the system's journal says why."),
			a->about, a->number);
		break;
	case ATTENTION_DUTY_LATE:
		snprintf(out, cap, _("The duty %s is late: it was due %" PRIu64 " days ago."), a->about,
			a->number);
		break;
	case ATTENTION_DUTY_SOON:
		if (a->number > 0) {
			snprintf(out, cap, _("The duty %s is due in %" PRIu64 " days."), a->about, a->number);
		} else {
			snprintf(out, cap, _("The duty %s is due."), a->about);
		}
		break;
	case ATTENTION_HOLD_REVIEW:
		snprintf(out, cap, "%s", _("Legal holds are to be reviewed."));
		break;
	case ATTENTION_NKINDS: break;
	}
}

void attention_command(const struct attention *a, char out[ATTENTION_COMMAND_SIZE])
{
	const size_t cap = ATTENTION_COMMAND_SIZE;

	switch (a->kind) {
	case ATTENTION_INCIDENT_OPEN: snprintf(out, cap, "incident list"); break;
	case ATTENTION_REQUEST_LATE: snprintf(out, cap, "request list"); break;
	case ATTENTION_DRILL_FAILED: snprintf(out, cap, "drill show %" PRIu64, a->number); break;
	case ATTENTION_DRILL_MISSING:
		snprintf(out, cap, "drill run --target=%s --identity=FILE", a->about);
		break;
	case ATTENTION_TARGET_BEHIND: snprintf(out, cap, "backup run --target=%s", a->about); break;
	case ATTENTION_RESIDUE_LEFT: snprintf(out, cap, "erase scan"); break;
	case ATTENTION_JOB_FAILED: snprintf(out, cap, "job show %s", a->about); break;
	case ATTENTION_HOLD_REVIEW: snprintf(out, cap, "hold list"); break;
	case ATTENTION_DUTY_LATE:
	case ATTENTION_DUTY_SOON: snprintf(out, cap, "duty show %s", a->about); break;
	case ATTENTION_NKINDS: break;
	}
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
