/*
 * absence.h: `erase verify`: who was erased is looked for in all that lies at the targets.
 *
 * The trying is done by a fresh process (backup/absence.h, drill_process.h) that gets the places,
 * the identity's descriptor, and the lines of the log that say which keys were shredded.  What it
 * says becomes a signed note and a leaf.  docs/formats/certificate.md, part 4.
 */
#ifndef CU_CONTROL_ABSENCE_H
#define CU_CONTROL_ABSENCE_H
#include "backup/absence.h"
#include "base/buf.h"

struct cu_err;
struct exchange;
struct json;
struct target;

struct absence {
	struct id *erasures;
	size_t nerasures;
	struct absence_line {
		char target[64];
		struct absence_row row;
	} * lines;
	size_t n, cap;
	enum absence_outcome outcome; /* the worst of all */
	struct buf note;              /* signed */
};

/* erasure nil: all whose keys were shredded within the bound of backup.yaml and as long again;
 * target NULL: all.  x carries the identity, is asked whether to stop, and gets the progress.  0
 * when it was tried, whatever was found; ret is released with absence_done.  CU_ENOENT: the log
 * has no such erasure, or none at all; CU_EBUSY: its keys are not shredded yet, or a drill is
 * running. */
int absence_hold(struct exchange *x, const struct id *erasure, const struct target *target,
	struct absence *ret, struct cu_err *err);
void absence_done(struct absence *a); /* zeros are fine */

/* "outcome", "erasures", "objects". */
void absence_show(const struct absence *a, struct json *out);

#endif
