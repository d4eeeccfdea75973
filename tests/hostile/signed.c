/*
 * Backups that are signed and sealed as they should be, and hold what custos never writes: what somebody with the key
 * of the log could make.  He can put anything into rows; he must get no SQL of his run, and crash or stop nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "forge.h"
#include "ground.h"

/* Before each: something that changes a row, without which nothing is forged. */
#define A_ROW "UPDATE meta SET value = value WHERE key = 'lineage'; "
/* A query that never ends. */
#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

static const struct {
	const char *what, *sql;
	bool is_same; /* it is ours after all: the control */
} forged[] = {
	{ "nothing but the signature", A_ROW, true },
	{ "a trigger", A_ROW "CREATE TRIGGER x AFTER DELETE ON subject BEGIN INSERT INTO meta VALUES ('x', x'00'); END", false },
	{ "a trigger instead of a change",
		A_ROW "CREATE TRIGGER x BEFORE DELETE ON record BEGIN SELECT raise(IGNORE); END", false },
	{ "a trigger that never ends", A_ROW "CREATE TRIGGER x AFTER UPDATE ON meta BEGIN UPDATE subject SET kind = kind WHERE "
				       "created_ms > (SELECT count(*) FROM (" ENDLESS "SELECT i FROM n)); END", false },
	{ "a view that never ends in the place of a table",
		A_ROW "DROP TABLE aggregate; CREATE VIEW aggregate AS " ENDLESS "SELECT i FROM n", false },
	{ "a virtual table in the place of a table",
		A_ROW "DROP TABLE aggregate; CREATE VIRTUAL TABLE aggregate USING fts5(a, b)", false },
	{ "a virtual table beside ours", A_ROW "CREATE VIRTUAL TABLE x USING fts5(a, b)", false },
	{ "a table less", A_ROW "DROP TABLE record", false },
	{ "a column of another name", A_ROW "ALTER TABLE record RENAME COLUMN sealed TO soaled", false },
	{ "a format of tomorrow", A_ROW "PRAGMA user_version = 9999", false },
	{ "a format of yesterday", A_ROW "PRAGMA user_version = 1", false },
	{ "no format", A_ROW "PRAGMA user_version = 0", false },
};

static uint64_t count(const struct ground *g)
{
	(void)g;
	return sizeof(forged) / sizeof(*forged);
}

static const char *play(struct ground *g, uint64_t i, char what[300])
{
	const struct victim *v = g->victim;
	struct stage *st = v->st;
	struct reading *r = &g->reading;
	char state[200];
	const char *wrong;

	snprintf(what, 300, "%s", forged[i].what);
	snprintf(state, sizeof(state), "%s/state", v->dir);
	free(run_shell("cd '%s' && rm -rf state '%s' '%s/forge' && cp -a state.kept state && cp -a whole '%s'", v->dir,
		st->repo, st->files, st->repo));
	stage_use_state(st, state);
	stage_start(st);
	forge_backup(st, forged[i].sql);
	stage_stop(st);
	reading_restore(r, st->repo);
	if (forged[i].is_same) {
		wrong = r->restored == 0 ? NULL : "it was refused";
	} else {
		wrong = reading_judge(r, MUST_REFUSE, "data.db");
	}
	reading_clear(r);
	return wrong;
}

const struct kind signed_kinds[] = {
	{ "signed by a thief", count, play, 0, 0, 5 },
	{ 0 },
};
