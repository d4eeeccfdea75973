/*
 * civil.h: days and dates of the Gregorian calendar, and times as RFC 3339 text in UTC.
 *
 * A day is the number of days since 1970-01-01.  Conversion after Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (2013).  Years 0001 to 9999.  Pure.
 */
#ifndef CU_BASE_CIVIL_H
#define CU_BASE_CIVIL_H
#include <stdbool.h>
#include <stdint.h>

struct civil {
	int year, month, day; /* month 1..12, day 1..31 */
};

#define CIVIL_NO_DAY INT32_MIN

int32_t civil_to_day(struct civil c);
struct civil civil_of_day(int32_t day);
bool civil_is_valid(struct civil c);

/* 0 is Monday, 6 Sunday, as in ISO 8601. */
int civil_weekday(int32_t day);

/* The same date n months later (n may be negative), or the last day of a month that has no such
 * date: *ret_is_short then, which may be NULL. */
int32_t civil_add_months(int32_t day, int n, bool *ret_is_short);

/* Easter Sunday of the Gregorian calendar. */
int32_t civil_easter(int year);

/* "2026-11-21", and what follows a 'T' or a blank is ignored when it looks like a time
 * ("2021-01-01 00:00:00").  Also "20261121".  False when it is no date. */
bool civil_parse_day(const char *text, int32_t *ret_day);

#define CIVIL_DAY_SIZE  11 /* "2026-11-21" */
#define CIVIL_TIME_SIZE 25 /* "2026-11-21T22:09:04.123Z" */
void civil_format_day(int32_t day, char out[CIVIL_DAY_SIZE]);
void civil_format_time(int64_t ms, char out[CIVIL_TIME_SIZE]);
/* The exact form that civil_format_time writes. */
bool civil_parse_time(const char *text, int64_t *ret_ms);

/* yyyymmdd, as periods are named; it rises with the day. */
uint32_t civil_number_of_day(int32_t day);

static inline int32_t civil_day_of_ms(int64_t ms)
{
	return (int32_t)((ms >= 0 ? ms : ms - 86399999) / 86400000);
}

#endif
