/*
 * trial.h: a lab is tried in a process of its own.
 *
 * The first thing that is wrong ends it (fail_msg, in a program that is no test), and is what it
 * found.  A trial that must find something shows that the others can.
 */
#ifndef CU_TESTS_TRIAL_H
#define CU_TESTS_TRIAL_H
#include <stdbool.h>

#define TRIAL_SKIPPED 77  /* its exit status, with the reason on standard error */
#define TRIAL_FOUND   255 /* how fail_msg ends it */

struct trial {
	unsigned rounds, kills, acknowledged, checked;
	double seconds;
	bool has_found, is_skipped;
	bool is_broken;  /* the lab itself: it has proven nothing */
	char said[1024]; /* what was wrong, or why it was skipped */
};

/* *shared, which the process counts in, is seen by both. */
struct trial trial_run(void (*play)(void *ctx, struct trial *shared), void *ctx);

bool trial_is_right(const struct trial *t, bool must_find);
const char *trial_verdict(const struct trial *t, bool must_find);
/* What was wrong, or why it was skipped, behind its row of a table. */
void trial_print_said(const struct trial *t);

#endif
