/*
 * erasure.h: what stands between "erase" and the shred: erasure.yaml.
 *
 * Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_ERASURE_H
#define CU_POLICY_ERASURE_H
#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

struct erasure_rules {
	struct duration grace;            /* from "erase" to the shred */
	struct duration approval_expires; /* how long a second user may be asked */
	int64_t daily_slots,
		daily_cohorts; /* beyond, in 24 hours, a second user confirms */
	const struct yaml_node *node;
};

extern const struct rows erasure_rows;

/* Fills ret from the tree of erasure.yaml; everything borrows from y.  0, also when
 * there are faults; CU_ENOMEM. */
int erasure_read(struct yaml *y, struct faults *faults, struct erasure_rules *ret);

#endif
