/*
 * states: every state of the disk that a power cut may leave in the middle of each kind of step.
 *
 *	states [--seconds N | --short | SCENE [STATE] | --syncs SCENE]
 *
 * The step of each scene (scene.h) is made once, and every change of the disk that it makes is
 * recorded, SQLite's too.  From that follow the states that a power cut may leave (cuts.h); each is
 * laid down, opened and held to the model: what was acknowledged is there, and of the step all or
 * nothing (world_judge_cut).  Of some of them the start that recovers is cut off in the same way.
 * Then syncs are left out of the recorded traces, which must be found.  For N seconds: scenes and
 * states are drawn, by CUSTOS_SEED.  SCENE: only this one, by its number; STATE: of it this one, as a
 * finding is printed with it, and what goes wrong is said.  --syncs: every file and directory of the
 * scene that is synced, each once without: which of them are missed?
 */
#include "cut_stage.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EACH_START     40 /* of so many states one's start is cut off, too */
#define DRAWN          60 /* states of a scene that was drawn, at some of its moments */
#define DRAWN_MOMENTS  12
#define MOST_DEAF      60 /* states in which a sync that is left out must show */
#define SHORT_MOMENTS  4
#define SHORT_SCENES   3
#define SHORT_STATES   4
#define MOST_LANES     8

struct tally {
	unsigned long nstates, nstarts, nwrong;
	unsigned seed, moments; /* moments: so many of each trace; 0: all */
	double until;           /* 0: as long as it takes */
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_over(const struct tally *t)
{
	return t->until > 0 && seconds_now() >= t->until;
}

/* --- a scene ------------------------------------------------------------------------------ */

static void play(struct stage *st, const struct cut *c, bool has_start, struct tally *t)
{
	unsigned n, nwrong;

	t->nstates++;
	if (!stage_play(st, c, false)) {
		t->nwrong++;
		stage_say_wrong(st, &st->trace, c, "");
		(void)stage_play(st, c, true);
	}
	if (has_start) {
		stage_play_start(st, c, &t->seed, &n, &nwrong);
		t->nstarts += n;
		t->nwrong += nwrong;
	}
}

/* Each once, in an order that the seed gives. */
static void play_scene(const struct scene *sc, size_t most, struct tally *t)
{
	struct tally before = *t;
	struct stage st;
	double began = seconds_now();
	unsigned each;
	size_t at;

	stage_init(&st, sc);
	each = t->moments > 0 ? 1 + (unsigned)st.trace.n / t->moments : 1;
	cuts_find(&st.trace, st.before, each, (unsigned)rand_r(&t->seed), &st.cuts);
	at = (size_t)rand_r(&t->seed) % st.cuts.n;
	for (size_t i = 0; i < st.cuts.n && i < most && !is_over(t); i++) {
		at = (at + 1000003) % st.cuts.n; /* a prime: all come */
		play(&st, &st.cuts.v[at], i % EACH_START == 0, t);
	}
	printf("%-42s %4zu changes, %6zu states, %6lu tried, %4lu behind a start, %4lu wrong, %6.1f s\n", sc->what,
		st.trace.n, st.cuts.n, t->nstates - before.nstates, t->nstarts - before.nstarts,
		t->nwrong - before.nwrong, seconds_now() - began);
	stage_done(&st);
}

/* --- can it see? -------------------------------------------------------------------------- */

/* A program that forgot its syncs of some files. */
static const struct deaf {
	const char *what, *path, *scene;
} deafs[] = {
	{ "no sync of data.db's write-ahead log", "data.db-wal", "a record is changed" },
	{ "no sync of the log's journal", "log/journal/", "somebody is read" },
	{ "no sync of a root block of the keys", "vault.root.", "a person is erased" },
	{ "no sync of the directory of manifests", "repo0/manifest", "another backup is made" },
	{ "no sync of new objects before they get their name", "repo0/tmp/", "another backup is made" },
};

#define NDEAFS (sizeof(deafs) / sizeof(deafs[0]))

/* is_whole: of the file or directory of that path alone.  How many. */
static size_t forget_syncs(struct trace *t, const char *path, bool is_whole)
{
	size_t kept = 0, n = t->n;

	for (size_t i = 0; i < n; i++) {
		const char *of = t->ops[i].path;

		if (t->ops[i].kind != TRACE_SYNC || !(is_whole ? strcmp(of, path) == 0 : strstr(of, path) != NULL)) {
			t->ops[kept++] = t->ops[i];
		}
	}
	t->n = kept;
	return n - kept;
}

static const struct scene *scene_of(const char *what)
{
	for (size_t i = 0; i < nscenes; i++) {
		if (strcmp(scenes[i].what, what) == 0) {
			return &scenes[i];
		}
	}
	fprintf(stderr, "states: there is no scene '%s'\n", what);
	exit(2);
}

/* Does it show that syncs of a file are missing, in the states that are about it? */
static bool shows(struct stage *st, uint64_t ino, unsigned each, unsigned *ret_tried)
{
	bool is_seen = false;

	*ret_tried = 0;
	cuts_find(&st->trace, st->before, each, 0, &st->cuts);
	for (size_t i = st->cuts.n; !is_seen && i > 0 && *ret_tried < MOST_DEAF; i--) {
		const struct cut *c = &st->cuts.v[i - 1];
		bool is_plain = c->way == CUT_PREFIX || c->way == CUT_OMITTED || c->way == CUT_FILE_LOST;

		if (is_plain && (ino == 0 || cut_holder(&st->trace, c) == ino)) {
			++*ret_tried;
			is_seen = !stage_play(st, c, false);
		}
	}
	cuts_done(&st->cuts);
	return is_seen;
}

/* At the end of the trace, where most was promised. */
static void play_deaf(const struct deaf *deaf, struct tally *t)
{
	struct stage st;
	unsigned tried;
	bool is_seen;

	stage_init(&st, scene_of(deaf->scene));
	is_seen = forget_syncs(&st.trace, deaf->path, false) > 0 && shows(&st, 0, UINT_MAX, &tried);
	t->nwrong += !is_seen;
	printf("%s: %s\n", deaf->what, is_seen ? "found" : "WRONG: NOT FOUND");
	stage_done(&st);
}

/* Every file and directory of a scene that is synced, each once without: which of them show? */
static void play_syncs(const struct scene *sc)
{
	struct stage st;
	struct trace whole;

	stage_init(&st, sc);
	whole = st.trace;
	for (size_t i = 0; i < whole.n; i++) {
		size_t first = 0, n;
		unsigned tried;
		bool is_seen;

		while (first < i && (whole.ops[first].kind != TRACE_SYNC || strcmp(whole.ops[first].path, whole.ops[i].path) != 0)) {
			first++;
		}
		if (whole.ops[i].kind != TRACE_SYNC || first < i) {
			continue;
		}
		st.trace.ops = malloc(whole.n * sizeof(*whole.ops));
		st.trace.n = whole.n;
		if (!st.trace.ops) {
			abort();
		}
		memcpy(st.trace.ops, whole.ops, whole.n * sizeof(*whole.ops));
		n = forget_syncs(&st.trace, whole.ops[i].path, true);
		is_seen = shows(&st, whole.ops[i].ino, 1, &tried);
		printf("%-8s %3u tried, %2zu syncs of %s\n", is_seen ? "seen" : "UNSEEN", tried, n, whole.ops[i].path);
		free(st.trace.ops);
	}
	st.trace = whole;
	stage_done(&st);
}

static void play_deafs(struct tally *t)
{
	for (size_t i = 0; i < NDEAFS; i++) {
		play_deaf(&deafs[i], t);
	}
}

/* --- what is asked for --------------------------------------------------------------------- */

static int play_one(size_t scene, const char *state)
{
	struct stage st;
	struct cut c;
	char text[700];
	bool is_well;

	stage_init(&st, &scenes[scene]);
	if (!cut_parse(state, &st.trace, &c)) {
		fprintf(stderr, "states: '%s': expected a state as it is printed\n", state);
		return 64;
	}
	cut_print(&st.trace, &c, text, sizeof(text));
	printf("%s\n", text);
	is_well = stage_play(&st, &c, true);
	stage_done(&st);
	printf("1 state, %d wrong\n", !is_well);
	return !is_well;
}

static void play_short(struct tally *t)
{
	t->seed = 1;
	t->moments = SHORT_MOMENTS;
	for (size_t i = 0; i < nscenes; i += SHORT_SCENES) {
		play_scene(&scenes[i], SHORT_STATES, t);
	}
}

/* Scenes are played side by side, as many as there are processors. */
struct lanes {
	atomic_uint next; /* scene, where each is played once */
	struct tally each[MOST_LANES];
};

static void play_lane(struct lanes *all, struct tally *t)
{
	unsigned next;

	while (t->until > 0 && !is_over(t)) {
		play_scene(&scenes[(size_t)rand_r(&t->seed) % nscenes], DRAWN, t);
	}
	while (t->until == 0 && (next = atomic_fetch_add(&all->next, 1)) < nscenes) {
		play_scene(&scenes[next], SIZE_MAX, t);
	}
}

static unsigned count_lanes(void)
{
	const char *told = getenv("CUSTOS_LANES");
	long n = told ? atol(told) : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MOST_LANES ? MOST_LANES : (unsigned)n;
}

static void play_lanes(struct tally *t)
{
	struct lanes *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned nlanes = count_lanes();
	int status;

	fflush(NULL);
	for (unsigned i = 0; all != MAP_FAILED && i < nlanes; i++) {
		all->each[i] = (struct tally){ .seed = t->seed + i, .moments = t->moments, .until = t->until };
		if (fork() == 0) {
			play_lane(all, &all->each[i]);
			_exit(0);
		}
	}
	while (wait(&status) > 0) {
		t->nwrong += status != 0; /* it did not come to its end, and has said why */
	}
	for (unsigned i = 0; all != MAP_FAILED && i < nlanes; i++) {
		t->nstates += all->each[i].nstates;
		t->nstarts += all->each[i].nstarts;
		t->nwrong += all->each[i].nwrong;
	}
}

int main(int argc, char *argv[])
{
	const char *told = getenv("CUSTOS_SEED");
	struct tally t = { .seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL) };
	double began = seconds_now();
	size_t scene = argc > 1 && argv[1][0] != '-' ? strtoull(argv[1], NULL, 10) : nscenes;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %u\n", t.seed);
	if (argc == 3 && scene < nscenes) {
		return play_one(scene, argv[2]);
	}
	if (argc == 2 && scene < nscenes) {
		play_scene(&scenes[scene], SIZE_MAX, &t);
	} else if (argc == 2 && strcmp(argv[1], "--short") == 0) {
		play_short(&t);
		play_deafs(&t);
	} else if (argc == 3 && strcmp(argv[1], "--syncs") == 0 && strtoull(argv[2], NULL, 10) < nscenes) {
		play_syncs(&scenes[strtoull(argv[2], NULL, 10)]);
		return 0;
	} else if (argc == 3 && strcmp(argv[1], "--seconds") == 0) {
		play_deafs(&t);
		t.until = began + atoi(argv[2]);
		t.moments = DRAWN_MOMENTS;
		play_lanes(&t);
	} else if (argc == 1) {
		play_deafs(&t);
		play_lanes(&t);
	} else {
		fprintf(stderr, "states [--seconds N | --short | SCENE [STATE] | --syncs SCENE]: SCENE: expected below %zu\n", nscenes);
		return 64;
	}
	printf("%lu states and %lu behind a start, %.1f a second, %lu wrong\n", t.nstates, t.nstarts,
		(double)(t.nstates + t.nstarts) / (seconds_now() - began), t.nwrong);
	return t.nwrong ? 1 : 0;
}
