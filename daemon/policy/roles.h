/*
 * roles.h: which role may do what, and who has it: roles.yaml.
 *
 * Immutable; lives as long as its policy.  access.h answers questions from it.
 */
#ifndef CU_POLICY_ROLES_H
#define CU_POLICY_ROLES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

#define ROLES_MAX 64 /* one bit each */

struct role {
	const char *key;
	const char *text;        /* one sentence for people; may be NULL */
	struct names operations; /* "subject.get", "subject.*", "*" */
	struct names purposes;   /* keys, or "*" */
	int level;               /* enum level (schema.h): what is above is masked */
	const struct yaml_node *node;
};

struct operator_entry {
	bool is_group;
	int64_t uid, gid; /* one of them */
	struct names role_keys;
	uint64_t roles; /* the same as bits */
	const struct yaml_node *node;
};

struct roles {
	const struct role *v;
	size_t n;
	struct operator_entry *operators; /* written only by roles_read */
	size_t noperators;
	const struct yaml_node *node;
};

extern const struct rows roles_rows;

/* Fills ret from the tree of roles.yaml, both passes; everything borrows from y.  0, also
 * when there are faults; CU_ENOMEM. */
int roles_read(struct yaml *y, struct faults *faults, struct roles *ret);

/* "subject.*" matches subject and subject.get; "*" everything; else letter by letter. */
bool roles_pattern_matches(const char *pattern, const char *operation);

/* Reads, writes or erases personal data: never uid 0's. */
bool roles_is_personal(const char *operation);

#endif
