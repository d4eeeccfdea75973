/*
 * clock.h: what time it is, as something that a test can drive.
 *
 * Wall-clock milliseconds since 1970 UTC.  Code below control/ never asks the system for the
 * time: it is handed a time, or a clock.
 */
#ifndef CU_BASE_CLOCK_H
#define CU_BASE_CLOCK_H
#include <stdint.h>

struct clock {
	int64_t (*now_ms)(void *ctx); /* any thread */
	void *ctx;
};

/* The system's clock. */
struct clock clock_system(void);

/* Always *now_ms; the caller moves it. */
struct clock clock_driven(int64_t *now_ms);

static inline int64_t clock_now_ms(const struct clock *c)
{
	return c->now_ms(c->ctx);
}

/* The system's clock, ahead by *by_ms, which the caller keeps: for tests of what comes to pass
 * only after days. */
struct clock clock_ahead(int64_t *by_ms);

/* Milliseconds that only grow; for time limits and rates, never for dates. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
/* The same, and it counts while the machine sleeps. */
int64_t clock_boottime_ms(void);

#endif
