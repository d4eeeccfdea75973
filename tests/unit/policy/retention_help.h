/* retention_help.h: retention.yaml read beside a schema, from texts. */
#ifndef CU_TEST_POLICY_RETENTION_HELP_H
#define CU_TEST_POLICY_RETENTION_HELP_H
#include "check.h"
#include "policy/faults.h"
#include "policy/retention.h"
#include "policy/schema.h"
#include "policy/yaml.h"

struct read {
	struct yaml *schema_file, *file;
	struct schema schema;
	struct retention rules;
	struct faults faults;
};

/* The schema has no fault; those of the rules are in r->faults.  Then read_done. */
static inline void read_rules(struct read *r, const char *schema, const char *rules)
{
	*r = (struct read){ .faults = FAULTS_INIT };
	assert_int_equal(yaml_parse(span_str(schema), "schema.yaml", &r->faults, &r->schema_file,
				 NULL),
		0);
	assert_int_equal(schema_read(r->schema_file, &r->faults, &r->schema), 0);
	assert_int_equal(yaml_parse(span_str(rules), "retention.yaml", &r->faults, &r->file, NULL), 0);
	assert_int_equal(retention_read(r->file, &r->faults, &r->rules), 0);
	if (r->faults.n == 0) {
		retention_check(&r->rules, &r->schema, "retention.yaml", &r->faults);
	}
}

static inline void read_done(struct read *r)
{
	faults_done(&r->faults);
	yaml_free(r->schema_file);
	yaml_free(r->file);
}

#endif
