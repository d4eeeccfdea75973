#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_policy_check(const struct args *a, const json_t *reply)
{
	const json_t *faults = json_object_get(reply, "faults");
	json_t *line;
	size_t i;

	(void)a;
	json_array_foreach((json_t *)(uintptr_t)faults, i, line) {
		out_line("%s", json_string_value(line));
	}
	json_array_foreach(json_object_get(reply, "warnings"), i, line) {
		out_line(_("warning: %s"), json_string_value(line));
	}
	if (json_array_size(faults) == 0) {
		out_nothing(_("The policies are without fault."));
	}
}

/* --- policy deadline -------------------------------------------------------------- */

static void show_left(int64_t days)
{
	if (days < 0) {
		out_field(_("days left"), _("none: it was due %" PRId64 " days ago"), -days);
	} else {
		out_field(_("days left"), "%" PRId64, days);
	}
}

static void show_day(const json_t *reply, const char *label, const char *name)
{
	if (json_object_get(reply, name)) {
		out_field(label, "%s", out_str(reply, name));
	}
}

static void show_extension(const char *word)
{
	if (strcmp(word, "void") == 0) {
		out_field(_("extension"), "%s", _("does not count"));
	} else if (strcmp(word, "not_told_yet") == 0) {
		out_field(_("extension"), "%s", _("counts once the person is told"));
	} else if (word[0]) {
		out_field(_("extension"), "%s", _("counts"));
	}
}

void cmd_policy_deadline(const struct args *a, const json_t *reply)
{
	json_t *line;
	size_t i;

	(void)a;
	json_array_foreach(json_object_get(reply, "derivation"), i, line) {
		out_line("%zu. %s", i + 1, json_string_value(line));
	}
	out_line("%s", "");
	out_field(_("due"), "%s", out_str(reply, "due"));
	show_left(out_int(reply, "days_left"));
	if (json_is_true(json_object_get(reply, "paused"))) {
		out_field(_("clock"), "%s", _("stands still until the person answers"));
	}
	show_extension(out_str(reply, "extension"));
	show_day(reply, _("refuse by"), "refuse_by");
	show_day(reply, _("tell an extension by"), "tell_by");
	show_day(reply, _("due when extended"), "extended_due");
	show_day(reply, _("confirm by"), "confirm_by");
}

/* --- policy breach ---------------------------------------------------------------- */

void cmd_policy_breach(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("TELL"), N_("UNTIL"), N_("BY"), N_("WHEN"), NULL };
	const json_t *notices = json_object_get(reply, "notices");
	struct out_table *t;
	json_t *n;
	size_t i;

	(void)a;
	if (json_array_size(notices) == 0) {
		out_nothing(_("This law asks nobody to be told."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)notices, i, n) {
		out_cell(t, "%s", strcmp(out_str(n, "to"), "authority") == 0 ?
				_("the authority") : _("the people"));
		out_cell(t, "%s",
			json_is_true(json_object_get(n, "at_once")) ? _("at once") : out_str(n, "until"));
		out_cell(t, "%s", out_str(n, "cite"));
		out_cell(t, "%s", out_str(n, "when"));
	}
	out_table_end(t);
}

/* --- policy letter ---------------------------------------------------------------- */

void cmd_policy_letter(const struct args *a, const json_t *reply)
{
	(void)a;
	out_line("%s", out_str(reply, "subject"));
	out_line("%s", "");
	out_text("", out_str(reply, "text"));
}
