/*
 * rule_build.h: a record's own rule, from what somebody sent to what the policies know, and back.
 *
 * Every key of a rule stands in a policy: purposes, recipients and sources in purposes.yaml, roles
 * in roles.yaml, categories in the taxonomy.  Messages name the member, never the value.
 */
#ifndef CU_CONTROL_RULE_BUILD_H
#define CU_CONTROL_RULE_BUILD_H
#include <jansson.h>

#include "store/rule.h"

struct cu_err;
struct json;
struct policy;

/* A rule, and a day on which the record ends whenever it was made. */
struct ruling {
	struct rule rule;
	int64_t fixed_ms; /* 0: none */
};

/* From an object of io.custos.record's type Rule.  CU_EINVAL. */
int rule_build(const struct policy *p, const json_t *given, struct ruling *ret,
	struct cu_err *err);
/* One member: a kind's word, or "expires", from an array of texts; NULL takes it away.  CU_EINVAL. */
int rule_build_member(const struct policy *p, const char *member, const json_t *to,
	struct ruling *r, struct cu_err *err);

/* When a record of this collection ends by it: 0, with its collection.  Never later than what
 * retention.yaml says of its own anchor. */
int64_t rule_end(const struct policy *p, const char *collection, const struct ruling *r,
	int64_t created_ms, int32_t anchor_day);

/* The member "rule"; NULL: it says nothing. */
void rule_show(struct json *j, const struct rule *r);

#endif
