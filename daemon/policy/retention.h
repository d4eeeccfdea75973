/*
 * retention.h: how long is kept what custos itself writes about people: retention.yaml.
 *
 * Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_RETENTION_H
#define CU_POLICY_RETENTION_H
#include <stdint.h>

#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

struct retention {
	struct duration access_journal; /* from the end of the day that an entry is of */
	const struct yaml_node *node;
};

extern const struct rows retention_rows;

/* Fills ret from the tree of retention.yaml; it borrows from y.  0, also when there are
 * faults; CU_ENOMEM. */
int retention_read(struct yaml *y, struct faults *faults, struct retention *ret);

/* The last day whose keep is over when today begins; days as in civil.h.  What is of a
 * day is kept whole days beyond its end, years by the calendar. */
int32_t retention_last_day_over(struct duration keep, int32_t today);

#endif
