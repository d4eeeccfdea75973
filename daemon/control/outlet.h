/*
 * outlet.h: the caller's descriptor, into which a handler writes much.
 *
 * It may be a file, or a pipe whose reader is slow, stands still or is gone.  Worker thread;
 * blocks, and looks now and then whether the call was cancelled.
 */
#ifndef CU_CONTROL_OUTLET_H
#define CU_CONTROL_OUTLET_H
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct cu_err;
struct exchange;

struct outlet {
	const struct exchange *x;
	bool is_file; /* writing never waits for a reader */
	uint64_t nbytes;
};

void outlet_init(struct outlet *o, const struct exchange *x);
/* CU_ECANCELED, or 0. */
int outlet_check(const struct outlet *o, struct cu_err *err);
int outlet_put(struct outlet *o, struct span bytes, struct cu_err *err);
/* What was written stays, where that can be said: of a pipe nothing can. */
int outlet_sync(const struct outlet *o, struct cu_err *err);

#endif
