/*
 * steady.h: a wall clock that does not jump ahead.
 *
 * What waits for days goes by it: a clock that was set wrong, or set forward by somebody in a
 * hurry, must not end a waiting time early.  It follows the wall clock back at once, and forward
 * only as far as the machine has run (CLOCK_BOOTTIME, which counts sleep) and a few minutes of
 * drift.  Since its start only: what the clock did while nobody looked, it cannot know.  Pure.
 */
#ifndef CU_BASE_STEADY_H
#define CU_BASE_STEADY_H
#include <stdint.h>

/* A clock that is off by 50 ppm gains 13 seconds in three days. */
#define STEADY_SLACK_MS (5 * 60 * 1000LL)

struct steady {
	int64_t wall_ms, boot_ms; /* at the start */
};

/* The time to go by; *ret_ahead_ms is how far the wall clock has jumped ahead of it, or 0. */
static inline int64_t steady_now(const struct steady *s, int64_t wall_ms, int64_t boot_ms,
	int64_t *ret_ahead_ms)
{
	int64_t ran_ms = s->wall_ms + (boot_ms - s->boot_ms);

	*ret_ahead_ms = wall_ms > ran_ms + STEADY_SLACK_MS ? wall_ms - ran_ms : 0;
	return *ret_ahead_ms > 0 ? ran_ms : wall_ms;
}

#endif
