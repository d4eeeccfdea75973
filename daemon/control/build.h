/*
 * build.h: from what somebody sent to a record that schema.yaml allows.
 *
 * One door for hand entry and for imports: the same checks, the same messages, which name the
 * collection and the field, never the value.
 */
#ifndef CU_CONTROL_BUILD_H
#define CU_CONTROL_BUILD_H
#include <jansson.h>

#include "policy/policy.h"
#include "store/record.h"

struct cu_err;

/* The source of the keys that hand entry and applications give to records. */
#define RECORD_BY_HAND "custos"

/* Fills collection, level and nothing else; a system collection is refused. */
int build_begin(const struct policy *p, const char *collection, struct record *rec,
	const struct collection **ret, struct cu_err *err);

/* Sets fields from a JSON object of strings; an empty one takes the field away.  Values are
 * borrowed from it. */
int build_fields(const struct collection *c, const json_t *fields, struct record *rec,
	struct cu_err *err);

/* Whether the purpose covers all of these fields: CU_EINVAL names the first that it does not. */
int build_covered(const struct purpose *purpose, const struct collection *c, const json_t *fields,
	struct cu_err *err);

/* Required fields are there; anchor date (from its field, or from the text anchor, which may
 * be NULL) and cohort follow. */
int build_finish(const struct collection *c, const char *anchor, struct record *rec,
	struct cu_err *err);

/* The class of its cohort, by what its field says: that, or old_class where that ends later.
 * old_class: of the version before; "": there was none. */
void build_class(const struct policy *p, const char *old_class, struct record *rec);

#endif
