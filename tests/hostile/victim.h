/*
 * victim.h: repositories that the real custosd made, for others to do harm to.
 *
 * Below DIR, all of one store but the last:
 *
 *	whole/   five manifests, two people erased between them, a log of two bundles
 *	first/   the same after manifest 1, before anybody was erased
 *	second/  the same after manifest 3
 *	fork/    went on from second/ in another way, signed by the same keys
 *	other/   another store's
 *	state.kept/  that of whole/, as custosd left it; state.second/ that of second/
 *	state/       a copy that a custosd may serve
 *
 * Everything here fails as cmocka does when it does not work.
 */
#ifndef CU_TESTS_VICTIM_H
#define CU_TESTS_VICTIM_H
#include "backup/identity.h"
#include "backup/restore.h"
#include "base/buf.h"
#include "stage.h"

#define VICTIM_ERASED 2

struct victim {
	struct stage *st; /* custosd does not run */
	char dir[160];
	struct buf identity; /* the file */
	struct identity pins; /* what stands in it */
	char erased[VICTIM_ERASED][33];
	char remembered[33]; /* since before manifest 1 */
};

struct victim *victim_new(void);
void victim_free(struct victim *v); /* NULL is fine */

/* A shell line with V, the directory, and R, a repository; it must succeed. */
void victim_shell(const struct victim *v, const char *repo, const char *line);

/* Has this person a row in data.db of this directory? */
bool victim_has_row(const char *state_dir, const char *id);

#endif
