#include "policy/schema.h"

#include <string.h>

#include "base/err.h"
#include "policy/category.h"
#include "policy/faults.h"
#include "policy/yaml.h"

#define FIELD(member)      offsetof(struct field, member)
#define COLLECTION(member) offsetof(struct collection, member)
#define COUNT(a)           (sizeof(a) / sizeof((a)[0]))

#define OWN_PREFIX "custos." /* of collections that no file names (store/system.h) */

#define MAX_VALUE_BYTES (1024 * 1024) /* of one value; what is larger is a document's file */

/* In the order of the enums of the header. */
#define X(id, word, meaning) word " "
static const char field_types[] = FIELD_TYPES(X);
#undef X
static const char indexes[] = "none exact email phone";
static const char levels[] = "public internal confidential restricted";
static const char anchors[] = "none activity event relationship";
static const char cohorts[] = "none month day";

/* clang-format off */
static const struct row field_row[] = {
	{ "field", SET_NAME, MUST, "The field's key.", FIELD(key) },
	{ "type", SET_ENUM, MUST, "What a value must look like.", FIELD(type),
	  .words = field_types },
	{ "required", SET_BOOLEAN, 0, "A record without it is refused.", FIELD(is_required),
	  .standard = "no" },
	{ "index", SET_ENUM, 0,
	  "Whether people can be looked up by it: as it is, or as an e-mail address or "
	  "telephone number.", FIELD(index), .standard = "none", .words = indexes },
	{ "max", SET_SIZE, 0, "The longest value. A text that may have 1KiB may have lines.",
	  FIELD(max_bytes), .standard = "4KiB", .min = 1, .max = MAX_VALUE_BYTES },
	{ "words", SET_NAMES, 0, "With type word: the values there are.", FIELD(words) },
	{ "category", SET_NAME, 0,
	  "The kind of data, a key of the Fides taxonomy; that of the collection by default.",
	  FIELD(category), .check = category_check },
};
static const struct rows field_rows = {
	"A field of a collection", field_row, COUNT(field_row), sizeof(struct field), FIELD(node)
};

static const struct row collection_row[] = {
	{ "collection", SET_NAME, MUST, "The collection's key.", COLLECTION(key) },
	{ "text", SET_TEXT, 0, "What it holds, in one sentence.", COLLECTION(text) },
	{ "category", SET_NAME, MUST, "The kind of data, a key of the Fides taxonomy.",
	  COLLECTION(category), .check = category_check },
	{ "level", SET_ENUM, MUST, "How confidential it is.", COLLECTION(level),
	  .words = levels },
	{ "anchor", SET_ENUM, MUST,
	  "What keeping counts from: no date, the person's last activity, the date of the "
	  "event itself, or the end of the relationship with the person, which is in a field of one "
	  "such collection.", COLLECTION(anchor), .words = anchors },
	{ "anchor_field", SET_NAME, 0, "With anchor event: the field that holds its date. With anchor relationship, in one "
	  "collection: the field that holds the day on which it ended, if it has.",
	  COLLECTION(anchor_field) },
	{ "cohort", SET_ENUM, 0,
	  "With anchor event: the records of how much time share a key and end together.",
	  COLLECTION(cohort), .standard = "none", .words = cohorts },
	{ "fields", SET_MAPS, MUST, "What a record holds.", COLLECTION(fields),
	  COLLECTION(nfields), .of = &field_rows },
};
static const struct rows collection_rows = {
	"A collection", collection_row, COUNT(collection_row), sizeof(struct collection),
	COLLECTION(node)
};

static const struct row schema_row[] = {
	{ "collections", SET_MAPS, MUST, "What is kept and forgotten together.",
	  offsetof(struct schema, collections), offsetof(struct schema, ncollections),
	  .of = &collection_rows },
};
/* clang-format on */
const struct rows schema_rows = { "schema.yaml", schema_row, COUNT(schema_row),
	sizeof(struct schema), offsetof(struct schema, node) };

/* The line of a key's value, or that of the mapping without it. */
static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_find(node, key);

	return value ? value->line : node->line;
}

static void check_index(const char *file, const struct field *f, struct faults *faults)
{
	static const struct {
		int index, type;
		const char *reason;
	} needs[] = {
		{ INDEX_EMAIL, FIELD_EMAIL, "'email' needs a field of type email" },
		{ INDEX_PHONE, FIELD_PHONE, "'phone' needs a field of type phone" },
	};

	for (size_t i = 0; i < COUNT(needs); i++) {
		if (f->index == needs[i].index && f->type != needs[i].type) {
			faults_add(faults, file, line_of(f->node, "index"), "index", "%s",
				needs[i].reason);
		}
	}
}

static void check_field(const char *file, const struct collection *c, const struct field *f,
	struct faults *faults)
{
	const struct field *first = f->key ? collection_find_field(c, f->key) : f;

	if (first != f) {
		faults_add(faults, file, line_of(f->node, "field"), "field",
			"'%s' stands twice in this collection; first in line %u", f->key,
			line_of(first->node, "field"));
	}
	if (f->words.n > 0 && f->type != FIELD_WORD) {
		faults_add(faults, file, line_of(f->node, "words"), "words",
			"only a field of type word has words");
	}
	check_index(file, f, faults);
}

/* An event's date decides when its key dies, so no record may be without it.  A relationship may
 * go on. */
static void check_anchor_field(const char *file, const struct collection *c,
	struct faults *faults)
{
	const struct field *f = collection_find_field(c, c->anchor_field);
	unsigned line = line_of(c->node, "anchor_field");

	if (!f) {
		faults_add(faults, file, line, "anchor_field",
			"'%s' is not a field of this collection", c->anchor_field);
	} else if (f->type != FIELD_DATE) {
		faults_add(faults, file, line, "anchor_field", "'%s' is not of type date",
			c->anchor_field);
	} else if (!f->is_required && c->anchor == ANCHOR_EVENT) {
		faults_add(faults, file, line, "anchor_field",
			"'%s' must be required: without its date a record would never end",
			c->anchor_field);
	}
}

static void check_anchor(const char *file, const struct collection *c,
	struct faults *faults)
{
	bool is_event = c->anchor == ANCHOR_EVENT;

	if (!is_event && c->cohort != COHORT_NONE) {
		faults_add(faults, file, line_of(c->node, "cohort"), "cohort",
			"only a collection with 'anchor: event' has cohorts");
	}
	if (!is_event && c->anchor != ANCHOR_RELATIONSHIP && c->anchor_field) {
		faults_add(faults, file, line_of(c->node, "anchor_field"), "anchor_field",
			"only a collection with 'anchor: event' or 'relationship' has one");
	}
	if (c->anchor_field && (is_event || c->anchor == ANCHOR_RELATIONSHIP)) {
		check_anchor_field(file, c, faults);
	}
	if (is_event && !yaml_find(c->node, "anchor_field")) {
		faults_add(faults, file, line_of(c->node, "anchor"), "anchor_field",
			"is missing: 'anchor: event' needs the field that holds the date");
	}
}

static void check_collection(const char *file, const struct schema *s,
	const struct collection *c, struct faults *faults)
{
	const struct collection *first = c->key ? schema_find_collection(s, c->key) : c;
	const struct yaml_node *fields = yaml_find(c->node, "fields");

	if (first != c) {
		faults_add(faults, file, line_of(c->node, "collection"), "collection",
			"'%s' stands twice; first in line %u", c->key,
			line_of(first->node, "collection"));
	}
	if (c->key && strncmp(c->key, OWN_PREFIX, sizeof(OWN_PREFIX) - 1) == 0) {
		faults_add(faults, file, line_of(c->node, "collection"), "collection",
			"'%s' begins with '%s', as those of custos itself do", c->key, OWN_PREFIX);
	}
	if (fields && fields->kind == YAML_LIST && c->nfields == 0) {
		faults_add(faults, file, fields->line, "fields", "is empty");
	}
	for (size_t i = 0; i < c->nfields; i++) {
		check_field(file, c, &c->fields[i], faults);
	}
	check_anchor(file, c, faults);
}

/* Where the relationship's end is has to be clear. */
static void check_relationship(const char *file, const struct schema *s, const struct collection *c,
	struct faults *faults)
{
	const struct collection *holder = schema_find_relationship(s);

	if (c->anchor != ANCHOR_RELATIONSHIP) {
		return;
	}
	if (!holder) {
		faults_add(faults, file, line_of(c->node, "anchor"), "anchor",
			"no collection with 'anchor: relationship' has the field of its end: one needs an "
			"anchor_field");
	} else if (c->anchor_field && holder != c) {
		faults_add(faults, file, line_of(c->node, "anchor_field"), "anchor_field",
			"the end of the relationship is in '%s' already (line %u)", holder->key,
			line_of(holder->node, "collection"));
	}
}

static void inherit_categories(struct collection *c)
{
	for (size_t i = 0; i < c->nfields; i++) {
		struct field *f = &c->fields[i];

		if (!f->category) {
			f->category = c->category;
		}
	}
}

int schema_read(struct yaml *y, struct faults *faults, struct schema *ret)
{
	int r = rows_read(&schema_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < ret->ncollections; i++) {
		check_collection(yaml_file(y), ret, &ret->collections[i], faults);
		check_relationship(yaml_file(y), ret, &ret->collections[i], faults);
		inherit_categories(&ret->collections[i]);
	}
	return 0;
}

const struct collection *schema_find_relationship(const struct schema *s)
{
	for (size_t i = 0; i < s->ncollections; i++) {
		const struct collection *c = &s->collections[i];

		if (c->anchor == ANCHOR_RELATIONSHIP && c->anchor_field) {
			return c;
		}
	}
	return NULL;
}

const struct collection *schema_find_collection(const struct schema *s, const char *key)
{
	for (size_t i = 0; i < s->ncollections; i++) {
		if (s->collections[i].key && strcmp(s->collections[i].key, key) == 0) {
			return &s->collections[i];
		}
	}
	return NULL;
}

const struct field *collection_find_field(const struct collection *c, const char *key)
{
	for (size_t i = 0; i < c->nfields; i++) {
		if (c->fields[i].key && strcmp(c->fields[i].key, key) == 0) {
			return &c->fields[i];
		}
	}
	return NULL;
}
