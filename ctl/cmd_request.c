#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/next.h"
#include "ctl/out.h"
#include "wire/args.h"

/* --- one request ------------------------------------------------------------------ */

static void show_due(const json_t *r)
{
	int64_t left = out_int(r, "days_left");

	if (!json_object_get(r, "due")) {
		out_field(_("due"), _("not known: 'request clock %" PRId64 "' says why"),
			out_int(r, "number"));
	} else if (!json_object_get(r, "days_left")) {
		out_field(_("due"), "%s", out_str(r, "due"));
	} else if (left < 0) {
		out_field(_("due"), _("%s: LATE by %" PRId64 " days"), out_str(r, "due"), -left);
	} else {
		out_field(_("due"), _("%s: in %" PRId64 " days%s"), out_str(r, "due"), left,
			json_is_true(json_object_get(r, "is_paused")) ?
				_("; the clock stands still until the person answers") :
				"");
	}
}

/* Whose work it is. */
static const char *worker_text(const json_t *r, char out[32])
{
	int64_t uid = out_int(r, "worker");

	if (!json_object_get(r, "worker")) {
		return _("nobody's");
	}
	snprintf(out, 32, uid == (int64_t)getuid() ? _("yours, uid %" PRId64) : "uid %" PRId64, uid);
	return out;
}

static void show_request(const json_t *r)
{
	char when[32];

	out_field(_("request"), "%" PRId64, out_int(r, "number"));
	out_field(_("asks for"), _("%s, by %s"), out_word(r, "type"), out_str(r, "law"));
	out_list(_("about"), json_object_get(r, "collections"));
	out_optional(_("purpose"), r, "about");
	out_field(_("state"), "%s", out_word(r, "state"));
	out_optional_word(_("reason"), r, "reason");
	if (json_object_get(r, "duplicate_of")) {
		out_field(_("duplicate of"), "%" PRId64, out_int(r, "duplicate_of"));
	}
	out_field(_("received"), _("%s, by %s"), out_str(r, "received"), out_word(r, "channel"));
	show_due(r);
	out_optional_word(_("extended for"), r, "extension");
	out_optional(_("subject"), r, "subject");
	out_field(_("work"), "%s", worker_text(r, when));
	out_optional_word(_("asked by"), r, "represented_by");
	out_optional_word(_("authority"), r, "authority");
	out_optional_word(_("identity"), r, "method");
	out_list(_("kept"), json_object_get(r, "kept"));
	out_optional(_("approval"), r, "approval");
	out_optional(_("erasure"), r, "erasure");
	if (json_object_get(r, "closed_ms")) {
		out_field(_("closed"), "%s", out_time(out_int(r, "closed_ms"), when));
	}
}

/* What is nearly always wanted after it. */
static void say_next(const json_t *r)
{
	if (!json_object_get(r, "closed_ms")) {
		out_line(_("What to do now: custosctl request next %" PRId64), out_int(r, "number"));
	}
}

void cmd_request(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "request");

	(void)a;
	show_request(r);
	say_next(r);
}

void cmd_request_ask(const struct args *a, const json_t *reply)
{
	char when[32];

	cmd_request(a, reply);
	if (json_object_get(reply, "code")) {
		out_field(_("code"), "%s", out_str(reply, "code"));
		out_field(_("good until"), "%s", out_time(out_int(reply, "code_until_ms"), when));
		out_line("%s", _("It is shown this once. Send it to an address on file of this person, never to one that came with the request."));
	}
}

static void show_papers(const json_t *papers)
{
	json_t *paper, *text;
	const char *name;
	char when[32];
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)papers, i, paper) {
		out_line("%s", "");
		out_field(out_word(paper, "kind"), "%s", out_time(out_int(paper, "at_ms"), when));
		json_object_foreach(json_object_get(paper, "texts"), name, text) {
			out_lines(strcmp(name, "text") == 0 ? "" : name, json_string_value(text));
		}
	}
}

/* "notice to mailing: ready", with when and by whom it went. */
static void show_outgoing(const json_t *outgoing)
{
	json_t *o;
	char when[32];
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)outgoing, i, o) {
		const char *to = out_str(o, "recipient"), *state = out_str(o, "state");
		bool is_over = strcmp(state, "sent") == 0 || strcmp(state, "waived") == 0;

		out_field(i == 0 ? _("to be sent") : "", "%s%s%s: %s%s%s%s%s%s", out_word(o, "letter"),
			*to ? _(" to ") : "", to, intl_word(state), *out_word(o, "because") ? ", " : "",
			out_word(o, "because"), is_over ? ", " : "",
			is_over ? out_time(out_int(o, "at_ms"), when) : "",
			is_over && json_is_true(json_object_get(o, "by_me")) ? _(", by you") : "");
	}
}

void cmd_request_show(const struct args *a, const json_t *reply)
{
	(void)a;
	show_request(json_object_get(reply, "request"));
	show_outgoing(json_object_get(reply, "outgoing"));
	show_papers(json_object_get(reply, "papers"));
}

void cmd_request_send(const struct args *a, const json_t *reply)
{
	(void)a;
	out_line(json_is_true(json_object_get(reply, "is_encrypted")) ?
			_("It is on its way by route %s, encrypted to its recipient's key.") :
			_("It is on its way by route %s."),
		out_str(reply, "route"));
	out_line(_("What becomes of it: custosctl message show %s"), out_str(reply, "message"));
}

void cmd_request_letter(const struct args *a, const json_t *reply)
{
	(void)a;
	out_text("", out_str(reply, "address"));
	out_line("%s", "");
	out_line("%s", out_str(reply, "subject"));
	out_line("%s", "");
	out_text("", out_str(reply, "text"));
}

/* --- all of them ------------------------------------------------------------------ */

void cmd_request_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("REQUEST"), N_("ASKS FOR"), N_("LAW"),
		N_("STATE"), N_("WHOSE"), N_("RECEIVED"), N_("DUE"), N_("DAYS LEFT"), NULL };
	const json_t *all = json_object_get(reply, "requests");
	struct out_table *t;
	char whose[32];
	json_t *r;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("There are no requests."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, r) {
		const json_t *left = json_object_get(r, "days_left");

		out_cell(t, "%" PRId64, out_int(r, "number"));
		out_cell(t, "%s", out_word(r, "type"));
		out_cell(t, "%s", out_str(r, "law"));
		out_cell(t, "%s", out_word(r, "state"));
		out_cell(t, "%s", worker_text(r, whose));
		out_cell(t, "%s", out_str(r, "received"));
		out_cell(t, "%s", out_str(r, "due"));
		if (left) {
			out_cell(t, "%" PRId64 "%s", out_int(r, "days_left"),
				out_int(r, "days_left") < 0 ? _(" LATE") : "");
		} else {
			out_cell(t, "%s", "");
		}
	}
	out_table_end(t);
}

/* --- what it is about, until when, what now --------------------------------------- */

void cmd_request_scope(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("COLLECTION"), N_("RECORDS"), N_("IS"),
		N_("BY"), N_("WHAT IT HOLDS"), NULL };
	const json_t *all = json_object_get(reply, "scope");
	bool is_unlinked = false;
	struct out_table *t;
	json_t *item;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("Nothing is held that it is about."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, item) {
		out_cell(t, json_is_true(json_object_get(item, "of_others")) ? _("%s of others") : "%s",
			out_str(item, "collection"));
		out_cell(t, "%" PRId64, out_int(item, "records"));
		out_cell(t, "%s", out_word(item, "action"));
		is_unlinked |= strcmp(out_str(item, "action"), "unlinked") == 0;
		if (json_object_get(item, "hold")) {
			out_cell(t, _("hold %s"), out_str(item, "hold"));
		} else {
			out_cell(t, "%s", out_str(item, "citation"));
		}
		out_cell(t, "%s", out_str(item, "text"));
	}
	out_table_end(t);
	if (is_unlinked) {
		out_line("%s", _("Records of others stay theirs, and so does their text. Look through it before the keys are gone: "
			"the dossier marks each such record, 'subject update' corrects it."));
	}
}

void cmd_request_clock(const struct args *a, const json_t *reply)
{
	json_t *line;
	size_t i;

	(void)a;
	out_optional(_("due"), reply, "due");
	out_optional(_("confirm receipt by"), reply, "confirm_by");
	out_optional(_("refuse by"), reply, "refuse_by");
	out_optional(_("tell an extension by"), reply, "tell_by");
	out_optional(_("with an extension"), reply, "extended_due");
	json_array_foreach(json_object_get(reply, "derivation"), i, line) {
		out_line("%s", json_string_value(line));
	}
}

static void show_choices(const json_t *choices)
{
	json_t *choice;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)choices, i, choice) {
		out_line("%s", out_str(choice, "when"));
		out_line("    custosctl %s", out_str(choice, "command"));
	}
}

void cmd_request_next(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "request"), *step = json_object_get(reply, "step");

	out_line(_("Request %" PRId64 ": %s by %s, %s. %s"), out_int(r, "number"), out_word(r, "type"),
		out_str(r, "law"), out_word(r, "state"), out_str(step, "clock"));
	out_line("%s", "");
	out_line("%s", out_str(step, "what"));
	if (*out_str(step, "command")) {
		out_line("    custosctl %s", out_str(step, "command"));
	}
	if (*out_str(step, "why")) {
		out_line(_("Why: %s"), out_str(step, "why"));
	}
	if (json_array_size(json_object_get(step, "choices")) > 0) {
		out_line("%s", "");
		show_choices(json_object_get(step, "choices"));
	}
	next_offer(a, step);
}
