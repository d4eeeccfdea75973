/*
 * retention.h: how long things are kept: retention.yaml.
 *
 * A rule ends a collection some time after the date that its anchor in schema.yaml names; a law's
 * minimum keeps it longer than the rule would.  Immutable; lives as long as its policy.
 */
#ifndef CU_POLICY_RETENTION_H
#define CU_POLICY_RETENTION_H
#include <stddef.h>
#include <stdint.h>

#include "policy/aggregate.h"

struct faults;
struct schema;
struct yaml;
struct yaml_node;

enum retention_then { RETENTION_SHRED, RETENTION_REVIEW, RETENTION_ANONYMISE };

#define RETENTION_DEFAULT "default" /* the class of what is of none */

/* Records of a collection that are kept by a rule of their own, because of what a field says. */
struct retention_class {
	const char *key, *collection, *field;
	struct names words;
	const struct yaml_node *node;
};

struct retention_rule {
	const char *collection, *class_key;
	struct duration keep;
	int then; /* enum retention_then */
	struct aggregate_field *aggregate; /* of RETENTION_ANONYMISE; read-only */
	size_t naggregate;
	const char *reason;
	const struct yaml_node *node;
};

struct retention_minimum {
	const char *collection;
	const char *class_key; /* NULL: all of the collection */
	struct duration keep;
	const char *citation;
	const struct yaml_node *node;
};

struct retention {
	struct duration access_journal; /* from the end of the day that an entry is of */
	struct duration requests;       /* of data subjects, from the day on which one was closed */
	struct duration holds;          /* from the day on which one was released */
	struct duration incidents;      /* from the day on which one was closed */
	struct duration duties;         /* evidence, from the day on which it was noted down */
	struct duration review_again;   /* after one was denied */
	int64_t smallest_group;         /* people; of fewer nothing stays */
	struct retention_rule *rules;   /* read-only, as all of this */
	size_t nrules;
	struct retention_class *classes;
	size_t nclasses;
	struct retention_minimum *minimums;
	size_t nminimums;
	const struct yaml_node *node;
};

extern const struct rows retention_rows;

/* Fills ret from the tree of retention.yaml; it borrows from y.  0, also when there are
 * faults; CU_ENOMEM. */
int retention_read(struct yaml *y, struct faults *faults, struct retention *ret);
/* What of it does not go with the collections that there are. */
void retention_check(const struct retention *r, const struct schema *schema,
	const char *file, struct faults *faults);

/* As in the file. */
const char *retention_then_word(const struct retention_rule *rule);

/* NULL: kept until it is erased. */
const struct retention_rule *retention_find(const struct retention *r, const char *collection,
	const char *class_key);
/* The longest that a law wants; NULL: none. */
const struct retention_minimum *retention_minimum(const struct retention *r,
	const char *collection, const char *class_key);

/* The classes of a collection in the order of the file: the first after this one; NULL starts. */
const struct retention_class *retention_next_class(const struct retention *r,
	const char *collection, const struct retention_class *after);
/* Its keys, that of records of no class first; NULL behind the last. */
const char *retention_class_key(const struct retention *r, const char *collection, size_t n);
/* Does this value of its field make a record one of the class? */
bool retention_class_takes(const struct retention_class *c, const char *text, size_t len);
/* Which of two classes ends later by this file; of equals the second. */
const char *retention_later_class(const struct retention *r, const char *collection,
	const char *a, const char *b);

/* The last day whose keep is over when today begins; days as in civil.h.  What is of a
 * day is kept whole days beyond its end, years by the calendar. */
int32_t retention_last_day_over(struct duration keep, int32_t today);
/* The other way round: the first day at whose beginning what is of last_day is over. */
int32_t retention_day_over(struct duration keep, int32_t last_day);

#endif
