/*
 * repository: everything that somebody who can write to a repository may do to it, and what restore and
 * check make of that.
 *
 *	repository [--seconds N | --short] [--only KIND] [--like TRICK]
 *
 * The repository is one that the real custosd made (victim.h).  The cases are played in a process that may
 * die or hang: then that is what is wrong.  Without a time: all there are, and 10,000 drawn of what is too
 * many.  CUSTOS_SEED repeats what is drawn; the short form, for ./dev test, always draws the same.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/sanitized.h"
#include "tricks.h"

#define CASE_SECONDS   180 /* longer is a hang */
#define MOST_MEMORY    (1ull << 30)
#define MOST_PRINTED   40
#define SHORT_SEED     20261129

static const struct kind *const families[] = { change_kinds, trick_kinds, race_kinds, signed_kinds,
	program_kinds };

static const char *const free_texts[] = {
#define X(id, why) [FREE_##id] = why,
	GROUND_FREE(X)
#undef X
};

/* Between the process that plays and the one that waits. */
struct shared {
	uint64_t next; /* the case that is played; the one after it when it is done */
	uint64_t played, wrong;
	uint64_t free_seen[FREE_NONE];
	pid_t daemon; /* a custosd that is to end when the process that plays dies */
	char now[300];
};

struct run {
	struct victim *victim;
	struct shared *shared;
	uint64_t seed;
	int seconds; /* 0: no bound */
	bool is_short;
	const char *only;
	uint64_t played, wrong;
};

static uint64_t draw(uint64_t seed, uint64_t i) /* splitmix64 */
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* --- the process that plays ------------------------------------------------------------------ */

/* Before the parent's own cleaning up, which is inherited. */
static void leave_at_once(void)
{
	_exit(255);
}

static void set_limits(void)
{
	struct rlimit memory = { MOST_MEMORY, MOST_MEMORY }, core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &core);
	if (!IS_SANITIZED) { /* which map more than there is */
		setrlimit(RLIMIT_AS, &memory);
	}
}

static void tell_wrong(struct run *run, const struct kind *k, const struct ground *g, const char *wrong)
{
	run->shared->wrong++;
	if (run->wrong + run->shared->wrong <= MOST_PRINTED) {
		printf("WRONG %s: %s: %s\n", k->name, run->shared->now, wrong);
		printf("      restore: %s\n", g->reading.said[0] ? g->reading.said : "went well");
		if (g->reading.told[0]) {
			printf("      check: %.*s\n", (int)strcspn(g->reading.told, "\n"), g->reading.told);
		}
		fflush(stdout);
	}
}

static void play_cases(struct run *run, const struct kind *k, uint64_t steps, int64_t end_ms)
{
	struct shared *s = run->shared;
	struct ground g = { .free_seen = s->free_seen, .daemon = &s->daemon };
	uint64_t n;

	atexit(leave_at_once);
	ground_init(&g, run->victim, "ground");
	set_limits();
	n = k->count(&g);
	while (s->next < steps && (end_ms == 0 || clock_monotonic_ms() < end_ms)) {
		bool is_all = steps == n && end_ms == 0;
		const char *wrong;

		snprintf(s->now, sizeof(s->now), "case %llu", (unsigned long long)s->next);
		alarm(CASE_SECONDS);
		wrong = k->play(&g, is_all ? s->next : draw(run->seed, s->next) % n, s->now);
		alarm(0);
		s->next++;
		s->played++;
		if (wrong) {
			tell_wrong(run, k, &g, wrong);
		}
	}
	ground_done(&g);
	_exit(0);
}

/* --- the one that waits ---------------------------------------------------------------------- */

static void on_death(struct run *run, const struct kind *k, int status)
{
	struct shared *s = run->shared;

	if (WIFSIGNALED(status)) {
		printf("WRONG %s: %s: ended by signal %d (%s)\n", k->name, s->now, WTERMSIG(status),
			WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
	} else {
		printf("WRONG %s: %s: ended with status %d\n", k->name, s->now, WEXITSTATUS(status));
	}
	fflush(stdout);
	if (s->daemon > 0) {
		run_kill_session(s->daemon);
		s->daemon = 0;
	}
	s->wrong++;
	s->played++;
	s->next++;
}

static uint64_t steps_of(struct run *run, const struct kind *k)
{
	struct ground g = { 0 };
	uint64_t n;

	ground_init(&g, run->victim, "count");
	n = k->count(&g);
	ground_done(&g);
	return run->is_short ? (n < k->few ? n : k->few) :
		run->seconds ? UINT64_MAX :
		k->most      ? (n < k->most ? n : k->most) :
			       n;
}

static void run_kind(struct run *run, const struct kind *k, unsigned parts)
{
	uint64_t steps = steps_of(run, k);
	int64_t started_ms = clock_monotonic_ms();
	int64_t end_ms = run->seconds ? started_ms + (int64_t)run->seconds * 1000 * k->part / parts : 0;
	int status = -1;

	run->shared->next = run->shared->played = run->shared->wrong = 0;
	while (status != 0 && run->shared->wrong < MOST_PRINTED) {
		pid_t pid = fork();

		if (pid == 0) {
			play_cases(run, k, steps, end_ms);
		}
		assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (status != 0) {
			on_death(run, k, status);
		}
	}
	printf("%-26s %8llu %6llu wrong %8.1f s\n", k->name, (unsigned long long)run->shared->played,
		(unsigned long long)run->shared->wrong, (double)(clock_monotonic_ms() - started_ms) / 1000);
	fflush(stdout);
	run->played += run->shared->played;
	run->wrong += run->shared->wrong;
}

static void run_all(struct run *run)
{
	unsigned parts = 0;

	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		for (const struct kind *k = families[f]; k->name; k++) {
			parts += k->part;
		}
	}
	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		for (const struct kind *k = families[f]; k->name; k++) {
			if (!run->only || strcmp(run->only, k->name) == 0) {
				run_kind(run, k, run->only ? k->part : parts);
			}
		}
	}
	for (int i = 0; i < FREE_NONE; i++) {
		if (run->shared->free_seen[i] > 0) {
			printf("free %8llu %s\n", (unsigned long long)run->shared->free_seen[i], free_texts[i]);
		}
	}
}

int main(int argc, char *argv[])
{
	const char *seed_text = getenv("CUSTOS_SEED");
	struct run run = { .seed = seed_text ? strtoull(seed_text, NULL, 10) : (uint64_t)time(NULL) };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--short") == 0) {
			run.is_short = true;
			run.seed = SHORT_SEED;
		} else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0) {
			run.seconds = atoi(argv[++i]);
		} else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
			run.only = argv[++i];
		} else if (strcmp(argv[i], "--like") == 0 && i + 1 < argc) {
			trick_like = argv[++i];
		} else {
			fprintf(stderr, "repository [--seconds N | --short] [--only KIND] [--like TRICK]: '%s': expected one of these\n",
				argv[i]);
			return 64;
		}
	}
	printf("seed %llu\n", (unsigned long long)run.seed);
	fflush(stdout);
	run.shared = mmap(NULL, sizeof(*run.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(run.shared != MAP_FAILED);
	run.victim = victim_new();
	run_all(&run);
	victim_free(run.victim);
	printf("%llu changes and tricks, %llu wrong\n", (unsigned long long)run.played, (unsigned long long)run.wrong);
	return run.wrong > 0;
}
