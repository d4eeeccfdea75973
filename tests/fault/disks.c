/*
 * disks: the power of real file systems is cut under load, and custosd starts on what is left.
 *
 *	disks [--seconds N | --short]
 *
 * Without a time: 500 cuts on each of ext4, xfs and btrfs.  The short form is for ./dev test.
 * CUSTOS_SEED draws moments and losses (what reaches the disk by then is the kernel's to say);
 * CUSTOS_LAB=xfs takes one row.  With CUSTOS_KEEP=DIR the disk that something was wrong with, what
 * custosd said, and what it had acknowledged are kept there.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "disk_world.h"
#include "trial.h"

#define WORLD_PIECES 6    /* with one store; then another begins */
#define PIECE_CUTS   8    /* of each recorded piece of its life */
#define LOAD_MS      1200 /* at most, of a piece */

struct lab {
	const char *title, *fs;
	const char *deaf; /* what was forgotten: it must be found */
	unsigned block;   /* the smallest that is lost; btrfs has a superblock of that size */
	unsigned cuts, short_cuts;
	int share; /* of the time, in hundredths */
};

static const struct lab kinds[] = {
	{ "ext4", "ext4", NULL, 512, 500, 5, 36 },
	{ "xfs", "xfs", NULL, 512, 500, 4, 30 },
	{ "btrfs", "btrfs", NULL, 4096, 500, 0, 24 },
	{ "no sync of data.db-wal", "ext4", "data.db-wal", 512, 100, 20, 5 },
	{ "no sync of the log's journal", "ext4", "/log/journal/", 512, 100, 0, 5 },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

struct bounds {
	const struct lab *lab;
	struct disk_counts *counts;
	unsigned cuts;
	int seconds; /* 0: no bound */
	uint64_t seed;
};

/* --- one of them ------------------------------------------------------------------------------- */

static void leave(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(TRIAL_SKIPPED);
}

/* Mounts go with the last process of this lab. */
static void stand_apart(const struct lab *lab)
{
	const char *lacks = block_log_lacks();

	if (lacks || (lacks = image_lacks(lab->fs)) != NULL) {
		leave(lacks);
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		leave("a mount namespace of its own cannot be had here");
	}
}

/* Most of them while they write, some at the start before. */
static struct block_place draw_place(struct disk_world *w, const struct lab *lab)
{
	size_t from = load_draw(&w->load, 8) == 0 ? 0 : w->before_load;
	struct block_place place = { .way = (enum block_cut)load_draw(&w->load, CUT_NWAYS_) };

	place.upto = from + load_draw(&w->load, w->history.n - from + 1);
	place.block = load_draw(&w->load, 2) == 0 ? 4096 : lab->block;
	place.seed = load_draw(&w->load, UINT64_MAX);
	return place;
}

static const char *say(const struct block_place *place)
{
	static const char *const ways[CUT_NWAYS_] = { "nothing is lost", "what was not flushed is lost",
		"some of what was not flushed is lost" };
	static char text[160];

	snprintf(text, sizeof(text), "cut after %zu entries, %s (blocks of %u, seed %llu)", place->upto,
		ways[place->way], place->block, (unsigned long long)place->seed);
	return text;
}

static void keep(const struct disk_world *w)
{
	const char *to = getenv("CUSTOS_KEEP");

	if (to && !w->deaf) {
		free(run_shell("mkdir -p '%s'; cp --sparse=always '%s' '%s' '%s' '%s'; cp '%s' '%s' '%s'",
			to, w->cut, w->base, w->log.log, to, w->run.path, w->stage->log, to));
		fprintf(stderr, "kept in %s\n", to);
	}
}

static bool goes_on(const struct bounds *b, int64_t end_ms)
{
	return b->counts->cuts < b->cuts && (end_ms == 0 || clock_monotonic_ms() < end_ms);
}

static void piece(struct disk_world *w, const struct bounds *b, int64_t end_ms)
{
	struct block_place place;

	disk_world_record(w, 100 + (int)load_draw(&w->load, LOAD_MS));
	for (unsigned i = 0; i < PIECE_CUTS && goes_on(b, end_ms); i++) {
		place = draw_place(w, b->lab);
		if (disk_world_try(w, &place) != 0) {
			keep(w);
			fail_msg("%s: %s", b->lab->title, say(&place));
		}
	}
	place = draw_place(w, b->lab);
	disk_world_go_on(w, &place);
}

static void play(void *ctx, struct trial *shared)
{
	const struct bounds *b = ctx;
	int64_t end_ms = b->seconds > 0 ? clock_monotonic_ms() + b->seconds * 1000LL : 0;
	struct disk_world w;

	(void)shared;
	stand_apart(b->lab);
	for (unsigned n = 0; goes_on(b, end_ms); n++) {
		disk_world_begin(&w, b->lab->fs, b->seed + n, b->lab->deaf, b->counts);
		for (unsigned i = 0; i < WORLD_PIECES && goes_on(b, end_ms); i++) {
			piece(&w, b, end_ms);
		}
		disk_world_end(&w);
	}
}

/* --- all of them --------------------------------------------------------------------------------- */

static void print_row(const struct lab *lab, const struct trial *t, const struct disk_counts *c)
{
	printf("%-30s %6u %8u %8u %8u %7u %8u %8u %6.2f %10s %8.1f\n", lab->title, c->cuts,
		c->writes, c->flushes, c->acknowledged, c->erased, c->backups, c->checked,
		c->slowest_ms / 1000.0, trial_verdict(t, lab->deaf != NULL), t->seconds);
	trial_print_said(t);
}

struct total {
	unsigned cuts, acknowledged, wrong, skipped;
	char why[sizeof(((struct trial *)0)->said)];
};

static void run_lab(const struct lab *lab, int seconds, bool is_short, uint64_t seed, struct total *total)
{
	struct disk_counts *c = mmap(
		NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct bounds b = { lab, c, is_short ? lab->short_cuts : lab->cuts, 0, seed };
	struct trial t;

	assert_true(c != MAP_FAILED);
	if (seconds > 0) {
		b.cuts = lab->deaf ? b.cuts : UINT32_MAX;
		b.seconds = seconds * lab->share / 100 + 1;
	}
	t = trial_run(play, &b);
	print_row(lab, &t, c);
	total->cuts += c->cuts;
	total->acknowledged += c->acknowledged;
	total->wrong += !trial_is_right(&t, lab->deaf != NULL);
	total->skipped += t.is_skipped;
	snprintf(total->why, sizeof(total->why), "%s", t.said);
	munmap(c, sizeof(*c));
}

int main(int argc, char *argv[])
{
	const char *only = getenv("CUSTOS_LAB"), *seed_text = getenv("CUSTOS_SEED");
	bool is_short = argc == 2 && strcmp(argv[1], "--short") == 0;
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : is_short ? 1 : (uint64_t)time(NULL);
	int seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atoi(argv[2]) : 0;
	struct total total = { .cuts = 0 };
	unsigned nlabs = 0;

	if (argc > 1 && !is_short && seconds <= 0) {
		fprintf(stderr, "disks [--seconds N | --short]: '%s': expected one of these, N from 1\n",
			argv[1]);
		return 64;
	}
	printf("seed %llu\n\n%-30s %6s %8s %8s %8s %7s %8s %8s %6s %10s %8s\n",
		(unsigned long long)seed, "file system", "cuts", "writes", "flushes", "acked", "erased",
		"backups", "checked", "start", "faults", "seconds");
	for (size_t i = 0; i < NKINDS; i++) {
		if ((!only || strcmp(only, kinds[i].title) == 0) && (!is_short || kinds[i].short_cuts > 0)) {
			run_lab(&kinds[i], seconds, is_short, seed, &total);
			nlabs++;
		}
	}
	if (total.skipped == nlabs) {
		printf("\nskipped: %s", total.why);
		return TRIAL_SKIPPED;
	}
	printf("\n%u power cuts, %u acknowledged changes, %u labs wrong\n", total.cuts, total.acknowledged,
		total.wrong);
	return total.wrong ? 1 : 0;
}
