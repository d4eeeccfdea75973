#include "base/civil.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int32_t civil_to_day(struct civil c)
{
	int y = c.month <= 2 ? c.year - 1 : c.year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int yoe = y - era * 400;
	int doy = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
	int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

struct civil civil_of_day(int32_t day)
{
	int z = day + 719468;
	int era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;
	struct civil c;

	c.day = doy - (153 * mp + 2) / 5 + 1;
	c.month = mp < 10 ? mp + 3 : mp - 9;
	c.year = yoe + era * 400 + (c.month <= 2 ? 1 : 0);
	return c;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool civil_is_valid(struct civil c)
{
	return c.year >= 1 && c.year <= 9999 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
		c.day <= days_in_month(c.year, c.month);
}

int civil_weekday(int32_t day)
{
	return (int)(((int64_t)day % 7 + 10) % 7); /* 1970-01-01 was a Thursday */
}

int32_t civil_add_months(int32_t day, int n, bool *ret_is_short)
{
	struct civil c = civil_of_day(day);
	int months = c.year * 12 + c.month - 1 + n; /* since the year 0 */
	int last;

	c.year = months / 12;
	c.month = months % 12 + 1;
	last = days_in_month(c.year, c.month);
	if (ret_is_short) {
		*ret_is_short = c.day > last;
	}
	c.day = c.day > last ? last : c.day;
	return civil_to_day(c);
}

/* Meeus, Jones and Butcher; Nature, 20 April 1876. */
int32_t civil_easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100;
	int d = b / 4, e = b % 4;
	int g = (b - (b + 8) / 25 + 1) / 3;
	int h = (19 * a + b - d - g + 15) % 30;
	int l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
	int m = (a + 11 * h + 22 * l) / 451;
	int month = (h + l - 7 * m + 114) / 31;

	return civil_to_day((struct civil){ year, month, (h + l - 7 * m + 114) % 31 + 1 });
}

/* n digits at s as a number, or -1. */
static int digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i])) {
			return -1;
		}
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

static bool looks_like_time(const char *s)
{
	if (*s == '\0') {
		return true;
	}
	if (*s != 'T' && *s != ' ') {
		return false;
	}
	return digits(s + 1, 2) >= 0 && s[3] == ':' && digits(s + 4, 2) >= 0;
}

bool civil_parse_day(const char *text, int32_t *ret_day)
{
	struct civil c;
	const char *rest;

	c.year = digits(text, 4);
	if (c.year < 0) {
		return false;
	}
	if (text[4] == '-') {
		c.month = digits(text + 5, 2);
		if (c.month < 0 || text[7] != '-') {
			return false;
		}
		c.day = digits(text + 8, 2);
		rest = text + 10;
	} else {
		c.month = digits(text + 4, 2);
		if (c.month < 0) {
			return false;
		}
		c.day = digits(text + 6, 2);
		rest = text + 8;
	}
	if (c.day < 0 || !civil_is_valid(c) || !looks_like_time(rest)) {
		return false;
	}
	*ret_day = civil_to_day(c);
	return true;
}

void civil_format_day(int32_t day, char out[CIVIL_DAY_SIZE])
{
	struct civil c = civil_of_day(day);

	/* the masks tell the compiler the widths; the values are in range already */
	snprintf(out, CIVIL_DAY_SIZE, "%04u-%02u-%02u", (unsigned)c.year % 10000u,
		(unsigned)c.month % 100u, (unsigned)c.day % 100u);
}

void civil_format_time(int64_t ms, char out[CIVIL_TIME_SIZE])
{
	int32_t day = civil_day_of_ms(ms);
	unsigned in_day = (unsigned)(ms - (int64_t)day * 86400000);
	char date[CIVIL_DAY_SIZE];

	civil_format_day(day, date);
	snprintf(out, CIVIL_TIME_SIZE, "%sT%02u:%02u:%02u.%03uZ", date,
		in_day / 3600000u % 24u, in_day / 60000u % 60u, in_day / 1000u % 60u,
		in_day % 1000u);
}

bool civil_parse_time(const char *text, int64_t *ret_ms)
{
	char again[CIVIL_TIME_SIZE];
	int32_t day;
	int h, m, s, ms;

	if (strlen(text) != CIVIL_TIME_SIZE - 1 || !civil_parse_day(text, &day)) {
		return false;
	}
	h = digits(text + 11, 2);
	m = digits(text + 14, 2);
	s = digits(text + 17, 2);
	ms = digits(text + 20, 3);
	if (h < 0 || m < 0 || s < 0 || ms < 0) {
		return false;
	}
	*ret_ms = ((int64_t)day * 86400 + h * 3600 + m * 60 + s) * 1000 + ms;
	civil_format_time(*ret_ms, again);
	return strcmp(again, text) == 0;
}

uint32_t civil_number_of_day(int32_t day)
{
	struct civil c = civil_of_day(day);

	return (uint32_t)c.year * 10000 + (uint32_t)c.month * 100 + (uint32_t)c.day;
}
