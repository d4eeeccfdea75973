/*
 * organisation.h: who holds the data, where, and under which laws: organisation.yaml.
 *
 * Letters, records of processing and notices name the controller, its data protection officer
 * and its authority; whoever writes one says which is missing.  Immutable; lives as long as its
 * policy.
 */
#ifndef CU_POLICY_ORGANISATION_H
#define CU_POLICY_ORGANISATION_H
#include <stddef.h>

#include "policy/rows.h"
#include "policy/said.h"

struct faults;
struct yaml;
struct yaml_node;

/* A person or office that can be written to; node is NULL when it is absent. */
struct organisation_contact {
	const char *name;
	const char *address; /* NULL: not told, as the next */
	const char *contact; /* an e-mail address, a telephone number, a page */
	const struct yaml_node *node;
};

/* Somebody who is called when something is lost; the words of `part` in organisation.yaml. */
enum part { PART_ADMINISTRATOR, PART_IDENTITY, PART_TARGET, PART_PRIVACY, PART_SECOND, NPARTS };

struct organisation_person {
	int part; /* enum part */
	const char *name, *contact;
	const char *text; /* NULL: not told */
	const struct yaml_node *node;
};

struct organisation {
	struct names laws;   /* the first is that of a request which names none */
	const char *country; /* whose days off count: a key of law/calendar */
	const char *time_zone;
	int language; /* enum language, of letters when nothing else is known */
	struct organisation_contact controller, representative, dpo, authority;
	const struct organisation_person *people;
	size_t npeople;
	const struct yaml_node *node;
};

extern const struct rows organisation_rows;

/* Fills ret from the tree of organisation.yaml; it borrows from y.  0, also when there are
 * faults; CU_ENOMEM. */
int organisation_read(struct yaml *y, struct faults *faults, struct organisation *ret);

#endif
