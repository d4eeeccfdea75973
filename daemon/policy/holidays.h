/*
 * holidays.h: on which days nobody works: law/calendar/<key>.yaml.
 *
 * Saturdays and Sundays, what returns every year by a rule, and, where a government decides it
 * anew each time, lists for single years, with the Saturdays and Sundays that are worked
 * instead (tiaoxiu).  A year that is neither ruled nor listed is not known, and nobody guesses:
 * privacy/calendar.h refuses it.  Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_HOLIDAYS_H
#define CU_POLICY_HOLIDAYS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rows.h"
#include "policy/said.h"

struct faults;
struct yaml;
struct yaml_node;

enum holidays_kind { HOLIDAYS_DATE, HOLIDAYS_EASTER, HOLIDAYS_WEEKDAY };

/* When a day of every year is. */
struct holidays_on {
	enum holidays_kind kind;
	int month, day; /* HOLIDAYS_DATE; HOLIDAYS_WEEKDAY: the month */
	int offset;     /* HOLIDAYS_EASTER: days from Easter Sunday */
	int weekday;    /* HOLIDAYS_WEEKDAY: 0 is Monday */
	int nth;        /* 1 to 4, or 0: the last of the month */
};

struct holidays_rule {
	const char *text; /* as it is written */
	struct holidays_on on;
	struct said name;
	int64_t from, until; /* years; 0: no bound */
	const struct yaml_node *node;
};

/* Days off, one after the other. */
struct holidays_range {
	const char *from_text, *to_text; /* to_text: NULL when it is one day */
	int32_t from, to;
	struct said name;
	const struct yaml_node *node;
};

/* A year that somebody decided. */
struct holidays_year {
	int64_t year;
	const char *source; /* where that was published */
	struct holidays_range *ranges;
	size_t nranges;
	struct names working_texts;
	int32_t *working; /* working_texts.n weekend days that are worked */
	const struct yaml_node *node;
};

struct holidays {
	const char *key;
	struct said name;
	const char *source;
	int64_t first_year, last_year; /* that the rules are right for; 0: none, no end */
	struct holidays_rule *rules;
	size_t nrules;
	struct holidays_year *years;
	size_t nyears;
	const char *file; /* "law/calendar/cn.yaml" */
	const struct yaml_node *node;
};

extern const struct rows holidays_rows;

/* Fills ret from a tree, both passes; everything borrows from y.  0, also when there are faults;
 * CU_ENOMEM. */
int holidays_read(struct yaml *y, struct faults *faults, struct holidays *ret);

/* "12-25", "easter+39", "first monday of may", "last monday of october". */
bool holidays_on_parse(const char *text, struct holidays_on *ret);

/* NULL when the year has no list of its own. */
const struct holidays_year *holidays_find_year(const struct holidays *h, int year);

#endif
