#include "disk_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "judge.h"
#include "trial.h"

#define DISK_MIB 320   /* xfs takes no less than 300 */
#define START_MS 10000 /* custosd serves by then, whatever it finds */

/* --- whatever the end -------------------------------------------------------------------------- */

static struct disk_world *living;

static void let_go(void)
{
	if (living && living->stage->daemon > 0) {
		run_kill_session(living->stage->daemon);
	}
	if (living && living->image.where[0]) {
		umount2(living->image.where, MNT_DETACH);
	}
	if (living && living->log.job.pid > 0) {
		kill(living->log.job.pid, SIGKILL);
	}
}

/* Of the process of a cut: the directory is its parent's, who keeps what there is to see. */
static void end_of_a_try(void)
{
	let_go();
	_exit(TRIAL_FOUND);
}

/* --- a disk ------------------------------------------------------------------------------------ */

static void mount_disk(struct disk_world *w, const char *file)
{
	snprintf(w->image.path, sizeof(w->image.path), "%s", file);
	image_mount(&w->image, w->on, stage_uid(AS_DAEMON));
}

static void make_disk(struct disk_world *w, const char *fs)
{
	struct stage *st = w->stage;
	unsigned uid = (unsigned)stage_uid(AS_DAEMON);
	char text[320];

	snprintf(w->dir, sizeof(w->dir), "%.140s/disk", st->dir);
	snprintf(w->on, sizeof(w->on), "%.160s/on", w->dir);
	snprintf(w->base, sizeof(w->base), "%.160s/base", w->dir);
	snprintf(w->running, sizeof(w->running), "%.160s/running", w->dir);
	snprintf(w->cut, sizeof(w->cut), "%.160s/cut", w->dir);
	free(run_shell("mkdir -m 711 '%s' '%s'", w->dir, w->on));
	image_make(&w->image, fs, DISK_MIB, w->base);
	mount_disk(w, w->base);
	snprintf(st->repo, sizeof(st->repo), "%.150s/repo", w->on);
	snprintf(text, sizeof(text), "%.150s/state", w->on);
	stage_use_state(st, text);
	free(run_shell("install -d -m 700 -o %u -g %u '%s' '%s'", uid, uid, st->state, st->repo));
	snprintf(text, sizeof(text),
		"vault_bound: 7d\ntargets:\n  - {target: local, kind: directory, path: %s}\n", st->repo);
	stage_policy(st, "backup.yaml", text);
	stage_policy(st, "erasure.yaml", "grace: 0s\ndaily_slots: 1000000\n");
}

void disk_world_begin(struct disk_world *w, const char *fs, uint64_t seed, const char *deaf,
	struct disk_counts *counts)
{
	*w = (struct disk_world){ .counts = counts, .deaf = deaf, .stage = stage_new() };
	living = w;
	atexit(let_go); /* before the directory is removed */
	make_disk(w, fs);
	load_init(&w->load, w->stage, seed);
	w->load.is_full = true;
	stage_start(w->stage);
	stage_init(w->stage);
	stage_stop(w->stage);
	image_unmount(&w->image);
}

/* --- a piece of its life ------------------------------------------------------------------------ */

static void start(struct disk_world *w)
{
	int64_t began = clock_monotonic_ms();
	unsigned took;

	stage_start(w->stage);
	took = (unsigned)(clock_monotonic_ms() - began);
	w->counts->slowest_ms = took > w->counts->slowest_ms ? took : w->counts->slowest_ms;
	if (took > START_MS) {
		fail_msg("custosd took %u ms to start", took);
	}
}

static void start_shimmed(struct disk_world *w)
{
	char graves[192];

	if (w->deaf) {
		snprintf(graves, sizeof(graves), "%.170s/graves", w->on);
		shimmed_init(&w->shim, w->stage, graves);
		shimmed_begin(&w->shim, w->deaf);
	}
	start(w);
	shimmed_end();
}

static void judge(struct disk_world *w, bool is_last)
{
	struct judge j = { .load = &w->load };

	judge_anew(&j);
	judge_store(&j, is_last);
	w->counts->checked += j.nchecked;
}

static uint64_t size_of_log(const struct disk_world *w)
{
	struct stat st;

	assert_int_equal(stat(w->log.log, &st), 0);
	return (uint64_t)st.st_size;
}

static size_t count_entries(const struct disk_world *w, uint64_t upto)
{
	size_t n = 0;

	while (n < w->history.n && w->history.at[n].end <= upto) {
		n++;
	}
	return n;
}

static void take_history(struct disk_world *w, uint64_t before_load)
{
	block_history_done(&w->history);
	block_history_read(w->log.log, &w->history);
	w->before_load = count_entries(w, before_load);
	for (size_t i = 0; i < w->history.n; i++) {
		w->counts->flushes += w->history.at[i].is_flush;
		w->counts->writes += !w->history.at[i].is_flush;
	}
}

void disk_world_record(struct disk_world *w, int load_ms)
{
	uint64_t before_load;

	free(run_shell("cp --sparse=always '%s' '%s'", w->base, w->running));
	block_log_start(&w->log, w->running, w->dir);
	mount_disk(w, w->log.device);
	start_shimmed(w);
	judge(w, false);
	w->load.clock = w->log.log;
	before_load = size_of_log(w);
	load_start(&w->load, &w->run);
	run_sleep_ms(load_ms);
	stage_kill(w->stage);
	load_wait(&w->run);
	image_unmount(&w->image);
	block_log_stop(&w->log);
	w->log.job.pid = 0;
	if (w->deaf) {
		shimmed_done(&w->shim);
	}
	take_history(w, before_load);
}

/* --- cuts ---------------------------------------------------------------------------------------- */

/* Until the moment of the cut. */
static void take_what_was_said(struct disk_world *w, const struct block_place *place)
{
	uint64_t upto = place->upto > 0 ? w->history.at[place->upto - 1].end : 0;
	unsigned nacks = w->load.nacks, nerased = w->load.nerased, nbackups = w->load.nbackups;
	int refusal = 0;

	load_take(&w->load, &w->run, upto, &refusal);
	if (refusal != 0) {
		fail_msg("a call was refused with %d", refusal);
	}
	w->counts->acknowledged += w->load.nacks - nacks;
	w->counts->erased += w->load.nerased - nerased;
	w->counts->backups += w->load.nbackups - nbackups;
}

static _Noreturn void try(struct disk_world *w, const struct block_place *place)
{
	atexit(end_of_a_try);
	take_what_was_said(w, place);
	block_history_cut(&w->history, place, w->base, w->cut);
	mount_disk(w, w->cut);
	start(w);
	judge(w, false);
	stage_stop(w->stage);
	image_unmount(&w->image);
	w->counts->cuts++;
	_exit(0);
}

int disk_world_try(struct disk_world *w, const struct block_place *place)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		try(w, place);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void disk_world_go_on(struct disk_world *w, const struct block_place *place)
{
	take_what_was_said(w, place);
	block_history_cut(&w->history, place, w->base, w->cut);
	assert_int_equal(rename(w->cut, w->base), 0);
}

void disk_world_end(struct disk_world *w)
{
	struct stage *st = w->stage;
	char identity[224];

	mount_disk(w, w->base);
	start(w);
	judge(w, true);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	free(run_shell("chmod 644 '%s'", st->identity));
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	stage_ctl(st, AS_ADMIN, "drill", "run", "--level=3", identity);
	stage_expect(st, 0);
	stage_stop(st);
	image_unmount(&w->image);
	block_history_done(&w->history);
	load_done(&w->load);
	stage_free(st);
	living = NULL;
}
