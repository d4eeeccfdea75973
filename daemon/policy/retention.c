#include "policy/retention.h"

#include <stddef.h>
#include <string.h>

#include "base/civil.h"
#include "policy/faults.h"
#include "policy/schema.h"
#include "policy/yaml.h"

#define COUNT(a)        (sizeof(a) / sizeof((a)[0]))
#define DAYS(n)         ((n) * (int64_t)86400)
#define YEARS(n)        DAYS((n) * (int64_t)365)
#define RULE(member)    offsetof(struct retention_rule, member)
#define MINIMUM(member) offsetof(struct retention_minimum, member)
#define FILE_AT(member) offsetof(struct retention, member)

/* clang-format off */
static const struct row rule_row[] = {
	{ "collection", SET_NAME, MUST, "Which records; a collection of schema.yaml.",
	  RULE(collection) },
	{ "keep", SET_DURATION, MUST,
	  "How long after the date that the collection's anchor names: that of the event, or of the "
	  "person's last activity. 1d to 100y, years by the calendar.",
	  RULE(keep), .min = DAYS(1), .max = YEARS(100) },
	{ "then", SET_ENUM, 0,
	  "What happens then: the keys are shredded, in backups too; or a person has to look at what is "
	  "due, and confirms it, first; or the records are counted as `aggregate` says, and then their "
	  "keys are shredded.",
	  RULE(then), .standard = "shred", .words = "shred review anonymise" },
	{ "aggregate", SET_MAPS, 0, "With `then: anonymise`: what is counted, in which groups.",
	  RULE(aggregate), RULE(naggregate), .of = &aggregate_rows },
	{ "reason", SET_TEXT, MUST, "Why so long and no longer, with citation.", RULE(reason) },
};
static const struct rows rule_rows = { "How long a collection is kept", rule_row,
	COUNT(rule_row), sizeof(struct retention_rule), RULE(node) };

static const struct row minimum_row[] = {
	{ "collection", SET_NAME, MUST, "Which records; a collection of schema.yaml.",
	  MINIMUM(collection) },
	{ "keep", SET_DURATION, MUST,
	  "How long a law wants it kept. It wins over a rule that is shorter; of several the longest.",
	  MINIMUM(keep), .min = DAYS(1), .max = YEARS(100) },
	{ "citation", SET_TEXT, MUST, "Which law says so.", MINIMUM(citation) },
};
static const struct rows minimum_rows = { "What a law wants kept", minimum_row,
	COUNT(minimum_row), sizeof(struct retention_minimum), MINIMUM(node) };

static const struct row retention_row[] = {
	{ "access_journal", SET_DURATION, 0,
	  "How long it stays known whose data a search with several hits or an export showed. "
	  "1d to 10y; then the day's key is shredded.",
	  FILE_AT(access_journal), .standard = "400d", .min = DAYS(1), .max = DAYS(3650) },
	{ "requests", SET_DURATION, 0,
	  "How long a data subject's request and its letters are kept after it was closed: as long as "
	  "somebody may ask for proof. 1y to 30y; then the keys of its papers are shredded.",
	  FILE_AT(requests), .standard = "3y", .min = DAYS(365), .max = YEARS(30) },
	{ "smallest_group", SET_INTEGER, 0,
	  "With `then: anonymise`: of how many people a group must be. Of fewer nothing stays.",
	  FILE_AT(smallest_group), .standard = "5", .min = 3, .max = 50 },
	{ "rules", SET_MAPS, 0,
	  "When which collection ends. One without a rule is kept until it is erased.",
	  FILE_AT(rules), FILE_AT(nrules), .of = &rule_rows },
	{ "minimums", SET_MAPS, 0, "What must not end earlier, whatever a rule says.",
	  FILE_AT(minimums), FILE_AT(nminimums), .of = &minimum_rows },
};
/* clang-format on */
const struct rows retention_rows = { "retention.yaml", retention_row,
	COUNT(retention_row), sizeof(struct retention), FILE_AT(node) };

int retention_read(struct yaml *y, struct faults *faults, struct retention *ret)
{
	int r = rows_read(&retention_rows, y, yaml_root(y), faults, ret);

	return r < 0 ? r : 0;
}

const struct retention_rule *retention_find(const struct retention *r, const char *collection)
{
	for (size_t i = 0; i < r->nrules; i++) {
		if (r->rules[i].collection && strcmp(r->rules[i].collection, collection) == 0) {
			return &r->rules[i];
		}
	}
	return NULL;
}

const struct retention_minimum *retention_minimum(const struct retention *r,
	const char *collection)
{
	const struct retention_minimum *longest = NULL;

	for (size_t i = 0; i < r->nminimums; i++) {
		const struct retention_minimum *m = &r->minimums[i];

		if (m->collection && strcmp(m->collection, collection) == 0 &&
			(!longest || duration_seconds(m->keep) > duration_seconds(longest->keep))) {
			longest = m;
		}
	}
	return longest;
}

/* --- what goes with the schema ---------------------------------------------------- */

static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_find(node, key);

	return value ? value->line : node->line;
}

static void check_rule(const struct retention *r, const struct retention_rule *rule,
	const struct collection *c, const char *file, struct faults *faults)
{
	unsigned line = line_of(rule->node, "collection");
	const struct retention_rule *first = retention_find(r, rule->collection);

	if (first != rule) {
		faults_add(faults, file, line, "collection",
			"'%.64s' has two rules; the first in line %u", rule->collection,
			line_of(first->node, "collection"));
	} else if (c->anchor == ANCHOR_NONE) {
		faults_add(faults, file, line, "collection",
			"'%.64s' counts from no date: give it an anchor in schema.yaml", c->key);
	} else if (c->anchor == ANCHOR_EVENT && c->cohort == COHORT_NONE) {
		faults_add(faults, file, line, "collection",
			"'%.64s' has no cohort, so that its records cannot end by their dates: give it "
			"'cohort: month' in schema.yaml",
			c->key);
	}
}

static void check_aggregate(const struct retention_rule *rule, const struct collection *c,
	const char *file, struct faults *faults)
{
	bool is_wanted = rule->then == RETENTION_ANONYMISE;

	if (is_wanted != (rule->naggregate > 0)) {
		faults_add(faults, file, line_of(rule->node, is_wanted ? "then" : "aggregate"),
			is_wanted ? "then" : "aggregate", "'anonymise' and 'aggregate' go together: %s",
			is_wanted ? "say what is to stay" : "without it nothing stays");
	}
	aggregate_check(rule->aggregate, rule->naggregate, c, file, faults);
}

/* Whoever forgets the end of a relationship never ends what counts from it. */
static void check_relationship(const struct retention *r, const struct retention_rule *rule,
	const struct collection *c, const struct collection *holder, const char *file,
	struct faults *faults)
{
	const struct retention_rule *of_holder = holder ? retention_find(r, holder->key) : NULL;

	if (c->anchor == ANCHOR_RELATIONSHIP && of_holder &&
		duration_seconds(of_holder->keep) < duration_seconds(rule->keep)) {
		faults_add(faults, file, line_of(rule->node, "keep"), "keep",
			"counts from a date in '%.64s', which is kept shorter: line %u", holder->key,
			line_of(of_holder->node, "keep"));
	}
}

static const struct collection *find_collection(const struct schema *schema, const char *key,
	const struct yaml_node *node, const char *file, struct faults *faults)
{
	const struct collection *c = key ? schema_find_collection(schema, key) : NULL;

	if (key && !c) {
		faults_add(faults, file, line_of(node, "collection"), "collection",
			"schema.yaml has no collection '%.64s'", key);
	}
	return c;
}

void retention_check(const struct retention *r, const struct schema *schema,
	const char *file, struct faults *faults)
{
	for (size_t i = 0; i < r->nrules; i++) {
		const struct retention_rule *rule = &r->rules[i];
		const struct collection *c =
			find_collection(schema, rule->collection, rule->node, file, faults);

		if (c) {
			check_aggregate(rule, c, file, faults);
			check_rule(r, rule, c, file, faults);
			check_relationship(r, rule, c, schema_find_relationship(schema), file, faults);
		}
	}
	for (size_t i = 0; i < r->nminimums; i++) {
		(void)find_collection(schema, r->minimums[i].collection, r->minimums[i].node, file,
			faults);
	}
}

/* --- days ------------------------------------------------------------------------- */

/* A 29th of February is kept until the 1st of March. */
static int32_t years_before(int32_t day, int32_t n)
{
	struct civil c = civil_of_day(day);

	c.year -= n;
	if (!civil_is_valid(c)) {
		c.day = 28;
	}
	return civil_to_day(c);
}

static int32_t years_after(int32_t day, int32_t n)
{
	struct civil c = civil_of_day(day);

	c.year += n;
	if (!civil_is_valid(c)) {
		c.month = 3;
		c.day = 1;
	}
	return civil_to_day(c);
}

static int32_t days_of(struct duration keep)
{
	return keep.unit == 'd' ? keep.n : (int32_t)((duration_seconds(keep) + 86399) / 86400);
}

int32_t retention_last_day_over(struct duration keep, int32_t today)
{
	int32_t first_kept =
		keep.unit == 'y' ? years_before(today, keep.n) : today - days_of(keep);

	return first_kept - 1;
}

int32_t retention_day_over(struct duration keep, int32_t last_day)
{
	return keep.unit == 'y' ? years_after(last_day + 1, keep.n) : last_day + 1 + days_of(keep);
}
