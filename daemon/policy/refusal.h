/*
 * refusal.h: why a law lets a request be refused: what the person is told, and where it says so.
 *
 * A part of law/<key>.yaml.
 */
#ifndef CU_POLICY_REFUSAL_H
#define CU_POLICY_REFUSAL_H
#include <stdbool.h>

#include "policy/rows.h"
#include "policy/said.h"

struct faults;
struct yaml_node;

struct law_refusal {
	const char *key; /* what 'request deny --reason' says */
	struct said text;
	struct said cite;
	struct names requests; /* whose words; none: all */
	const struct yaml_node *node;
};

extern const struct rows refusal_rows;

/* Is it a reason for a request of this word ("erasure")? */
bool refusal_is_for(const struct law_refusal *r, const char *request);

#endif
