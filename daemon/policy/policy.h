/*
 * policy.h: the rules that are in force, as one value that never changes.
 *
 * Read from a directory of YAML files: pass 1 by rows (rows.h), pass 2 by relations.  All
 * faults are collected.  A reload makes a new policy and swaps a pointer; who runs under the
 * old one keeps its reference.
 */
#ifndef CU_POLICY_POLICY_H
#define CU_POLICY_POLICY_H
#include <stddef.h>

#include "policy/rows.h"
#include "policy/schema.h"

struct cu_err;
struct faults;
struct policy;
struct yaml_node;

enum target_kind { TARGET_DIRECTORY };

struct policy_target {
	const char *key;
	int kind;         /* enum target_kind */
	const char *path; /* absolute; of TARGET_DIRECTORY */
	const struct yaml_node *node;
};

struct policy_backup {
	struct duration vault_bound; /* the longest that a vault object is kept: W of DESIGN part 10 */
	const struct policy_target *targets;
	size_t ntargets;
};

/* Reads schema.yaml, roles.yaml and backup.yaml (which may be absent) of dir.  0 with one
 * reference in *ret; CU_EINVAL with all faults, the first of them in err; CU_EIO; CU_ENOMEM.
 * Blocks. */
int policy_load(const char *dir, struct faults *faults, struct policy **ret,
	struct cu_err *err);

/* Any thread. */
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* NULL is fine */

/* All live as long as p. */
const struct schema *policy_schema(const struct policy *p);
const struct policy_backup *policy_backup(const struct policy *p);
const struct policy_target *policy_find_target(const struct policy *p, const char *key);

/* schema_find_collection of its schema. */
const struct collection *policy_find_collection(const struct policy *p, const char *key);

#endif
