/*
 * liveness.h: is custosd alive, not only there?
 *
 * A question goes from the loop to a worker, from there through the writer's thread, and back.  Only
 * while it comes back is the watchdog of the service's manager told so: a loop, a pool of threads or
 * a writer that hangs has custosd started anew.
 */
#ifndef CU_CONTROL_LIVENESS_H
#define CU_CONTROL_LIVENESS_H
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"

struct daemon;

struct liveness {
	struct work work;
	bool is_asked;     /* loop: and there was no answer yet */
	int64_t each_ms;   /* 0: nobody wants to know */
	int64_t asked_ms;  /* monotonic */
};

void liveness_begin(struct daemon *d);
/* Loop, each second. */
void liveness_tick(struct daemon *d);

#endif
