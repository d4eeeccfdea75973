/*
 * targets.h: where backups go, and how long the keys in them live on: backup.yaml.
 *
 * Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_TARGETS_H
#define CU_POLICY_TARGETS_H
#include <stddef.h>

#include "policy/rows.h"

struct faults;
struct yaml;
struct yaml_node;

#define TARGETS_MAX_FAR 8

enum target_kind { TARGET_DIRECTORY, TARGET_AGENT };

struct target {
	const char *key;
	int kind;         /* enum target_kind */
	const char *path;   /* absolute, of TARGET_DIRECTORY; else NULL */
	const char *plugin; /* of TARGET_AGENT; else NULL */
	const struct yaml_node *settings; /* of TARGET_AGENT: a mapping of texts; NULL: none */
	const struct yaml_node *node;
};

struct targets {
	/* How long a vault object is kept after a newer one took its place: how long an erased person's key may linger, and
	 * how long a hostile mass erasure can be undone. */
	struct duration vault_bound;
	/* How long data objects can be opened for a drill without the identity; 0: never. */
	struct duration drill_window;
	/* How old the newest backup at a target may be before an alarm says so; 0: as schedule.yaml allows. */
	struct duration recovery_point;
	const struct target *v;
	size_t n, nfar; /* nfar: of TARGET_AGENT */
	const struct yaml_node *node;
};

extern const struct rows targets_rows;

/* Fills ret from the tree of backup.yaml, both passes; everything borrows from y.  0, also
 * when there are faults; CU_ENOMEM. */
int targets_read(struct yaml *y, struct faults *faults, struct targets *ret);

/* NULL when there is none of this key. */
const struct target *targets_find(const struct targets *t, const char *key);

#endif
