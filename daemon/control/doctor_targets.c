/* The part of doctor.h that looks at backup targets, and at what lies there. */
#include "control/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/err.h"
#include "base/intl.h"
#include "control/daemon.h"
#include "control/drill.h"
#include "control/repos.h"
#include "control/repos_note.h"
#include "policy/policy.h"

#define DAY_MS ((int64_t)86400000)

/* --- the place --------------------------------------------------------------------- */

/* Two file systems of one disk are not told apart from two disks here; one file system is. */
static void say_place(const struct doctor *to, const struct target *t)
{
	struct stat ours, theirs;
	struct statvfs v;
	uint64_t room;

	if (stat(to->daemon->house.dir, &ours) == 0 && stat(t->path, &theirs) == 0 &&
		ours.st_dev == theirs.st_dev) {
		doctor_say(to, "targets", DOCTOR_WARNING,
			_("a target on another disk or machine, in backup.yaml"),
			_("Target %s is on the same file system as the state directory: one disk that fails takes both."),
			t->key);
	}
	if (statvfs(t->path, &v) < 0 || v.f_blocks == 0) {
		return;
	}
	room = 100 * (uint64_t)v.f_bavail / v.f_blocks;
	doctor_say(to, "targets", room < 3 ? DOCTOR_ERROR : room < 10 ? DOCTOR_WARNING : DOCTOR_OK,
		room < 10 ? _("make room there; old data objects are yours to delete") : NULL,
		_("At target %s, %u%% are free."), t->key, (unsigned)room);
}

static void say_unreachable(const struct doctor *to, const struct target *t, bool has_backups, int code,
	const struct cu_err *why)
{
	char remedy[128];

	snprintf(remedy, sizeof(remedy), "custosctl backup run --target=%s", t->key);
	if (code == CU_ENOENT && !has_backups) {
		doctor_say(to, "targets", DOCTOR_ERROR, remedy, _("Target %s holds no backup yet."), t->key);
	} else if (t->kind == TARGET_AGENT) { /* the plugin says what helps */
		doctor_say(to, "targets", DOCTOR_ERROR, "custosctl agent status",
			_("Target %s cannot be reached: %s"), t->key, why->msg);
	} else {
		doctor_say(to, "targets", DOCTOR_ERROR,
			_("mount it, and see that custosd's user may write there; custosd's unit needs the path in ReadWritePaths="),
			_("Target %s cannot be reached: %s"), t->key, why->msg);
	}
}

/* --- what lies there --------------------------------------------------------------- */

static void say_backup(const struct doctor *to, const struct target *t, const struct repos_last *last)
{
	struct daemon *d = to->daemon;
	int64_t data_ms = last->data_ms > 0 ? last->data_ms : last->time_ms;
	int64_t days = (clock_now_ms(&d->house.clock) - data_ms) / DAY_MS;
	char remedy[128];

	snprintf(remedy, sizeof(remedy), "custosctl backup run --target=%s", t->key);
	if (days > 7) {
		doctor_say(to, "targets", DOCTOR_ERROR, remedy,
			_("The newest data at target %s are %" PRId64 " days old."), t->key, days);
	} else {
		doctor_say(to, "targets", DOCTOR_OK, NULL,
			_("The newest data at target %s are %" PRId64 " days old."), t->key, days);
	}
}

static void say_drills(const struct doctor *to, const struct target *t, const struct drill_last *drill)
{
	int64_t now = clock_now_ms(&to->daemon->house.clock);
	char remedy[128];

	snprintf(remedy, sizeof(remedy), "custosctl drill run --target=%s", t->key);
	if (drill->time_ms == 0) {
		doctor_say(to, "targets", DOCTOR_WARNING, remedy, _("No drill of target %s was held yet."), t->key);
	} else if (drill->faults == 0) { /* one that failed is among what needs a person */
		doctor_say(to, "targets", DOCTOR_OK, NULL,
			_("The last drill of target %s, %" PRId64 " days ago, passed level %" PRIu64 "."), t->key,
			(now - drill->time_ms) / DAY_MS, drill->level);
	}
}

static int look(const struct doctor *to, const struct target *t, struct cu_err *err)
{
	struct daemon *d = to->daemon;
	struct drill_last drill = { 0 };
	struct repos_last last = { 0 };
	struct repo repo;
	int r = repos_last(d, t, &last, err);

	if (r == 0) {
		r = drill_last(d, t, &drill, err);
	}
	if (r < 0) {
		return r;
	}
	r = repos_reach(d, t, &repo, err);
	if (r < 0) {
		say_unreachable(to, t, last.sequence > 0, r, err);
		return 0;
	}
	if (t->kind == TARGET_DIRECTORY) {
		say_place(to, t);
	}
	if (last.sequence > 0) {
		say_backup(to, t, &last);
		say_drills(to, t, &drill);
	}
	return 0;
}

static bool was_restored(const struct doctor *to)
{
	const struct targets *all = policy_targets(to->daemon->policy);
	int64_t now = clock_now_ms(&to->daemon->house.clock);

	for (size_t i = 0; i < all->n; i++) {
		struct drill_last drill = { 0 };

		if (drill_last(to->daemon, &all->v[i], &drill, NULL) == 0 && drill.restore_ms > 0 &&
			now - drill.restore_ms <= DRILL_RESTORE_EACH_MS) {
			return true;
		}
	}
	return false;
}

void doctor_targets(const struct doctor *to)
{
	const struct targets *all = policy_targets(to->daemon->policy);
	struct cu_err why;

	if (atomic_load(&to->daemon->state) != DAEMON_RUNNING) {
		return;
	}
	for (size_t i = 0; i < all->n; i++) {
		if (look(to, &all->v[i], &why) < 0) {
			doctor_say(to, "targets", DOCTOR_ERROR, NULL, "%s: %s", all->v[i].key, why.msg);
		}
	}
	if (all->n > 0) {
		doctor_say(to, "identity", was_restored(to) ? DOCTOR_OK : DOCTOR_NOTE,
			"custosctl drill run --identity=FILE", "%s",
			_("The identity alone opens the backups: is it on paper, away from this machine, and does somebody else know where? It was last tried by a drill of level 3."));
	}
}
