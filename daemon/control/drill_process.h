/*
 * drill_process.h: the fresh process in which backups are opened, and the directory where it builds.
 *
 * custosd hands it a request and the keys of that question, as descriptors, and nothing else
 * (errand.h, drill_worker.h).  One at a time.  Worker threads.
 */
#ifndef CU_CONTROL_DRILL_PROCESS_H
#define CU_CONTROL_DRILL_PROCESS_H
#include <jansson.h>

#include "base/path.h"

struct buf;
struct cu_err;
struct daemon;
struct watch;

/* Takes the right to run one; ret_dir is where it will build.  CU_EBUSY: another one runs;
 * CU_EUNAVAIL. */
int drill_process_begin(struct daemon *d, char ret_dir[PATH_SIZE], struct cu_err *err);
/* Gives it back. */
void drill_process_end(struct daemon *d);

/* Whatever was built and left behind, at the start of custosd. */
void drill_process_sweep(struct daemon *d);

/* One line that is no step, which becomes progress: 0, 1 when it was the last word, or a code. */
typedef int drill_line_fn(void *ctx, const json_t *line, struct cu_err *err);

/* From start to end, between the two above; nothing is left in dir then.  keys is taken.  watch is
 * told the steps, and stops it.  As errand_run. */
int drill_process_run(struct daemon *d, const char *dir, const struct buf *request, int keys,
	drill_line_fn *take, void *ctx, const struct watch *watch, struct cu_err *err);

#endif
