#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static bool is_word(const json_t *object, const char *name, const char *word)
{
	return strcmp(out_str(object, name), word) == 0;
}

static bool is_open_duty(const json_t *duty)
{
	return is_word(duty, "verdict", "due") || is_word(duty, "verdict", "overdue");
}

/* --- one incident ------------------------------------------------------------------ */

static const char *const kinds[][2] = { { "disclosure", N_("disclosure: others saw data, or may have") },
	{ "loss", N_("loss: data is gone") }, { "alteration", N_("alteration: data was changed") },
	{ "unavailability", N_("unavailability: data is out of reach") } };
static const char *const risks[][2] = { { "none", N_("none: people are unlikely to be harmed") },
	{ "risk", N_("a risk to people") }, { "high", N_("a high risk to people") } };

static const char *said(const char *const (*words)[2], size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i][0], word) == 0) {
			return _(words[i][1]);
		}
	}
	return word;
}

static void show_facts(const json_t *e)
{
	out_field(_("incident"), "%" PRId64 ", %s", out_int(e, "number"),
		json_is_true(json_object_get(e, "is_open")) ? _("open") : _("closed"));
	out_field(_("kind"), "%s", said(kinds, 4, out_str(e, "kind")));
	out_field(_("risk"), "%s", said(risks, 3, out_str(e, "risk")));
	if (is_word(e, "keys", "safe")) {
		out_field(_("keys"), "%s", _("safe: what others have is sealed"));
	}
	out_optional(_("noticed"), e, "noticed");
	out_optional(_("began"), e, "began");
	out_optional(_("ended"), e, "ended");
	if (json_object_get(e, "affected")) {
		out_field(_("people affected"), _("%" PRId64 ", as of %s"), out_int(e, "affected"),
			out_str(e, "scoped"));
	}
	out_optional(_("closed"), e, "closed");
}

/* "noticed + 72 hours (GDPR Art. 33(1)) = 2026-02-02 10:15 CET". */
static void show_derivation(const json_t *e, const json_t *duty)
{
	if (json_is_true(json_object_get(duty, "at_once"))) {
		out_line(_("  at once (%s)"), out_str(duty, "cite"));
	} else {
		out_line(_("  noticed %s + %" PRId64 " hours (%s) = %s"), out_str(e, "noticed"),
			out_int(duty, "hours"), out_str(duty, "cite"), out_str(duty, "until"));
	}
	if (json_object_get(duty, "when")) {
		out_line("  %s", out_str(duty, "when"));
	}
}

static void show_verdict(const json_t *duty)
{
	const char *whom = is_word(duty, "to", "authority") ? _("the authority") : _("the people");
	const char *law = out_str(duty, "law");
	int64_t left = out_int(duty, "hours_left");

	if (is_word(duty, "verdict", "not_needed")) {
		out_line(_("%s, %s: need not be told at this risk"), whom, law);
	} else if (is_word(duty, "verdict", "keys_safe")) {
		out_line(_("%s, %s: need not be told, because the data is sealed and its keys are safe"),
			whom, law);
	} else if (is_word(duty, "verdict", "told")) {
		out_line(_("%s, %s: told %s"), whom, law, out_str(duty, "told"));
	} else if (is_word(duty, "verdict", "told_late")) {
		out_line(_("%s, %s: told %s, LATE"), whom, law, out_str(duty, "told"));
	} else if (json_is_true(json_object_get(duty, "at_once"))) {
		out_line(_("%s, %s: to be told AT ONCE"), whom, law);
	} else if (left < 0) {
		out_line(_("%s, %s: to be told by %s: LATE by %" PRId64 " hours"), whom, law,
			out_str(duty, "until"), -left);
	} else {
		out_line(_("%s, %s: to be told by %s: %" PRId64 " hours left"), whom, law,
			out_str(duty, "until"), left);
	}
}

static void show_duties(const json_t *e, bool with_contents)
{
	json_t *duty, *line;
	size_t i, j;

	if (json_array_size(json_object_get(e, "duties")) == 0) {
		out_line("%s", _("No clock runs: organisation.yaml names no law that wants anybody to be told."));
	}
	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		show_verdict(duty);
		show_derivation(e, duty);
		if (with_contents && is_open_duty(duty)) {
			json_array_foreach(json_object_get(duty, "contents"), j, line) {
				out_line("  - %s", json_string_value(line));
			}
		}
	}
}

/* --- what to do now ---------------------------------------------------------------- */

static void show_telling(int64_t number, const json_t *duty)
{
	out_line(is_word(duty, "to", "authority") ?
			_("When the authority has been told (phases are fine; what is missing follows):") :
			_("When the people have been told:"));
	out_line("    custosctl incident tell %" PRId64 " %s --law=%s --at=\"YYYY-MM-DD HH:MM\"", number,
		out_str(duty, "to"), out_str(duty, "law"));
	if (is_word(duty, "verdict", "overdue")) {
		out_line(_("    with --reasons=FILE: why it is late"));
	}
}

static bool has_paper(const json_t *papers, const char *kind)
{
	json_t *paper;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)papers, i, paper) {
		if (is_word(paper, "kind", kind)) {
			return true;
		}
	}
	return false;
}

static void show_next(const json_t *e, const json_t *papers)
{
	int64_t number = out_int(e, "number");
	bool is_done = has_paper(papers, "effects") && has_paper(papers, "measures");
	json_t *duty;
	size_t i;

	out_line("%s", "");
	out_line("%s", _("What to do now:"));
	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		if (is_open_duty(duty)) {
			show_telling(number, duty);
			is_done = false;
		}
	}
	if (!json_object_get(e, "affected") && !is_word(e, "kind", "unavailability")) {
		out_line("%s", _("Find out whom it is about (their ids go into FILE):"));
		out_line("    custosctl incident scope %" PRId64 " FILE --purpose=incident --actor=UID", number);
	}
	if (!has_paper(papers, "effects")) {
		out_line("%s", _("Write down what it may mean for people; --risk=none or --risk=high if that is so:"));
		out_line("    custosctl incident note %" PRId64 " --about=effects", number);
	}
	if (!has_paper(papers, "measures")) {
		out_line("%s", _("Write down what was done about it:"));
		out_line("    custosctl incident note %" PRId64 " --about=measures", number);
	}
	if (is_done) {
		out_line("%s", _("Nothing is missing:"));
		out_line("    custosctl incident close %" PRId64, number);
	}
}

/* --- texts ------------------------------------------------------------------------- */

static const char *const abouts[][2] = { { "facts", N_("facts") }, { "effects", N_("effects") },
	{ "measures", N_("remedial action") }, { "delay", N_("reasons for the delay") } };

static void show_papers(const json_t *papers)
{
	json_t *paper;
	char when[32];
	size_t i;

	for (size_t k = 0; k < sizeof(abouts) / sizeof(abouts[0]); k++) {
		json_array_foreach((json_t *)(uintptr_t)papers, i, paper) {
			if (is_word(paper, "kind", abouts[k][0])) {
				out_field(_(abouts[k][1]), "%s", out_time(out_int(paper, "at_ms"), when));
				out_lines("", out_str(json_object_get(paper, "texts"), "text"));
			}
		}
	}
}

/* --- the commands ------------------------------------------------------------------ */

void cmd_incident(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "incident");

	(void)a;
	show_facts(e);
	show_duties(e, false);
	if (json_is_true(json_object_get(e, "is_open"))) {
		out_line(_("What to do now: custosctl incident show %" PRId64), out_int(e, "number"));
	}
}

void cmd_incident_show(const struct args *a, const json_t *reply)
{
	const json_t *e = json_object_get(reply, "incident"), *papers = json_object_get(reply, "papers");

	(void)a;
	show_facts(e);
	out_line("%s", "");
	show_duties(e, true);
	if (json_is_true(json_object_get(e, "is_open"))) {
		show_next(e, papers);
	}
	out_line("%s", "");
	show_papers(papers);
}

/* The first that is to be told by a time, or at once. */
static const json_t *next_duty(const json_t *e)
{
	const json_t *first = NULL;
	json_t *duty;
	size_t i;

	json_array_foreach(json_object_get(e, "duties"), i, duty) {
		if (is_open_duty(duty) &&
			(!first || out_int(duty, "until_ms") < out_int(first, "until_ms"))) {
			first = duty;
		}
	}
	return first;
}

static void put_next(struct out_table *t, const json_t *duty)
{
	if (!duty) {
		out_cell(t, "-");
		out_cell(t, "-");
	} else if (json_is_true(json_object_get(duty, "at_once"))) {
		out_cell(t, "%s", _("at once"));
		out_cell(t, "-");
	} else {
		out_cell(t, "%s", out_str(duty, "until"));
		out_cell(t, "%" PRId64 "%s", out_int(duty, "hours_left"),
			out_int(duty, "hours_left") < 0 ? _(" LATE") : "");
	}
}

void cmd_incident_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("INCIDENT"), N_("STATE"), N_("KIND"), N_("RISK"),
		N_("NOTICED"), N_("TELL SOMEBODY BY"), N_("HOURS LEFT"), NULL };
	const json_t *all = json_object_get(reply, "incidents");
	struct out_table *t;
	json_t *e;
	size_t i;

	if (json_array_size(all) == 0) {
		out_nothing(args_is_set(a, "all") ? _("There are no incidents.") :
						    _("There are no open incidents."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%" PRId64, out_int(e, "number"));
		out_cell(t, "%s", json_is_true(json_object_get(e, "is_open")) ? _("open") : _("closed"));
		out_cell(t, "%s", out_str(e, "kind"));
		out_cell(t, "%s", out_str(e, "risk"));
		out_cell(t, "%s", out_str(e, "noticed"));
		put_next(t, next_duty(e));
	}
	out_table_end(t);
}

void cmd_incident_scope(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");

	(void)a;
	out_field(_("people affected"), "%" PRId64, out_int(r, "affected"));
	if (out_int(r, "gone") > 0) {
		out_field(_("of them erased by now"), "%" PRId64, out_int(r, "gone"));
	}
	out_field(_("entries of the log"), "%" PRId64, out_int(r, "entries"));
	if (out_int(r, "unknown") > 0) {
		out_line(_("! %" PRId64 " searches and exports showed up to %" PRId64 " people more, and it is not known any more whom."),
			out_int(r, "unknown"), out_int(r, "hidden"));
	}
}

void cmd_incident_register(const struct args *a, const json_t *reply)
{
	const json_t *all = json_object_get(reply, "register");
	json_t *entry;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("The register is empty: there were no incidents."));
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)all, i, entry) {
		if (i > 0) {
			out_line("%s", "");
		}
		show_facts(json_object_get(entry, "incident"));
		show_duties(json_object_get(entry, "incident"), false);
		show_papers(json_object_get(entry, "papers"));
	}
}
