#include "each_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scene.h"

struct tally {
	const struct each_call_lab *lab;
	unsigned long number, each; /* of all that could be played; which are */
	unsigned nplayed, played[EACH_CALL_WAYS], wrong;
};

/* --- the directory of a scene, as it was ------------------------------------------------ */

static void put_back(const char *kept, const char *dir)
{
	scene_command("rm -rf '%s'", dir);
	scene_command("cp -a '%s' '%s'", kept, dir);
}

/* --- one fault --------------------------------------------------------------------------- */

#define ENDED_BEFORE 7 /* exit status: the step came to its end before its n-th call */

struct stage {
	const struct each_call_lab *lab;
	const struct scene *scene;
	struct world *world; /* at rest */
	char root[64], dir[80], kept[80];
};

/* A process of its own, whose memory has the model as it was before.  Its exit status. */
static int play(const struct stage *st, const struct each_call_way *way, unsigned nth, bool is_loud)
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
		if (!world_step_wrong(st->world, &s, st->lab->kinds, way->how, way->error)) {
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
	int status = play(st, &st->lab->ways[way], nth, false);

	t->played[way] += status != ENDED_BEFORE;
	if (status != 0 && status != ENDED_BEFORE) {
		t->wrong++;
		printf("WRONG: %s: %s %u: %s\n", st->scene->what, st->lab->call, nth, st->lab->ways[way].name);
		(void)play(st, &st->lab->ways[way], nth, true);
	}
}

/* --- all --------------------------------------------------------------------------------- */

static void set_stage(struct stage *st)
{
	snprintf(st->root, sizeof(st->root), "%s/custos-each-call-XXXXXX", scene_place());
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
	struct stage st = { .lab = t->lab, .scene = sc };
	unsigned before = t->nplayed;
	long ncalls;
	time_t began = time(NULL);

	set_stage(&st);
	ncalls = world_count_calls(st.world, &sc->step, t->lab->kinds);
	for (size_t way = 0; way < t->lab->nways; way++) {
		for (unsigned nth = 1; nth <= (unsigned)ncalls; nth++) {
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
	printf("%-42s %5ld %ss, %5u faults, %4ld s\n", sc->what, ncalls, t->lab->call, t->nplayed - before,
		(long)(time(NULL) - began));
}

static void play_for(int seconds, struct tally *t)
{
	const char *told = getenv("CUSTOS_SEED");
	unsigned seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL);
	time_t end = time(NULL) + seconds;

	printf("seed %u\n", seed);
	t->each = t->lab->drawn_each;
	while (time(NULL) < end) {
		t->number = (unsigned long)rand_r(&seed) % t->each;
		play_scene(&scenes[(size_t)rand_r(&seed) % nscenes], t);
	}
}

int each_call_main(const struct each_call_lab *lab, int argc, char *argv[])
{
	struct tally t = { .lab = lab, .each = 1 };
	bool is_drawn = argc == 3 && strcmp(argv[1], "--seconds") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (is_drawn) {
		play_for(atoi(argv[2]), &t);
	} else {
		t.each = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
		t.number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
		if (t.each == 0) {
			fprintf(stderr, "[EACH [FIRST]]: EACH: expected 1 or more\n");
			return 64;
		}
		for (size_t i = 0; i < nscenes; i++) {
			play_scene(&scenes[i], &t);
		}
	}
	for (size_t i = 0; i < lab->nways; i++) {
		printf("%-42s %5u\n", lab->ways[i].name, t.played[i]);
	}
	printf("%u faults, %u wrong\n", t.nplayed, t.wrong);
	return t.wrong ? 1 : 0;
}
