/*
 * residue_worker.h: the process that searches the raw files: "custosd residue-worker".
 *
 * Started afresh by the launcher, without keys.  Its descriptor 0 is the request,
 * {"directory"}; 1 is what it finds, as lines of JSON: {"found": {"kind", "file",
 * "page", "offset", "table"}}, and at the end {"report": {"files", "bytes", "erased"}}
 * or {"error"}.  It changes nothing.
 */
#ifndef CU_CONTROL_RESIDUE_WORKER_H
#define CU_CONTROL_RESIDUE_WORKER_H
#include <jansson.h>

#include "store/leftovers.h"

struct buf;
struct cu_err;

/* What argv[1] says. */
#define RESIDUE_WORKER "residue-worker"

void residue_request_put(const char *dir, struct buf *out);

/* What a line {"found": ...} says; the file is borrowed from it.  CU_EPROTO. */
int residue_found_take(const json_t *found, const char **ret_file, struct leftover *ret,
	struct cu_err *err);
/* A line {"report": ...}.  CU_EPROTO. */
int residue_report_take(
	const json_t *report, struct leftovers *ret, struct cu_err *err);

/* "row", "unused", "bytes". */
const char *residue_kind_word(enum leftover_kind kind);

int residue_worker_main(void);

#endif
