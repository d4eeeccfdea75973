#include "control/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/path.h"
#include "control/agent_link.h"
#include "control/daemon.h"
#include "control/guarantee.h"
#include "control/house_keys.h"
#include "crypto/key.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "store/tx.h"
#include "vault/vault.h"

/* --- the process ------------------------------------------------------------------- */

/* "Seccomp:\t2" of /proc/self/status; -1: not said. */
static int status_number(const char *name)
{
	struct buf text = BUF_INIT;
	const char *at;
	int n = -1;

	if (path_read_file("/proc/self/status", 65536, &text, NULL) == 0) {
		buf_put_u8(&text, '\0');
		at = buf_check(&text, NULL) == 0 ? strstr((const char *)text.p, name) : NULL;
		n = at ? atoi(at + strlen(name)) : -1;
	}
	buf_done(&text);
	return n;
}

static void say_confinement(const struct doctor *to)
{
	if (status_number("Seccomp:") == 2) {
		doctor_say(to, "process", DOCTOR_OK, NULL, "%s",
			_("custosd can make few system calls (seccomp)."));
	} else {
		doctor_say(to, "process", DOCTOR_WARNING, "systemctl start custosd", "%s",
			_("custosd is not held by seccomp: it was not started by its unit."));
	}
	if (status_number("NoNewPrivs:") != 1) {
		doctor_say(to, "process", DOCTOR_WARNING, "systemctl start custosd", "%s",
			_("custosd could gain privileges (NoNewPrivileges)."));
	}
}

static void say_memory(const struct doctor *to)
{
	struct rlimit core;
	bool is_dumped = prctl(PR_GET_DUMPABLE) != 0 || getrlimit(RLIMIT_CORE, &core) < 0 ||
		core.rlim_cur != 0;

	if (key_arena_is_locked(to->daemon->house.arena)) {
		doctor_say(to, "process", DOCTOR_OK, NULL, "%s",
			_("Keys in memory cannot be swapped out."));
	} else {
		doctor_say(to, "process", DOCTOR_ERROR,
			_("systemctl edit custosd, and there: [Service] LimitMEMLOCK=64M; then systemctl restart custosd"), "%s",
			_("Keys may be swapped to disk: the limit for locked memory is too low."));
	}
	if (is_dumped) {
		doctor_say(to, "process", DOCTOR_ERROR, _("restart custosd"), "%s",
			_("A crash would leave keys in a core dump."));
	} else {
		doctor_say(to, "process", DOCTOR_OK, NULL, "%s", _("No core dump is made of custosd."));
	}
}

void doctor_process(const struct doctor *to)
{
	say_confinement(to);
	say_memory(to);
}

/* --- keys, and the ground ---------------------------------------------------------- */

static const struct {
	const char *key, *remedy; /* of guarantee.h */
} remedies[] = {
	{ "journalled-data", N_("mount it without data=journal, then custosctl key rotate") },
	{ "copy-on-write", N_("a fresh state directory with chattr +C, or on ext4 or xfs; then custosd restore") },
	{ "overlay", N_("put the state directory on a disk of its own, ext4 or xfs") },
	{ "network", N_("put the state directory on a local disk, ext4 or xfs") },
	{ "memory", N_("put the state directory on a disk, ext4 or xfs") },
	{ "unknown-filesystem", N_("put the state directory on ext4 or xfs") },
	{ "key-file", N_("custosctl key add passphrase, then custosctl key remove file") },
	{ "no-target", N_("name one in backup.yaml, then systemctl restart custosd and custosctl backup run") },
};

static const char *remedy_of(const char *key)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (strcmp(remedies[i].key, key) == 0) {
			return _(remedies[i].remedy);
		}
	}
	return NULL;
}

static enum doctor_level level_of(const char *key)
{
	return strcmp(key, "no-target") == 0 ? DOCTOR_ERROR :
		strncmp(key, "key-", 4) == 0 || strcmp(key, "solid-state") == 0 ? DOCTOR_NOTE :
										  DOCTOR_WARNING;
}

static void say_ground(const struct doctor *to)
{
	struct guarantee g = { 0 };

	guarantee_of(to->daemon, &g);
	for (size_t i = 0; i < g.n; i++) {
		const char *key = g.reasons[i].key;

		doctor_say(to, "keys", level_of(key), remedy_of(key), "%s", g.reasons[i].text);
	}
	if (!g.is_weaker && atomic_load(&to->daemon->state) == DAEMON_RUNNING) {
		doctor_say(to, "keys", DOCTOR_OK, NULL, "%s",
			_("Keys that are shredded are overwritten in place on this file system."));
	}
}

static void say_key_file(const struct doctor *to)
{
	struct house *h = &to->daemon->house;
	char dir[PATH_SIZE], path[PATH_SIZE];
	struct stat st;

	if (house_ring_path(h, atomic_load(&h->ring), dir, NULL) < 0 ||
		path_join(path, dir, "root.key", NULL) < 0 || stat(path, &st) < 0) {
		return; /* there is none */
	}
	if (st.st_mode & 077) {
		doctor_say(to, "keys", DOCTOR_ERROR, _("chmod 0400 on it, then custosctl key rotate"),
			_("%s can be read by others than its owner (mode %04o)."), path,
			(unsigned)st.st_mode & 07777);
	} else {
		doctor_say(to, "keys", DOCTOR_OK, NULL, "%s",
			_("The key file can be read by its owner alone."));
	}
}

struct check_roots {
	struct store_op op;
	struct vault *vault;
};

static int apply_check_roots(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)tx;
	return vault_check_roots(((struct check_roots *)op)->vault, err);
}

static void say_roots(const struct doctor *to)
{
	struct house *h = &to->daemon->house;
	struct check_roots check = { { .apply = apply_check_roots, .kind = STORE_ALONE }, h->vault };
	struct cu_err why;
	int r = store_run(h->store, &check.op, &why);

	if (r == 0) {
		doctor_say(to, "keys", DOCTOR_OK, NULL, _("Both root blocks open, generation %" PRIu64 "."),
			vault_generation(h->vault));
	} else if (r == CU_ECORRUPT || r == CU_ENOKEY || r == CU_EIO) {
		doctor_say(to, "keys", DOCTOR_ERROR, _("custosctl backup run, then look at the disk (smartctl) and restart custosd"),
			_("A root block does not open: %s"), why.msg);
	}
}

void doctor_keys(const struct doctor *to)
{
	say_ground(to);
	if (atomic_load(&to->daemon->state) != DAEMON_RUNNING) {
		return;
	}
	say_key_file(to);
	if (!store_is_restricted(to->daemon->house.store)) {
		say_roots(to);
	}
}

/* --- policies ---------------------------------------------------------------------- */

/* The newest file of a directory of the policies, after this time. */
static void newest_in(const char *dir, const char *below, int64_t *ret_ms, char ret_name[64])
{
	char **names = NULL, place[PATH_SIZE], path[PATH_SIZE];
	struct stat st;
	size_t n = 0;

	if (path_join(place, dir, below, NULL) < 0 || path_list(place, &names, &n, NULL) < 0) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		int64_t ms;

		if (len < 6 || strcmp(names[i] + len - 5, ".yaml") != 0 ||
			path_join(path, place, names[i], NULL) < 0 || stat(path, &st) < 0) {
			continue;
		}
		ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		if (ms > *ret_ms) {
			*ret_ms = ms;
			snprintf(ret_name, 64, "%s", names[i]);
		}
	}
	path_free_names(names, n);
}

static void say_newer(const struct doctor *to)
{
	static const char *const places[] = { ".", "law", "law/calendar", "letters" };
	struct daemon *d = to->daemon;
	int64_t newest_ms = atomic_load(&d->policy_read_ms);
	char name[64] = "";

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		newest_in(d->policy_dir, places[i], &newest_ms, name);
	}
	if (*name) {
		doctor_say(to, "policies", DOCTOR_WARNING, _("custosctl policy check, then systemctl reload custosd"),
			_("%s was changed after the policies in force were read."), name);
	} else {
		doctor_say(to, "policies", DOCTOR_OK, NULL, "%s", _("The policies in force are those on disk."));
	}
}

void doctor_policies(const struct doctor *to)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct policy *p = NULL;
	struct cu_err why;
	int r = policy_load(to->daemon->policy_dir, &faults, &p, &why);

	if (r == 0) {
		policy_warn(p, &warnings);
		say_newer(to);
	} else if (faults.n == 0) {
		doctor_say(to, "policies", DOCTOR_ERROR, "custosctl policy check",
			_("The policy files cannot be read: %s"), why.msg);
	}
	for (size_t i = 0; i < faults.n; i++) {
		doctor_say(to, "policies", DOCTOR_ERROR, i == 0 ? "custosctl policy check" : NULL, "%s",
			faults.text[i]);
	}
	for (size_t i = 0; i < warnings.n; i++) {
		doctor_say(to, "policies", DOCTOR_WARNING, NULL, "%s", warnings.text[i]);
	}
	policy_unref(p);
	faults_done(&faults);
	faults_done(&warnings);
}

/* --- the agent --------------------------------------------------------------------- */

static void say_separation(const struct doctor *to, const struct agent_seen *seen)
{
	if (seen->is_other_user && seen->has_seccomp) {
		doctor_say(to, "agent", DOCTOR_OK, NULL, "%s",
			_("custos-agent runs as another user, and can make few system calls."));
	} else if (seen->is_other_user || seen->has_landlock) {
		doctor_say(to, "agent", DOCTOR_NOTE, NULL,
			_("custos-agent: another user: %s, Landlock: %s, seccomp: %s."),
			seen->is_other_user ? _("yes") : _("no"), seen->has_landlock ? _("yes") : _("no"),
			seen->has_seccomp ? _("yes") : _("no"));
	} else {
		doctor_say(to, "agent", DOCTOR_ERROR, "systemctl start custos-agent", "%s",
			_("The process that has a network runs as custosd's user, and without Landlock: it could read the state directory."));
	}
}

void doctor_agent(const struct doctor *to)
{
	struct agent_seen seen;

	if (!to->daemon->agent) {
		doctor_say(to, "agent", DOCTOR_NOTE, _("name a route in agent.yaml, then restart custosd"), "%s",
			_("agent.yaml has no routes: nobody is told of anything, unless they look at 'status'."));
		return;
	}
	agent_link_look(to->daemon->agent, &seen);
	if (!seen.is_ready) {
		doctor_say(to, "agent", DOCTOR_ERROR,
			"systemctl start custos-agent; journalctl -u custos-agent -n 50", "%s",
			_("custos-agent is not there: messages wait until it is."));
		return;
	}
	say_separation(to, &seen);
	for (size_t i = 0; i < seen.nroutes; i++) {
		char remedy[128];

		if (seen.routes[i].fault[0]) {
			doctor_say(to, "agent", DOCTOR_ERROR, _("mend agent.yaml, then systemctl reload custosd"),
				_("Route %s of agent.yaml cannot be used: %s"), seen.routes[i].key,
				seen.routes[i].fault);
		} else {
			snprintf(remedy, sizeof(remedy), "custosctl agent test %s", seen.routes[i].key);
			doctor_say(to, "agent", DOCTOR_OK, remedy, _("The settings of route %s are right."),
				seen.routes[i].key);
		}
	}
}
