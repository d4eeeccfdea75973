/*
 * lab.h: custosd is stopped in every way that there is, again and again, under load.
 *
 * A lab is a process of its own: the first thing that is wrong ends it, and is what it found.
 * It goes on until one of its bounds is met.
 */
#ifndef CU_TESTS_LAB_H
#define CU_TESTS_LAB_H
#include <stdbool.h>
#include <stdint.h>

struct lab_bounds {
	unsigned rounds;
	int seconds;   /* 0: no bound */
	uint64_t seed; /* of all that is left to chance */
};

struct lab_result {
	unsigned rounds, kills, acknowledged, checked;
	double seconds;
	bool has_found, is_skipped;
	bool is_broken;  /* the lab itself: it has proven nothing */
	char said[1024]; /* what was wrong, or why it was skipped */
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

struct lab_result lab_run(enum lab_name name, const struct lab_bounds *bounds);

#endif
