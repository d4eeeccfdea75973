/*
 * zone.h: which day it is where the organisation is.
 *
 * The date on which a letter arrived is a local one.  The zone is the process's: set once,
 * before threads are started; everything else in custos counts in UTC.
 */
#ifndef CU_BASE_ZONE_H
#define CU_BASE_ZONE_H
#include <stdbool.h>
#include <stdint.h>

/* Is it a name of the time zone database ("Europe/Berlin") that this host has?  "UTC" always is. */
bool zone_is_known(const char *name);

/* From here on local days are those of this zone.  Not beside other threads. */
void zone_use(const char *name);

/* The local day (base/civil.h) of a time; the host's until zone_use was called.  Any thread. */
int32_t zone_day_of_ms(int64_t ms);

/* What a clock on the wall there shows: the day and the minute of it. */
void zone_wall(int64_t ms, int32_t *ret_day, int *ret_minute);
/* The first moment at which it shows this or more: of two such moments, when the clock is put back,
 * the first; of one that is left out, when it is put forward, the end of the gap. */
int64_t zone_moment(int32_t day, int minute);

/* "2026-01-30 10:15" or with a 'T', as zone_moment.  False when it is no time. */
bool zone_parse_time(const char *text, int64_t *ret_ms);

/* The same with seconds ("10:15:08") or parts of them, if given; behind "Z" or " UTC" stands what is
 * no local time.  It is the last millisecond of its second, if it does not say which: lists cut off
 * what is below a second, and what they show shall be found by what they say. */
bool zone_parse_moment(const char *text, int64_t *ret_ms);

#define ZONE_TIME_SIZE 32
/* "2026-02-02 10:15 CET". */
void zone_format_time(int64_t ms, char out[ZONE_TIME_SIZE]);

#endif
