#include "control/compliance.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/zone.h"
#include "control/casework.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/due.h"
#include "control/duties.h"
#include "control/exchange.h"
#include "control/incidents.h"
#include "control/keeping.h"
#include "control/linger.h"
#include "policy/policy.h"
#include "privacy/incident.h"
#include "privacy/report.h"
#include "store/reader_expiry.h"
#include "store/reader_hold.h"
#include "store/reader_incident.h"
#include "store/tx_duty.h"

struct filling {
	struct exchange *x;
	struct report *r;
	struct reader *rd;
	int64_t *live_ms; /* by the number of a request */
	uint32_t nrequests;
	uint64_t generation; /* the newest that erased something, and when */
	int64_t erased_ms;
};

static bool has_ms(const struct filling *f, int64_t ms)
{
	return ms > 0 && report_has_day(f->r, zone_day_of_ms(ms));
}

/* --- requests --------------------------------------------------------------------- */

static int find_last_number(struct filling *f, struct cu_err *err)
{
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(f->rd, row.number, true, &row, err)) > 0) {
		f->nrequests = row.number;
	}
	return r;
}

/* When the person had the answer. */
static int32_t answered_day(const struct filling *f, const struct row_dsr *row)
{
	int64_t ms = f->live_ms[row->number];

	ms = ms == 0 || (row->closed_ms && row->closed_ms < ms) ? row->closed_ms : ms;
	return ms > 0 ? zone_day_of_ms(ms) : CIVIL_NO_DAY;
}

static void take_request(struct filling *f, const struct row_dsr *row)
{
	struct deadline d = { .due = CIVIL_NO_DAY, .refuse_by = CIVIL_NO_DAY };
	struct report_request q = { .number = row->number,
		.type = law_request_word((enum request_type)row->type), .law = row->law,
		.state = request_state_word(row->state), .reason = row->reason,
		.received = row->received_day, .due = row->due_day, .answered = answered_day(f, row),
		.is_answer = row->state != REQ_REVOKED && row->state != REQ_DUPLICATE &&
			row->state != REQ_LAPSED,
		.is_denied = row->state == REQ_DENIED, .is_extended = row->extension != 0 };

	bool is_known = casework_deadline(f->x->daemon, f->rd, row, &d, NULL, NULL) == 0;

	if (is_known && row->closed_ms == 0) { /* a pause moves what is due with every day */
		q.due = d.due;
	} else if (is_known && q.is_denied && d.refuse_by != CIVIL_NO_DAY && d.refuse_by < q.due) {
		q.due = d.refuse_by; /* no extension moves that */
	}
	report_take_request(f->r, &q);
}

static int take_requests(struct filling *f, struct cu_err *err)
{
	struct row_dsr row = { .number = 0 };
	int r;

	while ((r = reader_dsr_next(f->rd, row.number, true, &row, err)) > 0 &&
		row.number <= f->nrequests) {
		take_request(f, &row);
	}
	return r < 0 ? r : 0;
}

/* --- erasures, expiry, holds ------------------------------------------------------ */

static void note_generation(struct filling *f, uint64_t generation, int64_t ms)
{
	if (generation > f->generation) {
		f->generation = generation;
		f->erased_ms = ms;
	}
}

static int take_erasures(struct filling *f, struct cu_err *err)
{
	struct row_erasure row, *after = NULL;
	int r;

	while ((r = reader_next_erasure(f->rd, after, &row, err)) > 0) {
		after = &row;
		report_add(f->r, REPORT_ERASURES, "begun", has_ms(f, row.begun_ms));
		report_add(f->r, REPORT_ERASURES, "done",
			row.state == ERASURE_DONE && has_ms(f, row.done_ms));
		report_add(f->r, REPORT_ERASURES, "cancelled",
			row.state == ERASURE_CANCELLED && has_ms(f, row.begun_ms));
		report_add(f->r, REPORT_ERASURES, "under_way",
			row.state != ERASURE_DONE && row.state != ERASURE_CANCELLED);
		note_generation(f, row.generation, row.shredded_ms);
	}
	return r;
}

static void take_run(struct filling *f, const struct row_expiry *row)
{
	static const char *const columns[] = { [EXPIRY_PLANNING] = "under_way",
		[EXPIRY_ASKED] = "asked", [EXPIRY_GOING] = "under_way",
		[EXPIRY_CLEARING] = "under_way", [EXPIRY_DONE] = "done", [EXPIRY_DENIED] = "denied",
		[EXPIRY_DROPPED] = "denied" };
	int64_t ms = row->went_ms > 0 ? row->went_ms : row->begun_ms;
	int32_t day = zone_day_of_ms(ms);

	if (row->state < EXPIRY_DONE || report_has_day(f->r, day)) {
		report_add(f->r, REPORT_RETENTION, columns[row->state], 1);
	}
	if (row->went_ms > 0) {
		report_add_on(f->r, REPORT_RETENTION_MONTHS, day, "cohorts", (int64_t)row->ncohorts);
		report_add_on(f->r, REPORT_RETENTION_MONTHS, day, "people", (int64_t)row->nslots);
		report_add_on(f->r, REPORT_RETENTION_MONTHS, day, "records", (int64_t)row->nrecords);
		note_generation(f, row->generation, row->went_ms);
	}
}

static int take_runs(struct filling *f, struct cu_err *err)
{
	struct row_expiry row, *before = NULL;
	int r;

	while ((r = reader_next_expiry(f->rd, before, &row, err)) > 0) {
		before = &row;
		take_run(f, &row);
	}
	return r;
}

static int take_holds(struct filling *f, struct cu_err *err)
{
	int32_t today = casework_today(f->x->daemon);
	struct row_hold row, *after = NULL;
	int r;

	while ((r = reader_next_hold(f->rd, after, &row, err)) > 0) {
		bool is_active = row.state == HOLD_ACTIVE;

		after = &row;
		report_add(f->r, REPORT_HOLDS, "active", is_active);
		report_add(f->r, REPORT_HOLDS, "placed", has_ms(f, row.placed_ms));
		report_add(f->r, REPORT_HOLDS, "released", !is_active && has_ms(f, row.released_ms));
		report_add(f->r, REPORT_HOLDS, "blocked", is_active ? (int64_t)row.nblocked : 0);
		report_add(f->r, REPORT_HOLDS, "review_due",
			is_active && row.review_day != CIVIL_NO_DAY && row.review_day <= today);
	}
	return r;
}

/* --- incidents -------------------------------------------------------------------- */

struct telling {
	struct filling *f;
	const struct row_incident *row;
};

static int take_duty(void *ctx, const struct incident_duty *duty, struct cu_err *err)
{
	const struct telling *d = ctx;
	struct report *r = d->f->r;

	(void)err;
	if (!report_begin(r, REPORT_DUTIES)) {
		return 0;
	}
	report_put(r, REPORT_DUTIES, "number", d->row->number);
	report_put_word(r, REPORT_DUTIES, "kind", incident_kind_word(d->row->kind));
	report_put_word(r, REPORT_DUTIES, "risk", incident_risk_word(d->row->risk));
	report_put(r, REPORT_DUTIES, "noticed", zone_day_of_ms(d->row->noticed_ms));
	report_put_word(r, REPORT_DUTIES, "law", duty->law->key);
	report_put_word(r, REPORT_DUTIES, "whom", incident_told_word((unsigned)duty->breach->to));
	if (duty->told_ms > 0) {
		report_put(r, REPORT_DUTIES, "told", zone_day_of_ms(duty->told_ms));
	}
	report_put_word(r, REPORT_DUTIES, "verdict", incident_verdict_word(duty->verdict));
	return 0;
}

static int take_incidents(struct filling *f, struct cu_err *err)
{
	struct row_incident row = { .number = 0 };
	struct telling d = { f, &row };
	int r;

	while ((r = reader_next_incident(f->rd, row.number, &row, err)) > 0) {
		bool is_open = row.closed_ms == 0, is_new = has_ms(f, row.noticed_ms);

		if (zone_day_of_ms(row.noticed_ms) > f->r->to ||
			(!is_open && !is_new && !has_ms(f, row.closed_ms))) {
			continue;
		}
		report_add(f->r, REPORT_INCIDENTS, "noticed", is_new);
		report_add(f->r, REPORT_INCIDENTS, "closed", has_ms(f, row.closed_ms));
		report_add(f->r, REPORT_INCIDENTS, "open", is_open);
		report_add(f->r, REPORT_INCIDENTS, "affected", (int64_t)row.naffected);
		r = incidents_duties(f->x->daemon, f->rd, &row, take_duty, &d, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* --- what people do again and again ------------------------------------------------ */

static int count_doings(struct filling *f, const struct duty_look *l, int64_t *ret_times,
	int64_t *ret_late, struct cu_err *err)
{
	struct row_duty row, *before = NULL;
	int r;

	while ((r = reader_duty_before(f->rd, l->key, before, &row, err)) > 0) {
		const struct duty_doing doing = { row.day, row.due_day };
		bool is_in = report_has_day(f->r, row.day);

		before = &row;
		*ret_times += is_in;
		*ret_late += is_in && l->duty && duty_was_late(l->duty, &doing);
	}
	return r;
}

static int take_calendar(void *ctx, const struct duty_look *l, struct cu_err *err)
{
	static const char *const states[] = { [DUTY_OPEN] = "not_due", [DUTY_SOON] = "due_soon",
		[DUTY_DUE] = "due_now", [DUTY_LATE] = "late", [DUTY_GONE] = "given_up" };
	struct filling *f = ctx;
	int64_t times = 0, late = 0;
	int r = count_doings(f, l, &times, &late, err);

	if (r < 0 || (!l->duty && times == 0) || !report_begin(f->r, REPORT_CALENDAR)) {
		return r < 0 ? r : 0;
	}
	report_put_word(f->r, REPORT_CALENDAR, "duty", l->key);
	report_put_word(f->r, REPORT_CALENDAR, "owner", l->duty ? l->duty->owner : "");
	report_put(f->r, REPORT_CALENDAR, "times", times);
	report_put(f->r, REPORT_CALENDAR, "late", late);
	if (l->last != CIVIL_NO_DAY) {
		report_put(f->r, REPORT_CALENDAR, "last", l->last);
	}
	if (l->due != CIVIL_NO_DAY) {
		report_put(f->r, REPORT_CALENDAR, "due", l->due);
	}
	report_put_word(f->r, REPORT_CALENDAR, "state", states[l->state]);
	return 0;
}

static int take_approvals(struct filling *f, struct cu_err *err)
{
	static const char *const columns[] = { [APPROVAL_ASKED] = NULL,
		[APPROVAL_GRANTED] = "granted", [APPROVAL_DENIED] = "denied",
		[APPROVAL_EXPIRED] = "expired", [APPROVAL_USED] = "granted" };
	struct row_approval row, *after = NULL;
	int r;

	while ((r = reader_next_approval(f->rd, after, &row, err)) > 0) {
		after = &row;
		if (!has_ms(f, row.asked_ms)) {
			continue;
		}
		report_add_of(f->r, REPORT_APPROVALS, row.kind, "asked", 1);
		if (columns[row.state]) {
			report_add_of(f->r, REPORT_APPROVALS, row.kind, columns[row.state], 1);
		}
	}
	return r;
}

static int take_rows(struct filling *f, struct cu_err *err)
{
	int r = take_requests(f, err);

	r = r < 0 ? r : take_erasures(f, err);
	r = r < 0 ? r : take_runs(f, err);
	r = r < 0 ? r : take_holds(f, err);
	r = r < 0 ? r : take_incidents(f, err);
	r = r < 0 ? r : duties_each(f->x->daemon, f->x->policy, true, take_calendar, f, err);
	return r < 0 ? r : take_approvals(f, err);
}

/* --- what is over and still there ------------------------------------------------- */

static void put_backlog(struct filling *f, const struct due_counting *c)
{
	for (size_t i = 0; i < c->k->n; i++) {
		const char *key = c->k->v[i].rule->collection;

		if (c->due[i].ncohorts + c->due[i].npeople > 0) {
			report_add_of(f->r, REPORT_BACKLOG, key, "cohorts", (int64_t)c->due[i].ncohorts);
			report_add_of(f->r, REPORT_BACKLOG, key, "records", (int64_t)c->due[i].nrecords);
			report_add_of(f->r, REPORT_BACKLOG, key, "people", (int64_t)c->due[i].npeople);
		}
	}
}

static int take_backlog(struct filling *f, struct cu_err *err)
{
	const struct policy *p = f->x->daemon->policy;
	const struct schema *s = policy_schema(p);
	struct keeping k;
	struct due_counting c = { .k = &k };
	int r = keeping_look(f->x->daemon, &k, err);

	if (r < 0) {
		return r;
	}
	r = due_count(&c, f->x, err);
	if (r == 0) {
		put_backlog(f, &c);
		report_set(f->r, REPORT_RETENTION, "held_rules", (int64_t)k.nheld);
	}
	for (size_t i = 0; i < s->ncollections; i++) {
		report_add(f->r, REPORT_RETENTION, "unruled",
			!retention_find(policy_retention(p), s->collections[i].key,
				RETENTION_DEFAULT));
	}
	due_done(&c);
	keeping_done(&k);
	return r;
}

/* --- backups ---------------------------------------------------------------------- */

static void take_drill(struct filling *f, const struct drill_record *d)
{
	int32_t day = zone_day_of_ms(d->time_ms);
	bool is_full = d->report.level == DRILL_RESTORE && d->report.faults == 0;

	if (is_full && day <= f->r->to) {
		report_set(f->r, REPORT_RESTORES, "full_drill_day", day); /* they come in their order */
	}
	if (!report_has_day(f->r, day) || !report_begin(f->r, REPORT_DRILLS)) {
		return;
	}
	report_put(f->r, REPORT_DRILLS, "number", (int64_t)d->number);
	report_put(f->r, REPORT_DRILLS, "day", day);
	report_put_word(f->r, REPORT_DRILLS, "target", d->target);
	report_put(f->r, REPORT_DRILLS, "level", d->report.level);
	report_put_word(f->r, REPORT_DRILLS, "result", d->report.faults == 0 ? "passed" : "failed");
	report_put(f->r, REPORT_DRILLS, "records", (int64_t)d->report.records);
	report_put(f->r, REPORT_DRILLS, "minutes_lost", d->report.recovery_point_ms / 60000);
	report_put(f->r, REPORT_DRILLS, "seconds", (d->report.recovery_ms + 999) / 1000);
	report_put(f->r, REPORT_DRILLS, "faults", (int64_t)d->report.faults);
}

static int take_drills(struct filling *f, struct cu_err *err)
{
	struct house *h = &f->x->daemon->house;
	uint64_t *numbers = NULL;
	size_t n = 0;
	int r = drill_record_numbers(h, &numbers, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct drill_record record = { .faults = BUF_INIT };

		r = drill_record_load(h, numbers[i], &record, NULL, err);
		if (r == 0) {
			take_drill(f, &record);
		}
		drill_record_done(&record);
	}
	free(numbers);
	return r;
}

static int take_last_copy(struct filling *f, struct cu_err *err)
{
	struct lingering l = { 0 };
	int64_t ms;
	int r;

	if (f->generation == 0) {
		report_set_word(f->r, REPORT_ERASURES, "last_copy", "nothing_erased");
		return 0;
	}
	r = linger_of(f->x->daemon, f->generation, f->erased_ms, &l, err);
	if (r == 0) {
		ms = l.all.state == HORIZON_BY ? l.all.date_ms :
			l.all.state == HORIZON_UNBOUNDED ? l.all.since_ms : 0;
		report_set_word(f->r, REPORT_ERASURES, "last_copy", horizon_word(l.all.state));
		if (ms > 0) {
			report_set(f->r, REPORT_ERASURES, "last_copy_day", zone_day_of_ms(ms));
		}
	}
	linger_done(&l);
	return r;
}

/* --- all -------------------------------------------------------------------------- */

int compliance_fill(struct exchange *x, struct report *report, struct cu_err *err)
{
	struct filling f = { .x = x, .r = report };
	int r;

	f.rd = store_reader_take(x->daemon->house.store);
	r = find_last_number(&f, err);
	if (r == 0) {
		f.live_ms = calloc((size_t)f.nrequests + 1, sizeof(*f.live_ms));
		r = f.live_ms ? compliance_fill_from_log(x, report, f.live_ms, f.nrequests, err) :
				cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = r < 0 ? r : take_rows(&f, err);
	store_reader_give(x->daemon->house.store, f.rd);
	r = r < 0 ? r : take_backlog(&f, err);
	r = r < 0 ? r : take_drills(&f, err);
	r = r < 0 ? r : take_last_copy(&f, err);
	free(f.live_ms);
	return r;
}
