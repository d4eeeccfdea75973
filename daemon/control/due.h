/*
 * due.h: what ends in which month, counted.
 *
 * Cohorts by their periods, and people by when they were last heard of: a walk over all of them.
 * Worker thread.
 */
#ifndef CU_CONTROL_DUE_H
#define CU_CONTROL_DUE_H
#include <stddef.h>
#include <stdint.h>

struct cu_err;
struct exchange;
struct keeping;

struct due {
	uint64_t ncohorts, nrecords, npeople;
};

/* For each rule a row of months from the present one on, which has what is over already, or with
 * nmonths 0 that alone; and what would be over by rules that are held. */
struct due_counting {
	const struct keeping *k; /* the caller's */
	size_t nmonths;          /* likewise */
	struct due *due;         /* k->n × nmonths */
	struct due *held;        /* k->n */
};

/* CU_ECANCELED.  due_done takes it down in any state. */
int due_count(struct due_counting *c, struct exchange *x, struct cu_err *err);
void due_done(struct due_counting *c);

/* A number that rises by one from month to month: year × 12 + month - 1. */
int32_t due_month(int32_t day);

#endif
