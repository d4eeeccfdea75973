/*
 * policy.h: the rules that are in force, as one value that never changes.
 *
 * Read from a directory of YAML files: pass 1 by rows (rows.h), pass 2 by relations.  All
 * faults are collected.  Changed files make another policy; who runs under the
 * old one keeps its reference.
 */
#ifndef CU_POLICY_POLICY_H
#define CU_POLICY_POLICY_H
#include "policy/agent.h"
#include "policy/duties.h"
#include "policy/erasure.h"
#include "policy/lawbook.h"
#include "policy/letters.h"
#include "policy/organisation.h"
#include "policy/purposes.h"
#include "policy/retention.h"
#include "policy/roles.h"
#include "policy/schedule.h"
#include "policy/schema.h"
#include "policy/targets.h"

struct buf;
struct cu_err;
struct faults;
struct policy;

/* Reads schema.yaml, purposes.yaml and roles.yaml of dir, and backup.yaml, erasure.yaml,
 * retention.yaml, organisation.yaml, schedule.yaml, agent.yaml, duties.yaml and the directories law and
 * letters, which may be absent.  0 with one
 * reference in *ret; CU_EINVAL with all faults, the first of
 * them in err; CU_EIO; CU_ENOMEM.  Blocks. */
int policy_load(const char *dir, struct faults *faults, struct policy **ret,
	struct cu_err *err);

/* Any thread. */
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p); /* NULL is fine */

/* All live as long as p. */
const struct schema *policy_schema(const struct policy *p);
const struct purposes *policy_purposes(const struct policy *p);
const struct roles *policy_roles(const struct policy *p);
const struct targets *policy_targets(const struct policy *p);
const struct erasure_rules *policy_erasure(const struct policy *p);
const struct retention *policy_retention(const struct policy *p);
const struct organisation *policy_organisation(const struct policy *p);
const struct schedule *policy_schedule(const struct policy *p);
const struct agent_rules *policy_agent(const struct policy *p);
const struct duties *policy_duties(const struct policy *p);

/* schema_find_collection of its schema; purposes_find of its purposes; targets_find of its
 * targets. */
const struct collection *policy_find_collection(const struct policy *p, const char *key);
const struct purpose *policy_find_purpose(const struct policy *p, const char *key);
const struct target *policy_find_target(const struct policy *p, const char *key);

/* A law, a calendar of this key; NULL when there is none. */
const struct law *policy_find_law(const struct policy *p, const char *key);
const struct holidays *policy_find_calendar(const struct policy *p, const char *key);
/* Whose days off count for a law of this policy: its own calendar, or that of the country. */
const struct holidays *policy_calendar_of(const struct policy *p, const struct law *law);

/* NULL when there is no such letter. */
const struct letters_letter *policy_find_letter(const struct policy *p, enum letter_kind kind);

/* What is allowed and seldom meant. */
void policy_warn(const struct policy *p, struct faults *warnings);

/* Appends the reference of all files, in Markdown: what policies/README.md holds. */
void policy_explain(struct buf *out);

#endif
