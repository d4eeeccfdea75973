/*
 * runbook.h: what to do when something is lost, with the names of whom to call.
 *
 * The text is docs/guide/disaster-recovery.md, built in.  Its comments and the words behind ```sh are for the
 * test that runs its commands (tests/docs) and left out; what stands between `<!-- people -->` and
 * `<!-- /people -->` is made from organisation.yaml and backup.yaml; in a line that begins with `**Call:**` each
 * part is followed by its people.  Pure.
 */
#ifndef CU_PRIVACY_RUNBOOK_H
#define CU_PRIVACY_RUNBOOK_H
#include <stdbool.h>

#include "base/id.h"
#include "policy/organisation.h"

struct buf;
struct cu_err;
struct policy;

struct runbook_places {
	const char *state, *policies;
	struct id store;
};

/* "holder of the identity": as the text calls it. */
const char *runbook_part(enum part part);
/* Whether somebody is named for it; for `privacy` the data protection officer counts, too. */
bool runbook_has(const struct policy *p, enum part part);

/* Appends all of it, in Markdown.  CU_ENOMEM. */
int runbook_write(const struct policy *p, const struct runbook_places *places, struct buf *to,
	struct cu_err *err);

#endif
