/*
 * calendar.h: working days.
 *
 * Pure, over the rules of one calendar (policy/holidays.h).  A working day is every day but
 * Saturdays, Sundays and holidays, and every weekend day that a government has declared one
 * instead (Reg. 1182/71 Art. 2(2); in China the State Council's yearly notice).
 */
#ifndef CU_PRIVACY_CALENDAR_H
#define CU_PRIVACY_CALENDAR_H
#include <stdbool.h>
#include <stdint.h>

struct cu_err;
struct holidays;
struct said;

struct calendar_day {
	bool is_working;
	bool is_made_up;         /* a weekend day that is worked */
	const struct said *name; /* of the holiday, as long as the calendar lives; else NULL */
};

/* What kind of day it is.  CU_ENOENT when the calendar does not know the year: the message says
 * which file it is, and what to do. */
int calendar_look(const struct holidays *h, int32_t day, struct calendar_day *ret,
	struct cu_err *err);

/* The first working day that is not before day.  CU_ENOENT likewise. */
int calendar_next(const struct holidays *h, int32_t day, int32_t *ret, struct cu_err *err);

#endif
