#include "policy/erasure.h"

#include <stddef.h>

#include "policy/yaml.h"

#define RULE(member) offsetof(struct erasure_rules, member)
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define DAYS(n)      ((n) * (int64_t)86400)
#define MANY         1000000000

/* clang-format off */
static const struct row rule_row[] = {
	{ "grace", SET_DURATION, 0,
	  "How long an erasure waits, and can be cancelled, before the keys are shredded. The person "
	  "is denied to everyone from the beginning. `0s` to 90d.",
	  RULE(grace), .standard = "72h", .min = 0, .max = DAYS(90) },
	{ "daily_slots", SET_INTEGER, 0,
	  "How many keys may be shredded within 24 hours without a second user. A person has 8, one "
	  "for each collection and some in reserve, or a multiple of that.",
	  RULE(daily_slots), .standard = "1000", .min = 0, .max = MANY },
	{ "daily_cohorts", SET_INTEGER, 0,
	  "The same for the keys that the records of one month share. Erasing a person shreds none.",
	  RULE(daily_cohorts), .standard = "100", .min = 0, .max = MANY },
	{ "approval_expires", SET_DURATION, 0,
	  "How long a second user may confirm what was asked for, and how long that is good. "
	  "1s to 30d.",
	  RULE(approval_expires), .standard = "24h", .min = 1, .max = DAYS(30) },
};
/* clang-format on */
const struct rows erasure_rows = { "erasure.yaml", rule_row, COUNT(rule_row),
	sizeof(struct erasure_rules), RULE(node) };

int erasure_read(struct yaml *y, struct faults *faults, struct erasure_rules *ret)
{
	int r = rows_read(&erasure_rows, y, yaml_root(y), faults, ret);

	return r < 0 ? r : 0;
}
