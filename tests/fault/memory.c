/*
 * memory: the real programs, of whose allocations one is refused, or all from one on.
 *
 *	memory [EACH [FIRST]]
 *	memory --seconds N
 *
 * A story is a command; it is typed once for each allocation that custosd, or custosctl, makes meanwhile. It may be refused
 * with a message, and a program may end by itself saying why; it may not die by a signal, hang, say that
 * something is done that is not, or tell what was typed. Then custosd has memory again, and must serve. EACH, FIRST:
 * only every so many are played; for N seconds: every so many of a story drawn at random. CUSTOS_SEED repeats such a run; ONLY
 * takes the stories in whose name that stands.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory.h"

#define HANG_MS    30000
#define DRAWN_EACH 10
#define ALONE_EACH 20 /* times that, of a program that takes long to begin, and asks for much */
#define MAX_WRONG  20

/* --- starving ------------------------------------------------------------------------------ */

static void make_control(struct lab *lab)
{
	const char *files = lab->stage->files;
	int fd;

	snprintf(lab->control_path, sizeof(lab->control_path), "%.150s/control", files);
	free(run_shell("cp '%s' '%s/starve.so'; chmod 755 '%s/starve.so'; truncate -s %zu '%s'; chmod 666 '%s'", STARVE, files,
		files, sizeof(struct starve_control), lab->control_path, lab->control_path));
	fd = open(lab->control_path, O_RDWR | O_CLOEXEC);
	lab->control = mmap(NULL, sizeof(*lab->control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(fd >= 0 && lab->control != MAP_FAILED);
	close(fd);
}

void memory_preload(const struct lab *lab, bool is_on)
{
	char preload[512];

	if (is_on) {
		snprintf(preload, sizeof(preload), "%s/starve.so", lab->stage->files);
		setenv("LD_PRELOAD", preload, 1);
		setenv("STARVE_CONTROL", lab->control_path, 1);
	} else {
		unsetenv("LD_PRELOAD");
		unsetenv("STARVE_CONTROL");
	}
}

void memory_arm(struct lab *lab)
{
	const struct turn *t = &lab->turn;
	struct starve_control *c = lab->control;

	atomic_store(&c->daemon, lab->stage->daemon);
	atomic_store(&c->is_daemons, t->whom == WHOM_DAEMON);
	atomic_store(&c->seen, 0);
	atomic_store(&c->nrefused, 0);
	atomic_store(&c->upto, t->is_lasting ? UINT64_MAX : t->nth);
	atomic_store(&c->from, t->nth);
}

void memory_disarm(struct lab *lab)
{
	atomic_store(&lab->control->from, 0);
}

/* --- what went wrong ----------------------------------------------------------------------- */

void memory_wrong(struct lab *lab, const char *format, ...)
{
	static const char *const whose[] = { "custosd", "custosctl", "the program" };
	va_list args;

	printf("WRONG: %s: %s has no memory at allocation %llu%s: ", lab->story->what, whose[lab->turn.whom],
		(unsigned long long)lab->turn.nth, lab->turn.is_lasting ? " and from then on" : "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n        asked for by%s\n", lab->control->where);
	lab->nwrong++;
	lab->is_spoilt = true;
}

/* It must say something, by whatever status it ends, and not what was typed. */
static void judge_end(struct lab *lab, const struct ran *r)
{
	if (r->status >= 128) {
		memory_wrong(lab, "ended by signal %d\n%s", r->status - 128, r->err);
	} else if (r->status != 0 && r->nerr + r->nout == 0) {
		memory_wrong(lab, "status %d, and not a word", r->status);
	} else if (strstr(r->err, MEMORY_MARK)) {
		memory_wrong(lab, "tells what was typed: %s", r->err);
	}
}

/* Two libraries cannot be told that there is none: libarchive calls abort(), and says so, libfyaml follows a NULL
 * pointer. Nothing is lost by that: it is a kill, and systemd starts custosd again. */
static bool is_by_library(const struct lab *lab, int status, const char *said)
{
	return (status == 128 + SIGABRT && strstr(said, "libarchive: Out of memory")) ||
		(status == 128 + SIGSEGV && strstr(lab->control->where, " libfyaml"));
}

bool memory_judge_end(struct lab *lab, const char *who, int status, const char *said)
{
	if (is_by_library(lab, status, said)) {
		lab->nlibrary++;
		return false;
	}
	if (status == 0 || status >= 128) {
		memory_wrong(lab, "%s ended with %d:\n%s", who, status, said);
	} else if (!*said) {
		memory_wrong(lab, "%s ended with %d, and not a word", who, status);
	}
	return true;
}

void memory_skip_log(struct lab *lab)
{
	char *said = stage_daemon_log(lab->stage);

	lab->nlog = strlen(said);
	free(said);
}

/* custosd goes on and answers; or it has ended, said why, and starts again. */
static void judge_daemon(struct lab *lab)
{
	struct stage *st = lab->stage;
	struct ran ended;
	char *said = stage_daemon_log(st);

	if (strlen(said) > lab->nlog && strstr(said + lab->nlog, MEMORY_MARK)) {
		memory_wrong(lab, "custosd logs what was typed");
	}
	if (strstr(said + lab->nlog, "custosd ends") || run_try_wait(&st->job, 0, &ended)) {
		if (st->job.pid > 0 && !run_try_wait(&st->job, HANG_MS, &ended)) {
			memory_wrong(lab, "custosd says that it ends, and does not");
			stage_kill(st);
		} else {
			free(said);
			said = stage_daemon_log(st); /* all of it */
			memory_judge_end(lab, "custosd", ended.status, said + lab->nlog);
			ran_done(&ended);
			st->daemon = 0;
		}
		lab->nends++;
		memory_start(lab);
	}
	free(said);
	memory_skip_log(lab);
}

void memory_start(struct lab *lab)
{
	memory_preload(lab, true);
	stage_start(lab->stage);
	memory_preload(lab, false);
}

/* --- one try ------------------------------------------------------------------------------- */

static void play_command(struct lab *lab)
{
	const struct story *s = lab->story;
	struct job job;
	struct ran r;

	s->prepare(lab);
	memory_arm(lab);
	memory_preload(lab, lab->turn.whom != WHOM_DAEMON);
	job = s->start(lab);
	memory_preload(lab, false);
	if (!run_try_wait(&job, HANG_MS, &r)) {
		memory_disarm(lab);
		memory_wrong(lab, "hangs");
		kill(job.pid, SIGKILL);
		run_wait(&job, &r);
		r.status = 1;
	} else {
		memory_disarm(lab);
		judge_end(lab, &r);
	}
	if (lab->stage->daemon) {
		judge_daemon(lab);
	}
	s->judge(lab, &r);
	ran_done(&r);
}

/* False: the story came to its end before that allocation. */
static bool play(struct lab *lab)
{
	bool is_hit;

	memset(&lab->given, 0, sizeof(lab->given));
	lab->number++;
	(lab->story->alone ? lab->story->alone : play_command)(lab);
	is_hit = atomic_load(&lab->control->nrefused) > 0;
	lab->nplayed += is_hit;
	return is_hit;
}

/* --- all ------------------------------------------------------------------------------------ */

static void begin_world(struct lab *lab)
{
	lab->stage = stage_new();
	lab->nlog = 0;
	lab->is_spoilt = false;
	make_control(lab);
	stage_policy(lab->stage, "erasure.yaml", "grace: 0s\ndaily_slots: 1000000\n");
	memory_start(lab);
	stage_init(lab->stage);
	memory_make_people(lab);
}

static void end_world(struct lab *lab)
{
	struct stage *st = lab->stage;

	if (st->daemon) {
		stage_ctl(st, AS_PRIVACY, "log", "verify");
		stage_expect(st, 0);
	}
	stage_free(st);
	munmap(lab->control, sizeof(*lab->control));
}

static void play_story(struct lab *lab, const struct story *s, enum whom whom)
{
	unsigned before = lab->nplayed, ends = lab->nends;
	unsigned long each = s->alone && lab->each > 1 ? lab->each * ALONE_EACH : lab->each;
	time_t began = time(NULL);
	uint64_t counted = 0;

	lab->story = s;
	begin_world(lab);
	for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
		bool is_over = false;

		for (uint64_t nth = 1; !is_over && lab->nwrong < MAX_WRONG; nth++) {
			if (lab->count++ % each != 0) {
				continue;
			}
			lab->turn = (struct turn){ whom, nth, is_lasting };
			is_over = !play(lab) || (lab->end && time(NULL) > lab->end);
			counted = nth;
			if (lab->is_spoilt) {
				end_world(lab);
				begin_world(lab);
			}
		}
	}
	end_world(lab);
	printf("%-28s %-9s %6llu allocations, %5u refused, %3u ends, %4ld s\n", s->what,
		whom == WHOM_DAEMON ? "custosd" : whom == WHOM_CTL ? "custosctl" : "", (unsigned long long)counted,
		lab->nplayed - before, lab->nends - ends, (long)(time(NULL) - began));
}

static void play_all(struct lab *lab)
{
	const char *only = getenv("ONLY");

	for (const struct story *s = memory_stories; s->what; s++) {
		for (int whom = 0; whom < 3; whom++) {
			if ((s->whose & (1u << whom)) && (!only || strstr(s->what, only))) {
				play_story(lab, s, (enum whom)whom);
			}
		}
	}
}

static void play_for(struct lab *lab, int seconds)
{
	const char *told = getenv("CUSTOS_SEED");
	unsigned seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL), n = 0;

	printf("seed %u\n", seed);
	while (memory_stories[n].what) {
		n++;
	}
	lab->end = time(NULL) + seconds;
	lab->each = DRAWN_EACH;
	while (time(NULL) < lab->end) {
		const struct story *s = &memory_stories[(unsigned)rand_r(&seed) % n];
		int whom = rand_r(&seed) % 3;

		if (s->whose & (1u << whom)) {
			lab->count = (unsigned long)rand_r(&seed) % lab->each;
			play_story(lab, s, (enum whom)whom);
		}
	}
}

int main(int argc, char *argv[])
{
	struct lab lab = { .each = 1 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "--seconds") == 0) {
		play_for(&lab, atoi(argv[2]));
	} else {
		lab.each = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
		lab.count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
		if (lab.each == 0) {
			fprintf(stderr, "memory [EACH [FIRST]]: EACH: expected 1 or more\n");
			return 64;
		}
		play_all(&lab);
	}
	printf("%u allocations refused, %u ends of custosd, %u of them by a library, %u wrong\n", lab.nplayed, lab.nends,
		lab.nlibrary, lab.nwrong);
	return lab.nwrong ? 1 : 0;
}
