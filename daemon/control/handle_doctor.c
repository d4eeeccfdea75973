/* What custosd finds when it looks at itself; custosctl looks at the host (ctl/doctor.h). */
#include <stdarg.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/intl.h"
#include "base/json.h"
#include "control/attention.h"
#include "control/daemon.h"
#include "control/doctor.h"
#include "control/handle.h"

void doctor_say(const struct doctor *to, const char *area, enum doctor_level level, const char *remedy,
	const char *fmt, ...)
{
	static const char *const words[] = { "ok", "note", "warning", "error" };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_open_object(to->findings, NULL);
	json_str(to->findings, "area", area);
	json_str(to->findings, "level", words[level]);
	json_str(to->findings, "text", text);
	if (remedy) {
		json_str(to->findings, "remedy", remedy);
	}
	json_close_object(to->findings);
}

static void say_state(const struct doctor *to)
{
	switch ((enum daemon_state)atomic_load(&to->daemon->state)) {
	case DAEMON_EMPTY:
		doctor_say(to, "store", DOCTOR_ERROR, "custosctl init identity.txt", "%s",
			_("There is no store yet: with 'init' one is made, and the identity that opens its backups."));
		break;
	case DAEMON_SEALED:
		doctor_say(to, "store", DOCTOR_WARNING, "custosctl unseal", "%s",
			_("The store is sealed: what lies in it could not be looked at."));
		break;
	case DAEMON_RUNNING:
		doctor_say(to, "store", DOCTOR_OK, NULL, "%s", _("The store is open."));
		break;
	}
}

/* Twice the store is what a restore, a rotation of its files or an index made anew may need for a while. */
static void say_room(const struct doctor *to)
{
	struct statvfs v;
	uint64_t room;

	if (statvfs(to->daemon->house.dir, &v) < 0) {
		return; /* it is open, and will say so itself */
	}
	room = v.f_blocks > 0 ? 100 * (uint64_t)v.f_bavail / v.f_blocks : 100;
	if (room < 10) {
		doctor_say(to, "space", room < 3 ? DOCTOR_ERROR : DOCTOR_WARNING,
			_("make room, or move the state directory to a larger disk"),
			_("Where the state directory is, %u%% are free."), (unsigned)room);
	} else {
		doctor_say(to, "space", DOCTOR_OK, NULL,
			_("Where the state directory is, %u%% are free."), (unsigned)room);
	}
}

static int say_one(void *ctx, const struct attention *a, struct cu_err *err)
{
	char text[ATTENTION_TEXT_SIZE], command[ATTENTION_COMMAND_SIZE], remedy[ATTENTION_COMMAND_SIZE + 16];

	(void)err;
	attention_say(a, text);
	attention_command(a, command);
	snprintf(remedy, sizeof(remedy), "custosctl %s", command);
	if (*text) {
		doctor_say(ctx, "attention", DOCTOR_WARNING, remedy, "%s", text);
	}
	return 0;
}

int handle_DOCTOR(struct exchange *x, struct json *out, struct cu_err *err)
{
	const struct doctor to = { x->daemon, out };
	int r = 0;

	json_str(out, "version", CUSTOS_VERSION);
	json_open_array(out, "findings");
	say_state(&to);
	doctor_process(&to);
	doctor_keys(&to);
	doctor_policies(&to);
	doctor_agent(&to);
	say_room(&to);
	doctor_targets(&to);
	if (atomic_load(&x->daemon->state) == DAEMON_RUNNING) {
		r = attention_each(x->daemon, say_one, (void *)(uintptr_t)&to, err);
	}
	json_close_array(out);
	return r;
}
