/*
 * reading.h: what restore and check make of a repository, in this process, and whether that is right.
 *
 * What restores needs nothing but what the newest manifest names, so a change elsewhere must leave a
 * restore as it was, while check names it.  All else must be refused before anything is there.
 */
#ifndef CU_TESTS_READING_H
#define CU_TESTS_READING_H
#include <stddef.h>
#include <stdint.h>

#include "victim.h"

enum reading_must {
	MUST_REFUSE,   /* nothing is restored, and the message says which object, what, and what to do */
	MUST_BE_SAME,  /* as from the whole repository, without a gap */
	MUST_RESTRICT, /* restored, restricted; nobody erased has a row */
	MUST_BE_CAREFUL, /* restored, restricted: it may hold somebody erased, whom nobody is shown */
	MUST_FORGET,   /* restored; nobody erased has a row, whatever else is missing */
	MUST_BE_OLDER, /* as the older copy that it is: nothing in it tells, something else must */
};

struct reading {
	const struct victim *victim;
	char to[160];                 /* where it would be restored */
	struct restore_report whole;  /* of whole/: to compare with */
	/* the last */
	int restored, checked;
	struct restore_report report;
	char said[240];
	uint64_t faults, notes;
	char told[2048]; /* what check found, one a line */
};

/* An own place for what is restored; the undisturbed repository must be fine. */
void reading_init(struct reading *r, const struct victim *v, const char *name);
void reading_restore(struct reading *r, const char *repo);
void reading_check(struct reading *r, const char *repo);

/* NULL, or what is wrong about the last reading_restore.  about: the name that a refusal must say;
 * NULL: any. */
const char *reading_judge(struct reading *r, enum reading_must must, const char *about);
/* Removes what was restored. */
void reading_clear(struct reading *r);

#endif
