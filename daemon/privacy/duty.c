#include "privacy/duty.h"

#include "base/civil.h"
#include "base/zone.h"
#include "policy/duties.h"

#define DAY_SECONDS 86400

const char *duty_state_word(enum duty_state state)
{
	static const char *const words[] = {
#define X(id, word) [DUTY_##id] = word,
		DUTY_STATES(X)
#undef X
	};

	return words[state];
}

/* Whole ones, a part of one is one. */
static int32_t days_of(struct duration d)
{
	return (int32_t)((duration_seconds(d) + DAY_SECONDS - 1) / DAY_SECONDS);
}

/* The first day of its calendar after this one. */
static int32_t next_day(const struct duty *d, int32_t after)
{
	return zone_day_of_ms(cron_next(&d->when, zone_moment(after + 1, 0) - 1));
}

static bool was_for_due_day(const struct duty *d, int32_t day, int32_t due_day)
{
	return due_day != CIVIL_NO_DAY && due_day > day && due_day - day <= days_of(d->warn);
}

int32_t duty_due(const struct duty *d, int32_t since, const struct duty_doing *last,
	int32_t today)
{
	int32_t day, first;

	if (!last) {
		since = since < today ? since : today;
		first = since + days_of(d->first);
		return d->when_text ? next_day(d, first - 1) : first;
	}
	day = last->day < today ? last->day : today;
	if (!d->when_text) {
		return civil_add_months(day, (int)d->months, NULL);
	}
	return next_day(d, was_for_due_day(d, day, last->due_day) ? last->due_day : day);
}

enum duty_state duty_state_of(const struct duty *d, int32_t due, int32_t today)
{
	return today > due + days_of(d->grace) ? DUTY_LATE :
		today >= due                   ? DUTY_DUE :
		today >= due - days_of(d->warn) ? DUTY_SOON :
						 DUTY_OPEN;
}

bool duty_was_late(const struct duty *d, const struct duty_doing *doing)
{
	return doing->due_day != CIVIL_NO_DAY && doing->day > doing->due_day + days_of(d->grace);
}
