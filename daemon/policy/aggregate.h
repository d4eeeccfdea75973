/*
 * aggregate.h: what of records may stay as numbers once their time is over.
 *
 * A rule of retention.yaml that says 'then: anonymise' lists fields, and what is made of each: a
 * month or a year of a date, a band of a number, one of a few listed words; these form groups of
 * which records are counted; and sums.  Whatever comes out is made of keys and numbers of the
 * policy, never of what somebody typed.  Pure.
 */
#ifndef CU_POLICY_AGGREGATE_H
#define CU_POLICY_AGGREGATE_H
#include "policy/rows.h"

struct buf;
struct collection;
struct faults;
struct yaml_node;

enum aggregate_as {
	AGGREGATE_VALUE, /* one of the listed words */
	AGGREGATE_MONTH, /* 2026-11 */
	AGGREGATE_YEAR,  /* 2026 */
	AGGREGATE_BAND,  /* 50-100: from 50 on, below 100 */
	AGGREGATE_SUM    /* forms no group */
};

struct aggregate_field {
	const char *field;
	int as; /* enum aggregate_as */
	int64_t width;      /* of a band */
	struct names words; /* of a value; without any those of schema.yaml */
	const struct yaml_node *node;
};

extern const struct rows aggregate_rows;

#define AGGREGATE_MAX_SUMS  4
#define AGGREGATE_SCALE     10000 /* sums are in ten-thousandths */

/* What of them singles somebody out, or does not go with the collection. */
void aggregate_check(const struct aggregate_field *v, size_t n, const struct collection *c,
	const char *file, struct faults *faults);

/* Appends what is made of a value (no bytes: there is none) for a field that forms groups:
 * [a-z0-9_.-]; "none" without a value, "other" for what fits nowhere. */
void aggregate_generalise(const struct aggregate_field *f, const struct collection *c,
	const char *text, size_t len, struct buf *to);

/* A decimal in ten-thousandths; finer digits are cut off.  False: it is none, or too large. */
bool aggregate_number(const char *text, size_t len, int64_t *ret);

#endif
