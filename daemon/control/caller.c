#include "control/caller.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/err.h"
#include "control/session.h"

/* For the store, the log, backups, and the processes that are started; measured: about 100. */
#define OWN_FILES 256

void callers_init(struct callers *all)
{
	struct rlimit files;
	rlim_t room;

	*all = (struct callers){ .max = CALLERS_MAX_SESSIONS };
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
		room = files.rlim_cur > 2 * OWN_FILES ? files.rlim_cur - OWN_FILES : OWN_FILES;
		room /= 1 + SESSION_MAX_FDS;
		all->max = room < all->max ? (unsigned)room : all->max;
	}
}

unsigned caller_share(unsigned max)
{
	return max - max / 4;
}

static struct caller *find(struct callers *all, uid_t uid, bool is_stranger)
{
	struct caller *c = all->first;

	while (c && (c->is_stranger != is_stranger || (!is_stranger && c->uid != uid))) {
		c = c->next;
	}
	return c;
}

int caller_enter(struct callers *all, uid_t uid, bool has_role, struct caller **ret, struct cu_err *err)
{
	unsigned max = has_role ? all->max * 3 / 8 : all->max / 16;
	struct caller *c = find(all, uid, !has_role);

	if (c && c->nsessions >= max) {
		return cu_err_set(err, CU_EBUSY,
			has_role ? N_("uid %u has %u connections open, and no user may have more: close some") :
				   N_("users without a role, as uid %u, have %u connections open, and may not have more"),
			(unsigned)uid, max);
	}
	if (all->nsessions >= all->max) {
		return cu_err_set(err, CU_EBUSY, "%u connections are open, and there is room for no more: try again",
			all->max);
	}
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		c->uid = uid;
		c->is_stranger = !has_role;
		c->next = all->first;
		all->first = c;
	}
	c->nsessions++;
	all->nsessions++;
	*ret = c;
	return 0;
}

void caller_leave(struct callers *all, struct caller *c)
{
	struct caller **at = &all->first;

	all->nsessions--;
	if (--c->nsessions > 0) {
		return;
	}
	while (*at != c) {
		at = &(*at)->next;
	}
	*at = c->next;
	free(c);
}
