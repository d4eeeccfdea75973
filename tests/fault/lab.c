#include "lab.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "judge.h"
#include "load.h"
#include "shimmed.h"

#define WORLD_ROUNDS 50  /* with one store; then another begins */
#define LOAD_MS      150 /* at most, before the end */
#define END_MS       30000

struct lab {
	enum lab_name name;
	const struct lab_bounds *bounds;
	struct trial *result; /* shared with the process that waits */
	int64_t end_ms;            /* 0: none */
	const char *deaf;
	bool is_shimmed, is_random;
	struct stage *stage;
	struct load load;
	struct judge judge;
	struct shimmed shim;
};

static bool goes_on(const struct lab *lab)
{
	return lab->result->rounds < lab->bounds->rounds &&
		(lab->end_ms == 0 || clock_monotonic_ms() < lab->end_ms);
}

/* --- a world: one store ----------------------------------------------------------------- */

static void set_environment(const struct lab *lab)
{
	if (lab->is_shimmed) {
		shimmed_begin(&lab->shim, lab->deaf);
	}
}

static void start(struct lab *lab)
{
	set_environment(lab);
	stage_start(lab->stage);
	shimmed_end();
}

static void begin_world(struct lab *lab)
{
	char graves[192];

	lab->stage = stage_new();
	if (lab->is_shimmed) {
		snprintf(graves, sizeof(graves), "%.150s/graves", lab->stage->repo);
		shimmed_init(&lab->shim, lab->stage, graves);
	}
	load_init(&lab->load, lab->stage, lab->bounds->seed + lab->result->rounds);
	lab->judge = (struct judge){ .load = &lab->load };
	start(lab);
	stage_init(lab->stage);
}

static void count_up(struct lab *lab)
{
	lab->result->acknowledged += lab->load.nacks;
	lab->result->checked += lab->judge.nchecked;
	lab->load.nacks = lab->judge.nchecked = 0;
}

static void end_world(struct lab *lab)
{
	judge_store(&lab->judge, true);
	count_up(lab);
	stage_free(lab->stage);
	load_done(&lab->load);
	if (lab->is_shimmed) {
		shimmed_done(&lab->shim);
	}
}

/* --- the ends ----------------------------------------------------------------------------- */

static void power_off(struct lab *lab)
{
	stage_kill(lab->stage);
	lab->result->kills++;
	if (lab->is_shimmed) {
		cut_power(lab->stage->state, lab->shim.notes, lab->shim.graves, lab->is_random,
			(unsigned)load_draw(&lab->load, UINT32_MAX));
	}
}

/* In the middle of a start, too: what mends must survive its own end. */
static void maybe_kill_a_start(struct lab *lab)
{
	if (load_draw(&lab->load, 6) > 0) {
		return;
	}
	set_environment(lab);
	stage_launch(lab->stage);
	shimmed_end();
	run_sleep_ms((int)load_draw(&lab->load, 60));
	power_off(lab);
}

static void round_of_kills(struct lab *lab)
{
	struct load_run run;

	load_start(&lab->load, &run);
	run_sleep_ms((int)load_draw(&lab->load, LOAD_MS));
	power_off(lab);
	load_end(&lab->load, &run, NULL);
	maybe_kill_a_start(lab);
	judge_files(&lab->judge);
	start(lab);
	judge_store(&lab->judge, false);
}

/* What custosd can do without for a while: tiles and checkpoints are derived from the log's
 * journal, and a database whose checkpoint failed still has its write-ahead log, from which the
 * next one writes every page again. */
static bool may_go_on(const char *failed)
{
	size_t n = strlen(failed);

	return (strstr(failed, "/log/") && !strstr(failed, "/journal")) ||
		(n > 3 && strcmp(failed + n - 3, ".db") == 0);
}

/* SQLite syncs the directory once more at the first sync of a write-ahead log, and looks away if that
 * fails; custosd has done so itself before (db_open). */
static bool is_done_already(const struct lab *lab)
{
	return strcmp(lab->shim.control->failed, lab->stage->state) == 0;
}

static void expect_it_says_why(struct lab *lab, size_t from)
{
	char *said = stage_daemon_log(lab->stage);

	if (!strstr(said + from, "Input/output error") && !strstr(said + from, "disk I/O error")) {
		fail_msg("custosd does not say that the sync of %s failed:\n%s",
			lab->shim.control->failed, said + from);
	}
	free(said);
}

/* It has ended by itself, with a status that says so; or it goes on, and the power is cut. */
static void end_after_failure(struct lab *lab)
{
	struct stage *st = lab->stage;
	struct ran ended;

	if (!run_try_wait(&st->job, 5000, &ended)) {
		if (!may_go_on(lab->shim.control->failed) && !is_done_already(lab)) {
			char *said = stage_daemon_log(st);

			fail_msg("custosd goes on after a failed sync of %s:\n%s",
				lab->shim.control->failed, said);
		}
		power_off(lab);
		return;
	}
	if (ended.status == 0 || ended.status >= 128) {
		fail_msg("status %d after a failed sync of %s", ended.status, lab->shim.control->failed);
	}
	ran_done(&ended);
	st->daemon = 0;
	lab->result->kills++;
	cut_power(st->state, lab->shim.notes, lab->shim.graves, lab->is_random,
		(unsigned)load_draw(&lab->load, UINT32_MAX));
}

/* One of the next syncs fails; what was not synced is lost as well. */
static void round_of_failure(struct lab *lab)
{
	struct shim_control *control = lab->shim.control;
	uint64_t nfailed = atomic_load(&control->nfailed);
	int64_t end = clock_monotonic_ms() + END_MS;
	char *said = stage_daemon_log(lab->stage);
	size_t from = strlen(said);
	struct load_run run;

	free(said);
	load_start(&lab->load, &run);
	atomic_store(
		&control->fail_at, atomic_load(&control->nsyncs) + 1 + load_draw(&lab->load, 60));
	while (atomic_load(&control->nfailed) == nfailed && clock_monotonic_ms() < end) {
		run_sleep_ms(2);
	}
	assert_true(atomic_load(&control->nfailed) == nfailed + 1);
	end_after_failure(lab);
	load_end(&lab->load, &run, NULL);
	if (!is_done_already(lab)) {
		expect_it_says_why(lab, from);
	}
	start(lab);
	judge_store(&lab->judge, false);
}

static void repeat(struct lab *lab, void (*round)(struct lab *))
{
	while (goes_on(lab)) {
		begin_world(lab);
		for (unsigned i = 0; i < WORLD_ROUNDS && goes_on(lab); i++) {
			round(lab);
			lab->result->rounds++;
			count_up(lab);
		}
		end_world(lab);
	}
}

/* --- a full disk ---------------------------------------------------------------------------- */

#define FULL_SIZE   (48u << 20)
#define FULL_ROUNDS 8 /* what was acknowledged stays, and takes the room of the next round */

static const char *mounted; /* for the end of the process, however it comes */

static void unmount(void)
{
	if (mounted) {
		umount2(mounted, MNT_DETACH);
		mounted = NULL;
	}
}

static void mount_small(struct stage *st)
{
	char options[64];

	snprintf(options, sizeof(options), "size=%u,mode=700,uid=%u,gid=%u", FULL_SIZE,
		(unsigned)stage_uid(AS_DAEMON), (unsigned)stage_uid(AS_DAEMON));
	if (geteuid() != 0 || mount("tmpfs", st->state, "tmpfs", MS_NOSUID, options) < 0) {
		fprintf(stderr, "needs root and mounts\n");
		exit(TRIAL_SKIPPED);
	}
	mounted = st->state;
	atexit(unmount); /* before the directory is removed */
}

static void begin_small_world(struct lab *lab)
{
	lab->stage = stage_new();
	mount_small(lab->stage);
	load_init(&lab->load, lab->stage, lab->bounds->seed + lab->result->rounds);
	lab->judge = (struct judge){ .load = &lab->load };
	stage_start(lab->stage);
	stage_init(lab->stage);
}

static void end_small_world(struct lab *lab)
{
	judge_store(&lab->judge, true);
	count_up(lab);
	stage_stop(lab->stage);
	unmount();
	stage_free(lab->stage);
	load_done(&lab->load);
}

static void fill(const struct lab *lab, unsigned leave_kib)
{
	free(run_shell("free=$(df --output=avail -k '%s' | tail -1); n=$((free - %u)); "
		       "[ $n -le 0 ] || head -c ${n}K /dev/zero > '%s/ballast'",
		lab->stage->state, leave_kib, lab->stage->state));
}

static void round_of_full(struct lab *lab)
{
	struct stage *st = lab->stage;
	struct load_run run;
	struct ran ended;
	char *said = stage_daemon_log(st);
	size_t from = strlen(said);
	int refusal = 0;

	free(said);
	fill(lab, (unsigned)load_draw(&lab->load, 1024));
	load_start(&lab->load, &run);
	load_end(&lab->load, &run, &refusal); /* it ends when something is refused */
	if (refusal != 0 && refusal != CU_ENOSPC) {
		fail_msg("a full disk was called '%s'", cu_err_meaning(refusal));
	}
	free(run_shell("rm -f '%s/ballast'", st->state));
	/* whatever its answer: it comes after all that the writer still had to do and say */
	stage_ctl(st, AS_PRIVACY, "log", "query", "--count=1");
	said = stage_daemon_log(st);
	if (strstr(said + from, "custosd ends")) { /* and its next start is clean */
		if (!run_try_wait(&st->job, END_MS, &ended)) {
			fail_msg("custosd says that it ends, and does not");
		}
		ran_done(&ended);
		st->daemon = 0;
		lab->result->kills++;
		stage_start(st);
	}
	free(said);
	judge_store(&lab->judge, false);
}

static void full(struct lab *lab)
{
	while (goes_on(lab)) {
		begin_small_world(lab);
		for (unsigned i = 0; i < FULL_ROUNDS && goes_on(lab); i++) {
			round_of_full(lab);
			lab->result->rounds++;
			count_up(lab);
		}
		end_small_world(lab);
	}
}

/* --- running one ---------------------------------------------------------------------------- */

static const struct {
	const char *title;
	bool is_shimmed, is_random;
	const char *deaf; /* what was forgotten */
} all[LAB_NLABS_] = {
	[LAB_KILL] = { "kill -9", false, false, NULL },
	[LAB_CUT] = { "power cut, unsynced lost", true, false, NULL },
	[LAB_CUT_SHUFFLE] = { "power cut, some of it lost", true, true, NULL },
	[LAB_FAIL] = { "a sync fails", true, false, NULL },
	[LAB_FULL] = { "full disk", false, false, NULL },
	[LAB_DEAF_DATA] = { "no sync of data.db-wal", true, false, "data.db-wal" },
	[LAB_DEAF_LOG] = { "no sync of the log's journal", true, false, "/log/journal/" },
};

const char *lab_title(enum lab_name name)
{
	return all[name].title;
}

bool lab_must_find(enum lab_name name)
{
	return all[name].deaf != NULL;
}

static void run_one(enum lab_name name, struct lab *lab)
{
	switch (name) {
	case LAB_FAIL: repeat(lab, round_of_failure); break;
	case LAB_FULL: full(lab); break;
	case LAB_KILL:
	case LAB_CUT:
	case LAB_CUT_SHUFFLE:
	case LAB_DEAF_DATA:
	case LAB_DEAF_LOG: repeat(lab, round_of_kills); break;
	case LAB_NLABS_: break;
	}
}

static void play(void *ctx, struct trial *result)
{
	struct lab *lab = ctx;
	int64_t began = clock_monotonic_ms();

	lab->result = result;
	lab->end_ms = lab->bounds->seconds ? began + lab->bounds->seconds * 1000LL : 0;
	run_one(lab->name, lab);
}

struct trial lab_run(enum lab_name name, const struct lab_bounds *bounds)
{
	struct lab lab = { .name = name, .bounds = bounds, .deaf = all[name].deaf,
		.is_shimmed = all[name].is_shimmed, .is_random = all[name].is_random };

	return trial_run(play, &lab);
}
