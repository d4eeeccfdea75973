/*
 * errand.h: something that a process of its own does, and what it says meanwhile.
 *
 * The launcher starts it with a request as its descriptor 0 and perhaps another one as
 * its 3. It answers with lines of JSON: any that are the errand's own; {"error":
 * {"code", "text"}} when it fails.  When errand_run returns the process is gone,
 * whatever happened.
 */
#ifndef CU_CONTROL_ERRAND_H
#define CU_CONTROL_ERRAND_H
#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"
#include "control/launcher.h"

struct cu_err;

struct errand {
	const char *name; /* "the drill's process", for errors */
	/* One line: 0, 1 when it was the last word, or a code, which ends the process.
	 */
	int (*take)(void *ctx, const json_t *line, struct cu_err *err);
	bool (*is_cancelled)(void *ctx);
	void *ctx;
};

/* Blocks.  fd is borrowed; -1: none.  CU_ECANCELED; CU_EUNAVAIL when it ended without a
 * last word; CU_EPROTO; or what the process failed with. */
int errand_run(struct launcher *l, enum launcher_what what, struct span request, int fd,
	const struct errand *e, struct cu_err *err);

/* --- in the process --------------------------------------------------------------- */

struct buf;

/* Writes a line that holds one JSON object, and releases it.  One that cannot be
 * written is for nobody: the daemon is gone, and the process goes with it. */
void errand_say(struct buf *line);
void errand_say_error(const struct cu_err *why);

#endif
