/*
 * access.h: what a caller may do: the roles that roles.yaml gives to its uid and groups.
 *
 * A plain value, computed once for each call.  Operations are dotted names (subject.get);
 * a role names them whole, or by family (subject.*), or all (*).  uid 0 keeps the house and
 * never touches a person's data, whatever a role says: that rule is in the code, not in
 * the file.
 */
#ifndef CU_POLICY_ACCESS_H
#define CU_POLICY_ACCESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct policy;

struct access_rights {
	const struct policy *policy; /* borrowed: the caller holds a reference */
	uint64_t roles;              /* bit n: the n-th role of roles.yaml */
	bool is_root;
};

/* uid 65534 and (uid_t)-1 never have a role; such groups are passed over. */
struct access_rights policy_access(const struct policy *p, uid_t uid, const gid_t *gids,
	size_t ngids);

/* Does a role allow this operation?  False for uid 0 and a personal operation (roles.h). */
bool access_allows(const struct access_rights *a, const char *operation);

/* Does one role allow this operation for this purpose?  A purpose of one role does not lend
 * itself to another role's operation. */
bool access_allows_purpose(const struct access_rights *a, const char *operation,
	const char *purpose);

/* The highest level of confidentiality (enum level) that a role which allows this shows unmasked. */
unsigned access_level(const struct access_rights *a, const char *operation, const char *purpose);

bool access_has_role(const struct access_rights *a, const char *role);

#endif
