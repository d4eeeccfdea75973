#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_now(void *ctx)
{
	(void)ctx;
	return read_ms(CLOCK_REALTIME);
}

static int64_t driven_now(void *ctx)
{
	return *(int64_t *)ctx;
}

static int64_t ahead_now(void *ctx)
{
	return read_ms(CLOCK_REALTIME) + *(int64_t *)ctx;
}

struct clock clock_system(void)
{
	return (struct clock){ system_now, NULL };
}

struct clock clock_driven(int64_t *now_ms)
{
	return (struct clock){ driven_now, now_ms };
}

struct clock clock_ahead(int64_t *by_ms)
{
	return (struct clock){ ahead_now, by_ms };
}

int64_t clock_monotonic_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_boottime_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}
