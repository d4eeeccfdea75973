/*
 * absence_worker.h: the question of `erase verify` on its way to the drill's process.
 *
 * The process is that of a drill (drill_worker.h), with another request: the targets, and the
 * lines of the log that say which keys were shredded.  It answers {"object"} for each object, and
 * at the end {"outcome"} or {"error"}.
 */
#ifndef CU_CONTROL_ABSENCE_WORKER_H
#define CU_CONTROL_ABSENCE_WORKER_H
#include <jansson.h>
#include <stdbool.h>

#include "backup/absence.h"

struct buf;

/* leaves are lines, each ended by '\n'; slots, subjects and the identity of o are not part of
 * it. */
void absence_request_put(const struct absence_options *o, struct span leaves, struct buf *out);
bool absence_is_request(const json_t *request);

/* In the worker: holds it, and says each object. */
int absence_worker_run(const json_t *request, struct span identity, const struct watch *watch,
	enum absence_outcome *ret, struct cu_err *err);

/* In the daemon: out of a line {"object": ...}; *ret_target borrows from it.  CU_EPROTO. */
int absence_row_take(const json_t *object, const char **ret_target, struct absence_row *ret,
	struct cu_err *err);
/* By its word; ABSENCE_NOUTCOMES_: none. */
enum absence_outcome absence_outcome_take(const json_t *word);

#endif
