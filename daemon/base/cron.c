#include "base/cron.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/intl.h"
#include "base/civil.h"
#include "base/zone.h"

#define MINUTE_MS   60000
#define MAX_DAYS    (40 * 366) /* a 29 February on a Monday is at most 40 years away: 2096 to 2104 */
#define EVERY_HOUR  0xffffffu
#define DAY_MINUTES 1440

/* --- a field ---------------------------------------------------------------------- */

struct field {
	int min, max;
	const char *names; /* of three letters, in order; NULL: none */
	const char *fault;
};

static const struct field fields[] = {
	{ 0, 59, NULL, N_("the minute is not 0 to 59, '*', or a list, range or step of these") },
	{ 0, 23, NULL, N_("the hour is not 0 to 23, '*', or a list, range or step of these") },
	{ 1, 31, NULL, N_("the day is not 1 to 31, '*', or a list, range or step of these") },
	{ 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec",
		N_("the month is not 1 to 12, a name such as 'jan', '*', or a list, range or step of these") },
	{ 0, 7, "sunmontuewedthufrisat",
		N_("the day of the week is not 0 to 7, a name such as 'mon', '*', or a list, range or "
		"step of these") },
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

/* A name or a number at *p, which moves on; -1: neither, or out of range. */
static int take_value(const struct field *f, const char **p)
{
	int v = 0, n = 0;

	for (const char *name = f->names; name && *name; name += 3) {
		if (strncasecmp(*p, name, 3) == 0) {
			*p += 3;
			return f->min + (int)(name - f->names) / 3;
		}
	}
	for (; isdigit((unsigned char)**p) && n < 3; n++) {
		v = v * 10 + *(*p)++ - '0';
	}
	return n > 0 && v >= f->min && v <= f->max ? v : -1;
}

/* "*", "7", "1-5", each perhaps with "/2". */
static bool take_range(const struct field *f, const char **p, uint64_t *bits)
{
	int from = f->min, to = f->max, step = 1;
	bool is_star = **p == '*';

	if (is_star) {
		++*p;
	} else if ((from = to = take_value(f, p)) < 0) {
		return false;
	} else if (**p == '-') {
		++*p;
		to = take_value(f, p);
		if (to < from) {
			return false;
		}
		is_star = true; /* a range, which may have a step */
	}
	if (**p == '/') {
		const struct field steps = { .min = 1, .max = f->max };

		++*p;
		step = take_value(&steps, p);
		if (step < 0 || !is_star) {
			return false;
		}
	}
	for (int v = from; v <= to; v += step) {
		*bits |= (uint64_t)1 << v;
	}
	return true;
}

/* Up to the next blank. */
static bool take_field(const struct field *f, const char **p, uint64_t *ret)
{
	*ret = 0;
	do {
		if (!take_range(f, p, ret)) {
			return false;
		}
	} while (**p == ',' && (++*p, true));
	return **p == '\0' || **p == ' ' || **p == '\t';
}

/* --- the five of them ------------------------------------------------------------- */

static const char *spelled_out(const char *text)
{
	static const char *const names[][2] = { { "@hourly", "0 * * * *" },
		{ "@daily", "0 0 * * *" }, { "@midnight", "0 0 * * *" },
		{ "@weekly", "0 0 * * 0" }, { "@monthly", "0 0 1 * *" },
		{ "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i][0]) == 0) {
			return names[i][1];
		}
	}
	return text;
}

const char *cron_parse(const char *text, struct cron *ret)
{
	const char *p = spelled_out(text);
	uint64_t bits[NFIELDS];
	bool is_any[NFIELDS];

	for (size_t i = 0; i < NFIELDS; i++) {
		p += strspn(p, " \t");
		if (*p == '\0' || *p == '@') {
			return N_("is not five fields: minute, hour, day, month, day of the week");
		}
		is_any[i] = *p == '*';
		if (!take_field(&fields[i], &p, &bits[i])) {
			return fields[i].fault;
		}
	}
	if (p[strspn(p, " \t")] != '\0') {
		return N_("has more than five fields: minute, hour, day, month, day of the week");
	}
	*ret = (struct cron){ .minutes = bits[0], .hours = (uint32_t)bits[1],
		.days = (uint32_t)bits[2], .months = (uint32_t)bits[3],
		.weekdays = (uint8_t)((bits[4] | bits[4] >> 7) & 0x7f), .is_any_day = is_any[2],
		.is_any_weekday = is_any[4] };
	return NULL;
}

/* --- the next one ----------------------------------------------------------------- */

static bool is_day(const struct cron *c, int32_t day)
{
	struct civil at = civil_of_day(day);
	bool by_month = c->days >> at.day & 1;
	bool by_week = c->weekdays >> (civil_weekday(day) + 1) % 7 & 1;

	if (!(c->months >> at.month & 1)) {
		return false;
	}
	return c->is_any_day || c->is_any_weekday ? by_month && by_week : by_month || by_week;
}

static bool is_minute(const struct cron *c, int minute)
{
	return (c->hours >> minute / 60 & 1) && (c->minutes >> minute % 60 & 1);
}

/* The first minute of the day that comes after a moment. */
static int first_minute_after(int32_t day, int64_t after_ms)
{
	int from = 0, to = DAY_MINUTES;

	while (from < to) {
		int middle = (from + to) / 2;

		if (zone_moment(day, middle) > after_ms) {
			to = middle;
		} else {
			from = middle + 1;
		}
	}
	return from;
}

/* INT64_MAX: none on this day. */
static int64_t next_on_day(const struct cron *c, int32_t day, int64_t after_ms)
{
	for (int minute = first_minute_after(day, after_ms); minute < DAY_MINUTES; minute++) {
		if (is_minute(c, minute)) {
			return zone_moment(day, minute);
		}
	}
	return INT64_MAX;
}

/* What is done in every hour goes by the minutes that pass, whatever the wall says of the hour. */
static int64_t next_passing(const struct cron *c, int64_t after_ms, int64_t end_ms)
{
	int32_t day;
	int minute;

	for (int64_t ms = after_ms - after_ms % MINUTE_MS + MINUTE_MS; ms < end_ms; ms += MINUTE_MS) {
		zone_wall(ms, &day, &minute);
		if (is_minute(c, minute) && is_day(c, day)) {
			return ms;
		}
	}
	return INT64_MAX;
}

int64_t cron_next(const struct cron *c, int64_t after_ms)
{
	int32_t first;
	int minute;

	zone_wall(after_ms, &first, &minute);
	for (int32_t day = first; day < first + MAX_DAYS; day++) {
		int64_t next = INT64_MAX;

		if (!is_day(c, day)) {
			continue;
		}
		if (c->hours == EVERY_HOUR) {
			int64_t begin = zone_moment(day, 0) - 1;

			next = next_passing(c, begin > after_ms ? begin : after_ms,
				zone_moment(day + 1, 0));
		} else {
			next = next_on_day(c, day, after_ms);
		}
		if (next != INT64_MAX) {
			return next;
		}
	}
	return INT64_MAX;
}
