#include "policy/roles.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/faults.h"
#include "policy/yaml.h"

#define ROLE(member)     offsetof(struct role, member)
#define OPERATOR(member) offsetof(struct operator_entry, member)
#define COUNT(a)         (sizeof(a) / sizeof((a)[0]))

#define ID_MAX    4294967295 /* (uid_t)-1: the kernel's "none" */
#define ID_NOBODY 65534      /* who is not mapped, or unknown to a file server */

/* Families of operations that touch a person's data. */
static const char *const personal[] = {
	"subject", "record", "import", "export", "erase", "consent",
	"restriction", "request", "hold", "incident", "segment", "report", "quality",
	"log.query", /* whose data was touched, by whom */
};

/* Operations of these families that neither show nor change anybody's data. */
static const char *const impersonal[] = { "report.ropa", "report.compliance", "report.digest", "report.runbook", "erase.scan" };

/* Part of a name, a family with ".*" behind it, or "*". */
static const char *check_pattern(const char *text)
{
	char name[ROWS_KEY_SIZE];
	size_t n = strlen(text);

	if (strcmp(text, "*") == 0) {
		return NULL;
	}
	if (n > 2 && strcmp(text + n - 2, ".*") == 0) {
		n -= 2;
	}
	if (n < sizeof(name)) {
		memcpy(name, text, n);
		name[n] = '\0';
		if (rows_is_name(name)) {
			return NULL;
		}
	}
	return N_("is not an operation such as subject.get, subject.* or *");
}

static const char *check_purpose(const char *text)
{
	if (strcmp(text, "*") == 0 || rows_is_name(text)) {
		return NULL;
	}
	return N_("is not a purpose's key, nor *");
}

static const char *check_id(const char *text)
{
	long long id = strtoll(text, NULL, 10); /* a number in range, or this is not asked */

	if (id == ID_NOBODY) {
		return N_("is the kernel's nobody and is never an operator");
	}
	return id == ID_MAX ? N_("is the kernel's word for none and is never an operator") :
			      NULL;
}

/* clang-format off */
static const struct row role_row[] = {
	{ "role", SET_NAME, MUST, "The role's key.", ROLE(key) },
	{ "text", SET_TEXT, 0, "Who has it, in one sentence.", ROLE(text) },
	{ "operations", SET_NAMES, MUST,
	  "What it may do: `subject.get`; `subject.*` for the family; `*` for all.",
	  ROLE(operations), .check = check_pattern },
	{ "purposes", SET_NAMES, 0,
	  "For which purposes it may touch personal data; `*` for all. None by default.",
	  ROLE(purposes), .check = check_purpose },
	{ "level", SET_ENUM, 0,
	  "The highest level of confidentiality that it sees; values of records above it are masked.",
	  ROLE(level), .standard = "restricted", .words = "public internal confidential restricted" },
};
static const struct rows role_rows = {
	"A role", role_row, COUNT(role_row), sizeof(struct role), ROLE(node)
};

static const struct row operator_row[] = {
	{ "uid", SET_INTEGER, 0, "A user's number. Either this or gid.", OPERATOR(uid),
	  .min = 0, .max = ID_MAX, .check = check_id },
	{ "gid", SET_INTEGER, 0, "A group's number: whoever is in it.", OPERATOR(gid),
	  .min = 0, .max = ID_MAX, .check = check_id },
	{ "roles", SET_NAMES, MUST, "The roles of this user or group.", OPERATOR(role_keys) },
};
static const struct rows operator_rows = {
	"An operator", operator_row, COUNT(operator_row), sizeof(struct operator_entry),
	OPERATOR(node)
};

static const struct row roles_row[] = {
	{ "roles", SET_MAPS, MUST, "What there is to be.", offsetof(struct roles, v),
	  offsetof(struct roles, n), .of = &role_rows },
	{ "operators", SET_MAPS, 0, "Who is what. Nobody else may do anything.",
	  offsetof(struct roles, operators), offsetof(struct roles, noperators),
	  .of = &operator_rows },
};
/* clang-format on */
const struct rows roles_rows = { "roles.yaml", roles_row, COUNT(roles_row),
	sizeof(struct roles), offsetof(struct roles, node) };

/* Does name belong to the family of the first n bytes at family? */
static bool is_of_family(const char *name, const char *family, size_t n)
{
	return strncmp(name, family, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

/* The length of the family that a pattern names, or 0 for one that names no family. */
static size_t family_length(const char *pattern)
{
	size_t n = strlen(pattern);

	return n > 2 && strcmp(pattern + n - 2, ".*") == 0 ? n - 2 : 0;
}

bool roles_pattern_matches(const char *pattern, const char *operation)
{
	size_t n = family_length(pattern);

	if (strcmp(pattern, "*") == 0 || strcmp(pattern, operation) == 0) {
		return true;
	}
	return n > 0 && is_of_family(operation, pattern, n);
}

bool roles_is_personal(const char *operation)
{
	for (size_t i = 0; i < COUNT(impersonal); i++) {
		if (strcmp(operation, impersonal[i]) == 0) {
			return false;
		}
	}
	for (size_t i = 0; i < COUNT(personal); i++) {
		if (is_of_family(operation, personal[i], strlen(personal[i]))) {
			return true;
		}
	}
	return false;
}

/* Could a pattern match an operation that touches a person's data?  A pattern's text begins
 * with its family, so that "subject.note.*" is as personal as "subject.get". */
static bool is_personal_pattern(const char *pattern)
{
	return strcmp(pattern, "*") == 0 || roles_is_personal(pattern);
}

static unsigned line_of(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = yaml_find(node, key);

	return value ? value->line : node->line;
}

/* The number of the role with this key, or -1. */
static int find_role(const struct roles *roles, const char *key)
{
	for (size_t i = 0; i < roles->n && i < ROLES_MAX; i++) {
		if (roles->v[i].key && strcmp(roles->v[i].key, key) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static void check_roles(const char *file, const struct roles *roles, struct faults *faults)
{
	if (roles->n > ROLES_MAX) {
		faults_add(faults, file, line_of(roles->v[ROLES_MAX].node, "role"), "roles",
			"are more than %d", ROLES_MAX);
	}
	for (size_t i = 0; i < roles->n && i < ROLES_MAX; i++) {
		const struct role *role = &roles->v[i];
		int first = role->key ? find_role(roles, role->key) : (int)i;

		if (first != (int)i) {
			faults_add(faults, file, line_of(role->node, "role"), "role",
				"'%s' stands twice; first in line %u", role->key,
				line_of(roles->v[first].node, "role"));
		}
	}
}

/* uid 0 keeps the house and never touches a person's data. */
static void check_root(const char *file, const struct operator_entry *op,
	const struct role *role, struct faults *faults)
{
	for (size_t i = 0; i < role->operations.n; i++) {
		if (is_personal_pattern(role->operations.v[i])) {
			faults_add(faults, file, line_of(op->node, "roles"), "roles",
				"uid 0 may not be '%s', which allows '%s': "
				"root never touches personal data",
				role->key, role->operations.v[i]);
			return;
		}
	}
}

static bool is_root(const struct operator_entry *op)
{
	const struct yaml_node *uid = yaml_find(op->node, "uid");

	/* a uid that is at fault was left at zero too */
	return uid && uid->kind == YAML_SCALAR && uid->text[0] == '0' && op->uid == 0;
}

static void take_roles(const char *file, const struct roles *roles,
	struct operator_entry *op, struct faults *faults)
{
	for (size_t i = 0; i < op->role_keys.n; i++) {
		int n = find_role(roles, op->role_keys.v[i]);

		if (n < 0) {
			faults_add(faults, file, line_of(op->node, "roles"), "roles",
				"there is no role '%s'", op->role_keys.v[i]);
			continue;
		}
		op->roles |= (uint64_t)1 << n;
		if (is_root(op)) {
			check_root(file, op, &roles->v[n], faults);
		}
	}
}

static void check_operator(const char *file, const struct roles *roles,
	struct operator_entry *op, struct faults *faults)
{
	bool has_uid = yaml_find(op->node, "uid") != NULL;

	op->is_group = yaml_find(op->node, "gid") != NULL;
	if (op->node->kind == YAML_MAP && has_uid == op->is_group) {
		faults_add(faults, file, op->node->line, "operators",
			"an operator has either a uid or a gid");
	}
	take_roles(file, roles, op, faults);
}

int roles_read(struct yaml *y, struct faults *faults, struct roles *ret)
{
	int r = rows_read(&roles_rows, y, yaml_root(y), faults, ret);

	if (r < 0) {
		return r;
	}
	check_roles(yaml_file(y), ret, faults);
	for (size_t i = 0; i < ret->noperators; i++) {
		check_operator(yaml_file(y), ret, &ret->operators[i], faults);
	}
	return 0;
}
