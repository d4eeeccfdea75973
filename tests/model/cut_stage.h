/*
 * cut_stage.h: a scene whose step was recorded, and what a power cut has left of it, laid down and judged.
 */
#ifndef CU_TESTS_MODEL_CUT_STAGE_H
#define CU_TESTS_MODEL_CUT_STAGE_H
#include "cuts.h"
#include "scene.h"

struct stage {
	const struct scene *scene;
	struct world *world; /* at rest */
	struct disk *before;
	struct trace trace;
	struct cuts cuts; /* the caller's to find; stage_done frees them */
	struct laid *laid;
	char root[64], dir[80], record[96];
};

void stage_init(struct stage *st, const struct scene *sc);
void stage_done(struct stage *st);

/* In a process of its own; true: all is well.  is_loud: what it says is heard. */
bool stage_play(struct stage *st, const struct cut *c, bool is_loud);
/* The same of some states of the start that finds this one and is cut off itself, drawn by seed; says
 * which go wrong. */
void stage_play_start(struct stage *st, const struct cut *first, unsigned *seed, unsigned *ret_n,
	unsigned *ret_nwrong);

/* For people, with what ./dev fault states takes to play it again. */
void stage_say_wrong(const struct stage *st, const struct trace *t, const struct cut *c, const char *when);

#endif
