/*
 * scene.h: small stores, and one step of a history for each kind of step that changes the disk.
 *
 * What goes wrong in the step is what a lab makes of it: sites.c, states.c.  As world.h nothing
 * here returns an error.
 */
#ifndef CU_TESTS_MODEL_SCENE_H
#define CU_TESTS_MODEL_SCENE_H
#include "world.h"

#define SCENE_MAX_BEFORE 8

struct scene {
	const char *what;
	struct step before[SCENE_MAX_BEFORE];
	unsigned nbefore;
	struct step step;
};

extern const struct scene scenes[];
extern const size_t nscenes;

/* Where its directories are made: TMPDIR, or in memory. */
const char *scene_place(void);
/* By the shell; ends the process unless it returns 0. */
__attribute__((format(printf, 1, 2))) void scene_command(const char *format, ...);

/* The store of a scene in dir, which is made, at rest; before its step. */
struct world *scene_make(const struct scene *sc, const char *dir);

#endif
