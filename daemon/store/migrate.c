#include "store/migrate.h"

#include "base/err.h"

/* STRICT: a value of another type is refused. */
static const char data_1[] =
	"PRAGMA application_id = 1129665619;" /* "CUSS" */
	"BEGIN;"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE subject (id BLOB PRIMARY KEY, kind INTEGER NOT NULL,"
	" state INTEGER NOT NULL, created_ms INTEGER NOT NULL, run INTEGER NOT NULL,"
	" run_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE slot (subject BLOB NOT NULL, collection TEXT NOT NULL,"
	" slot INTEGER NOT NULL, PRIMARY KEY (subject, collection)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE record (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
	" collection TEXT NOT NULL, slot INTEGER NOT NULL, cohort_slot INTEGER,"
	" version INTEGER NOT NULL, anchor_day INTEGER, level INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" sealed BLOB NOT NULL) STRICT;"
	"CREATE INDEX record_of ON record (subject, collection, id);"
	"CREATE INDEX record_changed ON record (seq, id);"
	"CREATE TABLE cosubject (subject BLOB NOT NULL, record BLOB NOT NULL,"
	" PRIMARY KEY (subject, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX cosubject_of ON cosubject (record);"
	"CREATE TABLE cohort (collection TEXT NOT NULL, class TEXT NOT NULL,"
	" period INTEGER NOT NULL, slot INTEGER NOT NULL,"
	" PRIMARY KEY (collection, class, period)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;"
	"CREATE TABLE request (id BLOB PRIMARY KEY, at_ms INTEGER NOT NULL,"
	" reply BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX request_age ON request (at_ms);"
	"CREATE TABLE erasure (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
	" state INTEGER NOT NULL, begun_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL,"
	" generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE operator (uid INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

/* Approvals by a second user. */
static const char data_2[] =
	"BEGIN;"
	"CREATE TABLE approval (id BLOB PRIMARY KEY, kind TEXT NOT NULL, scope BLOB NOT NULL,"
	" object BLOB NOT NULL, asker BLOB NOT NULL, asked_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL, decider BLOB NOT NULL, decided_ms INTEGER NOT NULL,"
	" state INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX approval_asked ON approval (asked_ms, id);"
	"CREATE INDEX approval_open ON approval (expires_ms) WHERE state <= 2;"
	"PRAGMA user_version = 2;"
	"COMMIT;";

/* Erasures that wait, are of a part of a person, and can be counted.  One that was
 * begun before goes on as one that is due. */
static const char data_3[] =
	"BEGIN;"
	"ALTER TABLE subject ADD COLUMN is_partly INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE erasure RENAME TO erasure_2;"
	"CREATE TABLE erasure (id BLOB PRIMARY KEY, subject BLOB NOT NULL,"
	" scope INTEGER NOT NULL, record BLOB NOT NULL, purpose TEXT NOT NULL,"
	" asker BLOB NOT NULL, approval BLOB NOT NULL, is_now INTEGER NOT NULL,"
	" state INTEGER NOT NULL, begun_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
	" shredded_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL,"
	" generation INTEGER NOT NULL, slots INTEGER NOT NULL, cohorts INTEGER NOT NULL,"
	" begin_leaf INTEGER NOT NULL, shred_leaf INTEGER NOT NULL,"
	" done_leaf INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO erasure SELECT id, subject, 1, zeroblob(16), '', zeroblob(16),"
	" zeroblob(16), 0, CASE state WHEN 1 THEN 1 WHEN 2 THEN 4 ELSE 5 END, begun_ms,"
	" begun_ms, CASE state WHEN 1 THEN 0 ELSE begun_ms END, done_ms, generation,"
	" 0, 0, 0, 0, 0 FROM erasure_2;"
	"DROP TABLE erasure_2;"
	"CREATE INDEX erasure_subject ON erasure (subject);"
	"CREATE INDEX erasure_begun ON erasure (begun_ms, id);"
	"CREATE INDEX erasure_due ON erasure (due_ms, id) WHERE state < 5;"
	"CREATE INDEX erasure_shredded ON erasure (shredded_ms);"
	"CREATE TABLE erasure_part (erasure BLOB NOT NULL, collection TEXT NOT NULL,"
	" PRIMARY KEY (erasure, collection)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE erasure_slot (erasure BLOB NOT NULL, slot INTEGER NOT NULL,"
	" collection TEXT NOT NULL, PRIMARY KEY (erasure, slot)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 3;"
	"COMMIT;";

/* The access journal: whose data was shown in bulk, sealed by the day. */
static const char data_4[] =
	"BEGIN;"
	"CREATE TABLE access (id BLOB PRIMARY KEY, period INTEGER NOT NULL,"
	" sealed BLOB NOT NULL) STRICT;"
	"CREATE INDEX access_period ON access (period);"
	"PRAGMA user_version = 4;"
	"COMMIT;";

/* Requests of data subjects. */
static const char data_5[] =
	"BEGIN;"
	"CREATE TABLE dsr (id BLOB PRIMARY KEY, number INTEGER NOT NULL UNIQUE,"
	" kase BLOB NOT NULL, subject BLOB NOT NULL, type INTEGER NOT NULL,"
	" state INTEGER NOT NULL, channel INTEGER NOT NULL, language INTEGER NOT NULL,"
	" law TEXT NOT NULL, about TEXT NOT NULL, received_day INTEGER NOT NULL,"
	" entered_ms INTEGER NOT NULL, due_day INTEGER NOT NULL, extension INTEGER NOT NULL,"
	" extension_day INTEGER NOT NULL, method INTEGER NOT NULL, verified_ms INTEGER NOT NULL,"
	" code BLOB NOT NULL, code_attempts INTEGER NOT NULL, code_expires_ms INTEGER NOT NULL,"
	" reason TEXT NOT NULL, duplicate_of INTEGER NOT NULL, approval BLOB NOT NULL,"
	" erasure BLOB NOT NULL, kept INTEGER NOT NULL, closed_ms INTEGER NOT NULL,"
	" asked_ms INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE INDEX dsr_open ON dsr (number) WHERE closed_ms = 0;"
	"CREATE INDEX dsr_subject ON dsr (subject) WHERE closed_ms = 0;"
	"CREATE TABLE dsr_part (request BLOB NOT NULL, kind INTEGER NOT NULL,"
	" collection TEXT NOT NULL, note BLOB NOT NULL,"
	" PRIMARY KEY (request, kind, collection)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE dsr_pause (request BLOB NOT NULL, from_day INTEGER NOT NULL,"
	" to_day INTEGER NOT NULL, PRIMARY KEY (request, from_day)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 5;"
	"COMMIT;";

/* What ends because its time is over: runs, the keys they list, the rules they go by. */
static const char data_6[] =
	"BEGIN;"
	"CREATE INDEX record_cohort ON record (cohort_slot) WHERE cohort_slot IS NOT NULL;"
	"CREATE TABLE expiry (id BLOB PRIMARY KEY, is_review INTEGER NOT NULL,"
	" state INTEGER NOT NULL, day INTEGER NOT NULL, asker BLOB NOT NULL,"
	" approval BLOB NOT NULL, begun_ms INTEGER NOT NULL, went_ms INTEGER NOT NULL,"
	" done_ms INTEGER NOT NULL, cohorts INTEGER NOT NULL, slots INTEGER NOT NULL,"
	" records INTEGER NOT NULL, generation INTEGER NOT NULL,"
	" digest BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX expiry_begun ON expiry (begun_ms, id);"
	"CREATE INDEX expiry_went ON expiry (went_ms);"
	"CREATE TABLE expiry_item (run BLOB NOT NULL, slot INTEGER PRIMARY KEY,"
	" is_shredded INTEGER NOT NULL, kind INTEGER NOT NULL, collection TEXT NOT NULL,"
	" period INTEGER NOT NULL, subject BLOB NOT NULL) STRICT;"
	"CREATE INDEX expiry_item_of ON expiry_item (run, is_shredded, slot);"
	"CREATE TABLE activity (subject BLOB PRIMARY KEY, day INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE expiry_rule (collection TEXT PRIMARY KEY, keep TEXT NOT NULL,"
	" minimum TEXT NOT NULL, is_review INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 6;"
	"COMMIT;";

/* Legal holds, what they stopped, and the keys of what is held of a cohort that is over. */
static const char data_7[] =
	"BEGIN;"
	"CREATE TABLE hold (id BLOB PRIMARY KEY, subject BLOB NOT NULL, kase BLOB NOT NULL,"
	" scope INTEGER NOT NULL, record BLOB NOT NULL, state INTEGER NOT NULL,"
	" review_day INTEGER, placed_ms INTEGER NOT NULL, released_ms INTEGER NOT NULL,"
	" placer BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX hold_of ON hold (subject) WHERE state = 1;"
	"CREATE INDEX hold_placed ON hold (placed_ms, id);"
	"CREATE TABLE hold_part (hold BLOB NOT NULL, collection TEXT NOT NULL,"
	" PRIMARY KEY (hold, collection)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE hold_block (hold BLOB NOT NULL, what TEXT NOT NULL, object BLOB NOT NULL,"
	" at_ms INTEGER NOT NULL, PRIMARY KEY (hold, what, object)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE hold_slot (slot INTEGER PRIMARY KEY, cohort_slot INTEGER NOT NULL,"
	" subject BLOB NOT NULL, collection TEXT NOT NULL, period INTEGER NOT NULL,"
	" resealed_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX hold_slot_for ON hold_slot (cohort_slot);"
	"CREATE INDEX hold_slot_of ON hold_slot (subject, collection, cohort_slot);"
	"CREATE INDEX expiry_item_subject ON expiry_item (subject) WHERE kind = 2;"
	"PRAGMA user_version = 7;"
	"COMMIT;";

/* What people said about purposes, and whose data is only stored. */
static const char data_8[] =
	"BEGIN;"
	"ALTER TABLE subject ADD COLUMN is_restricted INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE consent (subject BLOB NOT NULL, purpose TEXT NOT NULL,"
	" seq INTEGER NOT NULL, channel TEXT NOT NULL, state INTEGER NOT NULL,"
	" method INTEGER NOT NULL, notice TEXT NOT NULL, language TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
	" said_day INTEGER NOT NULL, actor BLOB NOT NULL, record BLOB NOT NULL,"
	" leaf INTEGER NOT NULL, PRIMARY KEY (subject, purpose, seq)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX consent_purpose ON consent (purpose, subject);"
	"PRAGMA user_version = 8;"
	"COMMIT;";

/* What was held of a cohort names its subject on a list, too. */
static const char data_9[] =
	"BEGIN;"
	"DROP INDEX expiry_item_subject;"
	"CREATE INDEX expiry_item_owner ON expiry_item (subject) WHERE kind > 1;"
	"PRAGMA user_version = 9;"
	"COMMIT;";

/* Who is restricted is found without looking at everybody. */
static const char data_10[] =
	"BEGIN;"
	"CREATE INDEX subject_restricted ON subject (is_restricted) WHERE is_restricted = 1;"
	"PRAGMA user_version = 10;"
	"COMMIT;";

/* Incidents, and who was told of them. */
static const char data_11[] =
	"BEGIN;"
	"CREATE TABLE incident (id BLOB PRIMARY KEY, number INTEGER NOT NULL UNIQUE,"
	" kase BLOB NOT NULL, kind INTEGER NOT NULL, risk INTEGER NOT NULL,"
	" keys_are_safe INTEGER NOT NULL, noticed_ms INTEGER NOT NULL, entered_ms INTEGER NOT NULL,"
	" from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, scoped_ms INTEGER NOT NULL,"
	" affected INTEGER NOT NULL, closed_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE incident_told (incident BLOB NOT NULL, law TEXT NOT NULL,"
	" told INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY (incident, law, told, at_ms)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 11;"
	"COMMIT;";

/* What ended records leave behind as numbers, and what was counted before its keys are gone. */
static const char data_12[] =
	"BEGIN;"
	"CREATE TABLE aggregate (tally BLOB NOT NULL, collection TEXT NOT NULL,"
	" grouped TEXT NOT NULL, records INTEGER NOT NULL, sums TEXT NOT NULL,"
	" PRIMARY KEY (collection, grouped, tally)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX aggregate_of ON aggregate (tally);"
	"CREATE TABLE tally (run BLOB PRIMARY KEY, tally BLOB NOT NULL, slot INTEGER NOT NULL,"
	" digest BLOB NOT NULL, records INTEGER NOT NULL, seq INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 12;"
	"COMMIT;";

/* Jobs that ran. */
static const char data_13[] =
	"BEGIN;"
	"CREATE TABLE job_run (job TEXT NOT NULL, started_ms INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, why TEXT NOT NULL,"
	" actor BLOB NOT NULL, PRIMARY KEY (job, started_ms)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 13;"
	"COMMIT;";

/* What a backup has of what is held is told by an order, not by a clock that may jump.  What was
 * sealed anew before waits for one more backup. */
static const char data_14[] =
	"BEGIN;"
	"CREATE TABLE capture (number INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX capture_time ON capture (time_ms);"
	"ALTER TABLE hold_slot RENAME COLUMN resealed_ms TO captures;"
	"UPDATE hold_slot SET captures = 0;"
	"PRAGMA user_version = 14;"
	"COMMIT;";

/* What a record's own rule allows, and until when it is kept by that. */
static const char data_15[] =
	"BEGIN;"
	"CREATE TABLE rule (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
	"CREATE TABLE rule_key (kind INTEGER NOT NULL, key TEXT NOT NULL, rule INTEGER NOT NULL,"
	" PRIMARY KEY (kind, key, rule)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE record_rule (record BLOB PRIMARY KEY, rule INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX record_rule_of ON record_rule (rule, record);"
	"CREATE INDEX record_rule_over ON record_rule (expires_ms, record) WHERE expires_ms > 0;"
	"PRAGMA user_version = 15;"
	"COMMIT;";

/* Classes: records of one collection that are kept for different times. */
static const char data_16[] =
	"BEGIN;"
	"ALTER TABLE expiry_item ADD COLUMN class TEXT NOT NULL DEFAULT 'default';"
	"ALTER TABLE hold_slot ADD COLUMN class TEXT NOT NULL DEFAULT 'default';"
	"ALTER TABLE expiry_rule RENAME TO expiry_rule_15;"
	/* in the order of the key, as the token table below: integrity_check of 3.40 */
	"CREATE TABLE expiry_rule (collection TEXT NOT NULL, class TEXT NOT NULL,"
	" keep TEXT NOT NULL, minimum TEXT NOT NULL, is_review INTEGER NOT NULL,"
	" PRIMARY KEY (collection, class)) STRICT, WITHOUT ROWID;"
	"INSERT INTO expiry_rule SELECT collection, 'default', keep, minimum, is_review"
	" FROM expiry_rule_15;"
	"DROP TABLE expiry_rule_15;"
	"DROP INDEX aggregate_of;"
	"ALTER TABLE aggregate RENAME TO aggregate_15;"
	"CREATE TABLE aggregate (collection TEXT NOT NULL, grouped TEXT NOT NULL,"
	" tally BLOB NOT NULL, records INTEGER NOT NULL, sums TEXT NOT NULL,"
	" PRIMARY KEY (collection, grouped, tally)) STRICT, WITHOUT ROWID;"
	"INSERT INTO aggregate SELECT collection, grouped, tally, records, sums FROM aggregate_15;"
	"DROP TABLE aggregate_15;"
	"CREATE INDEX aggregate_of ON aggregate (tally);"
	"CREATE INDEX cohort_slot ON cohort (slot);"
	"PRAGMA user_version = 16;"
	"COMMIT;";

/* What custos-agent sends. */
static const char data_17[] =
	"BEGIN;"
	"CREATE TABLE message (id BLOB PRIMARY KEY, kind TEXT NOT NULL, about TEXT NOT NULL,"
	" route TEXT NOT NULL, kase BLOB NOT NULL, state INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL, made_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL,"
	" tried_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX message_made ON message (made_ms, id);"
	"CREATE INDEX message_waiting ON message (next_ms, id) WHERE state = 1;"
	"CREATE INDEX message_last ON message (kind, about, route, made_ms);"
	"PRAGMA user_version = 17;"
	"COMMIT;";

/* Ids that were merged into others. */
static const char data_18[] =
	"BEGIN;"
	"CREATE TABLE alias (old BLOB PRIMARY KEY, subject BLOB NOT NULL, state INTEGER NOT NULL,"
	" purpose TEXT NOT NULL, actor BLOB NOT NULL, captures INTEGER NOT NULL,"
	" records INTEGER NOT NULL, generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX alias_of ON alias (subject, old);"
	"CREATE INDEX alias_open ON alias (old) WHERE state < 3;"
	"PRAGMA user_version = 18;"
	"COMMIT;";

/* What a request has to send: its last letter, and a notice for each recipient. */
static const char data_19[] =
	"BEGIN;"
	"CREATE TABLE dsr_outgoing (request BLOB NOT NULL, kind INTEGER NOT NULL,"
	" recipient TEXT NOT NULL, language INTEGER NOT NULL, paper BLOB NOT NULL,"
	" state INTEGER NOT NULL, why INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" actor BLOB NOT NULL, note BLOB NOT NULL,"
	" PRIMARY KEY (request, kind, recipient)) STRICT, WITHOUT ROWID;"
	"ALTER TABLE dsr ADD COLUMN prepared_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dsr ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 19;"
	"COMMIT;";

/* Whose work a request is. */
static const char data_20[] =
	"BEGIN;"
	"ALTER TABLE dsr ADD COLUMN worker BLOB NOT NULL"
	" DEFAULT x'00000000000000000000000000000000';"
	"PRAGMA user_version = 20;"
	"COMMIT;";

/* Who asks for somebody else. */
static const char data_21[] =
	"BEGIN;"
	"ALTER TABLE dsr ADD COLUMN acts_as INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dsr ADD COLUMN authority INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dsr ADD COLUMN authority_ms INTEGER NOT NULL DEFAULT 0;"
	"PRAGMA user_version = 21;"
	"COMMIT;";

/* A run that a restore closed (slots.h): a custos that knows nothing of it must not open this. */
static const char data_22[] = "PRAGMA user_version = 22;";

/* Duties that were done. */
static const char data_23[] =
	"BEGIN;"
	"CREATE TABLE duty_done (id BLOB PRIMARY KEY, duty TEXT NOT NULL, kase BLOB NOT NULL,"
	" day INTEGER NOT NULL, due_day INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" actor BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX duty_done_of ON duty_done (duty, day, at_ms, id);"
	"PRAGMA user_version = 23;"
	"COMMIT;";

/* What needs a person, and since when. */
static const char data_24[] =
	"BEGIN;"
	"CREATE TABLE alarm (kind TEXT NOT NULL, about TEXT NOT NULL, since_ms INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL, PRIMARY KEY (kind, about)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 24;"
	"COMMIT;";

/* By which message something was sent. */
static const char data_25[] =
	"BEGIN;"
	"ALTER TABLE dsr_outgoing ADD COLUMN message BLOB NOT NULL"
	" DEFAULT x'00000000000000000000000000000000';"
	"CREATE INDEX dsr_outgoing_message ON dsr_outgoing (message);"
	"PRAGMA user_version = 25;"
	"COMMIT;";

/* The n-th leads from format n to format n + 1. */
static const char *const data_steps[] = { data_1, data_2, data_3, data_4, data_5, data_6,
	data_7, data_8, data_9, data_10, data_11, data_12,
	data_13, data_14, data_15, data_16, data_17, data_18, data_19, data_20, data_21, data_22, data_23, data_24, data_25 };

#define DATA_FORMAT  (int)(sizeof(data_steps) / sizeof(data_steps[0]))
#define INDEX_FORMAT 1

static const char index_schema[] =
	"BEGIN;"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	/* in the order of the key: else integrity_check of 3.40 finds NULLs that are not there */
	"CREATE TABLE token (token BLOB NOT NULL, record BLOB NOT NULL, subject BLOB NOT NULL,"
	" PRIMARY KEY (token, record)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX token_record ON token (record);"
	"CREATE INDEX token_subject ON token (subject);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

/* 0: a database without tables. */
static int read_format(sqlite3 *db, int *ret, struct cu_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = db_prepare(db, "PRAGMA user_version", &st, err);

	if (r == 0) {
		r = db_step(st, err);
	}
	if (r > 0) {
		*ret = sqlite3_column_int(st, 0);
		r = 0;
	}
	sqlite3_finalize(st);
	return r;
}

static int check_format(int has, int want, const char *name, struct cu_err *err)
{
	return has == want ? 0 :
			     cu_err_set(err, has > want ? CU_EUNSUP : CU_ECORRUPT,
				     "%s is of format %d, this custos writes %d", name, has, want);
}

int migrate_data(sqlite3 *db, enum db_mode mode, const char *name, struct cu_err *err)
{
	int format = 0, r = read_format(db, &format, err);
	/* an empty file where a store was is damage, not a new store */
	bool may_change = mode == DB_CREATE || (mode == DB_WRITE && format > 0);

	while (r == 0 && may_change && format >= 0 && format < DATA_FORMAT) {
		r = db_exec(db, data_steps[format], err);
		format++;
	}
	return r < 0 ? r : check_format(format, DATA_FORMAT, name, err);
}

int migrate_index(sqlite3 *db, enum db_mode mode, const char *name, struct cu_err *err)
{
	int format = 0, r = read_format(db, &format, err);

	if (r == 0 && mode != DB_READ && format == 0) {
		format = INDEX_FORMAT;
		r = db_exec(db, index_schema, err);
	}
	return r < 0 ? r : check_format(format, INDEX_FORMAT, name, err);
}
