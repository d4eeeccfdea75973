/*
 * commands: each command of custosctl that changes something goes wrong at each of its changes of the disk.
 *
 *	commands [--seconds N | --each N [ACT] | --way WAY [I N] | --one ACT WAY NTH START | --short | --list]
 *
 * An act is a command, typed to the real custosd over a small store (acts.c).  It is played once for each
 * change of the disk that custosd and its processes make, from when it is typed until custosd has ended,
 * and each way in which that may go wrong.  Then custosd starts again: the command has happened if it was
 * answered, and has happened or not if it was not; typed again it happens, once.
 *
 * Without options everything is played; --each plays each N-th run, with ACT (a part of the name) only of
 * those acts; --way plays each change in one way (0: the process ends), with I and N only each N-th act from the
 * I-th, so that N processes share them; --one repeats one: WAY and START are numbers, as it is printed; --short is for ./dev test; --list
 * says what there is to play.  CUSTOS_SEED repeats --seconds, CUSTOS_VERBOSE=1 prints each answer.
 */
#include "acts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED 77
#define DRAWN   12 /* of an act, before another is drawn */

static const struct way ways[] = {
	{ "the process ends", SHIM_EXIT, 0 },
	{ "half of a write, and it ends", SHIM_TEAR, 0 },
	{ "a short write", SHIM_SHORT, 0 },
	{ "EIO once", SHIM_FAIL, EIO },
	{ "ENOSPC once", SHIM_FAIL, ENOSPC },
	{ "EDQUOT once", SHIM_FAIL, EDQUOT },
	{ "EINTR once", SHIM_FAIL, EINTR },
	{ "EIO from then on", SHIM_FAIL_ALL, EIO },
	{ "ENOSPC from then on", SHIM_FAIL_ALL, ENOSPC },
};

#define NWAYS (sizeof(ways) / sizeof(ways[0]))

struct tally {
	unsigned long number;
	unsigned played[NWAYS], nplayed, acknowledged, starts_killed, nacts, wrong, broken;
	int longest_start_ms;
};

static struct tally *tally; /* shared with the processes of the acts */

/* What is to be played of an act: each so many, or as many as are drawn. */
struct plan {
	unsigned long each;
	unsigned drawn;
	unsigned *seed;
	time_t end; /* 0: none */
	bool is_sample;
	const char *act;
	unsigned part, nparts;           /* of the acts, if nparts */
	bool is_one_way;
	unsigned way, nth, nth_of_start; /* only this one, if nth */
};

/* --- one run, in a process of its own -------------------------------------------------------------- */

static struct stage *staged;

/* However a process comes to its end, its custosd is gone before the next. */
static void end_custosd(void)
{
	if (staged && staged->daemon) {
		run_kill_session(staged->daemon);
		while (run_count_session(staged->daemon) > 0) {
			run_sleep_ms(5);
		}
	}
}

static void be_child(struct house *h, int said)
{
	dup2(said, STDERR_FILENO);
	staged = h->st;
	atexit(end_custosd);
}

static void *shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

/* What is written to fd; static. */
static const char *said_in(int fd)
{
	static char text[6000];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Its exit status; what it said is in *ret_said. */
static int play(struct house *h, const struct act *a, const struct wanted *w, const struct run *r, struct outcome *out,
	const char **ret_said)
{
	int said = memfd_create("said", MFD_CLOEXEC), status;
	pid_t pid;

	memset(out, 0, sizeof(*out));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		be_child(h, said);
		play_fault(h, a, w, &ways[r->way], r, out);
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_said = said_in(said);
	close(said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void play_and_tell(struct house *h, const struct act *a, const struct wanted *w, const struct run *r)
{
	static struct outcome *out;
	const char *said;
	int status;

	out = out ? out : shared(sizeof(*out));
	status = play(h, a, w, r, out, &said);
	atomic_store(&h->shim.control->is_armed, false); /* it may have failed meanwhile */
	if (out->has_happened) {
		tally->played[r->way]++;
		tally->nplayed++;
		tally->acknowledged += out->was_acknowledged;
		tally->starts_killed += r->nth_of_start > 0;
	}
	tally->longest_start_ms = out->start_ms > tally->longest_start_ms ? out->start_ms : tally->longest_start_ms;
	if (getenv("CUSTOS_VERBOSE")) {
		printf("%s: %u %s: %s: %s %d %s\n", act_name(a), r->nth, out->change + strcspn(out->change, " "),
			ways[r->way].name, out->was_acknowledged ? "done" : "status", out->status, out->said);
	}
	if (status != 0) {
		tally->wrong++;
		printf("WRONG: %s: %s (%s): %s\n%s\nagain: commands --one '%s' %u %u %u\n", act_name(a), ways[r->way].name,
			out->change, out->said, said, act_name(a), r->way, r->nth, r->nth_of_start);
	}
}

/* --- one act, likewise ------------------------------------------------------------------------------- */

static bool is_over(const struct plan *plan)
{
	return plan->end && time(NULL) >= plan->end;
}

static void play_drawn(struct house *h, const struct act *a, const struct wanted *w, const struct plan *plan)
{
	for (unsigned i = 0; i < plan->drawn && !is_over(plan); i++) {
		struct run r = { .way = (unsigned)rand_r(plan->seed) % NWAYS,
			.nth = 1 + (unsigned)rand_r(plan->seed) % (unsigned)(w->nchanges + 1) };

		r.nth_of_start = rand_r(plan->seed) % 4 == 0 ? 1 + (unsigned)rand_r(plan->seed) % 30 : 0;
		play_and_tell(h, a, w, &r);
	}
}

static void play_each(struct house *h, const struct act *a, const struct wanted *w, const struct plan *plan)
{
	for (unsigned way = 0; way < NWAYS; way++) {
		for (unsigned nth = 1; nth <= w->nchanges; nth++) {
			unsigned long number = tally->number++;
			struct run r = { way, nth, number % 4 == 0 ? 1 + (unsigned)(number / 4 % 30) : 0, CONTROL_NONE };

			if (number % plan->each == 0 && (!plan->is_one_way || way == plan->way)) {
				play_and_tell(h, a, w, &r);
			}
		}
	}
}

static void play_act(struct house *h, const struct act *a, const struct plan *plan)
{
	unsigned before = tally->nplayed;
	time_t began = time(NULL);
	struct wanted w = { 0 };

	house_prepare(h, a);
	play_clean(h, a, &w);
	tally->nacts++;
	if (plan->nth) {
		play_and_tell(h, a, &w, &(struct run){ plan->way, plan->nth, plan->nth_of_start, CONTROL_NONE });
	} else if (plan->drawn) {
		play_drawn(h, a, &w, plan);
	} else {
		play_each(h, a, &w, plan);
	}
	printf("%-48s %4llu changes, %5u faults, %4ld s\n", act_name(a), (unsigned long long)w.nchanges,
		tally->nplayed - before, (long)(time(NULL) - began));
	wanted_done(&w);
}

/* In a process of its own: what fails there, outside of the runs, is a fault of the table. */
static void fork_act(struct house *h, const struct act *a, const struct plan *plan)
{
	int said = memfd_create("said", MFD_CLOEXEC), status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		be_child(h, said);
		play_act(h, a, plan);
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		tally->broken++;
		printf("BROKEN: %s cannot be played:\n%s\n", act_name(a), said_in(said));
	}
	close(said);
}

/* --- all --------------------------------------------------------------------------------------------------- */

/* For ./dev test: rows, keys, and something that custosd takes back if it is left half done. */
static bool is_of_sample(const struct act *a)
{
	return a->id == COMMAND_SUBJECT_ADD || (a->id == COMMAND_KEY_ROTATE && a->what && a->what[0] == '-') ||
		a->id == COMMAND_HOLD_PLACE;
}

static bool can_play(const struct act *a)
{
	return stage_has_roles() || !a->needs_two;
}

/* Each command of the table is in an act, or does no harm. */
static unsigned count_missing(void)
{
	unsigned n = 0;

	for (int id = 0; id < COMMAND_COUNT_; id++) {
		bool is_there = act_harmless((enum command_id)id) != NULL;

		for (size_t i = 0; i < nacts; i++) {
			is_there |= (int)acts[i].id == id;
		}
		if (!is_there) {
			n++;
			printf("MISSING: '%s' is in no act, nor is it said why it need not be\n",
				command_at((enum command_id)id)->words);
		}
	}
	return n;
}

/* What is wrong must be found: an act whose effect is taken away, all or half of it, or that wrote what was typed. */
static unsigned count_unseen(struct house *h)
{
	static const char *const names[] = { NULL, "what was answered is taken away", "half of it is taken away",
		"what was typed is written down" };
	const struct act *a = acts;
	struct wanted w = { 0 };
	struct outcome *out = shared(sizeof(*out));
	unsigned unseen = 0;

	while (a->id != COMMAND_SUBJECT_ADD) {
		a++;
	}
	house_prepare(h, a);
	play_clean(h, a, &w);
	for (enum control c = CONTROL_LOST; c <= CONTROL_CANARY; c++) {
		struct run r = { 0, 0, 0, c };
		const char *said;
		bool is_seen = play(h, a, &w, &r, out, &said) != 0;

		printf("control: %-40s %s\n", names[c], is_seen ? "seen" : "NOT SEEN");
		unseen += !is_seen;
	}
	wanted_done(&w);
	return unseen;
}

static int list_acts(void)
{
	for (size_t i = 0; i < nacts; i++) {
		printf("%s\n", act_name(&acts[i]));
	}
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const char *why = act_harmless((enum command_id)id);

		if (why) {
			printf("not played: %s: %s\n", command_at((enum command_id)id)->words, why);
		}
	}
	return 0;
}

static bool is_meant(const struct plan *plan, size_t i)
{
	const char *name = act_name(&acts[i]);

	if (plan->is_sample) {
		return is_of_sample(&acts[i]);
	}
	if (plan->nparts) {
		return i % plan->nparts == plan->part;
	}
	return !plan->act || (plan->nth ? strcmp(name, plan->act) == 0 : strstr(name, plan->act) != NULL);
}

static void play_all(struct house *h, const struct plan *plan)
{
	if (plan->drawn) {
		while (!is_over(plan)) {
			const struct act *a = &acts[(size_t)rand_r(plan->seed) % nacts];
			unsigned seed = (unsigned)rand_r(plan->seed);
			struct plan own = *plan;

			own.seed = &seed;
			if (can_play(a)) {
				fork_act(h, a, &own);
			}
		}
		return;
	}
	for (size_t i = 0; i < nacts; i++) {
		if (is_meant(plan, i) && can_play(&acts[i])) {
			fork_act(h, &acts[i], plan);
		}
	}
}

static int usage(void)
{
	fprintf(stderr, "commands [--seconds N | --each N [ACT] | --way WAY [I N] | --one ACT WAY NTH START | --short | --list]\n");
	return 64;
}

int main(int argc, char *argv[])
{
	const char *told = getenv("CUSTOS_SEED"), *verb = argc > 1 ? argv[1] : "";
	unsigned seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL), wrong;
	struct plan plan = { .each = 1, .seed = &seed };
	struct house h;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tally = shared(sizeof(*tally));
	if (strcmp(verb, "--list") == 0) {
		return list_acts();
	} else if (argc == 3 && strcmp(verb, "--seconds") == 0 && atoi(argv[2]) > 0) {
		plan.drawn = DRAWN;
		plan.end = time(NULL) + atoi(argv[2]);
		printf("seed %u\n", seed);
	} else if (argc >= 3 && strcmp(verb, "--each") == 0 && atoi(argv[2]) > 0) {
		plan.each = strtoul(argv[2], NULL, 10);
		plan.act = argv[3];
	} else if ((argc == 3 || argc == 5) && strcmp(verb, "--way") == 0) {
		plan.is_one_way = true;
		plan.way = (unsigned)atoi(argv[2]) % NWAYS;
		plan.part = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
		plan.nparts = argc == 5 ? (unsigned)atoi(argv[4]) : 0;
	} else if (argc == 6 && strcmp(verb, "--one") == 0) {
		plan.act = argv[2];
		plan.way = (unsigned)atoi(argv[3]) % NWAYS;
		plan.nth = (unsigned)atoi(argv[4]);
		plan.nth_of_start = (unsigned)atoi(argv[5]);
	} else if (strcmp(verb, "--short") == 0) {
		plan.each = 150;
		plan.is_sample = true;
	} else if (argc > 1) {
		return usage();
	}
	house_make(&h);
	wrong = count_missing() + count_unseen(&h);
	play_all(&h, &plan);
	house_free(&h);
	for (size_t i = 0; i < NWAYS; i++) {
		printf("%-48s %5u\n", ways[i].name, tally->played[i]);
	}
	printf("%u answered all the same; %u starts behind it killed; the longest start took %d ms\n", tally->acknowledged,
		tally->starts_killed, tally->longest_start_ms);
	printf("%u faults in %u acts, %u wrong, %u broken\n", tally->nplayed, tally->nacts, tally->wrong + wrong,
		tally->broken);
	return tally->wrong + wrong + tally->broken ? 1 : 0;
}
