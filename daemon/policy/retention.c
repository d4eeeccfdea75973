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
#define CLASS(member)   offsetof(struct retention_class, member)
#define MINIMUM(member) offsetof(struct retention_minimum, member)
#define FILE_AT(member) offsetof(struct retention, member)

/* clang-format off */
static const struct row class_row[] = {
	{ "class", SET_NAME, MUST, "Its key; it stands in clear beside the months of its records.",
	  CLASS(key) },
	{ "collection", SET_NAME, MUST, "Which records; a collection of schema.yaml with cohorts.",
	  CLASS(collection) },
	{ "field", SET_NAME, MUST, "A field of the collection, of type word.", CLASS(field) },
	{ "words", SET_NAMES, MUST,
	  "With one of these a record is of the class, if of none before it. What was written before the "
	  "class was here stays where it is until it is written again; what changes from one class to "
	  "another counts with the later one.", CLASS(words) },
};
static const struct rows class_rows = { "A class of records that are kept otherwise", class_row,
	COUNT(class_row), sizeof(struct retention_class), CLASS(node) };

static const struct row rule_row[] = {
	{ "collection", SET_NAME, MUST, "Which records; a collection of schema.yaml.",
	  RULE(collection) },
	{ "class", SET_NAME, 0, "Which of them: a class of `classes`, or those that are of none.",
	  RULE(class_key), .standard = RETENTION_DEFAULT },
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
	{ "class", SET_NAME, 0, "Which of them; without it all.", MINIMUM(class_key) },
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
	{ "holds", SET_DURATION, 0,
	  "The same of a legal hold, from the day on which it was released. 30d to 30y.",
	  FILE_AT(holds), .standard = "3y", .min = DAYS(30), .max = YEARS(30) },
	{ "incidents", SET_DURATION, 0,
	  "The same of an incident with all that was noted about it, from the day on which it was closed; "
	  "GDPR Art. 33(5) names no time. 1y to 30y.",
	  FILE_AT(incidents), .standard = "5y", .min = DAYS(365), .max = YEARS(30) },
	{ "duties", SET_DURATION, 0,
	  "The same of the evidence that a duty of duties.yaml was done, from the day on which it was noted down; "
	  "the newest of each duty stays. 1y to 30y.",
	  FILE_AT(duties), .standard = "5y", .min = DAYS(365), .max = YEARS(30) },
	{ "review_again", SET_DURATION, 0,
	  "With `then: review`: when somebody denied it, after how long custosd asks again by itself. "
	  "`retention run` asks from the next day on. 1d to 1y.",
	  FILE_AT(review_again), .standard = "30d", .min = DAYS(1), .max = DAYS(366) },
	{ "smallest_group", SET_INTEGER, 0,
	  "With `then: anonymise`: of how many people a group must be. Of fewer nothing stays.",
	  FILE_AT(smallest_group), .standard = "5", .min = 3, .max = 50 },
	{ "classes", SET_MAPS, 0, "Records of one collection that are kept for different times.",
	  FILE_AT(classes), FILE_AT(nclasses), .of = &class_rows },
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

const char *retention_then_word(const struct retention_rule *rule)
{
	static const char *const words[] = { [RETENTION_SHRED] = "shred",
		[RETENTION_REVIEW] = "review", [RETENTION_ANONYMISE] = "anonymise" };

	return words[rule->then];
}

const struct retention_rule *retention_find(const struct retention *r, const char *collection,
	const char *class_key)
{
	for (size_t i = 0; i < r->nrules; i++) {
		if (r->rules[i].collection && strcmp(r->rules[i].collection, collection) == 0 &&
			strcmp(r->rules[i].class_key, class_key) == 0) {
			return &r->rules[i];
		}
	}
	return NULL;
}

const struct retention_minimum *retention_minimum(const struct retention *r,
	const char *collection, const char *class_key)
{
	const struct retention_minimum *longest = NULL;

	for (size_t i = 0; i < r->nminimums; i++) {
		const struct retention_minimum *m = &r->minimums[i];

		if (m->collection && strcmp(m->collection, collection) == 0 &&
			(!m->class_key || strcmp(m->class_key, class_key) == 0) &&
			(!longest || duration_seconds(m->keep) > duration_seconds(longest->keep))) {
			longest = m;
		}
	}
	return longest;
}

/* --- classes ---------------------------------------------------------------------- */

const struct retention_class *retention_next_class(const struct retention *r,
	const char *collection, const struct retention_class *after)
{
	for (size_t i = after ? (size_t)(after - r->classes) + 1 : 0; i < r->nclasses; i++) {
		if (r->classes[i].key && r->classes[i].collection &&
			strcmp(r->classes[i].collection, collection) == 0) {
			return &r->classes[i];
		}
	}
	return NULL;
}

const char *retention_class_key(const struct retention *r, const char *collection, size_t n)
{
	const struct retention_class *c = NULL;

	if (n == 0) {
		return RETENTION_DEFAULT;
	}
	do {
		c = retention_next_class(r, collection, c);
	} while (c && --n > 0);
	return c ? c->key : NULL;
}

bool retention_class_takes(const struct retention_class *c, const char *text, size_t len)
{
	for (size_t i = 0; i < c->words.n; i++) {
		if (strlen(c->words.v[i]) == len && memcmp(c->words.v[i], text, len) == 0) {
			return true;
		}
	}
	return false;
}

static int64_t seconds_of(const struct retention *r, const char *collection,
	const char *class_key)
{
	const struct retention_rule *rule = retention_find(r, collection, class_key);
	const struct retention_minimum *m = retention_minimum(r, collection, class_key);
	int64_t keep, at_least;

	if (!rule) {
		return INT64_MAX;
	}
	keep = duration_seconds(rule->keep);
	at_least = m ? duration_seconds(m->keep) : 0;
	return at_least > keep ? at_least : keep;
}

static bool has_class(const struct retention *r, const char *collection, const char *class_key)
{
	const struct retention_class *c = NULL;

	if (strcmp(class_key, RETENTION_DEFAULT) == 0) {
		return true;
	}
	while ((c = retention_next_class(r, collection, c)) != NULL) {
		if (strcmp(c->key, class_key) == 0) {
			return true;
		}
	}
	return false;
}

const char *retention_later_class(const struct retention *r, const char *collection,
	const char *a, const char *b)
{
	return has_class(r, collection, a) &&
			seconds_of(r, collection, a) > seconds_of(r, collection, b) ?
		a :
		b;
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
	const struct retention_rule *first = retention_find(r, rule->collection, rule->class_key);

	if (first != rule) {
		faults_add(faults, file, line, "collection",
			"'%.64s' has two rules of one class; the first in line %u", rule->collection,
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

static void check_class(const struct retention *r, const struct retention_class *it,
	const struct collection *c, const char *file, struct faults *faults)
{
	const struct field *field = it->field ? collection_find_field(c, it->field) : NULL;
	const struct retention_class *first = NULL;
	unsigned line = line_of(it->node, "class");

	if (c->cohort == COHORT_NONE) {
		faults_add(faults, file, line_of(it->node, "collection"), "collection",
			"'%.64s' has no cohorts: all that it holds of one person ends together", c->key);
		return;
	}
	if (it->field && (!field || field->type != FIELD_WORD)) {
		faults_add(faults, file, line_of(it->node, "field"), "field",
			"'%.64s' has no field '%.64s' of type word", c->key, it->field);
	}
	for (size_t i = 0; field && field->words.n > 0 && i < it->words.n; i++) {
		if (!names_allow(&field->words, it->words.v[i])) {
			faults_add(faults, file, line_of(it->node, "words"), "words",
				"'%.64s' is no word of '%.64s'", it->words.v[i], field->key);
		}
	}
	while ((first = retention_next_class(r, c->key, first)) != it) {
		if (it->key && strcmp(first->key, it->key) == 0) {
			faults_add(faults, file, line, "class", "'%.64s' stands here twice", it->key);
			break;
		}
	}
	if (it->key && strcmp(it->key, RETENTION_DEFAULT) == 0) {
		faults_add(faults, file, line, "class", "'" RETENTION_DEFAULT "' is what is of none");
	}
}

static void require_class(const struct retention *r, const char *collection, const char *key,
	const struct yaml_node *node, const char *file, struct faults *faults)
{
	if (key && !has_class(r, collection, key)) {
		faults_add(faults, file, line_of(node, "class"), "class",
			"'%.64s' has no class '%.64s'", collection, key);
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
	const struct retention_rule *of_holder = holder ? retention_find(r, holder->key, RETENTION_DEFAULT) : NULL;

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

static void check_minimum(const struct retention *r, const struct retention_minimum *m,
	const struct schema *schema, const char *file, struct faults *faults)
{
	if (find_collection(schema, m->collection, m->node, file, faults)) {
		require_class(r, m->collection, m->class_key, m->node, file, faults);
	}
}

void retention_check(const struct retention *r, const struct schema *schema,
	const char *file, struct faults *faults)
{
	for (size_t i = 0; i < r->nclasses; i++) {
		const struct collection *c = find_collection(schema, r->classes[i].collection,
			r->classes[i].node, file, faults);

		if (c) {
			check_class(r, &r->classes[i], c, file, faults);
		}
	}
	for (size_t i = 0; i < r->nrules; i++) {
		const struct retention_rule *rule = &r->rules[i];
		const struct collection *c =
			find_collection(schema, rule->collection, rule->node, file, faults);

		if (c) {
			require_class(r, c->key, rule->class_key, rule->node, file, faults);
			check_aggregate(rule, c, file, faults);
			check_rule(r, rule, c, file, faults);
			check_relationship(r, rule, c, schema_find_relationship(schema), file, faults);
		}
	}
	for (size_t i = 0; i < r->nminimums; i++) {
		check_minimum(r, &r->minimums[i], schema, file, faults);
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
