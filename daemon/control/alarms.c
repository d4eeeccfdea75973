#include "control/alarms.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/repos.h"
#include "control/residue.h"
#include "policy/policy.h"
#include "store/reader_dsr.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/reader_message.h"
#include "vault/vault.h"

static const struct id itself;

/* --- telling ----------------------------------------------------------------------- */

/* It was said lately, or waits to be said. */
static int is_said(struct daemon *d, const struct row_message *row, struct cu_err *err)
{
	int64_t remind_ms = duration_seconds(policy_agent(d->policy)->remind) * 1000;
	struct reader *rd = store_reader_take(d->house.store);
	struct row_message last;
	int r = reader_last_message(rd, row->kind, row->about, row->route, &last, err);

	store_reader_give(d->house.store, rd);
	return r <= 0 ? r :
			last.state == MESSAGE_WAITING ||
				clock_now_ms(&d->house.clock) - last.made_ms < remind_ms;
}

static int tell_on(struct daemon *d, const struct agent_route *route, const char *kind,
	const char *about, struct cu_err *err)
{
	struct row_message row = { .state = 0 };
	int r;

	snprintf(row.kind, sizeof(row.kind), "%s", kind);
	snprintf(row.about, sizeof(row.about), "%s", about);
	snprintf(row.route, sizeof(row.route), "%s", route->key);
	r = is_said(d, &row, err);
	return r != 0 ? (r < 0 ? r : 0) : post_office_submit(d, &itself, &row, NULL, err);
}

/* On every route but one, perhaps. */
static int tell_but(struct daemon *d, const char *kind, const char *about, const char *but,
	struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(d->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		if (rules->v[i].takes_alarms && strcmp(rules->v[i].key, but) != 0) {
			r = tell_on(d, &rules->v[i], kind, about, err);
		}
	}
	return r;
}

static int tell(struct daemon *d, const char *kind, const char *about, struct cu_err *err)
{
	return tell_but(d, kind, about, "", err);
}

/* --- what there is to say ----------------------------------------------------------------- */

static int look_at_target(struct daemon *d, const struct target *t, struct cu_err *err)
{
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
		r = tell(d, "alarm.drill_failed", t->key, err);
	}
	if (r == 0 && now - drill.restore_ms > DRILL_RESTORE_EACH_MS) {
		r = tell(d, "alarm.drill_missing", t->key, err);
	}
	/* what moved since the last look is on its way */
	if (r == 0 && last.generation < d->alarms_generation) {
		r = tell(d, "alarm.target_behind", t->key, err);
	}
	return r;
}

static int look_at_targets(struct daemon *d, struct cu_err *err)
{
	const struct targets *t = policy_targets(d->policy);
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		r = look_at_target(d, &t->v[i], err);
	}
	return r;
}

static int look_at_residue(struct daemon *d, struct cu_err *err)
{
	struct residue_last last = { 0 };
	int r = residue_last(d, &last, err);

	return r == 0 && last.left > 0 ? tell(d, "alarm.residue_left", "", err) : r;
}

static int look_at_requests(struct daemon *d, struct cu_err *err)
{
	int32_t today = zone_day_of_ms(clock_now_ms(&d->house.clock));
	struct reader *rd = store_reader_take(d->house.store);
	struct row_dsr row;
	uint32_t after = 0;
	bool is_late = false;
	int r;

	while ((r = reader_dsr_next(rd, after, false, &row, err)) > 0) {
		after = row.number;
		is_late |= row.due_day != CIVIL_NO_DAY && row.due_day < today;
	}
	store_reader_give(d->house.store, rd);
	return r == 0 && is_late ? tell(d, "alarm.request_late", "", err) : r;
}

static int look_at_incidents(struct daemon *d, struct cu_err *err)
{
	struct reader *rd = store_reader_take(d->house.store);
	struct row_incident row;
	uint32_t after = 0;
	bool is_open = false;
	int r;

	while ((r = reader_next_incident(rd, after, &row, err)) > 0) {
		after = row.number;
		is_open |= row.closed_ms == 0;
	}
	store_reader_give(d->house.store, rd);
	return r == 0 && is_open ? tell(d, "alarm.incident_open", "", err) : r;
}

static int look_at_holds(struct daemon *d, struct cu_err *err)
{
	int32_t today = civil_day_of_ms(clock_now_ms(&d->house.clock));
	struct reader *rd = store_reader_take(d->house.store);
	struct row_hold row, *after = NULL;
	bool is_any = false;
	int r;

	while ((r = reader_next_hold(rd, after, &row, err)) > 0) {
		after = &row;
		is_any |= row.state == HOLD_ACTIVE && row.review_day != CIVIL_NO_DAY &&
			row.review_day <= today;
	}
	store_reader_give(d->house.store, rd);
	return r == 0 && is_any ? tell(d, "alarm.hold_review", "", err) : r;
}

/* By the other routes: this one does not work. */
static int look_at_messages(struct daemon *d, struct cu_err *err)
{
	char routes[AGENT_MAX_ROUTES][ROWS_KEY_SIZE];
	struct reader *rd = store_reader_take(d->house.store);
	struct row_message row, *after = NULL;
	size_t n = 0;
	int r;

	while ((r = reader_next_message(rd, after, &row, err)) > 0 && n < AGENT_MAX_ROUTES) {
		after = &row;
		if (row.state == MESSAGE_GIVEN_UP && (n == 0 || strcmp(routes[n - 1], row.route) != 0)) {
			memcpy(routes[n++], row.route, sizeof(routes[0]));
		}
	}
	store_reader_give(d->house.store, rd);
	r = r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = tell_but(d, "alarm.message_given_up", routes[i], routes[i], err);
	}
	return r;
}

int alarms_duty(struct daemon *d, const struct watch *watch, struct cu_err *err)
{
	static int (*const looks[])(struct daemon *, struct cu_err *) = { look_at_incidents,
		look_at_requests, look_at_targets, look_at_residue, look_at_holds, look_at_messages };
	int r = 0;

	(void)watch; /* a few rows each */
	if (policy_agent(d->policy)->n == 0 || store_is_restored(d->house.store)) {
		return 0;
	}
	for (size_t i = 0; r == 0 && i < sizeof(looks) / sizeof(looks[0]); i++) {
		r = looks[i](d, err);
	}
	d->alarms_generation = vault_generation(d->house.vault);
	return r;
}
