/*
 * states: every state of the disk that a power cut may leave in the middle of each kind of step.
 *
 *	states [--seconds N | --short | SCENE [STATE]]
 *
 * The step of each scene (scene.h) is made once, and every change of the disk that it makes is
 * recorded, SQLite's too.  From that follow the states that a power cut may leave (cuts.h); each is
 * laid down, opened and held to the model: what was acknowledged is there, and of the step all or
 * nothing (world_judge_cut).  Of some of them the start that recovers is cut off in the same way.
 * Then syncs are left out of the recorded traces, which must be found.  For N seconds: scenes and
 * states are drawn, by CUSTOS_SEED.  SCENE: only this one, by its number; STATE: of it this one, and
 * what goes wrong is said.
 */
#include "cuts.h"
#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EACH_START   40 /* of so many states one's start is cut off, too */
#define OF_A_START   4  /* states of that */
#define DRAWN        60 /* states of a scene that was drawn */
#define MOST_DEAF    200 /* states in which a sync that is left out must show */
#define SHORT_EACH   16
#define SHORT_SCENES 3
#define SHORT_STATES 4
#define MOST_SECONDS 120 /* for one state: then it hangs */

struct tally {
	unsigned long nstates, nstarts, nwrong, nfound, nmade;
	unsigned seed, each; /* of the moments of a trace */
	double until; /* 0: as long as it takes */
};

struct stage {
	const struct scene *scene;
	struct world *world; /* at rest */
	struct disk *before;
	struct trace trace;
	struct cuts cuts;
	struct laid *laid;
	char root[64], dir[80], record[96];
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

static void set_stage(struct stage *st, const struct scene *sc)
{
	*st = (struct stage){ .scene = sc };
	snprintf(st->root, sizeof(st->root), "%s/custos-states-XXXXXX", scene_place());
	if (!mkdtemp(st->root)) {
		perror(st->root);
		exit(2);
	}
	snprintf(st->dir, sizeof(st->dir), "%s/world", st->root);
	snprintf(st->record, sizeof(st->record), "%s/trace", st->root);
	st->world = scene_make(sc, st->dir);
	st->before = disk_read(st->dir);
	world_record(st->world, &sc->step, st->record);
	trace_load(st->record, &st->trace);
	st->laid = laid_new(st->dir);
}

static void clear_stage(struct stage *st)
{
	disk_lay(st->before, st->laid);
	world_wake(st->world);
	world_free(st->world);
	cuts_done(&st->cuts);
	trace_done(&st->trace);
	laid_free(st->laid);
	disk_free(st->before);
	scene_command("rm -rf '%s'", st->root);
}

/* --- one state ---------------------------------------------------------------------------- */

/* A process of its own, whose memory has the model as it was before; true: all is well. */
static bool runs_well(void (*fn)(const struct stage *st, const void *ctx), const struct stage *st,
	const void *ctx, bool is_loud)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!is_loud && (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))) {
			_exit(2);
		}
		alarm(MOST_SECONDS);
		fn(st, ctx);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		exit(2);
	}
	return status == 0;
}

static void judge(const struct stage *st, const void *ctx)
{
	const struct cut *c = ctx;
	const struct trace_op *mark = st->trace.ops;
	struct promise p;

	/* before the first one it is what that says: what lay there when all began */
	while (c->promise == 0 && mark->kind != TRACE_MARK) {
		mark++;
	}
	memcpy(&p, c->promise > 0 ? st->trace.ops[c->promise - 1].bytes : mark->bytes, sizeof(p));
	world_judge_cut(st->world, &st->scene->step, &p);
}

static void record_start(const struct stage *st, const void *ctx)
{
	(void)ctx;
	world_record_start(st->world, st->record);
}

static void say_wrong(const struct stage *st, const struct trace *t, const struct cut *c, size_t number,
	const char *when)
{
	char text[700];

	cut_print(t, c, text, sizeof(text));
	printf("WRONG: scene %zu, %s: state %zu%s: %s\n", (size_t)(st->scene - scenes), st->scene->what, number,
		when, text);
}

static bool play(struct stage *st, size_t number, bool is_loud)
{
	const struct cut *c = &st->cuts.v[number];
	struct disk *d = cut_make(&st->trace, st->before, c);
	bool is_well;

	disk_lay(d, st->laid);
	is_well = runs_well(judge, st, c, is_loud);
	disk_free(d);
	return is_well;
}

/* The power is cut again while the next start recovers. */
static void play_start(struct stage *st, size_t number, struct tally *t)
{
	const struct cut *first = &st->cuts.v[number];
	struct disk *d = cut_make(&st->trace, st->before, first);
	struct trace trace;
	struct cuts cuts;

	disk_lay(d, st->laid);
	if (!runs_well(record_start, st, NULL, false)) {
		t->nwrong++;
		say_wrong(st, &st->trace, first, number, ", a start");
		disk_lay(d, st->laid);
		(void)runs_well(record_start, st, NULL, true);
		disk_free(d);
		return;
	}
	trace_load(st->record, &trace);
	cuts_find(&trace, d, t->each, &cuts);
	for (unsigned i = 0; i < OF_A_START && !is_over(t); i++) {
		struct cut c = cuts.v[(size_t)rand_r(&t->seed) % cuts.n];
		struct disk *left = cut_make(&trace, d, &c);

		disk_lay(left, st->laid);
		disk_free(left);
		t->nstarts++;
		if (!runs_well(judge, st, &(struct cut){ .promise = first->promise }, false)) {
			t->nwrong++;
			say_wrong(st, &trace, &c, number, ", and the start behind it");
		}
	}
	cuts_done(&cuts);
	trace_done(&trace);
	disk_free(d);
}

/* --- all ---------------------------------------------------------------------------------- */

/* Each once, in an order that the seed gives. */
static void play_scene(const struct scene *sc, size_t most, struct tally *t)
{
	struct stage st;
	double began = seconds_now();
	unsigned long before = t->nstates, starts = t->nstarts;
	size_t at;

	set_stage(&st, sc);
	cuts_find(&st.trace, st.before, t->each, &st.cuts);
	t->nfound += st.cuts.n;
	t->nmade += st.cuts.nmade;
	printf("%-42s %4zu changes, %6zu states,", sc->what, st.trace.n, st.cuts.n);
	fflush(stdout);
	/* numbers that stay as they are: a step without a common factor goes through all */
	at = (size_t)rand_r(&t->seed) % st.cuts.n;
	for (size_t i = 0; i < st.cuts.n && i < most && !is_over(t); i++) {
		at = (at + 1000003) % st.cuts.n;
		t->nstates++;
		if (!play(&st, at, false)) {
			t->nwrong++;
			printf("\n");
			say_wrong(&st, &st.trace, &st.cuts.v[at], at, "");
			(void)play(&st, at, true);
		}
		if (i % EACH_START == EACH_START / 2) {
			play_start(&st, at, t);
		}
	}
	printf(" %6lu tried, %4lu of starts, %5.1f s\n", t->nstates - before, t->nstarts - starts,
		seconds_now() - began);
	clear_stage(&st);
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

static void forget_syncs(struct trace *t, const char *path)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->ops[i].kind != TRACE_SYNC || !strstr(t->ops[i].path, path)) {
			t->ops[kept++] = t->ops[i];
		}
	}
	if (kept == t->n) {
		fprintf(stderr, "states: %s is not synced in any case\n", path);
		exit(2);
	}
	t->n = kept;
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

/* From the end, where most was promised. */
static void play_deaf(const struct deaf *deaf, struct tally *t)
{
	struct stage st;
	unsigned tried = 0;
	bool is_seen = false;

	set_stage(&st, scene_of(deaf->scene));
	forget_syncs(&st.trace, deaf->path);
	cuts_find(&st.trace, st.before, t->each, &st.cuts);
	for (size_t i = st.cuts.n; !is_seen && i > 0 && tried < MOST_DEAF; i--) {
		enum cut_way way = st.cuts.v[i - 1].way;

		if (way == CUT_PREFIX || way == CUT_OMITTED || way == CUT_FILE_LOST) {
			tried++;
			is_seen = !play(&st, i - 1, false);
		}
	}
	t->nwrong += !is_seen;
	printf("%s: %s, %u tried\n", deaf->what, is_seen ? "found" : "WRONG: NOT FOUND", tried);
	clear_stage(&st);
}

static int play_one(size_t scene, const char *state)
{
	struct stage st;
	size_t number = strtoull(state, NULL, 10);
	char text[700];
	bool is_well;

	set_stage(&st, &scenes[scene]);
	cuts_find(&st.trace, st.before, 1, &st.cuts);
	if (number >= st.cuts.n) {
		fprintf(stderr, "states: scene %zu has %zu states\n", scene, st.cuts.n);
		return 64;
	}
	cut_print(&st.trace, &st.cuts.v[number], text, sizeof(text));
	printf("%s\n", text);
	is_well = play(&st, number, true);
	clear_stage(&st);
	printf("1 state, %d wrong\n", !is_well);
	return !is_well;
}

static void play_short(struct tally *t)
{
	t->seed = 1;
	t->each = SHORT_EACH;
	for (size_t i = 0; i < nscenes; i += SHORT_SCENES) {
		play_scene(&scenes[i], SHORT_STATES, t);
	}
}

static void play_for(int seconds, struct tally *t)
{
	t->until = seconds_now() + seconds;
	while (!is_over(t)) {
		play_scene(&scenes[(size_t)rand_r(&t->seed) % nscenes], DRAWN, t);
	}
}

static void play_deafs(struct tally *t)
{
	for (size_t i = 0; i < NDEAFS; i++) {
		play_deaf(&deafs[i], t);
	}
}

int main(int argc, char *argv[])
{
	const char *told = getenv("CUSTOS_SEED");
	struct tally t = { .seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL), .each = 1 };
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
	} else if (argc == 3 && strcmp(argv[1], "--seconds") == 0) {
		play_deafs(&t);
		play_for(atoi(argv[2]) - (int)(seconds_now() - began), &t);
	} else if (argc == 1) {
		play_deafs(&t);
		for (size_t i = 0; i < nscenes; i++) {
			play_scene(&scenes[i], SIZE_MAX, &t);
		}
	} else {
		fprintf(stderr, "states [--seconds N | --short | SCENE [STATE]]: SCENE: expected below %zu\n", nscenes);
		return 64;
	}
	printf("%lu states and %lu behind a start, %.1f a second, %lu wrong\n", t.nstates, t.nstarts,
		(double)(t.nstates + t.nstarts) / (seconds_now() - began), t.nwrong);
	return t.nwrong ? 1 : 0;
}
