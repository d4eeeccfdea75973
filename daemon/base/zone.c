#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/civil.h"

#define DATABASE  "/usr/share/zoneinfo/"
#define NAME_SIZE 64 /* the longest name has 32 */

#define DAY_MS     86400000
#define HOUR_MS    3600000
#define QUARTER_MS 900000
#define MINUTE_MS  60000

bool zone_is_known(const char *name)
{
	char path[sizeof(DATABASE) + NAME_SIZE];
	struct stat st;

	if (strcmp(name, "UTC") == 0) {
		return true;
	}
	if (strlen(name) >= NAME_SIZE || name[0] < 'A' || name[0] > 'Z' || strstr(name, "..")) {
		return false;
	}
	snprintf(path, sizeof(path), DATABASE "%s", name);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void zone_use(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* Seconds, rounded down. */
static time_t seconds_of(int64_t ms)
{
	return (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
}

void zone_wall(int64_t ms, int32_t *ret_day, int *ret_minute)
{
	time_t seconds = seconds_of(ms);
	struct tm tm;

	if (!localtime_r(&seconds, &tm)) { /* past the year 2^31 */
		*ret_day = civil_day_of_ms(ms);
		*ret_minute = 0;
		return;
	}
	*ret_day = civil_to_day((struct civil){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday });
	*ret_minute = tm.tm_hour * 60 + tm.tm_min;
}

int32_t zone_day_of_ms(int64_t ms)
{
	int32_t day;
	int minute;

	zone_wall(ms, &day, &minute);
	return day;
}

/* Does the wall show at least this? */
static bool has_come(int64_t ms, int32_t day, int minute)
{
	int32_t shown_day;
	int shown;

	zone_wall(ms, &shown_day, &shown);
	return shown_day > day || (shown_day == day && shown >= minute);
}

/* No zone is more than 14 hours ahead of UTC, or 12 behind it. */
int64_t zone_moment(int32_t day, int minute)
{
	int64_t ms = day * (int64_t)DAY_MS + minute * (int64_t)MINUTE_MS - 15 * (int64_t)HOUR_MS;

	while (!has_come(ms, day, minute)) {
		ms += QUARTER_MS;
	}
	ms -= QUARTER_MS;
	do {
		ms += MINUTE_MS;
	} while (!has_come(ms, day, minute));
	return ms;
}

bool zone_parse_time(const char *text, int64_t *ret_ms)
{
	char day_text[CIVIL_DAY_SIZE], rest;
	int32_t day;
	int hour, minute;

	snprintf(day_text, sizeof(day_text), "%s", text);
	if (strlen(text) != 16 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
		strspn(text + 11, "0123456789:") != 5 || !civil_parse_day(day_text, &day) ||
		sscanf(text + 11, "%2d:%2d%c", &hour, &minute, &rest) != 2 || hour > 23 ||
		minute > 59) {
		return false;
	}
	*ret_ms = zone_moment(day, hour * 60 + minute);
	return true;
}

/* "", ":08" or ":08.123"; what stands behind it. */
static const char *read_seconds(const char *text, int *ret_ms)
{
	static const char shape[] = ":00.000";
	int n = 0;

	while (shape[n] && (shape[n] == '0' ? text[n] >= '0' && text[n] <= '9' : text[n] == shape[n])) {
		n++;
	}
	*ret_ms = 999;
	if (n >= 3) {
		*ret_ms += ((text[1] - '0') * 10 + text[2] - '0') * 1000;
	}
	if (n == 7) {
		*ret_ms += (text[4] - '0') * 100 + (text[5] - '0') * 10 + text[6] - '0' - 999;
	}
	return text + (n == 7 ? 7 : n >= 3 ? 3 : 0);
}

bool zone_parse_moment(const char *text, int64_t *ret_ms)
{
	char minute[17], utc[CIVIL_TIME_SIZE];
	const char *behind;
	int64_t at_ms;
	int ms;

	snprintf(minute, sizeof(minute), "%s", text);
	if (strlen(minute) != 16 || !zone_parse_time(minute, &at_ms)) {
		return false;
	}
	behind = read_seconds(text + 16, &ms);
	if (ms > 59999) {
		return false;
	}
	if (strcmp(behind, "Z") == 0 || strcmp(behind, " UTC") == 0) {
		snprintf(utc, sizeof(utc), "%.10sT%.5s:00.000Z", minute, minute + 11);
		if (!civil_parse_time(utc, &at_ms)) {
			return false;
		}
	} else if (*behind) {
		return false;
	}
	*ret_ms = at_ms + ms;
	return true;
}

void zone_format_time(int64_t ms, char out[ZONE_TIME_SIZE])
{
	time_t seconds = seconds_of(ms);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(out, ZONE_TIME_SIZE, "%Y-%m-%d %H:%M %Z", &tm) == 0) {
		snprintf(out, ZONE_TIME_SIZE, "?");
	}
}
