/*
 * log_copy.h: the tiles of a published log into another directory.
 */
#ifndef CU_LEDGER_LOG_COPY_H
#define CU_LEDGER_LOG_COPY_H
#include <stdint.h>

struct cu_err;
struct tree;

/* Writes, durably, what a log of to_size leaves has beyond one of from_size; t is open at
 * to_size.  Every byte is checked against the root of t on its way. */
int log_copy(struct tree *t, uint64_t from_size, uint64_t to_size, const char *to_dir,
	struct cu_err *err);

#endif
