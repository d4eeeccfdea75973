#include "privacy/calendar.h"

#include "base/civil.h"
#include "base/err.h"
#include "policy/holidays.h"

#define SATURDAY 5 /* civil_weekday */

/* --- rules ------------------------------------------------------------------------- */

static int32_t nth_weekday(int year, const struct holidays_on *on)
{
	int32_t first = civil_to_day((struct civil){ year, on->month, 1 });
	int32_t day = first + (on->weekday - civil_weekday(first) + 7) % 7;

	if (on->nth > 0) {
		return day + 7 * (on->nth - 1);
	}
	day += 28; /* the fifth, if the month has one */
	return civil_of_day(day).month == on->month ? day : day - 7;
}

static int32_t day_of_rule(int year, const struct holidays_on *on)
{
	struct civil c = { year, on->month, on->day };

	switch (on->kind) {
	case HOLIDAYS_EASTER: return civil_easter(year) + on->offset;
	case HOLIDAYS_WEEKDAY: return nth_weekday(year, on);
	case HOLIDAYS_DATE: break;
	}
	return civil_is_valid(c) ? civil_to_day(c) : CIVIL_NO_DAY; /* 29 February */
}

static const struct said *find_rule(const struct holidays *h, int year, int32_t day)
{
	for (size_t i = 0; i < h->nrules; i++) {
		const struct holidays_rule *rule = &h->rules[i];
		bool holds = (rule->from == 0 || year >= rule->from) &&
			(rule->until == 0 || year <= rule->until);

		if (holds && day_of_rule(year, &rule->on) == day) {
			return &rule->name;
		}
	}
	return NULL;
}

/* --- lists ------------------------------------------------------------------------- */

static const struct said *find_range(const struct holidays_year *y, int32_t day)
{
	for (size_t i = 0; i < y->nranges; i++) {
		if (day >= y->ranges[i].from && day <= y->ranges[i].to) {
			return &y->ranges[i].name;
		}
	}
	return NULL;
}

static bool is_made_up(const struct holidays_year *y, int32_t day)
{
	for (size_t i = 0; i < y->working_texts.n; i++) {
		if (y->working[i] == day) {
			return true;
		}
	}
	return false;
}

/* --- both -------------------------------------------------------------------------- */

static bool is_ruled(const struct holidays *h, int year)
{
	return h->first_year > 0 && year >= h->first_year &&
		(h->last_year == 0 || year <= h->last_year);
}

int calendar_look(const struct holidays *h, int32_t day, struct calendar_day *ret,
	struct cu_err *err)
{
	int year = civil_of_day(day).year;
	const struct holidays_year *list = holidays_find_year(h, year);
	struct calendar_day d = { .is_made_up = list && is_made_up(list, day) };

	if (!list && !is_ruled(h, year)) {
		return cu_err_set(err, CU_ENOENT,
			"%s: the days off of %d are not known: add them from %s, then restart custosd",
			h->file, year, h->source);
	}
	d.name = list ? find_range(list, day) : NULL;
	if (!d.name && !d.is_made_up && is_ruled(h, year)) {
		d.name = find_rule(h, year, day);
	}
	d.is_working = d.is_made_up || (!d.name && civil_weekday(day) < SATURDAY);
	*ret = d;
	return 0;
}

int calendar_next(const struct holidays *h, int32_t day, int32_t *ret, struct cu_err *err)
{
	struct calendar_day d;
	int r;

	while ((r = calendar_look(h, day, &d, err)) == 0 && !d.is_working) {
		day++;
	}
	if (r == 0) {
		*ret = day;
	}
	return r;
}
