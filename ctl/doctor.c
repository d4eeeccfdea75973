#include "ctl/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "ctl/out.h"
#include "ctl/term.h"
#include "wire/args.h"
#include "wire/client.h"

#define POLICY_PLACE "/etc/custos/policies"
#define ASK_MS       60000 /* a target that hangs is waited for so long */

void doctor_add(json_t *findings, const char *area, const char *level, const char *remedy,
	const char *fmt, ...)
{
	char text[5000];
	json_t *f;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f = json_pack("{s:s, s:s, s:s}", "area", area, "level", level, "text", text);
	if (f && remedy) {
		json_object_set_new(f, "remedy", json_string(remedy));
	}
	json_array_append_new(findings, f);
}

/* --- the way to custosd ------------------------------------------------------------- */

/* Nobody listens: what of it is missing? */
static void explain_absence(json_t *findings, const char *path)
{
	char dir[4096];
	char *slash;
	struct stat st;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		doctor_add(findings, "socket", "error", _("name the socket: --socket=PATH, or CUSTOS_SOCKET"),
			_("%s is no socket."), path);
	} else if (lstat(path, &st) == 0) {
		doctor_add(findings, "socket", "error", "journalctl -u custosd -n 50; systemctl start custosd",
			_("%s is there, and nobody listens: custosd ended without taking it away."), path);
	} else if (errno == EACCES) {
		doctor_add(findings, "socket", "error", _("ask the administrator, or use another account"),
			_("Your user may not look into the directory of %s."), path);
	} else if (slash && (*slash = '\0', stat(*dir ? dir : "/", &st)) < 0) {
		doctor_add(findings, "socket", "error", "systemctl start custosd",
			_("%s does not exist: custosd has not run since this host was started, or its socket is elsewhere (--socket=PATH)."), dir);
	} else {
		doctor_add(findings, "socket", "error", "systemctl start custosd; journalctl -u custosd -n 50",
			_("There is no %s: custosd does not run."), path);
	}
}

static void explain_files(json_t *findings)
{
	if (access(POLICY_PLACE, F_OK) < 0) {
		doctor_add(findings, "policies", "error",
			_("install the package custos, or copy the shipped policies there"),
			_("%s is not there: custosd starts with no policies."), POLICY_PLACE);
	} else {
		doctor_add(findings, "policies", "note", "custosctl policy check-files",
			_("Whether the files of %s have faults, which keep custosd from starting, can be asked without it."),
			POLICY_PLACE);
	}
}

static void explain(json_t *findings, const char *path, int code, const struct cu_err *why)
{
	struct stat st;

	if (code == CU_EUNAVAIL) {
		explain_absence(findings, path);
		explain_files(findings);
	} else if (code == CU_EDENIED && stat(path, &st) == 0) {
		doctor_add(findings, "socket", "error", _("ask the administrator, or use another account"),
			_("Your user (uid %u) may not connect to %s (mode %04o, owner %u:%u)."),
			(unsigned)geteuid(), path, (unsigned)st.st_mode & 07777, (unsigned)st.st_uid,
			(unsigned)st.st_gid);
	} else {
		doctor_add(findings, "socket", "error", "journalctl -u custosd -n 50", "%s", why->msg);
	}
}

/* It answers, but not this. */
static void explain_answer(json_t *findings, int code, const struct cu_err *why)
{
	if (code == CU_EDENIED) {
		doctor_add(findings, "socket", "warning",
			_("a role with 'doctor' for your uid in roles.yaml, or ask as an administrator"),
			_("custosd does not tell this user (uid %u) how it is: %s"), (unsigned)geteuid(), why->msg);
	} else if (code == CU_ETIMEDOUT) {
		doctor_add(findings, "socket", "error", _("look at the targets: one that hangs holds this up; then journalctl -u custosd -n 50"),
			_("custosd did not answer within %d seconds: it starts, or something that it looks at hangs."),
			ASK_MS / 1000);
	} else {
		doctor_add(findings, "socket", "error", "systemctl restart custosd; journalctl -u custosd -n 50",
			"%s", why->msg);
	}
}

static void take_answer(json_t *findings, const json_t *reply)
{
	const char *version = out_str(reply, "version");

	doctor_add(findings, "socket", "ok", NULL, _("custosd %s answers."), version);
	if (strcmp(version, CUSTOS_VERSION) != 0) {
		doctor_add(findings, "socket", "warning", "systemctl restart custosd",
			_("custosd is version %s and custosctl %s: it was not restarted after an upgrade."), version,
			CUSTOS_VERSION);
	}
	json_array_extend(findings, json_object_get(reply, "findings"));
}

static void ask(json_t *findings, const char *path)
{
	struct client *c = NULL;
	json_t *reply = NULL;
	struct cu_err err;
	int r = client_connect(path, ASK_MS, &c, &err);

	if (r < 0) {
		explain(findings, path, r, &err);
		return;
	}
	r = client_call(c, "io.custos.Doctor", NULL, -1, &reply, &err);
	if (r < 0) {
		explain_answer(findings, r, &err);
	} else {
		take_answer(findings, reply);
	}
	json_decref(reply);
	client_close(c);
}

/* --- what is said ------------------------------------------------------------------- */

static const struct {
	const char *level, *shown;
	enum term_style style;
} levels[] = {
	{ "ok", N_("ok"), TERM_GOOD },
	{ "note", N_("note"), TERM_FAINT },
	{ "warning", N_("warning"), TERM_WARN },
	{ "error", N_("ERROR"), TERM_BAD },
};

static size_t level_of(const json_t *finding)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].level, out_str(finding, "level")) == 0) {
			return i;
		}
	}
	return 1; /* a newer custosd's: at least it is shown */
}

static size_t count(const json_t *findings, const char *level)
{
	json_t *f;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)findings, i, f) {
		n += strcmp(out_str(f, "level"), level) == 0;
	}
	return n;
}

/* What is worse comes last, where the eye is, with what to do. */
static void show_level(const json_t *findings, size_t level)
{
	json_t *f;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)findings, i, f) {
		if (level_of(f) != level) {
			continue;
		}
		term_begin(levels[level].style);
		out_field(_(levels[level].shown), "%s", out_str(f, "text"));
		term_end();
		if (json_object_get(f, "remedy")) {
			out_field("", "-> %s", out_str(f, "remedy"));
		}
	}
}

static void show(const json_t *findings)
{
	size_t nerrors = count(findings, "error"), nwarnings = count(findings, "warning");

	for (size_t level = 0; level < sizeof(levels) / sizeof(levels[0]); level++) {
		show_level(findings, level);
	}
	out_line("%s", "");
	if (nerrors + nwarnings == 0) {
		out_line("%s", _("Nothing is wrong."));
	} else {
		out_line(_("Errors: %zu, warnings: %zu."), nerrors, nwarnings);
	}
}

static void show_json(const json_t *findings)
{
	json_t *all = json_pack("{s:I, s:I, s:O}", "errors", (json_int_t)count(findings, "error"),
		"warnings", (json_int_t)count(findings, "warning"), "findings", findings);

	out_json(all);
	json_decref(all);
}

int doctor(const struct args *a)
{
	json_t *findings = json_array();
	const char *path = args_text(a, "socket");
	int status;

	if (!path) {
		path = getenv("CUSTOS_SOCKET");
	}
	doctor_host(findings);
	ask(findings, path && *path ? path : CLIENT_SOCKET);
	if (args_is_set(a, "json")) {
		show_json(findings);
	} else {
		term_page(a);
		show(findings);
	}
	status = count(findings, "error") > 0 ? DOCTOR_EXIT_ERRORS :
		count(findings, "warning") > 0 ? DOCTOR_EXIT_WARNINGS : 0;
	json_decref(findings);
	return status;
}
