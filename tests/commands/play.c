#include "acts.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "judge.h"

#define SETTLE_MS  20000 /* what goes on by itself has come to its end */
#define QUIET_MS   150   /* so long without a change, and nothing goes on */
#define GOES_ON_MS 1200  /* until custosd has begun with what it does by itself */
#define ROUND_MS   3000  /* until a life of it has begun with all of that: the eraser, then the duties */
#define END_MS     60000
#define START_MS   10000
#define PASSPHRASE "correct horse battery staple\n"

struct play {
	struct house *h;
	const struct act *a;
	struct outcome *out;
	size_t nsaid;  /* bytes of custosd's log that are from before */
	int settle_ms; /* how long what goes on by itself is waited for */
};

/* --- the fault --------------------------------------------------------------------------------- */

static void arm(struct play *p, const struct way *way, uint64_t nth)
{
	struct shim_control *c = p->h->shim.control;

	c->how = way ? way->how : SHIM_COUNT;
	c->error_number = way ? way->error : 0;
	c->nth = nth;
	c->change[0] = '\0';
	atomic_store(&c->nchanges, 0);
	atomic_store(&c->has_happened, false);
	atomic_store(&c->is_armed, true);
}

static void disarm(struct play *p)
{
	atomic_store(&p->h->shim.control->is_armed, false);
}

/* Until nothing was changed for a while. */
static void wait_for_quiet(struct play *p)
{
	struct shim_control *c = p->h->shim.control;
	uint64_t n = UINT64_MAX;

	for (int i = 0; i < SETTLE_MS / QUIET_MS && n != atomic_load(&c->nchanges); i++) {
		n = atomic_load(&c->nchanges);
		run_sleep_ms(QUIET_MS);
	}
}

/* --- a life of custosd --------------------------------------------------------------------------- */

static size_t length_of_log(const struct stage *st)
{
	struct stat s;

	return stat(st->log, &s) == 0 ? (size_t)s.st_size : 0;
}

/* It ends by itself only if it says why. */
static void expect_reason(struct play *p, int status)
{
	char *text = stage_daemon_log(p->h->st);
	const char *said = text + p->nsaid;

	if (status >= 128) {
		fail_msg("custosd died of signal %d:\n%s", status - 128, said);
	}
	if (status != 0 && status != SHIM_STATUS && !strstr(said, "<3>") && !strstr(said, "<2>")) {
		fail_msg("custosd ended with %d and does not say why:\n%s", status, said);
	}
	p->nsaid = strlen(text);
	free(text);
}

/* By SIGTERM, if it has not ended before. */
static int end_life(struct play *p)
{
	int status;

	kill(p->h->st->daemon, SIGTERM);
	status = stage_wait_end(p->h->st, END_MS);
	expect_reason(p, status);
	return status;
}

static void end_life_well(struct play *p)
{
	int status = end_life(p);

	if (status != 0) {
		fail_msg("custosd ends with %d without a fault", status);
	}
}

static void open_if_sealed(struct play *p)
{
	struct stage *st = p->h->st;

	stage_ctl(st, AS_ADMIN, "--json", "status");
	stage_expect(st, 0);
	if (strcmp(stage_reply_text(st, "state"), "sealed") == 0) {
		stage_ctl_text(st, AS_ADMIN, PASSPHRASE, "unseal");
		stage_expect(st, 0);
	}
}

static void start_well(struct play *p)
{
	int64_t began = clock_monotonic_ms();
	int took;

	stage_start(p->h->st);
	took = (int)(clock_monotonic_ms() - began);
	p->out->start_ms = took > p->out->start_ms ? took : p->out->start_ms;
	if (took > START_MS) {
		fail_msg("custosd took %d ms to start", took);
	}
	open_if_sealed(p);
}

/* --- the act --------------------------------------------------------------------------------------- */

static int restore(struct play *p, bool is_shimmed)
{
	struct house *h = p->h;
	char words[3][256];
	int status;
	const char *args[] = { "restore", words[0], words[1], words[2], NULL };

	snprintf(words[0], sizeof(words[0]), "--from=%s", h->st->repo);
	snprintf(words[1], sizeof(words[1]), "--identity=%s", h->st->identity);
	snprintf(words[2], sizeof(words[2]), "--to=%s/elsewhere", h->st->files);
	free(run_shell("chmod 644 '%s'", h->st->identity));
	if (is_shimmed) {
		shimmed_begin_counting(&h->shim, h->dirs);
	}
	status = stage_custosd(h->st, args);
	shimmed_end();
	return status;
}

static int type(struct play *p)
{
	struct stage *st = p->h->st;
	int status = p->a->kind == ACT_RESTORE ? restore(p, false) : house_type(p->h, &p->a->typed);

	if (status >= 128) {
		fail_msg("custosctl died of signal %d", status - 128);
	}
	if (status != 0 && st->last.nerr == 0 && st->last.nout == 0) {
		fail_msg("custosctl ended with %d and says nothing", status);
	}
	return status;
}

static void note_answer(struct play *p, int status)
{
	const char *said = p->h->st->last.nerr ? p->h->st->last.err : p->h->st->last.out;

	p->out->status = status;
	p->out->was_acknowledged = status == p->a->status;
	snprintf(p->out->said, sizeof(p->out->said), "%.*s", (int)strcspn(said, "\n"), said);
}

/* Everything as it was; then the act, and custosd ends.  Without act: only that. */
static void live(struct play *p, bool does_act, const struct way *way, uint64_t nth)
{
	struct house *h = p->h;
	int status;

	house_put_back(h);
	p->nsaid = length_of_log(h->st);
	if (p->a->kind == ACT_RESTORE) {
		arm(p, way, nth);
		note_answer(p, restore(p, true));
		disarm(p);
		return;
	}
	if (p->a->kind == ACT_START && does_act) {
		arm(p, way, nth);
		shimmed_begin_counting(&h->shim, h->dirs);
		stage_launch(h->st);
		shimmed_end();
		if (!stage_await(h->st, &status)) {
			disarm(p);
			expect_reason(p, status);
			return;
		}
	} else {
		shimmed_begin_counting(&h->shim, h->dirs);
		stage_start(h->st);
		shimmed_end();
		house_type_all(h, p->a->first, sizeof(p->a->first) / sizeof(p->a->first[0]));
		if (does_act) {
			arm(p, way, nth);
			note_answer(p, type(p));
		}
	}
	if (p->a->goes_on && does_act) {
		run_sleep_ms(GOES_ON_MS);
		wait_for_quiet(p);
	}
	(void)end_life(p);
	disarm(p);
}

/* Another start, which ends before its n-th change; and if there is none, as others do. */
static void start_and_die(struct play *p, uint64_t nth)
{
	static const struct way dies = { "the process ends", SHIM_EXIT, 0 };
	int status;

	arm(p, &dies, nth);
	shimmed_begin_counting(&p->h->shim, p->h->dirs);
	stage_launch(p->h->st);
	shimmed_end();
	if (stage_await(p->h->st, &status)) {
		(void)end_life(p);
	}
	disarm(p);
}

/* --- judging ----------------------------------------------------------------------------------------- */

enum found { FOUND_BEFORE, FOUND_BETWEEN, FOUND_AFTER };

/* It is one of the two, or comes to it.  Leaves are read before anything else is looked at, which leaves
 * leaves. */
static enum found settle(struct play *p, const struct wanted *w, bool must_be_after)
{
	bool may_be_between = p->a->is_long && !must_be_after;
	int64_t end = clock_monotonic_ms() + (may_be_between ? GOES_ON_MS : p->settle_ms);
	char *leaves = NULL;
	char why[5000];

	for (;;) {
		struct look l;
		const char *d;

		if (!leaves) {
			leaves = look_leaves(p->h);
			if (strcmp(leaves, w->after.leaves) != 0 && strcmp(leaves, w->before.leaves) != 0 &&
				clock_monotonic_ms() < end) {
				free(leaves);
				leaves = NULL;
				run_sleep_ms(100);
				continue;
			}
		}
		l = (struct look){ look_shown(p->h), leaves };
		d = look_difference(&w->after, &l);
		if (!d) {
			look_done(&l);
			return FOUND_AFTER;
		}
		snprintf(why, sizeof(why), "after it, it %s", d);
		d = look_difference(&w->before, &l);
		if (!d && !must_be_after) {
			look_done(&l);
			return FOUND_BEFORE;
		}
		free(l.shown);
		if (clock_monotonic_ms() > end && may_be_between) {
			free(leaves);
			return FOUND_BETWEEN;
		}
		if (clock_monotonic_ms() > end) {
			fail_msg("%s: the store is neither as before nor as after:\n%s\nbefore it, it %s",
				p->out->was_acknowledged ? "acknowledged" : "not acknowledged", why, d ? d : "is so");
		}
		run_sleep_ms(100);
	}
}

static void expect_no_canary(struct play *p)
{
	char dirs[512];
	const char *path;

	snprintf(dirs, sizeof(dirs), "%s:%s:%.160s/run", p->h->st->state, p->h->st->repo, p->h->st->dir);
	path = look_for_canary(dirs);
	path = path ? path : look_for_canary(p->h->st->log);
	if (path) {
		fail_msg("what was typed stands in clear in %s", path);
	}
}

static void expect_log_verifies(struct play *p)
{
	stage_ctl(p->h->st, AS_ADMIN, "log", "verify");
	stage_expect(p->h->st, 0);
}

static char *names_of_files(const struct house *h)
{
	return run_shell("cd '%s' && find state repo -type f ! -name '*-shm' ! -name '*-wal' | "
			 "sed -E 's,/data/[0-9a-f]{2}/,/data/,; s/[0-9a-f]{16,}/ID/g; s/[0-9]+/N/g' | sort -u", h->st->dir);
}

/* There are as many as there are leaves; half a one is gone when its tile is full (tile_prune), and here what an
 * interrupted one has left as well. */
static bool is_tile(const char *name)
{
	static const char *const tiles[] = { "N/N", "N/N.p/N", "entries/N", "entries/N.p/N" };
	const char *at = strstr(name, "/log/tile/");

	for (size_t i = 0; at && i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		if (strcmp(at + strlen("/log/tile/"), tiles[i]) == 0) {
			return true;
		}
	}
	return strncmp(name, "state/log/tile/", 15) == 0 && strstr(name, "/.N.new");
}

static void expect_no_other_files(struct play *p, const struct wanted *w)
{
	char *names = names_of_files(p->h), *rest = names, *name;

	while ((name = strsep(&rest, "\n")) != NULL) {
		char line[300];

		snprintf(line, sizeof(line), "\n%s\n", name);
		if (is_tile(name)) {
			continue;
		}
		if (*name && !strstr(w->files, line)) {
			fail_msg("%s was left behind", name);
		}
	}
	free(names);
}

static void expect_whole_databases(struct play *p)
{
	static const char *const names[] = { "data", "index", "vault" };
	char path[224];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%.160s/%s.db", p->h->st->state, names[i]);
		judge_database(path);
	}
}

/* --- what is wanted ------------------------------------------------------------------------------------ */

/* Whoever made the store has what opens its backups. */
static void expect_identity(struct play *p)
{
	start_well(p);
	stage_ctl(p->h->st, AS_ADMIN, "backup", "run");
	stage_expect(p->h->st, 0);
	stage_ctl(p->h->st, AS_ADMIN, "drill", "run", house_words(p->h, "--identity=$identity"));
	stage_expect(p->h->st, 0);
	end_life_well(p);
}

/* What goes on by itself after a start has come to its end when nothing is seen to change. */
static char *look_until_still(struct play *p)
{
	char *shown = look_shown(p->h), *next;

	for (int i = 0; i < 30; i++) {
		run_sleep_ms(2 * QUIET_MS);
		next = look_shown(p->h);
		if (strcmp(shown, next) == 0) {
			free(next);
			break;
		}
		free(shown);
		shown = next;
	}
	return shown;
}

static struct look look_after(struct play *p)
{
	struct look l;

	if (p->a->kind == ACT_RESTORE) {
		stage_use_state(p->h->st, stage_path(p->h->st, "elsewhere"));
	}
	start_well(p);
	if (p->a->days_later || p->a->goes_on) {
		run_sleep_ms(ROUND_MS);
	}
	l = (struct look){ .leaves = look_leaves(p->h) };
	l.shown = p->a->days_later || p->a->goes_on ? look_until_still(p) : look_shown(p->h);
	end_life_well(p);
	return l;
}

void play_clean(struct house *h, const struct act *a, struct wanted *ret)
{
	struct outcome out = { 0 };
	struct play p = { h, a, &out, 0, SETTLE_MS };
	char state[160];
	struct look again;
	char *files[2];
	const char *d;

	snprintf(state, sizeof(state), "%s", h->st->state);
	if (a->kind != ACT_RESTORE) {
		live(&p, a->kind != ACT_TYPED, NULL, 0);
		ret->before = look_after(&p);
	}
	files[0] = names_of_files(h);
	for (int i = 0; i < 2; i++) {
		stage_use_state(h->st, state);
		live(&p, true, NULL, 0);
		if (a->kind != ACT_START && !out.was_acknowledged) {
			fail_msg("it ends with %d: %s", out.status, out.said);
		}
		ret->nchanges = atomic_load(&h->shim.control->nchanges);
		again = look_after(&p);
		d = i == 1 ? look_difference(&ret->after, &again) : NULL;
		if (d) {
			fail_msg("done twice, it is not the same: the second %s", d);
		}
		look_done(&ret->after);
		ret->after = again;
	}
	if (a->kind == ACT_RESTORE) {
		ret->before = (struct look){ strdup(ret->after.shown), strdup(ret->after.leaves) };
	}
	files[1] = names_of_files(h);
	stage_use_state(h->st, state);
	assert_true(asprintf(&ret->files, "\n%s\n%s\n", files[0], files[1]) > 0);
	ret->typed_leaves = look_new_leaves(&ret->before, &ret->after);
	free(files[0]);
	free(files[1]);
}

void wanted_done(struct wanted *w)
{
	look_done(&w->before);
	look_done(&w->after);
	free(w->files);
	free(w->typed_leaves);
	*w = (struct wanted){ 0 };
}

/* --- a run with a fault ----------------------------------------------------------------------------------- */

/* Whatever the log says of how it came there. */
static void expect_shown(struct play *p, const struct wanted *w)
{
	int64_t end = clock_monotonic_ms() + p->settle_ms;
	const char *d;

	do {
		struct look l = { look_shown(p->h), strdup(w->after.leaves) };

		d = look_difference(&w->after, &l);
		look_done(&l);
	} while (d && p->a->goes_on && clock_monotonic_ms() < end);
	if (d) {
		fail_msg("typed once more, it is not as after it: it %s", d);
	}
}

/* What was not answered is typed again.  If it had not happened, it does now, and is one effect. */
static void type_again(struct play *p, const struct wanted *w, enum found found)
{
	struct house *h = p->h;
	struct wanted rest = { .before = w->after, .after = { w->after.shown, w->typed_leaves } };
	int status;

	h->nleaves = p->a->is_alone ? 0 : stage_log_size(h->st);
	if (p->a->is_alone && found != FOUND_AFTER) {
		free(run_shell("rm -f '%s'", h->st->identity)); /* of a store that is none */
	}
	status = type(p);
	if (found == FOUND_AFTER) {
		return; /* that it was answered is enough */
	}
	if (status != p->a->status) {
		fail_msg("it did not happen as a whole, and typed again it ends with %d: %s%s", status, h->st->last.out,
			h->st->last.err);
	}
	if (p->a->is_begun) {
		run_sleep_ms(ROUND_MS);
	}
	if (p->a->goes_on || p->a->seals) { /* what goes on by itself may begin with a life of custosd, and not soon again */
		end_life_well(p);
		start_well(p);
	}
	if (found == FOUND_BEFORE) {
		(void)settle(p, &rest, true);
	} else {
		expect_shown(p, w);
	}
}

/* Somebody takes away what was answered, or half of it, or writes down what was typed. */
static void spoil(struct play *p, enum control control)
{
	const char *dir = p->h->st->dir;

	switch (control) {
	case CONTROL_NONE: break;
	case CONTROL_LOST:
		free(run_shell("cd '%s' && rm -rf state && cp -a kept/state .", dir));
		break;
	case CONTROL_HALF:
		free(run_shell("cd '%s' && rm -f state/data.db* && cp -a kept/state/data.db* state/", dir));
		break;
	case CONTROL_CANARY:
		free(run_shell("echo 'name: %s.' >'%s'/state/log/.new", CANARY, dir));
		break;
	}
}

void play_fault(struct house *h, const struct act *a, const struct wanted *w, const struct way *way,
	const struct run *run, struct outcome *ret)
{
	struct play p = { h, a, ret, 0, run->control == CONTROL_NONE ? SETTLE_MS : 500 };
	bool is_acknowledged;
	enum found found;

	live(&p, true, way, run->nth);
	is_acknowledged = ret->was_acknowledged;
	ret->has_happened = atomic_load(&h->shim.control->has_happened);
	memcpy(ret->change, h->shim.control->change, sizeof(ret->change));
	spoil(&p, run->control);
	if (a->kind == ACT_RESTORE) {
		/* what has its name already is whole */
		if (!is_acknowledged && restore(&p, false) != 0 && !strstr(h->st->last.err, "is not empty")) {
			fail_msg("restored once more it ends so: %s", h->st->last.err);
		}
		stage_use_state(h->st, stage_path(h->st, "elsewhere"));
	}
	if (run->nth_of_start) {
		start_and_die(&p, run->nth_of_start);
	}
	start_well(&p);
	if (a->goes_on) { /* what one life began with too early, the next one finds */
		run_sleep_ms(ROUND_MS);
		end_life_well(&p);
		start_well(&p);
		run_sleep_ms(ROUND_MS);
	}
	found = settle(&p, w, (is_acknowledged && !a->is_begun) || a->kind == ACT_START);
	if (!a->is_alone || found == FOUND_AFTER) { /* before there is a store, there is no log */
		expect_log_verifies(&p);
	}
	expect_no_canary(&p);
	is_acknowledged &= !a->is_begun || found == FOUND_AFTER;
	if (a->kind == ACT_TYPED && !is_acknowledged && !a->is_passing) {
		type_again(&p, w, found);
		expect_log_verifies(&p);
	}
	end_life_well(&p);
	expect_no_canary(&p);
	expect_whole_databases(&p);
	expect_no_other_files(&p, w);
	if (a->is_alone) {
		expect_identity(&p);
	}
}
