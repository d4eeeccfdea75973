#include "cut_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OF_A_START   4   /* states of a start */
#define MOST_SECONDS 120 /* for one state: then it hangs */

/* --- a scene ------------------------------------------------------------------------------ */

void stage_init(struct stage *st, const struct scene *sc)
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

void stage_done(struct stage *st)
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

void stage_say_wrong(const struct stage *st, const struct trace *t, const struct cut *c, const char *when)
{
	char text[700];

	cut_print(t, c, text, sizeof(text));
	printf("WRONG: %s%s: states %zu %s\n", st->scene->what, when, (size_t)(st->scene - scenes), text);
}

bool stage_play(struct stage *st, const struct cut *c, bool is_loud)
{
	struct disk *d = cut_make(&st->trace, st->before, c);
	bool is_well;

	disk_lay(d, st->laid);
	is_well = runs_well(judge, st, c, is_loud);
	disk_free(d);
	return is_well;
}

/* The power is cut again while the next start recovers. */
void stage_play_start(struct stage *st, const struct cut *first, unsigned *seed, unsigned *ret_n,
	unsigned *ret_nwrong)
{
	struct disk *d = cut_make(&st->trace, st->before, first);
	struct trace trace;
	struct cuts cuts;

	*ret_n = *ret_nwrong = 0;
	disk_lay(d, st->laid);
	if (!runs_well(record_start, st, NULL, false)) {
		stage_say_wrong(st, &st->trace, first, ", a start");
		disk_lay(d, st->laid);
		(void)runs_well(record_start, st, NULL, true);
		*ret_nwrong = 1;
		disk_free(d);
		return;
	}
	trace_load(st->record, &trace);
	cuts_find(&trace, d, 1, 0, &cuts);
	while (*ret_n < OF_A_START) {
		const struct cut c = cuts.v[(size_t)rand_r(seed) % cuts.n];
		struct disk *left = cut_make(&trace, d, &c);

		disk_lay(left, st->laid);
		disk_free(left);
		++*ret_n;
		/* what was promised is what had been before that start */
		if (!runs_well(judge, st, &(struct cut){ .promise = first->promise }, false)) {
			++*ret_nwrong;
			stage_say_wrong(st, &st->trace, first, ", before a start");
			stage_say_wrong(st, &trace, &c, ", that start");
		}
	}
	cuts_done(&cuts);
	trace_done(&trace);
	disk_free(d);
}
