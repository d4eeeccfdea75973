/* What a report of compliance is made of: its tables and their columns. */
#include "privacy/report.h"

/* clang-format off */
const struct report_shape report_shapes[REPORT_NTABLES_] = {
	[REPORT_SUMMARY] = { "summary", "At a glance", NULL, NULL, true, {
		{ "received", "requests received", REPORT_COUNT },
		{ "answered", "requests answered", REPORT_COUNT },
		{ "in_time", "answered in time", REPORT_COUNT },
		{ "late", "answered late", REPORT_COUNT },
		{ "open", "requests open", REPORT_COUNT },
		{ "overdue", "requests overdue", REPORT_COUNT },
		{ "refused", "requests refused", REPORT_COUNT },
		{ "extended", "deadlines extended", REPORT_COUNT } } },
	[REPORT_ATTENTION] = { "attention", "What to look at", NULL,
		"There is nothing that somebody should look at.", false, {
		{ "what", "what", REPORT_WORD }, { "count", "number", REPORT_COUNT } } },

	[REPORT_REQUEST_MONTHS] = { "request_months", "Requests by month", NULL, NULL, false, {
		{ "month", "month", REPORT_MONTH },
		{ "received", "received", REPORT_COUNT }, { "answered", "answered", REPORT_COUNT } } },
	[REPORT_TYPES] = { "types", "What was asked for", NULL,
		"No request in this time.", false, {
		{ "type", "type", REPORT_WORD },
		{ "received", "received", REPORT_COUNT }, { "answered", "answered", REPORT_COUNT },
		{ "in_time", "in time", REPORT_COUNT }, { "late", "late", REPORT_COUNT },
		{ "refused", "refused", REPORT_COUNT }, { "open", "open", REPORT_COUNT } } },
	[REPORT_LAWS] = { "laws", "By law", NULL,
		"No request in this time.", false, {
		{ "law", "law", REPORT_WORD },
		{ "received", "received", REPORT_COUNT }, { "answered", "answered", REPORT_COUNT },
		{ "in_time", "in time", REPORT_COUNT }, { "late", "late", REPORT_COUNT },
		{ "refused", "refused", REPORT_COUNT }, { "open", "open", REPORT_COUNT } } },
	[REPORT_OUTCOMES] = { "outcomes", "How requests ended", NULL,
		"No request ended in this time.", false, {
		{ "outcome", "outcome", REPORT_WORD }, { "count", "number", REPORT_COUNT } } },
	[REPORT_REFUSALS] = { "refusals", "Why requests were refused", NULL,
		"No request was refused in this time.", false, {
		{ "reason", "reason", REPORT_WORD }, { "count", "number", REPORT_COUNT } } },
	[REPORT_REQUESTS] = { "requests", "Days taken against the limit",
		"From the day on which the request came to the answer, or to the end of the time while it is open; the limit counts pauses and extensions. An erasure is answered when nothing live is left and every target knows; the last copies of keys in backups follow.",
		"No request in this time.", false, {
		{ "number", "request", REPORT_COUNT }, { "type", "type", REPORT_WORD },
		{ "law", "law", REPORT_WORD }, { "received", "received", REPORT_DAY },
		{ "due", "due", REPORT_DAY }, { "answered", "answered", REPORT_DAY },
		{ "days", "days taken", REPORT_COUNT }, { "limit", "limit in days", REPORT_COUNT },
		{ "state", "state", REPORT_WORD }, { "deadline", "deadline", REPORT_WORD } } },

	[REPORT_CONSENT_MONTHS] = { "consent_months", "Consents by month",
		"As the log tells: also those of people who were forgotten since. Given counts renewals.", NULL, false, {
		{ "month", "month", REPORT_MONTH }, { "given", "given", REPORT_COUNT },
		{ "withdrawn", "withdrawn", REPORT_COUNT }, { "objected", "objections", REPORT_COUNT } } },
	[REPORT_CONSENTS] = { "consents", "Consents by purpose", NULL,
		"Nobody said yes or no in this time.", false, {
		{ "purpose", "purpose", REPORT_WORD }, { "requested", "asked", REPORT_COUNT },
		{ "given", "given", REPORT_COUNT }, { "refused", "refused", REPORT_COUNT },
		{ "withdrawn", "withdrawn", REPORT_COUNT }, { "invalidated", "found void", REPORT_COUNT },
		{ "objected", "objections", REPORT_COUNT } } },

	[REPORT_ERASURES] = { "erasures", "Erasures",
		"The last copy: by when no backup holds a key of what was erased or ended until today, as seen at every target just now.", NULL, true, {
		{ "begun", "begun", REPORT_COUNT }, { "done", "done", REPORT_COUNT },
		{ "cancelled", "cancelled", REPORT_COUNT }, { "under_way", "under way", REPORT_COUNT },
		{ "last_copy", "last copy of a key", REPORT_WORD },
		{ "last_copy_day", "gone by, or unbounded since", REPORT_DAY } } },
	[REPORT_RETENTION_MONTHS] = { "retention_months", "Retention by month",
		"What ended because its time was over: keys of months of records, keys of single people, and the rows deleted.", NULL, false, {
		{ "month", "month", REPORT_MONTH }, { "cohorts", "keys of months", REPORT_COUNT },
		{ "people", "keys of people", REPORT_COUNT }, { "records", "records", REPORT_COUNT } } },
	[REPORT_RETENTION] = { "retention", "Retention", NULL, NULL, true, {
		{ "done", "runs done", REPORT_COUNT }, { "asked", "waiting for a second user", REPORT_COUNT },
		{ "under_way", "under way", REPORT_COUNT }, { "denied", "denied or lapsed", REPORT_COUNT },
		{ "held_rules", "shorter rules not confirmed", REPORT_COUNT },
		{ "unruled", "collections without a rule", REPORT_COUNT } } },
	[REPORT_BACKLOG] = { "backlog", "What is over and still there",
		"By the rules in force today. It goes with the next run, unless a hold, a review or a second user stands before it.",
		"Nothing whose time is over is still there.", false, {
		{ "collection", "collection", REPORT_WORD }, { "cohorts", "keys of months", REPORT_COUNT },
		{ "records", "records in them", REPORT_COUNT }, { "people", "people", REPORT_COUNT } } },
	[REPORT_HOLDS] = { "holds", "Legal holds", NULL, NULL, true, {
		{ "active", "active", REPORT_COUNT }, { "placed", "placed", REPORT_COUNT },
		{ "released", "released", REPORT_COUNT },
		{ "blocked", "deletions stopped by active ones", REPORT_COUNT },
		{ "review_due", "review is due", REPORT_COUNT } } },

	[REPORT_INCIDENTS] = { "incidents", "Incidents with personal data", NULL, NULL, true, {
		{ "noticed", "noticed", REPORT_COUNT }, { "closed", "closed", REPORT_COUNT },
		{ "open", "open", REPORT_COUNT },
		{ "affected", "people concerned, as computed", REPORT_COUNT } } },
	[REPORT_DUTIES] = { "duties", "Who was told of incidents",
		"Each duty of each law of the organisation; told is the first time.",
		"There was no incident in this time.", false, {
		{ "number", "incident", REPORT_COUNT }, { "kind", "kind", REPORT_WORD },
		{ "risk", "risk", REPORT_WORD }, { "noticed", "noticed", REPORT_DAY },
		{ "law", "law", REPORT_WORD }, { "whom", "whom", REPORT_WORD },
		{ "told", "told", REPORT_DAY }, { "verdict", "duty", REPORT_WORD } } },

	[REPORT_BACKUP_MONTHS] = { "backup_months", "Backups by month", NULL, NULL, false, {
		{ "month", "month", REPORT_MONTH }, { "backups", "backups", REPORT_COUNT },
		{ "drills", "drills passed", REPORT_COUNT }, { "failed", "drills failed", REPORT_COUNT } } },
	[REPORT_DRILLS] = { "drills", "Drills",
		"Level 3 is a whole restore and the only full proof; level 2 rebuilds the data sealed; level 1 compares bytes and is no test of a restore.",
		"No backup was tried in this time.", false, {
		{ "number", "drill", REPORT_COUNT }, { "day", "day", REPORT_DAY },
		{ "target", "target", REPORT_WORD }, { "level", "level", REPORT_COUNT },
		{ "result", "result", REPORT_WORD }, { "records", "records compared", REPORT_COUNT },
		{ "minutes_lost", "age of the data, minutes", REPORT_COUNT },
		{ "seconds", "seconds to restore", REPORT_COUNT }, { "faults", "faults", REPORT_COUNT } } },
	[REPORT_RESTORES] = { "restores", "Restores", NULL, NULL, true, {
		{ "restores", "this store was restored", REPORT_COUNT },
		{ "gaps", "gaps in the log accepted", REPORT_COUNT },
		{ "searches", "searches of the targets for erased data", REPORT_COUNT },
		{ "traces", "traces of the erased found in raw files", REPORT_COUNT },
		{ "full_drill_day", "last whole restore that passed", REPORT_DAY } } },

	[REPORT_CALENDAR] = { "calendar", "Duties done again and again",
		"By duties.yaml: reviews, training, tests, drills. Due and state are those of the moment at which this was made.",
		"There are no such duties.", false, {
		{ "duty", "duty", REPORT_WORD }, { "owner", "of the role", REPORT_WORD },
		{ "times", "times done", REPORT_COUNT }, { "late", "times too late", REPORT_COUNT },
		{ "last", "last done", REPORT_DAY }, { "due", "due", REPORT_DAY },
		{ "state", "state", REPORT_WORD } } },
	[REPORT_APPROVALS] = { "approvals", "Confirmed by a second user", NULL,
		"Nothing had to be confirmed in this time.", false, {
		{ "kind", "of what", REPORT_WORD }, { "asked", "asked", REPORT_COUNT },
		{ "granted", "granted", REPORT_COUNT }, { "denied", "denied", REPORT_COUNT },
		{ "expired", "lapsed", REPORT_COUNT } } },
	[REPORT_ACCESS] = { "access", "Who looked at data", "Each is an entry of the log.", NULL, true, {
		{ "reads", "people read", REPORT_COUNT }, { "searches", "searches", REPORT_COUNT },
		{ "exports", "exports", REPORT_COUNT }, { "dossiers", "dossiers handed out", REPORT_COUNT },
		{ "checks", "questions whether data may be used", REPORT_COUNT },
		{ "refused", "calls refused", REPORT_COUNT } } },
};
/* clang-format on */
