#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_subject_restrict(const struct args *a, const json_t *reply)
{
	(void)a;
	(void)reply; /* silence is consent */
}

/* --- an event --------------------------------------------------------------------- */

void cmd_consent_event(const struct args *a, const json_t *reply)
{
	const json_t *event = json_object_get(reply, "event");
	char when[32];

	(void)a;
	out_field(_("state"), "%s", out_word(event, "state"));
	if (*out_str(event, "notice")) {
		out_field(_("notice"), "%s %s", out_str(event, "notice"), out_str(event, "language"));
	}
	if (json_object_get(event, "expires_ms")) {
		out_field(_("expires"), "%s", out_time(out_int(event, "expires_ms"), when));
	}
	out_field(_("log entry"), "%" PRId64, out_int(event, "entry"));
	if (*out_str(reply, "erasure")) {
		out_field(_("erasure"), _("%s of what was kept for it alone"), out_str(reply, "erasure"));
	}
	if (*out_str(reply, "not_erased")) {
		out_field(_("not erased"), "%s", out_str(reply, "not_erased"));
	}
}

/* --- history ---------------------------------------------------------------------- */

static void add_event(struct out_table *t, const json_t *event)
{
	char when[32], until[32] = "";

	if (json_object_get(event, "expires_ms")) {
		out_time(out_int(event, "expires_ms"), until);
	}
	out_cell(t, "%s", out_time(out_int(event, "at_ms"), when));
	out_cell(t, "%s", out_str(event, "purpose"));
	out_cell(t, "%s", out_str(event, "channel"));
	out_cell(t, "%s", out_word(event, "state"));
	out_cell(t, "%s", out_word(event, "method"));
	out_cell(t, "%s %s", out_str(event, "notice"), out_str(event, "language"));
	out_cell(t, "%s%s", until, json_is_true(json_object_get(event, "is_expired")) ? " !" : "");
	out_cell(t, "%s", out_str(event, "said"));
	out_cell(t, "%" PRId64, out_int(event, "entry"));
}

static void show_evidence(const json_t *events)
{
	json_t *event;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)events, i, event) {
		if (*out_str(event, "evidence") || *out_str(event, "source")) {
			printf("\n");
			out_field(_("log entry"), "%" PRId64, out_int(event, "entry"));
			out_field(_("source"), "%s", out_str(event, "source"));
			out_lines(_("evidence"), out_str(event, "evidence"));
		}
	}
}

void cmd_consent_list(const struct args *a, const json_t *reply)
{
	const char *const headings[] = { _("when"), _("purpose"), _("channel"), _("state"),
		_("method"), _("notice"), _("until"), _("said on"), _("log entry"), NULL };
	const json_t *events = json_object_get(reply, "events");
	struct out_table *t;
	json_t *event;
	size_t i;

	(void)a;
	if (json_array_size(events) == 0) {
		out_nothing(_("Nobody was asked, and nothing was said."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)events, i, event) {
		add_event(t, event);
	}
	out_table_end(t);
	show_evidence(events);
}

/* --- questions -------------------------------------------------------------------- */

void cmd_consent_check(const struct args *a, const json_t *reply)
{
	json_t *step;
	size_t i;

	(void)a;
	json_array_foreach(json_object_get(reply, "steps"), i, step) {
		out_field(out_word(step, "step"), "%s %s",
			json_is_true(json_object_get(step, "passed")) ? _("yes") : _("NO "),
			out_str(step, "text"));
	}
	out_line("%s", json_is_true(json_object_get(reply, "allowed")) ? _("yes") :
									  out_word(reply, "verdict"));
}

void cmd_consent_filter(const struct args *a, const json_t *reply)
{
	const char *bits = out_str(reply, "allowed");
	const json_t *ids = args_input(a);

	for (size_t i = 0; bits[i] && i < json_array_size(ids); i++) {
		if (bits[i] == '1') {
			out_line("%s", json_string_value(json_array_get(ids, i)));
		}
	}
}

void cmd_consent_receipt(const struct args *a, const json_t *reply)
{
	(void)a;
	out_document(out_str(reply, "receipt"));
}

void cmd_consent_stale(const struct args *a, const json_t *reply)
{
	const json_t *subjects = json_object_get(reply, "subjects");
	json_t *id;
	size_t i;

	(void)a;
	json_array_foreach((json_t *)(uintptr_t)subjects, i, id) {
		out_line("%s", json_string_value(id));
	}
	if (json_array_size(subjects) == 0) {
		out_note(_("Whoever has consented saw the notice in force, %s.\n"),
			out_str(reply, "notice"));
	}
	if (*out_str(reply, "next")) {
		out_note(_("There are more: --after=%s\n"), out_str(reply, "next"));
	}
}
