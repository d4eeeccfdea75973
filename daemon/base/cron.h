/*
 * cron.h: when something is to be done, in the five fields of crontab(5): minute, hour, day of the
 * month, month, day of the week.
 *
 * A field is a star, or numbers, ranges and steps between commas ("1-5", "0,30", "*" "/15"); months and days
 * of the week have English names of three letters too, and Sunday is 0 or 7.  As POSIX says, where both days
 * are named either will do.  "@hourly", "@daily", "@weekly", "@monthly", "@yearly" are taken; "@reboot"
 * and the extensions of single crons (L, W, #, ?) are not.
 *
 * Times are those on the wall (base/zone.h).  When the clock is put forward, what falls into the gap is
 * done once, at its end; when it is put back, what names an hour is done once, the first time.  What is
 * done in every hour goes on in both.  Pure, but for the zone.
 */
#ifndef CU_BASE_CRON_H
#define CU_BASE_CRON_H
#include <stdbool.h>
#include <stdint.h>

struct cron {
	uint64_t minutes; /* bit n: minute n; likewise below */
	uint32_t hours, days, months;
	uint8_t weekdays; /* bit 0: Sunday */
	bool is_any_day, is_any_weekday;
};

/* 0, or why it is none, for a person: a static text. */
const char *cron_parse(const char *text, struct cron *ret);

/* The first time after this one; INT64_MAX when there is none within 40 years ("30 February"). */
int64_t cron_next(const struct cron *c, int64_t after_ms);

#endif
