/*
 * each_call.h: each call of some kind that the step of each scene makes goes wrong, in every way.
 *
 * The step of a scene (scene.h) is made once for each of its calls of the lab's kinds and each
 * way in which that may go wrong (fault.h).  Then the store is opened, and what it and its backups show must
 * be what the model says: the step happened, or it did not; and if no error was told, it happened.
 */
#ifndef CU_TESTS_MODEL_EACH_CALL_H
#define CU_TESTS_MODEL_EACH_CALL_H
#include "world.h"

#define EACH_CALL_WAYS 16

struct each_call_way {
	const char *name;
	enum fault_how how;
	int error;
};

struct each_call_lab {
	unsigned kinds;      /* of calls */
	const char *call;    /* what one of them is called */
	unsigned drawn_each; /* with --seconds, of a scene drawn at random each so-many-th is played */
	const struct each_call_way *ways;
	size_t nways;
};

/* The whole of a program: [EACH [FIRST]], only every so many, from number FIRST on; or --seconds N.  CUSTOS_SEED
 * repeats such a run. */
int each_call_main(const struct each_call_lab *lab, int argc, char *argv[]);

#endif
