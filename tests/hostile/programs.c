/*
 * The same tricks on the target of a custosd that runs: it starts, checks, drills, looks for the erased, and
 * backs up; then custosd restore and open_backup.py read what is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tricks.h"

#define ALL_WELL 0
#define DAMAGED  65

static uint64_t count(const struct ground *g)
{
	(void)g;
	return ntricks;
}

/* What a terminal would obey. */
static bool has_control(const char *text)
{
	for (; *text; text++) {
		if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

/* Keeps what was said, for the report of what is wrong. */
static const char *listen(struct ground *g, const char *wrong)
{
	const struct ran *last = &g->victim->st->last;

	snprintf(g->reading.said, sizeof(g->reading.said), "%.200s", last->err);
	snprintf(g->reading.told, sizeof(g->reading.told), "%.1000s", last->out);
	if (!wrong && (has_control(last->out) || has_control(last->err))) {
		return "what is printed has control characters";
	}
	return wrong;
}

/* The target becomes the copy that was tricked; state as custosd left it. */
static void set_scene(struct ground *g, const struct trick *t)
{
	const struct victim *v = g->victim;

	free(run_shell("rm -rf '%s/state' && cp -a '%s/state.kept' '%s/state'", v->dir, v->dir, v->dir));
	trick_play(v, v->st->repo, t);
	if (stage_has_roles()) {
		free(run_shell("chown -hR --reference='%s/state' '%s'*", v->dir, v->st->repo));
	}
}

/* --- custosd runs ---------------------------------------------------------------------------- */

static const char *check(struct ground *g, const struct trick *t)
{
	int status = stage_ctl(g->victim->st, AS_ADMIN, "backup", "check", "--read-data");
	bool is_damaged = t->must == MUST_REFUSE || t->is_fault;

	if (t->is_rollback && (status != DAMAGED || !strstr(g->victim->st->last.out, "was rolled back"))) {
		return listen(g, "backup check does not say that it was rolled back");
	}
	if (is_damaged && status == ALL_WELL) {
		return listen(g, "backup check finds nothing");
	}
	if (!is_damaged && t->must == MUST_BE_SAME && status != ALL_WELL) {
		return listen(g, "backup check does not end with 0");
	}
	if (is_damaged && status == DAMAGED && t->told && !strstr(g->victim->st->last.out, t->told) &&
		!strstr(g->victim->st->last.err, t->told)) {
		return listen(g, "backup check does not name it");
	}
	return listen(g, NULL);
}

static const char *drill(struct ground *g, const struct trick *t, const char *level)
{
	char identity[224];
	int status;

	snprintf(identity, sizeof(identity), "--identity=%s", g->victim->st->identity);
	status = strcmp(level, "--level=3") == 0 ?
		stage_ctl(g->victim->st, AS_ADMIN, "drill", "run", level, identity) :
		stage_ctl(g->victim->st, AS_ADMIN, "drill", "run", level);
	if (t->must == MUST_REFUSE && status == ALL_WELL) {
		return listen(g, "a drill passes");
	}
	return listen(g, t->must == MUST_BE_SAME && !t->is_fault && status != ALL_WELL ? "a drill fails" : NULL);
}

static const char *look_for_erased(struct ground *g)
{
	char identity[224];
	int status;

	snprintf(identity, sizeof(identity), "--identity=%s", g->victim->st->identity);
	status = stage_ctl(g->victim->st, AS_ADMIN, "erase", "verify", identity);
	(void)status; /* what it must say has story_erase_verify; here it must end, and speak cleanly */
	return listen(g, NULL);
}

static const char *ask_custosd(struct ground *g, const struct trick *t)
{
	struct stage *st = g->victim->st;
	const char *wrong = check(g, t);

	if (!wrong) {
		wrong = drill(g, t, "--level=1");
	}
	if (!wrong) {
		wrong = drill(g, t, "--level=3");
	}
	if (!wrong) {
		wrong = look_for_erased(g);
	}
	if (!wrong) {
		stage_ctl(st, AS_ADMIN, "backup", "run");
		wrong = listen(g, NULL);
	}
	if (!wrong && stage_ctl(st, AS_ADMIN, "log", "verify") != ALL_WELL) {
		wrong = listen(g, "the log of the store does not verify any more");
	}
	return wrong;
}

/* Is what custosd kept still all there? */
static const char *serve_again(struct ground *g)
{
	struct stage *st = g->victim->st;

	stage_start(st);
	if (stage_ctl(st, AS_PRIVACY, "subject", "get", g->victim->remembered, "--purpose=" STAGE_PURPOSE) != 0 &&
		st->last.status != 78 /* quarantined: a fork */) {
		stage_stop(st);
		return listen(g, "custosd does not serve what it has");
	}
	stage_stop(st);
	return NULL;
}

/* --- custosd is lost ------------------------------------------------------------------------- */

static const char *restore(struct ground *g, const struct trick *t)
{
	struct stage *st = g->victim->st;
	char from[224], identity[224], to[224];
	const char *wrong = NULL;
	int status;

	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	snprintf(to, sizeof(to), "--to=%s/elsewhere", st->files);
	status = stage_restore(st, from, identity, to);
	if (t->must != MUST_REFUSE) {
		wrong = status == 0 ? NULL : "it is not restored";
	} else if (status == 0 || status >= 128) {
		wrong = "it is restored, or ended by a signal";
	} else if (t->about && !strstr(st->last.err, t->about)) {
		wrong = "the message does not name it";
	}
	wrong = listen(g, wrong);
	if (!wrong && t->must == MUST_REFUSE &&
		system("test -z \"$(ls -A \"$STAGE_FILES\" | grep elsewhere)\"") != 0) {
		wrong = "something was left behind";
	}
	free(run_shell("rm -rf '%s/elsewhere'", st->files));
	return wrong;
}

/* With the copy of open_backup.py that we trust; nobody erased may be shown by a whole chain. */
static const char *open_by_hand(struct ground *g, const struct trick *t)
{
	const struct victim *v = g->victim;
	char *text = run_shell("(timeout 120 /usr/bin/python3 '%s/whole/open_backup.py' --identity '%s' '%s' %s 2>&1 && echo 0) || echo $?",
		v->dir, v->st->identity, v->st->repo, v->erased[0]);
	const char *last = strrchr(text, '\n') ? text + strlen(text) - 2 : text;
	int status;

	while (last > text && last[-1] != '\n') {
		last--;
	}
	status = atoi(last);
	snprintf(g->reading.said, sizeof(g->reading.said), "open_backup.py: %.200s", text);
	free(text);
	if (status == 124 || status > 128) {
		return "open_backup.py hangs, or is killed";
	}
	return status == 0 && (t->must == MUST_REFUSE || t->must == MUST_BE_SAME) ? "somebody erased is shown" : NULL;
}

/* --- all of it --------------------------------------------------------------------------------- */

static bool has_reader(void)
{
	static int has = -1;

	if (has < 0) {
		has = system("/usr/bin/python3 -c 'import nacl' 2>/dev/null && command -v age zstd >/dev/null") == 0;
	}
	return has;
}

static const char *play(struct ground *g, uint64_t i, char what[300])
{
	const struct trick *t = &tricks[i];
	struct stage *st = g->victim->st;
	const char *wrong;

	snprintf(what, 300, "%s", t->what);
	if (!trick_is_for_us(t)) {
		return NULL;
	}
	setenv("STAGE_FILES", st->files, 1);
	set_scene(g, t);
	if (strcmp(st->state, g->victim->dir) != 0) {
		char state[200];

		snprintf(state, sizeof(state), "%s/state", g->victim->dir);
		stage_use_state(st, state);
	}
	stage_start(st);
	*g->daemon = st->daemon;
	wrong = ask_custosd(g, t);
	stage_stop(st);
	if (!wrong) {
		wrong = serve_again(g);
	}
	*g->daemon = 0;
	if (!wrong) {
		set_scene(g, t);
		wrong = restore(g, t);
	}
	if (!wrong && has_reader()) {
		wrong = open_by_hand(g, t);
	}
	return wrong;
}

const struct kind program_kinds[] = {
	{ "tricks on the programs", count, play, 0, 1, 25 },
	{ 0 },
};
