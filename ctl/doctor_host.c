/* The part of doctor.h that looks at the host, as any user may. */
#include <dirent.h>
#include <inttypes.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/intl.h"
#include "ctl/doctor.h"

/* --- the kernel -------------------------------------------------------------------- */

static void look_at_kernel(json_t *findings)
{
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct utsname u;

	if (uname(&u) == 0) {
		doctor_add(findings, "host", "ok", NULL, "%s %s, %s", u.sysname, u.release, u.machine);
	}
	if (landlock > 0) {
		doctor_add(findings, "host", "ok", NULL, _("The kernel has Landlock, version %ld."), landlock);
	} else {
		doctor_add(findings, "host", "warning",
			_("boot with lsm=landlock,... (Linux 5.13 or newer)"), "%s",
			_("The kernel has no Landlock: only user ids and systemd stand between the process with a network and the keys."));
	}
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		doctor_add(findings, "host", "warning", _("a kernel with CONFIG_SECCOMP_FILTER"), "%s",
			_("The kernel has no seccomp: parsers are not confined."));
	}
}

/* --- users and units --------------------------------------------------------------- */

static void look_at_users(json_t *findings)
{
	static const char *const users[] = { "custos", "custos-agent" };

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (getpwnam(users[i])) {
			doctor_add(findings, "host", "ok", NULL, _("There is a user %s."), users[i]);
		} else {
			doctor_add(findings, "host", "warning", "systemd-sysusers", _("There is no user %s."), users[i]);
		}
	}
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void look_at_unit(json_t *findings, const char *unit, const char *wanted_by)
{
	static const char *const places[] = { "/etc/systemd/system", "/usr/lib/systemd/system",
		"/lib/systemd/system", "/usr/local/lib/systemd/system" };
	char path[256], remedy[128];
	bool is_installed = false;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], unit);
		is_installed |= is_there(path);
	}
	if (!is_installed) {
		doctor_add(findings, "host", "warning", _("install the package custos, or cmake --install"),
			_("The unit %s is not installed."), unit);
		return;
	}
	snprintf(path, sizeof(path), "/etc/systemd/system/%s/%s", wanted_by, unit);
	snprintf(remedy, sizeof(remedy), "systemctl enable --now %s", unit);
	if (is_there(path)) {
		doctor_add(findings, "host", "ok", NULL, _("The unit %s is enabled."), unit);
	} else {
		doctor_add(findings, "host", "warning", remedy, _("The unit %s does not start at boot."), unit);
	}
}

static void look_at_units(json_t *findings)
{
	if (!is_there("/run/systemd/system")) {
		doctor_add(findings, "host", "note", NULL, "%s",
			_("This host was not booted by systemd: the units of custos, and what they confine, are not in use."));
		return;
	}
	look_at_unit(findings, "custos.socket", "sockets.target.wants");
}

/* --- the clock --------------------------------------------------------------------- */

static void look_at_clock(json_t *findings)
{
	struct timex t = { 0 };
	int state = adjtimex(&t); /* modes 0: only asks */

	if (state < 0) {
		doctor_add(findings, "clock", "note", NULL, "%s",
			_("Whether the clock is synchronised could not be asked."));
	} else if (state == TIME_ERROR || (t.status & STA_UNSYNC)) {
		doctor_add(findings, "clock", "warning", "timedatectl set-ntp true", "%s",
			_("The clock is not synchronised: due dates, expiry and the log go by it."));
	} else {
		doctor_add(findings, "clock", "ok", NULL, _("The clock is synchronised, to %ld ms or better."),
			t.esterror / 1000 + 1);
	}
}

/* --- swap -------------------------------------------------------------------------- */

/* A device-mapper device whose uuid begins with CRYPT-, or compressed memory. */
static bool is_safe_swap(const char *path)
{
	char real[4096], sys[4200], uuid[16] = "";
	const char *name;
	FILE *f;

	if (!realpath(path, real)) {
		return false;
	}
	name = strrchr(real, '/') + 1;
	if (strncmp(name, "zram", 4) == 0) {
		return true;
	}
	snprintf(sys, sizeof(sys), "/sys/class/block/%s/dm/uuid", name);
	f = fopen(sys, "re");
	if (f) {
		(void)!fgets(uuid, sizeof(uuid), f);
		fclose(f);
	}
	return strncmp(uuid, "CRYPT-", 6) == 0;
}

static void look_at_swap(json_t *findings)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[4200], path[4096];
	unsigned nopen = 0;

	if (!f) {
		return;
	}
	(void)!fgets(line, sizeof(line), f); /* the headings */
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%4095s", path) == 1 && !is_safe_swap(path)) {
			nopen++;
			doctor_add(findings, "host", "warning",
				_("swapoff -a and a line in /etc/crypttab, or no swap at all"),
				_("The swap %s is not encrypted: keys are locked in memory, but what people are shown may end there."),
				path);
		}
	}
	fclose(f);
	if (nopen == 0) {
		doctor_add(findings, "host", "ok", NULL, "%s", _("There is no swap in clear."));
	}
}

void doctor_host(json_t *findings)
{
	look_at_kernel(findings);
	look_at_users(findings);
	look_at_units(findings);
	look_at_swap(findings);
	look_at_clock(findings);
}
