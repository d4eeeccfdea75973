/* purposes.yaml, both passes: by rows (purposes.c), then how what they say fits together. */
#include "policy/purposes.h"

#include <string.h>

#include "base/err.h"
#include "policy/category.h"
#include "policy/faults.h"
#include "policy/roles.h"
#include "policy/schema.h"
#include "policy/use.h"
#include "policy/yaml.h"

/* --- the data that a purpose covers ----------------------------------------------- */

/* One reading. */
struct reading {
	struct yaml *y;
	const struct schema *schema; /* NULL: at fault itself */
	struct faults *faults;
	struct purposes *to;
};

static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_find(node, key);

	return value ? value->line : node->line;
}

/* The line on which this word of a list stands. */
static unsigned line_of_word(const struct yaml_node *node, const char *key, const char *word)
{
	const struct yaml_node *list = yaml_find(node, key);

	for (const struct yaml_node *at = list ? list->first : NULL; at; at = at->next) {
		if (at->kind == YAML_SCALAR && strcmp(at->text, word) == 0) {
			return at->line;
		}
	}
	return line_of(node, key);
}

/* "contact_point.email": keys may have points, so each is tried. */
static const struct collection *split(const struct schema *s, const char *word,
	const struct field **ret)
{
	char key[ROWS_KEY_SIZE];

	for (const char *point = strchr(word, '.'); point; point = strchr(point + 1, '.')) {
		size_t n = (size_t)(point - word);
		const struct collection *c;

		memcpy(key, word, n);
		key[n] = '\0';
		c = schema_find_collection(s, key);
		*ret = c ? collection_find_field(c, point + 1) : NULL;
		if (*ret) {
			return c;
		}
	}
	return NULL;
}

static struct purpose_part *part_of(struct reading *rd, struct purpose *p,
	const struct collection *c)
{
	struct purpose_part *part = NULL;
	bool *fields;

	for (size_t i = 0; i < p->nparts; i++) {
		if (p->parts[i].collection == c) {
			return &p->parts[i];
		}
	}
	fields = yaml_alloc(rd->y, c->nfields * sizeof(*fields));
	if (fields) {
		part = &p->parts[p->nparts++];
		*part = (struct purpose_part){ .collection = c, .fields = fields };
	}
	return part;
}

static int take_data(struct reading *rd, struct purpose *p, const char *word)
{
	const struct field *f = NULL;
	const struct collection *c = schema_find_collection(rd->schema, word);
	struct purpose_part *part;

	if (strcmp(word, "*") == 0) {
		faults_add(rd->faults, yaml_file(rd->y), line_of_word(p->node, "data", word), "data",
			"'*' stands for everything, and alone");
		return 0;
	}
	if (!c) {
		c = split(rd->schema, word, &f);
	}
	if (!c) {
		faults_add(rd->faults, yaml_file(rd->y), line_of_word(p->node, "data", word), "data",
			"'%s' is neither a collection of schema.yaml nor a field of one", word);
		return 0;
	}
	part = part_of(rd, p, c);
	if (!part) {
		return CU_ENOMEM;
	}
	if (f) {
		((bool *)(uintptr_t)part->fields)[f - c->fields] = true;
	} else {
		part->is_whole = true;
	}
	return 0;
}

static int take_parts(struct reading *rd, struct purpose *p)
{
	int r = 0;

	p->covers_all = p->data.n == 1 && strcmp(p->data.v[0], "*") == 0;
	if (p->covers_all || !rd->schema) {
		return 0;
	}
	p->parts = yaml_alloc(rd->y, (p->data.n + 1) * sizeof(*p->parts));
	if (!p->parts) {
		return CU_ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < p->data.n; i++) {
		r = take_data(rd, p, p->data.v[i]);
	}
	return r;
}

/* The first category of this kind among the fields that are covered, or NULL. */
static const char *find_category(const struct reading *rd, const struct purpose *p,
	bool (*is_so)(const char *key))
{
	for (size_t i = 0; rd->schema && i < rd->schema->ncollections; i++) {
		const struct collection *c = &rd->schema->collections[i];

		for (size_t n = 0; c->key && n < c->nfields; n++) {
			const struct field *f = &c->fields[n];

			if (f->key && f->category && is_so(f->category) &&
				purpose_covers_field(p, c->key, f->key)) {
				return f->category;
			}
		}
	}
	return NULL;
}

static void check_special(struct reading *rd, struct purpose *p)
{
	const char *special = find_category(rd, p, category_is_special);

	p->sensitive = find_category(rd, p, category_is_sensitive);
	if (special && p->special == SPECIAL_NONE) {
		faults_add(rd->faults, yaml_file(rd->y), line_of(p->node, "data"), "special_basis",
			"is missing: the data has %s, a special category (Art. 9 GDPR)", special);
	}
	if (p->special == SPECIAL_EXPLICIT && p->basis != BASIS_CONSENT) {
		faults_add(rd->faults, yaml_file(rd->y), line_of(p->node, "special_basis"),
			"special_basis", "explicit_consent needs 'basis: consent'");
	}
}

/* --- the rest of a purpose -------------------------------------------------------- */

/* A basis that is at fault was left at zero, too. */
static bool says_consent(const struct purpose *p)
{
	const struct yaml_node *basis = yaml_find(p->node, "basis");

	return basis && basis->kind == YAML_SCALAR && 
		strcmp(basis->text, purpose_basis_word(BASIS_CONSENT)) == 0;
}

static void check_consent(struct reading *rd, const struct purpose *p)
{
	const char *file = yaml_file(rd->y);

	if (says_consent(p) && !yaml_find(p->node, "notice")) {
		faults_add(rd->faults, file, line_of(p->node, "basis"), "notice",
			"is missing: whoever consents was told something");
	}
	if (p->basis != BASIS_CONSENT && yaml_find(p->node, "consent_expires")) {
		faults_add(rd->faults, file, line_of(p->node, "consent_expires"), "consent_expires",
			"only a purpose with 'basis: consent' has one");
	}
	for (size_t i = 0; i < p->notice.ntexts; i++) {
		const struct notice_text *t = &p->notice.texts[i];

		if (t->language && notice_find_text(&p->notice, t->language) != t) {
			faults_add(rd->faults, file, line_of(t->node, "language"), "language",
				"'%s' stands twice in this notice", t->language);
		}
	}
	if (p->notice.node && yaml_find(p->notice.node, "texts") && p->notice.ntexts == 0) {
		faults_add(rd->faults, file, line_of(p->notice.node, "texts"), "texts", "is empty");
	}
}

/* Whoever else covers a collection has a reason to keep it; "*" only deals with what is there. */
static const struct purpose *find_other(const struct reading *rd, const struct purpose *p,
	const char *collection)
{
	for (size_t i = 0; i < rd->to->n; i++) {
		const struct purpose *u = &rd->to->v[i];

		if (u != p && u->key && !u->covers_all && purpose_covers(u, collection)) {
			return u;
		}
	}
	return NULL;
}

/* Once the parts of all purposes are known. */
static void check_erases(struct reading *rd, const struct purpose *p)
{
	unsigned line = line_of(p->node, "withdrawal_erases");

	if (p->erases.n > 0 && !says_consent(p)) {
		faults_add(rd->faults, yaml_file(rd->y), line, "withdrawal_erases",
			"only a purpose with 'basis: consent' has one");
	}
	for (size_t i = 0; rd->schema && i < p->erases.n; i++) {
		const char *key = p->erases.v[i];
		const struct purpose *other = find_other(rd, p, key);

		if (p->covers_all || !purpose_covers(p, key)) {
			faults_add(rd->faults, yaml_file(rd->y), line, "withdrawal_erases",
				"'%s' is not among the data of this purpose", key);
		} else if (other) {
			faults_add(rd->faults, yaml_file(rd->y), line, "withdrawal_erases",
				"'%s' is also data of the purpose '%s'", key, other->key);
		}
	}
}

static int objection_by_law(const struct purpose *p)
{
	if (p->use && use_is_marketing(p->use)) {
		return OBJECTION_ABSOLUTE;
	}
	return p->basis == BASIS_PUBLIC || p->basis == BASIS_LEGITIMATE ? OBJECTION_POSSIBLE :
									  OBJECTION_NONE;
}

static void settle_objection(struct reading *rd, struct purpose *p)
{
	int law = objection_by_law(p);

	if (p->objection != OBJECTION_BY_LAW && p->objection < law) {
		faults_add(rd->faults, yaml_file(rd->y), line_of(p->node, "objection"), "objection",
			"is '%s' by law for this basis and use (Art. 21 GDPR)",
			purpose_objection_word((enum purpose_objection)law));
	}
	if (p->objection < law) {
		p->objection = law;
	}
}

static void check_names(struct reading *rd, const struct purpose *p)
{
	for (size_t i = 0; i < p->recipients.n; i++) {
		const char *key = p->recipients.v[i];

		if (!purposes_find_recipient(rd->to, key)) {
			faults_add(rd->faults, yaml_file(rd->y),
				line_of_word(p->node, "recipients", key), "recipients",
				"there is no recipient '%s' in this file", key);
		}
	}
	if (yaml_find(p->node, "data") && p->data.n == 0) {
		faults_add(rd->faults, yaml_file(rd->y), line_of(p->node, "data"), "data",
			"is empty");
	}
}

static int check_purpose(struct reading *rd, struct purpose *p)
{
	const struct purpose *first = p->key ? purposes_find(rd->to, p->key) : p;
	int r;

	if (first != p) {
		faults_add(rd->faults, yaml_file(rd->y), line_of(p->node, "purpose"), "purpose",
			"'%s' stands twice; first in line %u", p->key,
			line_of(first->node, "purpose"));
	}
	check_names(rd, p);
	r = take_parts(rd, p);
	check_special(rd, p);
	check_consent(rd, p);
	settle_objection(rd, p);
	return r;
}

static void check_sources(struct reading *rd)
{
	for (size_t i = 0; i < rd->to->nsources; i++) {
		const struct origin *o = &rd->to->sources[i];

		if (o->key && purposes_find_source(rd->to, o->key) != o) {
			faults_add(rd->faults, yaml_file(rd->y), line_of(o->node, "source"), "source",
				"'%s' stands twice", o->key);
		}
	}
}

int purposes_read(struct yaml *y, const struct schema *schema, struct faults *faults,
	struct purposes *ret)
{
	struct reading rd = { y, schema, faults, ret };
	int r = rows_read(&purposes_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < ret->nrecipients; i++) {
		const struct recipient *e = &ret->recipients[i];

		if (e->key && purposes_find_recipient(ret, e->key) != e) {
			faults_add(faults, yaml_file(y), line_of(e->node, "recipient"), "recipient",
				"'%s' stands twice", e->key);
		}
	}
	check_sources(&rd);
	r = 0;
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		r = check_purpose(&rd, &ret->v[i]);
	}
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		check_erases(&rd, &ret->v[i]);
	}
	return r;
}

void purposes_check_roles(const struct purposes *p, const struct roles *roles,
	struct faults *faults)
{
	for (size_t i = 0; i < roles->n; i++) {
		const struct role *role = &roles->v[i];

		for (size_t n = 0; n < role->purposes.n; n++) {
			const char *key = role->purposes.v[n];

			if (strcmp(key, "*") != 0 && !purposes_find(p, key)) {
				faults_add(faults, "roles.yaml",
					line_of_word(role->node, "purposes", key), "purposes",
					"purposes.yaml has no purpose '%s'", key);
			}
		}
	}
}
