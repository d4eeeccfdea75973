#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

/* --- agent ------------------------------------------------------------------------ */

static const char *yes_no(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name)) ? _("yes") : _("no");
}

static void show_separation(const json_t *s)
{
	out_field(_("runs as another user"), "%s", yes_no(s, "uid"));
	out_field(_("can open no files (Landlock)"), "%s", yes_no(s, "landlock"));
	out_field(_("can make few calls (seccomp)"), "%s", yes_no(s, "seccomp"));
}

static void show_targets(const json_t *targets)
{
	static const char *const headings[] = { N_("TARGET"), N_("PLUGIN"), N_("USABLE"), NULL };
	struct out_table *t;
	json_t *e;
	size_t i;

	if (json_array_size(targets) == 0) {
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)targets, i, e) {
		out_cell(t, "%s", out_str(e, "target"));
		out_cell(t, "%s", out_str(e, "plugin"));
		out_cell(t, "%s", yes_no(e, "usable"));
	}
	out_table_end(t);
	json_array_foreach((json_t *)(uintptr_t)targets, i, e) {
		if (json_object_get(e, "fault")) {
			out_line("! %s: %s", out_str(e, "target"), out_str(e, "fault"));
		}
	}
}

static void show_routes(const json_t *routes)
{
	static const char *const headings[] = { N_("ROUTE"), N_("PLUGIN"), N_("ALARMS"),
		N_("PERSONAL"), N_("USABLE"), N_("WAITING"), N_("GIVEN UP"), NULL };
	struct out_table *t;
	json_t *e;
	size_t i;

	if (json_array_size(routes) == 0) {
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)routes, i, e) {
		out_cell(t, "%s", out_str(e, "route"));
		out_cell(t, "%s", out_str(e, "plugin"));
		out_cell(t, "%s", yes_no(e, "alarms"));
		out_cell(t, "%s", yes_no(e, "personal"));
		out_cell(t, "%s", yes_no(e, "usable"));
		out_cell(t, "%" PRId64, out_int(e, "waiting"));
		out_cell(t, "%" PRId64, out_int(e, "given_up"));
	}
	out_table_end(t);
	json_array_foreach((json_t *)(uintptr_t)routes, i, e) {
		if (json_object_get(e, "fault")) {
			out_line("! %s: %s", out_str(e, "route"), out_str(e, "fault"));
		}
	}
}

void cmd_agent_status(const struct args *a, const json_t *reply)
{
	const json_t *routes = json_object_get(reply, "routes");
	const json_t *targets = json_object_get(reply, "targets");

	(void)a;
	if (json_array_size(routes) + json_array_size(targets) == 0) {
		out_nothing(_("agent.yaml has no routes: no process of custos has a network."));
		return;
	}
	if (json_is_true(json_object_get(reply, "connected"))) {
		out_field(_("custos-agent"), _("%s, process %" PRId64 ", user %" PRId64),
			out_str(reply, "version"), out_int(reply, "pid"), out_int(reply, "uid"));
		show_separation(json_object_get(reply, "separation"));
	} else {
		out_field(_("custos-agent"), "%s", _("is not there"));
	}
	show_routes(routes);
	show_targets(targets);
}

void cmd_agent_test(const struct args *a, const json_t *reply)
{
	const char *outcome = out_str(reply, "outcome");

	if (strcmp(outcome, "sent") == 0) {
		out_line(_("The other end of %s has taken the test message %s."), args_text(a, "route"),
			out_str(reply, "message"));
		return;
	}
	out_line(_("The test message %s was NOT taken%s%s."), out_str(reply, "message"),
		json_object_get(reply, "fault") ? ": " : "", out_str(reply, "fault"));
	if (strcmp(outcome, "waiting") == 0) {
		out_line(_("It is tried again by itself. To end that: custosctl message drop %s"),
			out_str(reply, "message"));
	}
}

/* --- messages --------------------------------------------------------------------- */

static const char *state_word(const json_t *e)
{
	const char *state = out_str(e, "state");

	return strcmp(state, "given_up") == 0 ? _("given up") : intl_word(state);
}

void cmd_message_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("MESSAGE"), N_("KIND"), N_("ABOUT"), N_("ROUTE"),
		N_("STATE"), N_("ATTEMPTS"), N_("NEXT"), NULL };
	const json_t *all = json_object_get(reply, "messages");
	struct out_table *t;
	char when[32];
	json_t *e;
	size_t i;

	if (json_array_size(all) == 0) {
		out_nothing(args_is_set(a, "all") ? _("There are no messages.") :
						    _("No messages wait, and none was given up."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "message"));
		out_cell(t, "%s", out_str(e, "kind"));
		out_cell(t, "%s", json_object_get(e, "about") ? out_str(e, "about") : "-");
		out_cell(t, "%s", out_str(e, "route"));
		out_cell(t, "%s", state_word(e));
		out_cell(t, "%" PRId64, out_int(e, "attempts"));
		out_cell(t, "%s", json_object_get(e, "next_ms") ?
			out_time(out_int(e, "next_ms"), when) : "-");
	}
	out_table_end(t);
}

static void show_time(const json_t *e, const char *name, const char *label)
{
	char when[32];

	if (json_object_get(e, name)) {
		out_field(label, "%s", out_time(out_int(e, name), when));
	}
}

void cmd_message_show(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "message");

	(void)a;
	out_field(_("message"), "%s", out_str(e, "message"));
	out_field(_("kind"), "%s", out_str(e, "kind"));
	if (json_object_get(e, "about")) {
		out_field(_("about"), "%s", out_str(e, "about"));
	}
	out_field(_("route"), "%s", out_str(e, "route"));
	out_field(_("to a person"), "%s", yes_no(e, "personal"));
	out_field(_("state"), "%s", state_word(e));
	out_field(_("attempts"), "%" PRId64, out_int(e, "attempts"));
	show_time(e, "made_ms", _("made"));
	show_time(e, "tried_ms", _("last tried"));
	show_time(e, "next_ms", _("next"));
	show_time(e, "ended_ms", _("ended"));
	if (json_object_get(e, "fault")) {
		out_line("! %s", out_str(e, "fault"));
	}
}

void cmd_message_retry(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The message %s is tried now."), args_text(a, "message"));
}

void cmd_message_drop(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The message %s is not sent any more."), args_text(a, "message"));
}
