/*
 * duties.h: what people have to do again and again so that all of this stays true: duties.yaml.
 *
 * custosd does none of it: it knows when each is due, keeps what was shown for it, and says so when
 * nothing was.  When a duty is due is for privacy/duty.h.  Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_DUTIES_H
#define CU_POLICY_DUTIES_H
#include <stdbool.h>
#include <stddef.h>

#include "base/cron.h"
#include "policy/rows.h"
#include "policy/said.h"

struct faults;
struct roles;
struct yaml;
struct yaml_node;

#define DUTIES_MAX 64

/* What counts as having done one. */
enum duty_counts { DUTY_COUNTS_EVIDENCE, DUTY_COUNTS_DRILL };
/* What `duty show` adds to it. */
enum duty_shows { DUTY_SHOWS_NOTHING, DUTY_SHOWS_ACCESS };

struct duty {
	const char *key;
	struct said text, evidence; /* what to do; what `duty done` wants to be told */
	const char *owner;          /* a role */
	const char *cite;           /* NULL: no law asks for it */
	int64_t months;             /* 0: by when */
	const char *when_text;      /* NULL: by months */
	struct cron when;
	struct duration first, warn, grace;
	int counts; /* enum duty_counts */
	int shows;  /* enum duty_shows */
	const struct yaml_node *node;
};

struct duties {
	struct duty *v; /* read-only, as all of this */
	size_t n;
	const struct yaml_node *node;
};

extern const struct rows duties_rows;

/* Fills ret from the tree of duties.yaml; it borrows from y.  0, also when there are faults; CU_ENOMEM. */
int duties_read(struct yaml *y, struct faults *faults, struct duties *ret);
/* Owners that are no roles. */
void duties_check(const struct duties *d, const struct roles *roles, const char *file,
	struct faults *faults);

/* NULL when there is none of this key. */
const struct duty *duties_find(const struct duties *d, const char *key);

#endif
