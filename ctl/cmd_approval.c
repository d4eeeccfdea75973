#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_approval_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("APPROVAL"), N_("KIND"), N_("STATE"),
		N_("UNTIL"), N_("ASKED BY"), NULL };
	const json_t *all = json_object_get(reply, "approvals");
	struct out_table *t;
	char when[32];
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("Nothing waits for a second user."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "approval"));
		out_cell(t, "%s", out_word(e, "kind"));
		out_cell(t, "%s", out_word(e, "state"));
		out_cell(t, "%s", out_time(out_int(e, "expires_ms"), when));
		out_cell(t, "%s",
			json_is_true(json_object_get(e, "is_own")) ? _("you") : _("somebody else"));
	}
	out_table_end(t);
}

void cmd_approval_preview(const json_t *reply)
{
	const json_t *e = json_object_get(reply, "approval");
	char when[32];
	json_t *line;
	size_t i;

	out_field(_("approval"), "%s", out_str(e, "approval"));
	out_field(_("kind"), "%s", out_word(e, "kind"));
	out_field(_("state"), "%s", out_word(e, "state"));
	out_field(_("asked"), "%s", out_time(out_int(e, "asked_ms"), when));
	out_field(_("good until"), "%s", out_time(out_int(e, "expires_ms"), when));
	json_array_foreach(json_object_get(reply, "text"), i, line) {
		out_line("%s", json_string_value(line));
	}
	if (json_is_true(json_object_get(e, "is_own"))) {
		out_line("%s", _("You asked for it, so a second user has to confirm it."));
	}
}

void cmd_approval_show(const struct args *a, const json_t *reply)
{
	(void)a;
	cmd_approval_preview(reply);
}

void cmd_approval_grant(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("Granted: %s."), args_text(a, "approval"));
}

void cmd_approval_deny(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("Denied: %s."), args_text(a, "approval"));
}
