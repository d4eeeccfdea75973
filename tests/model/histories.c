/*
 * histories: what happens to people's data in random histories is what a small model says.
 *
 *	histories [NUMBER [SEED]]
 *	histories --seconds N
 *
 * 10,000 if nothing is said, from a seed that nobody had before, or CUSTOS_SEED.  Each history is drawn
 * from its seed alone, the next from the next: NUMBER 1 and its SEED repeat it.  When one goes wrong it
 * is made as short as it can be, and printed.
 */
#include "world.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_STEPS  40
#define ANY        NSTEPS
#define DEATH_EACH 6 /* of so many steps one is interrupted */

struct history {
	struct step steps[MAX_STEPS];
	unsigned n;
};

/* What each kind of step weighs in a history about erasures, and in one about what keeps; and what
 * follows on it more often than by chance: an erasure goes on, a backup knows of it, and is tried;
 * expiry comes after what it waits for. */
static const struct {
	unsigned char weights[2];
	enum step_kind next[2]; /* ANY: nothing does */
} kinds[NSTEPS] = {
	[STEP_ADD] = { { 8, 2 }, { ANY, ANY } },
	[STEP_WRITE] = { { 26, 10 }, { ANY, STEP_EXPIRE } },
	[STEP_BEGIN] = { { 12, 4 }, { STEP_ERASE, STEP_ERASE } },
	[STEP_CANCEL] = { { 4, 1 }, { ANY, ANY } },
	[STEP_LET_GO] = { { 3, 1 }, { ANY, ANY } },
	[STEP_ERASE] = { { 14, 4 }, { STEP_BACK_UP, STEP_BACK_UP } },
	[STEP_READ] = { { 8, 6 }, { ANY, ANY } },
	[STEP_PASS] = { { 2, 8 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_JUMP] = { { 2, 6 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_CONFIRM] = { { 1, 5 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_EXPIRE] = { { 4, 14 }, { ANY, ANY } },
	[STEP_HOLD] = { { 4, 12 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_RELEASE] = { { 2, 8 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_SAY] = { { 5, 8 }, { ANY, ANY } },
	[STEP_ASK] = { { 1, 5 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_CLOSE] = { { 1, 5 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_MERGE] = { { 6, 5 }, { STEP_LOOK, STEP_BACK_UP } },
	[STEP_END] = { { 3, 2 }, { STEP_BACK_UP, STEP_EXPIRE } },
	[STEP_BACK_UP] = { { 14, 10 }, { STEP_DRILL, STEP_DRILL } },
	[STEP_DRILL] = { { 1, 8 }, { STEP_EXPIRE, STEP_EXPIRE } },
	[STEP_REOPEN] = { { 4, 2 }, { ANY, ANY } },
	[STEP_LOOK] = { { 3, 2 }, { ANY, ANY } },
	[STEP_MOVE] = { { 2, 2 }, { ANY, ANY } },
};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static enum step_kind draw_kind(uint64_t *state, bool is_keeping)
{
	unsigned sum = 0, at;

	for (int i = 0; i < NSTEPS; i++) {
		sum += kinds[i].weights[is_keeping];
	}
	at = (unsigned)(draw(state) % sum);
	for (int i = 0; i < NSTEPS; i++) {
		if (at < kinds[i].weights[is_keeping]) {
			return (enum step_kind)i;
		}
		at -= kinds[i].weights[is_keeping];
	}
	return STEP_ADD;
}

static enum step_kind draw_next(uint64_t *state, const struct step *last, bool is_keeping)
{
	enum step_kind any = draw_kind(state, is_keeping);
	bool is_chance = draw(state) % 2;

	return is_chance || kinds[last->kind].next[is_keeping] == ANY ? any :
								     kinds[last->kind].next[is_keeping];
}

/* Every second time what it is about is what steps meet at: of two records beside each other one is
 * erased; a sale of an early month is written, and held. */
static void draw_what(uint64_t *state, struct step *s)
{
	bool is_sale = draw(state) % 3;

	if (draw(state) % 2) {
		return;
	}
	switch (s->kind) {
	case STEP_WRITE:
		s->b = is_sale ? 3 : 1;
		s->c %= 3;
		break;
	case STEP_BEGIN:
		s->b = MODEL_RECORD;
		s->c = 0;
		break;
	case STEP_HOLD:
		s->b = is_sale ? MODEL_COLLECTION : MODEL_RECORD;
		s->c = is_sale ? MODEL_SALE : 3;
		break;
	case STEP_MERGE:
		s->b = s->a + 1; /* neighbours: so most are two people */
		break;
	default: break;
	}
}

/* Two people; where it is about what keeps, each with a sale of the first month. */
static void draw_history(uint64_t seed, struct history *h)
{
	static const struct step first[] = { { .kind = STEP_ADD }, { .kind = STEP_ADD },
		{ .kind = STEP_WRITE, .a = 0, .b = 3 }, { .kind = STEP_WRITE, .a = 1, .b = 3 } };
	uint64_t state = seed;
	bool is_keeping = draw(&state) % 2;

	h->n = 8 + (unsigned)(draw(&state) % (MAX_STEPS - 8));
	for (unsigned i = 0; i < h->n; i++) {
		struct step *s = &h->steps[i];

		if (i < (is_keeping ? 4 : 2)) {
			*s = first[i];
			continue;
		}
		*s = (struct step){ .kind = draw_next(&state, s - 1, is_keeping) };
		/* two steps in three are about the first two people: else they seldom meet */
		s->a = (unsigned)(draw(&state) % (draw(&state) % 3 ? 2 : 1000));
		if (s->kind == STEP_ERASE && h->steps[i - 1].kind == STEP_BEGIN) {
			s->a = h->steps[i - 1].a;
		}
		s->b = (unsigned)(draw(&state) % 1000);
		s->c = (unsigned)(draw(&state) % 1000);
		draw_what(&state, s);
		if (draw(&state) % DEATH_EACH == 0) {
			/* most steps have about a dozen changes of the disk; backups and shreds more */
			s->dies_at = 1 + (unsigned)(draw(&state) % (draw(&state) % 2 ? 12 : 40));
			s->is_power = draw(&state) % 2;
		}
	}
}

static void print_history(const struct history *h)
{
	static const char *const texts[] = {
#define X(id, text) text,
		STEPS(X)
#undef X
	};

	for (unsigned i = 0; i < h->n; i++) {
		const struct step *s = &h->steps[i];

		printf("  %2u  %-36s %3u %3u %3u", i + 1, texts[s->kind], s->a, s->b, s->c);
		printf(s->dies_at ? "  ends before change %u%s\n" : "\n", s->dies_at,
			s->is_power ? ", without power" : "");
	}
}

/* --- one ------------------------------------------------------------------------------------ */

static void play(const struct history *h, const char *dir)
{
	struct world *w = world_new(dir);

	for (unsigned i = 0; i < h->n; i++) {
		world_step(w, &h->steps[i]);
	}
	world_judge(w);
	world_free(w);
}

/* In memory where that may be: what is not synced is taken away by fault.h, whatever is below. */
static const char *place(void)
{
	const char *told = getenv("TMPDIR");

	return told ? told : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* In a process of its own, which ends with 0 when all was right; what it says is heard only if
 * is_loud. */
static bool goes_right(const struct history *h, bool is_loud)
{
	char dir[64], command[96];
	int status;
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/custos-history-XXXXXX", place());
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!is_loud && (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))) {
			_exit(2);
		}
		play(h, dir);
		fflush(NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	(void)!system(command);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Leaves out whatever the fault does not need: halves, quarters ... single steps; then deaths. */
static void shrink(struct history *h)
{
	for (unsigned size = h->n / 2; size > 0; size /= 2) {
		for (unsigned at = 0; at + size <= h->n;) {
			struct history less = { .n = h->n - size };

			memcpy(less.steps, h->steps, at * sizeof(*h->steps));
			memcpy(less.steps + at, h->steps + at + size, (h->n - at - size) * sizeof(*h->steps));
			if (goes_right(&less, false)) {
				at++;
			} else {
				*h = less;
			}
		}
	}
	for (unsigned i = 0; i < h->n; i++) {
		struct history less = *h;

		less.steps[i].dies_at = 0;
		if (h->steps[i].dies_at > 0 && !goes_right(&less, false)) {
			*h = less;
		}
	}
}

static int try_seed(uint64_t seed)
{
	struct history h;

	draw_history(seed, &h);
	if (goes_right(&h, false)) {
		return 0;
	}
	printf("seed %llu goes wrong; as short as it can be:\n", (unsigned long long)seed);
	shrink(&h);
	print_history(&h);
	(void)goes_right(&h, true);
	return 1;
}

/* One that nobody had before. */
static uint64_t first_seed(void)
{
	const char *told = getenv("CUSTOS_SEED");

	return told ? strtoull(told, NULL, 10) :
		      (uint64_t)time(NULL) * 100000 + (uint64_t)getpid() % 100 * 1000;
}

int main(int argc, char *argv[])
{
	bool is_timed = argc == 3 && strcmp(argv[1], "--seconds") == 0;
	unsigned long wanted = is_timed ? ULONG_MAX : argc > 1 ? strtoul(argv[1], NULL, 10) : 10000, n;
	uint64_t first = argc > 2 && !is_timed ? strtoull(argv[2], NULL, 10) : first_seed();
	time_t end = is_timed ? time(NULL) + atoi(argv[2]) : 0;
	int nwrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seeds from %llu\n", (unsigned long long)first);
	for (n = 0; n < wanted && nwrong < 3 && (!is_timed || time(NULL) < end); n++) {
		nwrong += try_seed(first + n);
	}
	printf("%lu histories, %d wrong\n", n, nwrong);
	return nwrong ? 1 : 0;
}
