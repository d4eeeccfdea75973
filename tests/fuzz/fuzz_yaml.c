/*
 * A policy file, read as each of those that there are, and a map of an import: refused
 * with a reason, or taken, never anything else.
 */
#include <stdlib.h>

#include "base/err.h"
#include "fuzz.h"
#include "policy/faults.h"
#include "policy/map.h"
#include "policy/policy.h"
#include "policy/yaml.h"

/* libfyaml 0.7.12 forgets the text of a scalar that has no end: 1 KiB for a file that is
 * refused.  What we would forget of its documents, tests/unit/policy notice under
 * AddressSanitizer, where nothing is passed over. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

static int read_schema(struct yaml *y, struct faults *f)
{
	struct schema schema = { .ncollections = 0 };

	return schema_read(y, f, &schema);
}

static int read_roles(struct yaml *y, struct faults *f)
{
	struct roles roles = { .n = 0 };

	return roles_read(y, f, &roles);
}

static int read_targets(struct yaml *y, struct faults *f)
{
	struct targets targets = { .n = 0 };

	return targets_read(y, f, &targets);
}

static int read_law(struct yaml *y, struct faults *f)
{
	struct law law = { .nanswers = 0 };

	return law_read(y, f, &law);
}

static int read_calendar(struct yaml *y, struct faults *f)
{
	struct holidays holidays = { .nyears = 0 };

	return holidays_read(y, f, &holidays);
}

static void read_as(struct span in, int (*pass)(struct yaml *, struct faults *))
{
	struct faults faults = FAULTS_INIT;
	struct yaml *y = NULL;
	int r = yaml_parse(in, "fuzz.yaml", &faults, &y, NULL);

	if (r == 0) {
		r = pass(y, &faults);
	}
	if (r == 0) {
		r = faults_check(&faults, NULL);
	}
	fuzz_must((r == 0) == (faults.ntotal == 0), "what is refused has a reason");
	yaml_free(y);
	faults_done(&faults);
}

static void read_purposes(struct span in, const struct policy *policy)
{
	struct faults faults = FAULTS_INIT;
	struct purposes purposes = { .n = 0 };
	struct yaml *y = NULL;

	if (yaml_parse(in, "purposes.yaml", &faults, &y, NULL) == 0) {
		(void)purposes_read(y, policy_schema(policy), &faults, &purposes);
	}
	yaml_free(y);
	faults_done(&faults);
}

static void read_map(struct span in, struct policy *policy)
{
	struct faults faults = FAULTS_INIT;
	struct map *map = NULL;
	int r = map_parse(in, "map.yaml", policy, &faults, &map, NULL);

	fuzz_must((r == 0) == (faults.ntotal == 0), "what is refused has a reason");
	map_free(map);
	faults_done(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	struct span in = span_of(data, size);
	struct faults faults = FAULTS_INIT;

	if (!policy) {
		fuzz_must(policy_load(SOURCE_DIR "/policies", &faults, &policy, NULL) ==
				  0,
			"the shipped policies are good");
	}
	read_as(in, read_schema);
	read_as(in, read_roles);
	read_as(in, read_targets);
	read_as(in, read_law);
	read_as(in, read_calendar);
	read_purposes(in, policy);
	read_map(in, policy);
	return 0;
}
