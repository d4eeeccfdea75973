#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static bool is_state(const json_t *duty, const char *state)
{
	return strcmp(out_str(duty, "state"), state) == 0;
}

/* "2026-12-21: in 23 days". */
static void show_due(const json_t *duty)
{
	int64_t days = out_int(duty, "days");

	if (is_state(duty, "gone")) {
		out_line("%s", _("duties.yaml does not have it any more."));
	} else if (days > 0) {
		out_field(_("due"), _("%s: in %" PRId64 " days"), out_str(duty, "due"), days);
	} else if (is_state(duty, "late")) {
		out_field(_("due"), _("%s: LATE, %" PRId64 " days ago"), out_str(duty, "due"), -days);
	} else {
		out_field(_("due"), _("%s: now"), out_str(duty, "due"));
	}
}

static const char *last_of(const json_t *duty)
{
	return json_object_get(duty, "last") ? out_str(duty, "last") : _("never");
}

static void show_duty(const json_t *duty)
{
	out_field(_("duty"), "%s", out_str(duty, "duty"));
	show_due(duty);
	if (json_is_true(json_object_get(duty, "by_drill"))) {
		out_field(_("last done"), _("%s, by drills of level 3"), last_of(duty));
	} else {
		out_field(_("last done"), "%s", last_of(duty));
	}
	out_optional(_("of the role"), duty, "owner");
}

void cmd_duty_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("DUTY"), N_("STATE"), N_("DUE"), N_("DAYS"),
		N_("LAST DONE"), N_("OF THE ROLE"), NULL };
	const json_t *all = json_object_get(reply, "duties");
	struct out_table *t;
	json_t *duty;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("There are no duties: duties.yaml names none."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, duty) {
		out_cell(t, "%s", out_str(duty, "duty"));
		out_cell(t, "%s", is_state(duty, "late") ? _("LATE") : intl_word(out_str(duty, "state")));
		out_cell(t, "%s", out_str(duty, "due"));
		if (is_state(duty, "gone")) {
			out_cell(t, "%s", "");
		} else {
			out_cell(t, "%" PRId64, out_int(duty, "days"));
		}
		out_cell(t, "%s", last_of(duty));
		out_cell(t, "%s", out_str(duty, "owner"));
	}
	out_table_end(t);
}

/* --- show ------------------------------------------------------------------------- */

static void put_when(struct out_table *t, const json_t *from, const char *absent)
{
	char when[32];

	out_cell(t, "%s",
		json_object_get(from, "last_ms") ? out_time(out_int(from, "last_ms"), when) : absent);
}

static void put_roles(struct out_table *t, const json_t *roles)
{
	char text[256] = "";
	size_t n = 0, i;
	json_t *role;

	json_array_foreach((json_t *)(uintptr_t)roles, i, role) {
		if (n < sizeof(text)) {
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? ", " : "",
				json_string_value(role));
		}
	}
	out_cell(t, "%s", text);
}

static void show_allowed(const json_t *all)
{
	static const char *const headings[] = { N_("WHO"), N_("ROLES"), N_("LAST SEEN"), NULL };
	struct out_table *t;
	json_t *e;
	size_t i;

	out_line("%s", "");
	out_line("%s", _("Who may call, by roles.yaml:"));
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		bool is_group = json_object_get(e, "gid") != NULL;

		out_cell(t, is_group ? _("group %" PRId64) : _("user %" PRId64),
			out_int(e, is_group ? "gid" : "uid"));
		put_roles(t, json_object_get(e, "roles"));
		put_when(t, e, is_group ? "" : _("never"));
	}
	out_table_end(t);
}

static void show_seen(const json_t *all)
{
	static const char *const headings[] = { N_("WHO"), N_("LAST SEEN"), NULL };
	struct out_table *t;
	json_t *e;
	size_t i;

	if (json_array_size(all) == 0) {
		return;
	}
	out_line("%s", "");
	out_line("%s", _("In the log, and not named there: they come by a group, or may not call any more:"));
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, _("user %" PRId64), out_int(e, "uid"));
		put_when(t, e, "");
	}
	out_table_end(t);
}

static void put_doing(struct out_table *t, const json_t *e)
{
	char when[32];

	out_cell(t, "%s", out_str(e, "day"));
	out_cell(t, "%s%s", out_str(e, "due"), json_is_true(json_object_get(e, "late")) ? _(" LATE") : "");
	out_cell(t, "%s", out_time(out_int(e, "noted_ms"), when));
	if (json_object_get(e, "by")) {
		out_cell(t, _("user %" PRId64), out_int(e, "by"));
	} else {
		out_cell(t, "%s", "");
	}
}

static void show_doings(const json_t *all)
{
	static const char *const headings[] = { N_("DONE"), N_("WAS DUE"), N_("NOTED DOWN"), N_("BY"),
		NULL };
	struct out_table *t;
	json_t *e;
	size_t i;

	out_line("%s", "");
	if (json_array_size(all) == 0) {
		out_nothing(_("Nobody has written down yet that it was done."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		put_doing(t, e);
	}
	out_table_end(t);
}

void cmd_duty_show(const struct args *a, const json_t *reply)
{
	const json_t *whole = json_object_get(reply, "result"), *duty = json_object_get(whole, "duty");

	show_duty(duty);
	out_optional(_("law"), whole, "cite");
	if (json_object_get(whole, "text")) {
		out_line("%s", "");
		out_lines(_("what to do"), out_str(whole, "text"));
		out_lines(_("to write down"), out_str(whole, "evidence"));
	}
	if (json_object_get(whole, "allowed")) {
		show_allowed(json_object_get(whole, "allowed"));
		show_seen(json_object_get(whole, "seen"));
	}
	show_doings(json_object_get(whole, "doings"));
	if (json_is_true(json_object_get(duty, "is_mine"))) {
		out_line("%s", "");
		out_line(_("When it is done: custosctl duty done %s"), args_text(a, "duty"));
	}
}

void cmd_duty_done(const struct args *a, const json_t *reply)
{
	(void)a;
	show_duty(json_object_get(reply, "duty"));
}

/* --- history ---------------------------------------------------------------------- */

static const char *text_of(const json_t *evidence, const char *id)
{
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)evidence, i, e) {
		if (strcmp(out_str(e, "id"), id) == 0) {
			return out_str(e, "text");
		}
	}
	return _("lost, because an older backup was restored");
}

void cmd_duty_history(const struct args *a, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "doings");
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("Nobody has written down yet that it was done."));
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		if (i > 0) {
			out_line("%s", "");
		}
		out_field(_("done"), "%s", out_str(e, "day"));
		out_field(_("was due"), "%s%s", out_str(e, "due"),
			json_is_true(json_object_get(e, "late")) ? _(" LATE") : "");
		if (json_object_get(e, "by")) {
			out_field(_("by"), _("user %" PRId64), out_int(e, "by"));
		}
		out_text("    ", text_of(json_object_get(reply, "evidence"), out_str(e, "id")));
	}
}
