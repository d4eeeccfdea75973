/*
 * sites: each change of the disk that each kind of step makes goes wrong, in every way.
 *
 *	sites [EACH [FIRST]]
 *	sites --seconds N
 *
 * A scene is a small store and one step. The step is made once for each of its changes of the disk
 * and each way in which that may go wrong: the process ends before it, half of a write is there,
 * the power is cut, the call fails once, it and all after it fail. Then the store is opened, and
 * what it and its backups show must be what the model says: the step happened, or it did not.
 * The start behind it goes wrong as well, at each of its own changes, and then once more not.
 * With EACH only every so many are played, from number FIRST on; for N seconds: of a scene drawn at
 * random each 50th, then of another. CUSTOS_SEED repeats such a run.
 */
#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DRAWN_EACH 50

static const struct way {
	const char *name;
	enum fault_how how;
	int error;
} ways[] = {
	{ "the process ends", FAULT_EXIT, 0 },
	{ "half of a write", FAULT_TEAR, 0 },
	{ "the power is cut", FAULT_POWER, 0 },
	{ "the power is cut, sectors are lost", FAULT_SHUFFLE, 0 },
	{ "EIO once", FAULT_FAIL, EIO },
	{ "ENOSPC once", FAULT_FAIL, ENOSPC },
	{ "EDQUOT once", FAULT_FAIL, EDQUOT },
	{ "EINTR once", FAULT_FAIL, EINTR },
	{ "EIO from then on", FAULT_FAIL_ALL, EIO },
	{ "ENOSPC from then on", FAULT_FAIL_ALL, ENOSPC },
};

#define NWAYS (sizeof(ways) / sizeof(ways[0]))

struct tally {
	unsigned long number, each; /* of all that could be played; which are */
	unsigned nplayed, played[NWAYS], wrong;
};

/* --- the directory of a scene, as it was ------------------------------------------------ */

static void put_back(const char *kept, const char *dir)
{
	scene_command("rm -rf '%s'", dir);
	scene_command("cp -a '%s' '%s'", kept, dir);
}

/* --- one fault --------------------------------------------------------------------------- */

#define ENDED_BEFORE 7 /* exit status: the step came to its end before its n-th change */

struct stage {
	const struct scene *scene;
	struct world *world; /* at rest */
	char root[64], dir[80], kept[80];
};

/* A process of its own, whose memory has the model as it was before.  Its exit status. */
static int play(const struct stage *st, const struct way *way, unsigned nth, bool is_loud)
{
	struct step s = st->scene->step;
	int status = 0;
	pid_t pid;

	s.dies_at = nth;
	put_back(st->kept, st->dir);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!is_loud && (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))) {
			_exit(2);
		}
		world_wake(st->world);
		if (!world_step_wrong(st->world, &s, way->how, way->error)) {
			_exit(ENDED_BEFORE);
		}
		world_judge(st->world);
		world_rest(st->world);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void play_site(const struct stage *st, size_t way, unsigned nth, struct tally *t)
{
	int status = play(st, &ways[way], nth, false);

	t->played[way] += status != ENDED_BEFORE;
	if (status != 0 && status != ENDED_BEFORE) {
		t->wrong++;
		printf("WRONG: %s: change %u: %s\n", st->scene->what, nth, ways[way].name);
		(void)play(st, &ways[way], nth, true);
	}
}

/* --- all --------------------------------------------------------------------------------- */

static void set_stage(struct stage *st)
{
	snprintf(st->root, sizeof(st->root), "%s/custos-sites-XXXXXX", scene_place());
	if (!mkdtemp(st->root)) {
		perror(st->root);
		exit(2);
	}
	snprintf(st->dir, sizeof(st->dir), "%s/world", st->root);
	snprintf(st->kept, sizeof(st->kept), "%s/kept", st->root);
	st->world = scene_make(st->scene, st->dir);
	scene_command("cp -a '%s' '%s'", st->dir, st->kept);
}

static void play_scene(const struct scene *sc, struct tally *t)
{
	struct stage st = { .scene = sc };
	unsigned before = t->nplayed;
	long nchanges;
	time_t began = time(NULL);

	set_stage(&st);
	nchanges = world_count_changes(st.world, &sc->step);
	for (size_t way = 0; way < NWAYS; way++) {
		for (unsigned nth = 1; nth <= (unsigned)nchanges; nth++) {
			if (t->number++ % t->each == 0) {
				play_site(&st, way, nth, t);
				t->nplayed++;
			}
		}
	}
	put_back(st.kept, st.dir);
	world_wake(st.world);
	world_free(st.world);
	scene_command("rm -rf '%s'", st.root);
	printf("%-42s %4ld changes, %5u faults, %4ld s\n", sc->what, nchanges, t->nplayed - before,
		(long)(time(NULL) - began));
}

static void play_for(int seconds, struct tally *t)
{
	const char *told = getenv("CUSTOS_SEED");
	unsigned seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL);
	time_t end = time(NULL) + seconds;

	printf("seed %u\n", seed);
	t->each = DRAWN_EACH;
	while (time(NULL) < end) {
		t->number = (unsigned long)rand_r(&seed) % DRAWN_EACH;
		play_scene(&scenes[(size_t)rand_r(&seed) % nscenes], t);
	}
}

int main(int argc, char *argv[])
{
	struct tally t = { .each = 1 };
	bool is_drawn = argc == 3 && strcmp(argv[1], "--seconds") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (is_drawn) {
		play_for(atoi(argv[2]), &t);
	} else {
		t.each = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
		t.number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
		if (t.each == 0) {
			fprintf(stderr, "sites [EACH [FIRST]]: EACH: expected 1 or more\n");
			return 64;
		}
		for (size_t i = 0; i < nscenes; i++) {
			play_scene(&scenes[i], &t);
		}
	}
	for (size_t i = 0; i < NWAYS; i++) {
		printf("%-42s %5u\n", ways[i].name, t.played[i]);
	}
	printf("%u faults, %u wrong\n", t.nplayed, t.wrong);
	return t.wrong ? 1 : 0;
}
