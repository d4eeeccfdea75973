#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/civil.h"

#define DATABASE  "/usr/share/zoneinfo/"
#define NAME_SIZE 64 /* the longest name has 32 */

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

int32_t zone_day_of_ms(int64_t ms)
{
	time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm)) {
		return civil_day_of_ms(ms); /* past the year 2^31 */
	}
	return civil_to_day((struct civil){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday });
}

/* The moment at which the wall shows tm, with the clock put forward or not; false if it never
 * does. */
static bool find_moment(struct tm tm, int is_forward, time_t *ret)
{
	struct tm shown = tm, again;
	time_t t;

	shown.tm_isdst = is_forward;
	t = mktime(&shown);
	if (t == (time_t)-1 || !localtime_r(&t, &again) || again.tm_hour != tm.tm_hour ||
		again.tm_min != tm.tm_min) {
		return false;
	}
	*ret = t;
	return true;
}

bool zone_parse_time(const char *text, int64_t *ret_ms)
{
	char day_text[CIVIL_DAY_SIZE], rest;
	struct tm tm = { 0 };
	int32_t day;
	struct civil c;
	time_t t;

	snprintf(day_text, sizeof(day_text), "%s", text);
	if (strlen(text) != 16 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
		strspn(text + 11, "0123456789:") != 5 || !civil_parse_day(day_text, &day) ||
		sscanf(text + 11, "%2d:%2d%c", &tm.tm_hour, &tm.tm_min, &rest) != 2 ||
		tm.tm_hour > 23 || tm.tm_min > 59) {
		return false;
	}
	c = civil_of_day(day);
	tm.tm_year = c.year - 1900;
	tm.tm_mon = c.month - 1;
	tm.tm_mday = c.day;
	if (!find_moment(tm, 1, &t) && !find_moment(tm, 0, &t)) {
		tm.tm_isdst = -1;
		t = mktime(&tm); /* an hour that was left out */
	}
	*ret_ms = (int64_t)t * 1000;
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
	time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(out, ZONE_TIME_SIZE, "%Y-%m-%d %H:%M %Z", &tm) == 0) {
		snprintf(out, ZONE_TIME_SIZE, "?");
	}
}
