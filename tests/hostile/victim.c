#include "victim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "chinook.h"

#define READS   260 /* leaves: with those of the rest more than a bundle of 256 */

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void add(struct stage *st, const char *name)
{
	char text[160], id[33];

	snprintf(text, sizeof(text), "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"%s\"}}]", name);
	stage_add_person(st, text, id);
}

static void erase(struct stage *st, const char *id)
{
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);
}

/* Each is a leaf of the log. */
static void read_often(struct stage *st, const char *id)
{
	struct client *c = stage_client(st, AS_PRIVACY);
	json_t *call = json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE);
	struct cu_err err = { 0 };

	for (int i = 0; i < READS; i++) {
		json_t *reply = NULL;

		if (client_call(c, "io.custos.subject.Get", call, -1, &reply, &err) < 0) {
			fail_msg("%s", err.msg);
		}
		json_decref(reply);
	}
	json_decref(call);
	client_close(c);
}

/* custosd is down meanwhile. */
static void keep(struct victim *v, const char *repo, const char *state)
{
	stage_stop(v->st);
	free(run_shell("cp -a '%s' '%s/%s'", v->st->repo, v->dir, repo));
	if (state) {
		free(run_shell("cp -a '%s' '%s/%s'", v->st->state, v->dir, state));
	}
	stage_start(v->st);
}

/* From state.second and second/, with the directories of the stage in their places meanwhile. */
static void fork_off(struct victim *v)
{
	struct stage *st = v->st;

	free(run_shell("cd '%s' && rm -rf '%s' && cp -a second '%s' && cp -a state.kept '%s.kept' && rm -rf '%s' && "
		       "cp -a state.second '%s'",
		v->dir, st->repo, st->repo, st->state, st->state, st->state));
	stage_start(st);
	add(st, "Fork");
	back_up(st);
	add(st, "Spoon");
	back_up(st);
	stage_stop(st);
	free(run_shell("cd '%s' && cp -a '%s' fork && rm -rf '%s' '%s' && mv '%s.kept' '%s' && cp -a whole '%s'",
		v->dir, st->repo, st->repo, st->state, st->state, st->state, st->repo));
}

static void make_other(struct victim *v)
{
	struct stage *other = stage_new();

	stage_start(other);
	stage_init(other);
	add(other, "Mallory");
	back_up(other);
	add(other, "Trudy");
	back_up(other);
	stage_stop(other);
	free(run_shell("cp -a '%s' '%s/other'", other->repo, v->dir));
	stage_free(other);
}

static void live(struct victim *v)
{
	struct stage *st = v->st;

	stage_start(st);
	stage_init(st);
	stage_ctl(st, AS_PRIVACY, "import", chinook_customers(st),
		"--map=" CHINOOK_MAP("customers"), "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	chinook_find(st, CHINOOK_SOMEONE, v->erased[0]);
	chinook_find(st, "leonekohler@surfeu.de", v->remembered);
	back_up(st); /* 1 */
	keep(v, "first", NULL);
	erase(st, v->erased[0]); /* 2: its vault object */
	read_often(st, v->remembered);
	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]", v->erased[1]);
	back_up(st); /* 3 */
	keep(v, "second", "state.second");
	erase(st, v->erased[1]); /* 4 */
	add(st, "Ben");
	back_up(st); /* 5 */
	stage_stop(st);
	free(run_shell("cp -a '%s' '%s/whole'; cp -a '%s' '%s/state.kept'; cp -a '%s' '%s/state'", st->repo, v->dir,
		st->state, v->dir, st->state, v->dir));
}

struct victim *victim_new(void)
{
	struct victim *v = calloc(1, sizeof(*v));
	struct cu_err err = { 0 };

	assert_non_null(v);
	v->st = stage_new();
	v->identity = (struct buf)BUF_INIT_WIPE;
	snprintf(v->dir, sizeof(v->dir), "%.120s/victim", v->st->dir);
	free(run_shell("mkdir '%s' && chmod 755 '%s'", v->dir, v->dir));
	live(v);
	free(run_shell("chmod 644 '%s'", v->st->identity)); /* custosd restore is another user */
	fork_off(v);
	make_other(v);
	if (path_read_file(v->st->identity, IDENTITY_MAX_SIZE, &v->identity, &err) < 0 ||
		identity_parse(buf_span(&v->identity), &v->pins, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	return v;
}

void victim_free(struct victim *v)
{
	if (v) {
		identity_done(&v->pins);
		buf_done(&v->identity);
		stage_free(v->st);
		free(v);
	}
}

/* What the lines of the tricks are about: objects that the newest manifest names, and older ones. */
static const char preamble[] =
	"set -e; cd \"$V\"; of() { set -- $(grep '^range 0 ' $1/manifest/$2); echo data/$(echo $6 | cut -c1-2)/$6; }; "
	"vault_of() { set -- $(grep '^vault ' $1/manifest/$2); printf 'vault/%020d-%s' $2 $3; }; "
	"last=0000000005; data=$(of whole $last); old_data=$(of whole 0000000001); vault=$(vault_of whole $last); "
	"old_vault=$(vault_of whole 0000000001); other_data=$(of other 0000000002); "
	"other_vault=$(vault_of other 0000000002); ";

void victim_shell(const struct victim *v, const char *repo, const char *line)
{
	free(run_shell("export V='%s' R='%s'; %s%s", v->dir, repo, preamble, line));
}

bool victim_has_row(const char *state_dir, const char *id)
{
	char path[PATH_SIZE];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	uint8_t bytes[16];
	bool has;

	snprintf(path, sizeof(path), "%s/data.db", state_dir);
	assert_true(text_unhex(id, 32, bytes, sizeof(bytes)));
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM subject WHERE id = ?1", -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_blob(st, 1, bytes, sizeof(bytes), SQLITE_STATIC);
	has = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return has;
}
