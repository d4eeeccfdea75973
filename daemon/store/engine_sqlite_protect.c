/* What a restore of older data takes from a newer image: one list of tables. */
#include "store/engine_protect.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "db/db.h"
#include "store/engine_sqlite.h"

#define MAX_COLUMNS 64 /* of a table */
#define SQL_SIZE    1024

/* Rows of the older image that match clear go; those that read yields in the newer one are put
 * in their place when where holds, in which ?n is their n-th column.  In the order of the list:
 * a subject comes before what is of it. */
struct rule {
	const char *table;
	const char *clear; /* NULL: nothing goes */
	const char *read;  /* NULL: it stays as it was backed up */
	const char *where;
};

#define ALL(table)       { table, "1", "SELECT * FROM " table, "1" }
#define AS_BACKED_UP(table) { table, NULL, NULL, NULL }
#define IS_SYSTEM        "collection GLOB 'custos.*'"
#define SUBJECT_IS(n)    "EXISTS (SELECT 1 FROM subject WHERE id = " n ")"

/* clang-format off */
static const struct rule rules[] = {
	ALL("meta"), /* numbers that are given out once, what is known of the clock */
	ALL("alias"),
	/* its run, its freeze, what is hidden; cases are only here; whose other id was there comes */
	{ "subject", "kind = 3", "SELECT * FROM subject", "?2 = 3 OR " SUBJECT_IS("?1")
		" OR EXISTS (SELECT 1 FROM alias WHERE subject = ?1 AND old IN"
		" (SELECT id FROM subject))" },
	{ "slot", IS_SYSTEM, "SELECT * FROM slot", SUBJECT_IS("?1") },
	/* what was backed up stays, but for letters, reasons, evidence */
	{ "cosubject", "record IN (SELECT id FROM record WHERE " IS_SYSTEM ")",
		"SELECT * FROM cosubject WHERE record IN (SELECT id FROM record WHERE " IS_SYSTEM ")",
		SUBJECT_IS("?1") },
	{ "record", IS_SYSTEM, "SELECT * FROM record WHERE " IS_SYSTEM, SUBJECT_IS("?2") },
	/* numbers are made of texts, so those of the older image may stay beside these */
	{ "rule", NULL, "SELECT * FROM rule", "1" },
	{ "rule_key", NULL, "SELECT * FROM rule_key", "1" },
	{ "record_rule", NULL, "SELECT * FROM record_rule",
		"EXISTS (SELECT 1 FROM record WHERE id = ?1)" },
	ALL("cohort"),
	{ "consent", "1", "SELECT * FROM consent", SUBJECT_IS("?1") },
	ALL("dsr"),
	ALL("dsr_part"),
	ALL("dsr_pause"),
	ALL("dsr_outgoing"),
	ALL("hold"),
	ALL("hold_part"),
	ALL("hold_block"),
	ALL("hold_slot"),
	ALL("capture"),
	ALL("incident"),
	ALL("incident_told"),
	ALL("duty_done"),
	ALL("expiry"),
	ALL("expiry_item"),
	ALL("expiry_rule"),
	ALL("tally"),
	ALL("aggregate"), /* of keys that are gone: what is counted again here never is */
	/* somebody was last heard of in records that do not come */
	{ "activity", NULL, "SELECT id, " ACTIVITY_OF("s.id") " FROM subject AS s WHERE kind <> 3",
		SUBJECT_IS("?1") " AND ?2 > max(-800000, coalesce((SELECT day FROM activity"
		" WHERE subject = ?1), -800000))" },
	/* one that waits needs somebody to wait for */
	{ "erasure", "1", "SELECT * FROM erasure", "?9 >= 5 OR " SUBJECT_IS("?2") },
	{ "erasure_part", "1", "SELECT * FROM erasure_part",
		"EXISTS (SELECT 1 FROM erasure WHERE id = ?1)" },
	{ "erasure_slot", "1", "SELECT * FROM erasure_slot",
		"EXISTS (SELECT 1 FROM erasure WHERE id = ?1)"
		" OR EXISTS (SELECT 1 FROM alias WHERE old = ?1)" },
	ALL("message"), /* what was sent since is not to be sent again */
	ALL("alarm"),
	ALL("operator"),
	ALL("approval"),
	ALL("access"),
	ALL("job_run"), /* what was done by itself, and when last */
	AS_BACKED_UP("request"), /* what was answered since did not happen in this store */
	AS_BACKED_UP("outbox"),  /* the settling drops it */
};
/* clang-format on */

#define NRULES (sizeof(rules) / sizeof(rules[0]))

const char *engine_protect_table(unsigned n)
{
	return n < NRULES ? rules[n].table : NULL;
}

/* "INSERT OR REPLACE INTO t SELECT ?1, ?2 WHERE ..." */
static int prepare_put(struct engine *to, const struct rule *rule, int ncolumns,
	sqlite3_stmt **ret, struct cu_err *err)
{
	char parameters[MAX_COLUMNS * 5] = "", sql[SQL_SIZE];
	size_t n = 0;

	if (ncolumns < 1 || ncolumns > MAX_COLUMNS) {
		return cu_err_set(err, CU_ECORRUPT, "%s has %d columns", rule->table, ncolumns);
	}
	for (int i = 1; i <= ncolumns; i++) {
		n += (size_t)snprintf(
			parameters + n, sizeof(parameters) - n, "%s?%d", i > 1 ? "," : "", i);
	}
	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s SELECT %s WHERE %s", rule->table,
		parameters, rule->where);
	return db_prepare(to->data, sql, ret, err);
}

static int clear(struct engine *to, const struct rule *rule, struct cu_err *err)
{
	char sql[SQL_SIZE];

	if (!rule->clear) {
		return 0;
	}
	snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s", rule->table, rule->clear);
	return db_exec(to->data, sql, err);
}

/* Row by row: nothing is held but one. */
static int copy(sqlite3_stmt *from, sqlite3_stmt *put, struct cu_err *err)
{
	int ncolumns = sqlite3_column_count(from), r;

	while ((r = db_step(from, err)) > 0) {
		for (int i = 0; i < ncolumns; i++) {
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(from, i));
		}
		r = db_run(put, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* only: of this record; NULL: all that the rule reads. */
static int take(struct engine *to, struct engine *newer, const struct rule *rule,
	const struct id *only, struct cu_err *err)
{
	sqlite3_stmt *from = NULL, *put = NULL;
	int r = clear(to, rule, err);

	if (r == 0) {
		r = db_prepare(newer->data, rule->read, &from, err);
	}
	if (r == 0 && only) {
		engine_bind_id(from, 1, only);
	}
	if (r == 0) {
		r = prepare_put(to, rule, sqlite3_column_count(from), &put, err);
	}
	if (r == 0) {
		r = copy(from, put, err);
	}
	sqlite3_finalize(from);
	sqlite3_finalize(put);
	return r < 0 ? cu_err_wrap(err, r, "%s", rule->table) : 0;
}

int engine_protect(struct engine *to, struct engine *newer, struct cu_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NRULES; i++) {
		r = rules[i].read ? take(to, newer, &rules[i], NULL, err) : 0;
	}
	return r;
}

int engine_protect_record(struct engine *to, struct engine *newer, const struct id *record,
	struct cu_err *err)
{
	static const struct rule of_one[] = {
		{ "record", NULL, "SELECT * FROM record WHERE id = ?1", "1" },
		{ "cosubject", NULL, "SELECT * FROM cosubject WHERE record = ?1", SUBJECT_IS("?1") },
	};
	int r = engine_do_id(to, ST_CO_DEL, record, err);

	for (size_t i = 0; r == 0 && i < sizeof(of_one) / sizeof(of_one[0]); i++) {
		r = take(to, newer, &of_one[i], record, err);
	}
	return r;
}
