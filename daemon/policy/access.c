#include "policy/access.h"

#include <string.h>

#include "policy/policy.h"
#include "policy/roles.h"

static bool is_nobody(uint32_t id)
{
	return id == 65534 || id == UINT32_MAX;
}

static bool is_meant(const struct operator_entry *op, uid_t uid, const gid_t *gids,
	size_t ngids)
{
	if (!op->is_group) {
		return op->uid == (int64_t)uid;
	}
	for (size_t i = 0; i < ngids; i++) {
		if (!is_nobody(gids[i]) && op->gid == (int64_t)gids[i]) {
			return true;
		}
	}
	return false;
}

struct access_rights policy_access(const struct policy *p, uid_t uid, const gid_t *gids,
	size_t ngids)
{
	const struct roles *roles = policy_roles(p);
	struct access_rights a = { .policy = p, .is_root = uid == 0 };

	if (is_nobody(uid)) {
		return a;
	}
	for (size_t i = 0; i < roles->noperators; i++) {
		if (is_meant(&roles->operators[i], uid, gids, ngids)) {
			a.roles |= roles->operators[i].roles;
		}
	}
	return a;
}

static bool has_role(const struct access_rights *a, size_t n)
{
	return a->roles >> n & 1;
}

static bool role_allows(const struct role *role, const char *operation)
{
	for (size_t i = 0; i < role->operations.n; i++) {
		if (roles_pattern_matches(role->operations.v[i], operation)) {
			return true;
		}
	}
	return false;
}

static bool role_has_purpose(const struct role *role, const char *purpose)
{
	for (size_t i = 0; i < role->purposes.n; i++) {
		const char *mine = role->purposes.v[i];

		if (strcmp(mine, "*") == 0 || strcmp(mine, purpose) == 0) {
			return true;
		}
	}
	return false;
}

/* Does the i-th role allow this to the caller?  purpose is NULL when any will do. */
static bool allows(const struct access_rights *a, size_t i, const char *operation,
	const char *purpose)
{
	const struct role *role = &policy_roles(a->policy)->v[i];

	/* in the code, not in the file: a careless role must not open this to root */
	if (a->is_root && roles_is_personal(operation)) {
		return false;
	}
	return has_role(a, i) && role_allows(role, operation) &&
		(!purpose || role_has_purpose(role, purpose));
}

static bool is_allowed(const struct access_rights *a, const char *operation,
	const char *purpose)
{
	for (size_t i = 0; i < policy_roles(a->policy)->n; i++) {
		if (allows(a, i, operation, purpose)) {
			return true;
		}
	}
	return false;
}

bool access_allows(const struct access_rights *a, const char *operation)
{
	return is_allowed(a, operation, NULL);
}

bool access_allows_purpose(const struct access_rights *a, const char *operation,
	const char *purpose)
{
	return is_allowed(a, operation, purpose);
}

unsigned access_level(const struct access_rights *a, const char *operation, const char *purpose)
{
	const struct roles *roles = policy_roles(a->policy);
	unsigned level = 0;

	for (size_t i = 0; i < roles->n; i++) {
		if (allows(a, i, operation, purpose) && (unsigned)roles->v[i].level > level) {
			level = (unsigned)roles->v[i].level;
		}
	}
	return level;
}

bool access_has_role(const struct access_rights *a, const char *role)
{
	const struct roles *roles = policy_roles(a->policy);

	for (size_t i = 0; i < roles->n; i++) {
		if (has_role(a, i) && strcmp(roles->v[i].key, role) == 0) {
			return true;
		}
	}
	return false;
}
