#include "control/confine.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intl.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sanitized.h"
#include "cage/calls.h"
#include "cage/landlock.h"
#include "control/daemon.h"
#include "control/launcher.h"
#include "policy/agent.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Time zones, messages, charsets and libraries; mounts and disks, which vault/ground.h asks about. */
static const char *const always[] = { "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale",
	"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/proc", "/sys/dev/block",
	"/sys/devices", "/dev/urandom" };

static void allow_always(struct landlock *l)
{
	for (size_t i = 0; i < COUNT(always); i++) {
		landlock_allow(l, always[i], LANDLOCK_READ);
	}
	landlock_allow(l, "/dev/null", LANDLOCK_DEVICE);
	if (IS_SANITIZED) {
		landlock_allow(l, "/proc/self/exe", LANDLOCK_READ); /* a report names functions */
	}
#ifdef CUSTOS_COVERAGE_DATA /* ./dev coverage */
	landlock_allow(l, CUSTOS_COVERAGE_DATA, LANDLOCK_OWN);
#endif
}

/* "/run/custos/s" becomes "/run/custos"; false: there is nothing above it but the root. */
static bool cut_name(char path[PATH_SIZE])
{
	char *slash = strrchr(path, '/');

	if (!slash) {
		strcpy(path, ".");
		return true;
	}
	*slash = '\0';
	return slash > path;
}

static void allow_above(struct landlock *l, const char *path, enum landlock_right right)
{
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s", path);
	if (*path && cut_name(dir)) {
		landlock_allow(l, dir, right);
	}
}

/* --- custosd --------------------------------------------------------------------- */

/* One that is not there yet will be made: below what is there. */
static void allow_target(struct landlock *l, const char *path)
{
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s", path);
	while (!path_exists(dir)) {
		if (!cut_name(dir)) {
			return; /* the whole file system is not given away for that */
		}
	}
	landlock_allow(l, dir, LANDLOCK_OWN);
}

static int lock_files(const struct daemon *d, const struct daemon_options *o)
{
	const struct targets *targets = policy_targets(d->policy);
	const char *notify = getenv("NOTIFY_SOCKET");
	struct landlock l;

	landlock_begin(&l, LANDLOCK_ALL, notify && *notify == '@');
	allow_always(&l);
	landlock_allow(&l, d->house.dir, LANDLOCK_OWN);
	landlock_allow(&l, d->policy_dir, LANDLOCK_READ);
	if (d->house.credential[0]) {
		landlock_allow(&l, o->credentials_dir, LANDLOCK_READ);
	}
	allow_above(&l, o->socket, LANDLOCK_SOCKETS);
	for (size_t i = 0; i < targets->n; i++) {
		if (targets->v[i].kind == TARGET_DIRECTORY) { /* the others are the agent's */
			allow_target(&l, targets->v[i].path);
		}
	}
	if (policy_agent(d->policy)->metrics_file) {
		allow_above(&l, policy_agent(d->policy)->metrics_file, LANDLOCK_OWN);
	}
	return landlock_lock(&l);
}

void confine_daemon(struct daemon *d, const struct daemon_options *options)
{
	d->confined.landlock = lock_files(d, options);
	d->confined.has_seccomp = calls_lock(CALLS_DAEMON);
	if (d->confined.landlock == 0 || !d->confined.has_seccomp) {
		log_warn("custosd confines itself less than it could: here is no %s%s%s",
			d->confined.landlock == 0 ? "Landlock" : "",
			d->confined.landlock == 0 && !d->confined.has_seccomp ? " and no " : "",
			d->confined.has_seccomp ? "" : "seccomp");
	}
}

/* --- what it starts ---------------------------------------------------------------- */

/* What the kernel starts a program by, ld.so: as this program names it. */
static int find_interpreter(struct dl_phdr_info *info, size_t size, void *ret)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_INTERP) {
			*(const char **)ret =
				(const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		}
	}
	return 1; /* the first is the program */
}

/* Their directories, so that an upgrade may put others in their place. */
void confine_launcher(const struct launcher_programs *programs, int self)
{
	const char *interpreter = NULL;
	struct landlock l;

	landlock_begin(&l, LANDLOCK_RUNNING, true);
	allow_above(&l, programs->intake, LANDLOCK_RUN);
	allow_above(&l, programs->agent, LANDLOCK_RUN);
	landlock_allow_fd(&l, self, LANDLOCK_RUN);
	(void)dl_iterate_phdr(find_interpreter, &interpreter);
	if (interpreter) {
		landlock_allow(&l, interpreter, LANDLOCK_RUN);
	}
	/* custosd has the same kernel, and says what is missing */
	(void)landlock_lock(&l);
	(void)calls_lock(CALLS_LAUNCHER);
}

void confine_errand(const char *own, const char *const *read, size_t n)
{
	struct landlock l;

	landlock_begin(&l, LANDLOCK_ALL, false);
	allow_always(&l);
	if (own) {
		landlock_allow(&l, own, LANDLOCK_OWN);
	}
	for (size_t i = 0; i < n; i++) {
		landlock_allow(&l, read[i], LANDLOCK_READ);
	}
	(void)landlock_lock(&l);
	(void)calls_lock(CALLS_ERRAND);
}

void confine_restore(void)
{
	(void)calls_lock(CALLS_ERRAND);
}

/* --- other policies ---------------------------------------------------------------- */

int confine_check_path(const char *path, struct cu_err *err)
{
	return landlock_denies(path) ?
		cu_err_set(err, CU_EUNAVAIL,
			"custosd goes only where its targets lay when it started, and this one was not "
			"there then, or is another now: make or mount it, then restart custosd") :
		0;
}

static int check_metrics(const char *path, struct cu_err *err)
{
	char dir[PATH_SIZE];

	if (!path) {
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s", path);
	return cut_name(dir) && landlock_denies(dir) ?
		cu_err_set(err, CU_EUNAVAIL,
			"agent.yaml: metrics_file: custosd writes only into directories that it knew of "
			"when it started: restart custosd") :
		0;
}

int confine_check(const struct policy *p, struct cu_err *err)
{
	const struct targets *targets = policy_targets(p);
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->n; i++) {
		r = targets->v[i].kind == TARGET_DIRECTORY ? confine_check_path(targets->v[i].path, err) : 0;
		if (r < 0) {
			r = cu_err_wrap(err, r, "backup.yaml: target %s", targets->v[i].key);
		}
	}
	return r < 0 ? r : check_metrics(policy_agent(p)->metrics_file, err);
}

/* --- what is told ------------------------------------------------------------------ */

void confine_status(const struct daemon *d, struct json *out)
{
	json_open_object(out, "confined");
	json_int(out, "landlock", d->confined.landlock);
	json_bool(out, "tcp", d->confined.landlock >= LANDLOCK_TCP_ABI);
	json_bool(out, "seccomp", d->confined.has_seccomp);
	json_close_object(out);
}

void confine_warn(const struct daemon *d, struct json *lines)
{
	if (d->confined.landlock == 0) {
		json_str(lines, NULL,
			_("Nothing but its user holds custosd back from other files: this kernel has no Landlock. Linux 5.19 or newer has, where it is started with it (lsm=)."));
	}
	if (!d->confined.has_seccomp) {
		json_str(lines, NULL,
			_("Nothing in custosd holds it back from calls it does not need: seccomp is not to be had here."));
	}
}
