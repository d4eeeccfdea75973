#include "policy/holidays.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "policy/faults.h"
#include "policy/yaml.h"

#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define RULE(member)  offsetof(struct holidays_rule, member)
#define RANGE(member) offsetof(struct holidays_range, member)
#define YEAR(member)  offsetof(struct holidays_year, member)
#define FILE_(member) offsetof(struct holidays, member)

#define SATURDAY 5 /* civil_weekday */

static const char *const weekdays[] = { "monday", "tuesday", "wednesday", "thursday", "friday",
	"saturday", "sunday" };
static const char *const months[] = { "january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december" };
static const char *const numerals[] = { "last", "first", "second", "third", "fourth" };

static const char *check_date(const char *text)
{
	int32_t day;

	return strlen(text) == 10 && text[4] == '-' && civil_parse_day(text, &day) ?
		NULL :
		N_("is not a date such as 2026-10-01");
}

static const char *check_on(const char *text)
{
	struct holidays_on on;

	return holidays_on_parse(text, &on) ? NULL :
					      N_("is not one of 12-25, easter+39, easter-2, first "
					      "monday of may, last monday of october");
}

/* clang-format off */
static const struct row rule_row[] = {
	{ "on", SET_TEXT, MUST,
	  "When it is: `12-25`, `easter+39`, `first monday of may`, `last monday of october`.",
	  RULE(text), .check = check_on },
	{ "name", SET_MAP, MUST, "What it is called.", RULE(name), .of = &said_rows },
	{ "from", SET_INTEGER, 0, "The first year that has it.", RULE(from), .min = 1900, .max = 9999 },
	{ "until", SET_INTEGER, 0, "The last year that has it.", RULE(until), .min = 1900,
	  .max = 9999 },
};
static const struct rows rule_rows = {
	"A holiday of every year", rule_row, COUNT(rule_row), sizeof(struct holidays_rule), RULE(node)
};

static const struct row range_row[] = {
	{ "from", SET_TEXT, MUST, "The first day off.", RANGE(from_text), .check = check_date },
	{ "to", SET_TEXT, 0, "The last day off; the same by default.", RANGE(to_text),
	  .check = check_date },
	{ "name", SET_MAP, MUST, "What it is called.", RANGE(name), .of = &said_rows },
};
static const struct rows range_rows = {
	"Days off in one year", range_row, COUNT(range_row), sizeof(struct holidays_range), RANGE(node)
};

static const struct row year_row[] = {
	{ "year", SET_INTEGER, MUST, "The year.", YEAR(year), .min = 1900, .max = 9999 },
	{ "source", SET_TEXT, MUST, "Where this was published.", YEAR(source) },
	{ "off", SET_MAPS, MUST, "The days off, weekends within them included.", YEAR(ranges),
	  YEAR(nranges), .of = &range_rows },
	{ "working", SET_NAMES, 0, "Saturdays and Sundays that are worked, as 2026-02-14.",
	  YEAR(working_texts), .check = check_date },
};
static const struct rows year_rows = {
	"A year that was decided", year_row, COUNT(year_row), sizeof(struct holidays_year), YEAR(node)
};

static const struct row holidays_row[] = {
	{ "calendar", SET_NAME, MUST, "Its key: the file's name without `.yaml`.", FILE_(key) },
	{ "name", SET_MAP, MUST, "What it is called.", FILE_(name), .of = &said_rows },
	{ "source", SET_TEXT, MUST, "Where its rules are written, or who decides each year.",
	  FILE_(source) },
	{ "first_year", SET_INTEGER, 0,
	  "The first year for which `every_year` is right. Without it only `years` are known.",
	  FILE_(first_year), .min = 1900, .max = 9999 },
	{ "last_year", SET_INTEGER, 0, "The last year for which `every_year` is right.",
	  FILE_(last_year), .min = 1900, .max = 9999 },
	{ "every_year", SET_MAPS, 0, "Holidays that return by a rule.", FILE_(rules), FILE_(nrules),
	  .of = &rule_rows },
	{ "years", SET_MAPS, 0, "Years that were decided one by one.", FILE_(years), FILE_(nyears),
	  .of = &year_rows },
};
/* clang-format on */
const struct rows holidays_rows = { "law/calendar/*.yaml", holidays_row, COUNT(holidays_row),
	sizeof(struct holidays), FILE_(node) };

/* --- when a holiday is ------------------------------------------------------------- */

static int find_word(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool parse_weekday(const char *text, struct holidays_on *ret)
{
	char numeral[8], weekday[12], month[12], rest;
	struct holidays_on on = { .kind = HOLIDAYS_WEEKDAY };

	if (sscanf(text, "%7s %11s of %11s%c", numeral, weekday, month, &rest) != 3) {
		return false;
	}
	on.nth = find_word(numerals, COUNT(numerals), numeral);
	on.weekday = find_word(weekdays, COUNT(weekdays), weekday);
	on.month = find_word(months, COUNT(months), month) + 1;
	*ret = on;
	return on.nth >= 0 && on.weekday >= 0 && on.month > 0;
}

bool holidays_on_parse(const char *text, struct holidays_on *ret)
{
	struct holidays_on on = { .kind = HOLIDAYS_DATE };
	char date[16];
	int32_t day;

	if (strlen(text) == 5 && text[2] == '-') { /* 2000 has a 29 February */
		snprintf(date, sizeof(date), "2000-%s", text);
		if (!civil_parse_day(date, &day)) {
			return false;
		}
		on.month = civil_of_day(day).month;
		on.day = civil_of_day(day).day;
	} else if (strncmp(text, "easter", 6) == 0) {
		size_t n = strlen(text + 6);

		on.kind = HOLIDAYS_EASTER;
		if ((text[6] != '+' && text[6] != '-') || n < 2 || n > 4 ||
			strspn(text + 7, "0123456789") != n - 1) {
			return false;
		}
		on.offset = atoi(text + 6);
	} else {
		return parse_weekday(text, ret);
	}
	*ret = on;
	return true;
}

/* --- second pass ------------------------------------------------------------------- */

/* What passed its check is a date; what did not is NULL, and its fault is known. */
static int32_t day_of(const char *text)
{
	int32_t day;

	return text && civil_parse_day(text, &day) ? day : CIVIL_NO_DAY;
}

static void read_range(const char *file, const struct holidays_year *y,
	struct holidays_range *range, struct faults *faults)
{
	unsigned line = range->node->line;

	range->from = day_of(range->from_text);
	range->to = range->to_text ? day_of(range->to_text) : range->from;
	if (range->from == CIVIL_NO_DAY || range->to == CIVIL_NO_DAY || y->year == 0) {
		return;
	}
	if (range->to < range->from) {
		faults_add(faults, file, line, "to", "is before 'from'");
	}
	if (civil_of_day(range->from).year != y->year ||
		civil_of_day(range->to).year != y->year) {
		faults_add(faults, file, line, "off",
			"is not within %d: put the rest under the other year", (int)y->year);
	}
}

static const struct holidays_range *find_range(const struct holidays_year *y, int32_t day)
{
	for (size_t i = 0; i < y->nranges; i++) {
		if (day >= y->ranges[i].from && day <= y->ranges[i].to) {
			return &y->ranges[i];
		}
	}
	return NULL;
}

static void check_working(const char *file, const struct holidays_year *y, int32_t day,
	const char *text, struct faults *faults)
{
	unsigned line = yaml_find(y->node, "working")->line;

	if (civil_of_day(day).year != y->year) {
		faults_add(faults, file, line, "working", "'%s' is not within %d", text,
			(int)y->year);
	} else if (civil_weekday(day) < SATURDAY) {
		faults_add(faults, file, line, "working", "'%s' is no Saturday or Sunday", text);
	} else if (find_range(y, day)) {
		faults_add(faults, file, line, "working", "'%s' is also a day off", text);
	}
}

static int read_year(struct yaml *y, struct holidays_year *year, struct faults *faults)
{
	size_t n = year->working_texts.n;

	year->working = yaml_alloc(y, n * sizeof(*year->working));
	if (!year->working) {
		return CU_ENOMEM;
	}
	for (size_t i = 0; i < year->nranges; i++) {
		read_range(yaml_file(y), year, &year->ranges[i], faults);
	}
	for (size_t i = 0; i < n; i++) {
		const char *text = year->working_texts.v[i];

		year->working[i] = day_of(text);
		check_working(yaml_file(y), year, year->working[i], text, faults);
	}
	return 0;
}

static void check_years(const char *file, const struct holidays *h, struct faults *faults)
{
	if (h->first_year == 0 && (h->last_year > 0 || h->nrules > 0)) {
		faults_add(faults, file, h->node->line, "first_year",
			"is missing: from when on is 'every_year' right?");
	}
	if (h->last_year > 0 && h->last_year < h->first_year) {
		faults_add(faults, file, yaml_find(h->node, "last_year")->line, "last_year",
			"is before first_year");
	}
	for (size_t i = 0; i < h->nyears; i++) {
		if (h->years[i].year > 0 &&
			holidays_find_year(h, (int)h->years[i].year) != &h->years[i]) {
			faults_add(faults, file, h->years[i].node->line, "year", "%d stands twice",
				(int)h->years[i].year);
		}
	}
}

int holidays_read(struct yaml *y, struct faults *faults, struct holidays *ret)
{
	int r = rows_read(&holidays_rows, y, yaml_root(y), faults, ret);

	ret->file = yaml_file(y);
	for (size_t i = 0; r >= 0 && i < ret->nrules; i++) {
		if (ret->rules[i].text) {
			holidays_on_parse(ret->rules[i].text, &ret->rules[i].on);
		}
	}
	for (size_t i = 0; r >= 0 && i < ret->nyears; i++) {
		r = read_year(y, &ret->years[i], faults);
	}
	if (r < 0) {
		return r;
	}
	check_years(yaml_file(y), ret, faults);
	return 0;
}

const struct holidays_year *holidays_find_year(const struct holidays *h, int year)
{
	for (size_t i = 0; i < h->nyears; i++) {
		if (h->years[i].year == year) {
			return &h->years[i];
		}
	}
	return NULL;
}
