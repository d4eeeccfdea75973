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
