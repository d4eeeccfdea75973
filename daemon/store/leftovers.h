/*
 * leftovers.h: what the files of a state directory still hold of those who were erased.
 *
 * Reads the files as they are, rows, unused space and all (db/leftover.h), and looks
 * for the ids of everybody who was erased; who that is, data.db says.  For a process of
 * its own, which has no keys, and never one in which the databases are open.  data.db
 * and index.db must stand still meanwhile (tx_still_begin); their write-ahead logs,
 * which were emptied then, are not read, nor is keys/.
 */
#ifndef CU_STORE_LEFTOVERS_H
#define CU_STORE_LEFTOVERS_H
#include <stdint.h>

#include "db/leftover.h"

struct leftovers {
	uint64_t files, bytes; /* looked at */
	uint64_t erased;       /* subjects that were looked for */
};

/* Something was found; file is its path below the directory.  0 to go on, or a code. */
typedef int leftovers_fn(
	void *ctx, const char *file, const struct leftover *found, struct cu_err *err);

/* CU_ENOENT: no store in dir.  CU_ECORRUPT, CU_EIO. */
int leftovers_scan(const char *dir, leftovers_fn *fn, void *ctx, struct leftovers *ret,
	struct cu_err *err);

#endif
