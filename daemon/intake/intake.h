/*
 * intake.h: from a file to lines: bytes, charset, rows, records.
 *
 * The whole life of the process behind the sandbox.  Memory does not depend on the file's
 * size.  Blocks on reading and writing.
 */
#ifndef CU_INTAKE_INTAKE_H
#define CU_INTAKE_INTAKE_H
#include <stdint.h>

struct charset;
struct cu_err;
struct emit;
struct plan;
struct sandbox;

struct intake_source {
	int fd;              /* a file or a pipe, read from where it stands */
	int64_t total_bytes; /* -1 when it is not a regular file */
	struct charset *charset;
};

/* Reads to the end; faults of rows are among the lines.  Binds the plan to the columns found.
 * A negative code is fatal: CU_EINVAL (no header, an empty file, a wrong byte order mark),
 * CU_ENOENT (a column of the plan), CU_EIO, CU_ENOMEM. */
int intake_run(const struct intake_source *source, struct plan *plan,
	const struct sandbox *sandbox, struct emit *out, struct cu_err *err);

#endif
