#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_hold_place(const struct args *a, const json_t *reply)
{
	(void)a;
	out_line("%s", out_str(reply, "hold"));
}

static const char *what_text(const json_t *e)
{
	const char *scope = out_str(e, "scope");

	return strcmp(scope, "subject") == 0 ? _("everything") :
		strcmp(scope, "record") == 0 ? _("one record") :
					       _("these collections");
}

void cmd_hold_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("HOLD"), N_("STATE"), N_("SUBJECT"), N_("WHAT"),
		N_("REVIEW"), N_("BLOCKED"), NULL };
	const json_t *all = json_object_get(reply, "holds");
	struct out_table *t;
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("There are no holds."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "hold"));
		out_cell(t, "%s", out_word(e, "state"));
		out_cell(t, "%s", out_str(e, "subject"));
		out_cell(t, "%s", what_text(e));
		out_cell(t, "%s", out_str(e, "review"));
		out_cell(t, "%" PRId64, out_int(e, "blocked"));
	}
	out_table_end(t);
}

/* The case, and below it why. */
static void show_text(const char *text)
{
	size_t n = strcspn(text, "\n");

	out_field(_("case"), "%.*s", (int)n, text);
	out_text("  ", text + n + (text[n] == '\n'));
}

void cmd_hold_show(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "hold");
	char when[32];

	(void)a;
	out_field(_("hold"), "%s", out_str(e, "hold"));
	out_field(_("state"), "%s", out_word(e, "state"));
	out_field(_("subject"), "%s", out_str(e, "subject"));
	out_field(_("what"), "%s", what_text(e));
	out_list(_("collections"), json_object_get(e, "collections"));
	out_optional(_("record"), e, "record");
	out_field(_("placed"), "%s", out_time(out_int(e, "placed_ms"), when));
	if (json_object_get(e, "released_ms")) {
		out_field(_("released"), "%s", out_time(out_int(e, "released_ms"), when));
	}
	if (json_object_get(e, "owner")) {
		out_field(_("owner"), json_is_true(json_object_get(e, "is_own")) ? _("you, uid %" PRId64) : "uid %" PRId64,
			out_int(e, "owner"));
	}
	out_optional(_("to be reviewed"), e, "review");
	out_field(_("deletions stopped"), "%" PRId64, out_int(e, "blocked"));
	if (json_is_true(json_object_get(e, "has_text"))) {
		show_text(out_str(reply, "text"));
	} else {
		out_line("%s", _("Why it was placed is not known here: it was placed after the backup that was restored."));
	}
}

void cmd_hold_release(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The hold %s is released; what waited for it goes on."), args_text(a, "hold"));
}
