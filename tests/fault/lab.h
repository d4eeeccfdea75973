/*
 * lab.h: custosd is stopped in every way that there is, again and again, under load.
 *
 * Each is a trial that goes on until one of its bounds is met.
 */
#ifndef CU_TESTS_LAB_H
#define CU_TESTS_LAB_H
#include <stdbool.h>
#include <stdint.h>

#include "trial.h"

struct lab_bounds {
	unsigned rounds;
	int seconds;   /* 0: no bound */
	uint64_t seed; /* of all that is left to chance */
};

enum lab_name {
	LAB_KILL,        /* kill -9 */
	LAB_CUT,         /* power cut: all that was not synced is lost */
	LAB_CUT_SHUFFLE, /* of what was not synced, sectors and names are lost at random */
	LAB_FAIL,        /* the n-th sync fails, then a power cut */
	LAB_FULL,        /* the disk is full */
	LAB_DEAF_DATA,   /* a build that forgot a sync: each must be found by LAB_CUT */
	LAB_DEAF_LOG,
	LAB_NLABS_
};

const char *lab_title(enum lab_name name);
bool lab_must_find(enum lab_name name); /* there is something wrong to be found */

struct trial lab_run(enum lab_name name, const struct lab_bounds *bounds);

#endif
