/*
 * each_allocation.h: a step, once for each of its allocations, of which one is refused.
 *
 * For programs that link the CMake target "fault_memory".
 */
#ifndef CU_TESTS_EACH_ALLOCATION_H
#define CU_TESTS_EACH_ALLOCATION_H
#include <errno.h>
#include <stdbool.h>

#include "base/err.h"
#include "check.h"
#include "fault.h"

/* A step that may be made again and again; its code is 0 and more only if it is right. */
typedef int each_step(void *ctx, struct cu_err *err);

/* It is right, or says CU_ENOMEM; each allocation is refused once, the n-th alone or with all after it.  Returns how
 * many there are. */
static inline long each_allocation_refused(each_step *step, void *ctx)
{
	static const enum fault_how hows[] = { FAULT_FAIL, FAULT_FAIL_ALL };
	long n = 0;

	for (int i = 0; i < 2; i++) {
		bool is_over = false;

		for (n = 0; !is_over; n++) {
			struct cu_err err = { 0 };
			int r;

			fault_arm(FAULT_MEMORY, n + 1, hows[i], ENOMEM);
			r = step(ctx, &err);
			is_over = fault_disarm() <= n;
			if (r < 0 && (r != CU_ENOMEM || is_over)) {
				fail_msg("allocation %ld: %s", n + 1, err.msg);
			}
		}
	}
	return n - 1;
}

#endif
