/* What follows from single facts: which requests were in time, and what somebody should look at. */
#include <string.h>

#include "base/civil.h"
#include "privacy/report.h"

#define FULL_DRILL_DAYS 90 /* a whole restore within, or it is an alarm */

/* --- requests --------------------------------------------------------------------- */

struct verdict {
	bool is_received, is_answered, is_open; /* in the time; at its end */
	const char *deadline;                   /* a word */
};

static struct verdict verdict_of(const struct report *r, const struct report_request *q)
{
	struct verdict v = { .is_received = report_has_day(r, q->received),
		.is_answered = q->answered != CIVIL_NO_DAY && report_has_day(r, q->answered),
		.is_open = q->answered == CIVIL_NO_DAY || q->answered > r->to };

	if (!v.is_open && !q->is_answer) {
		v.deadline = "not_owed";
	} else if (q->due == CIVIL_NO_DAY) {
		v.deadline = "unknown";
	} else if (v.is_open) {
		v.deadline = r->to > q->due ? "overdue" : "running";
	} else {
		v.deadline = q->answered > q->due ? "late" : "in_time";
	}
	return v;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Into the summary, and the tables that have the same columns. */
static void count(struct report *r, const struct report_request *q, const char *column)
{
	report_add(r, REPORT_SUMMARY, column, 1);
	report_add_of(r, REPORT_TYPES, q->type, column, 1);
	report_add_of(r, REPORT_LAWS, q->law, column, 1);
}

static void list(struct report *r, const struct report_request *q, const struct verdict *v)
{
	int32_t end = v->is_open ? r->to : q->answered;

	if (!report_begin(r, REPORT_REQUESTS)) {
		return;
	}
	report_put(r, REPORT_REQUESTS, "number", q->number);
	report_put_word(r, REPORT_REQUESTS, "type", q->type);
	report_put_word(r, REPORT_REQUESTS, "law", q->law);
	report_put(r, REPORT_REQUESTS, "received", q->received);
	report_put(r, REPORT_REQUESTS, "days", end - q->received);
	report_put(r, REPORT_REQUESTS, "limit",
		q->due == CIVIL_NO_DAY ? REPORT_NOTHING : q->due - q->received);
	if (q->due != CIVIL_NO_DAY) {
		report_put(r, REPORT_REQUESTS, "due", q->due);
	}
	if (!v->is_open) {
		report_put(r, REPORT_REQUESTS, "answered", q->answered);
	}
	report_put_word(r, REPORT_REQUESTS, "state",
		v->is_open && q->answered != CIVIL_NO_DAY ? "open" : q->state);
	report_put_word(r, REPORT_REQUESTS, "deadline", v->deadline);
}

static void count_answer(struct report *r, const struct report_request *q, const struct verdict *v)
{
	report_add_of(r, REPORT_OUTCOMES, q->state, "count", 1);
	if (!q->is_answer) {
		return;
	}
	count(r, q, "answered");
	report_add_on(r, REPORT_REQUEST_MONTHS, q->answered, "answered", 1);
	if (is(v->deadline, "in_time") || is(v->deadline, "late")) {
		count(r, q, v->deadline);
	}
	if (q->is_denied) {
		count(r, q, "refused");
		report_add_of(r, REPORT_REFUSALS, q->reason, "count", 1);
	}
}

void report_take_request(struct report *r, const struct report_request *q)
{
	struct verdict v = verdict_of(r, q);

	if (q->received > r->to || (!v.is_open && !v.is_answered)) {
		return;
	}
	list(r, q, &v);
	if (v.is_received) {
		count(r, q, "received");
		report_add_on(r, REPORT_REQUEST_MONTHS, q->received, "received", 1);
	}
	if (v.is_answered) {
		count_answer(r, q, &v);
	}
	if (v.is_open) {
		count(r, q, "open");
	}
	if (is(v.deadline, "overdue")) {
		report_add(r, REPORT_SUMMARY, "overdue", 1);
	}
	if (q->is_extended) {
		report_add(r, REPORT_SUMMARY, "extended", 1);
	}
}

/* --- what to look at -------------------------------------------------------------- */

static void note(struct report *r, const char *what, int64_t n)
{
	if (n > 0) {
		report_add_of(r, REPORT_ATTENTION, what, "count", n);
	}
}

static int64_t sum(const struct report *r, enum report_table t, const char *column)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->tables[t].n; i++) {
		n += report_row(r, t, i)[report_column_of(t, column)].n;
	}
	return n;
}

static int64_t count_word(const struct report *r, enum report_table t, const char *column,
	const char *word)
{
	int64_t n = 0;

	for (size_t i = 0; i < r->tables[t].n; i++) {
		n += is(report_row(r, t, i)[report_column_of(t, column)].word, word);
	}
	return n;
}

void report_judge(struct report *r)
{
	int64_t full = report_get(r, REPORT_RESTORES, "full_drill_day");

	if (r->is_broken) {
		return;
	}
	note(r, "answered_late", report_get(r, REPORT_SUMMARY, "late"));
	note(r, "requests_overdue", report_get(r, REPORT_SUMMARY, "overdue"));
	note(r, "deadline_unknown", count_word(r, REPORT_REQUESTS, "deadline", "unknown"));
	note(r, "incident_told_late", count_word(r, REPORT_DUTIES, "verdict", "told_late"));
	note(r, "incident_not_told", count_word(r, REPORT_DUTIES, "verdict", "overdue"));
	note(r, "incident_open", report_get(r, REPORT_INCIDENTS, "open"));
	note(r, "last_copy_unbounded", count_word(r, REPORT_ERASURES, "last_copy", "unbounded"));
	note(r, "retention_waits", report_get(r, REPORT_RETENTION, "asked"));
	note(r, "shorter_rule_not_confirmed", report_get(r, REPORT_RETENTION, "held_rules"));
	note(r, "collection_without_rule", report_get(r, REPORT_RETENTION, "unruled"));
	note(r, "hold_review_due", report_get(r, REPORT_HOLDS, "review_due"));
	note(r, "duty_late", count_word(r, REPORT_CALENDAR, "state", "late"));
	note(r, "no_backup", sum(r, REPORT_BACKUP_MONTHS, "backups") == 0);
	note(r, "drill_failed", sum(r, REPORT_BACKUP_MONTHS, "failed"));
	note(r, "no_whole_restore_tried",
		full == REPORT_NOTHING || full < (int64_t)r->to - FULL_DRILL_DAYS);
	note(r, "traces_found", report_get(r, REPORT_RESTORES, "traces"));
}
