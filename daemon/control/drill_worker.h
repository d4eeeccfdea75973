/*
 * drill_worker.h: the process in which a drill is held: "custosd drill-worker".
 *
 * Started afresh by the launcher for each drill, with four descriptors and nothing else of the
 * daemon's: 0 the request (drill_request_put), 3 the keys of its level (a pipe with the key of one
 * run, or the identity file as the caller opened it, or nothing), 1 what it has to say, as lines
 * of JSON: {"step"}, {"fault"}, and at the end {"report"} or {"error"}.  It works in a directory
 * that the daemon made, and leaves it empty.  Another question is that of absence_worker.h.
 */
#ifndef CU_CONTROL_DRILL_WORKER_H
#define CU_CONTROL_DRILL_WORKER_H
#include <jansson.h>

#include "backup/drill.h"

struct buf;

/* What argv[1] says. */
#define DRILL_WORKER "drill-worker"

/* Keys are not part of it; log_key and manifest_key are one key. */
void drill_request_put(const struct drill_options *options, struct buf *out);

/* The report out of a line {"report": ...}.  CU_EPROTO. */
int drill_report_take(const json_t *report, struct drill_report *ret, struct cu_err *err);

int drill_worker_main(void);

#endif
