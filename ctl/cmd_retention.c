#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static bool show_clock(const json_t *clock)
{
	char now[32], known[32];

	if (strcmp(out_str(clock, "state"), "good") == 0) {
		return true;
	}
	out_field(_("clock"), _("%s; it was last known to be right at %s"),
		out_time(out_int(clock, "now_ms"), now), out_time(out_int(clock, "known_ms"), known));
	if (strcmp(out_str(clock, "state"), "behind") == 0) {
		out_line("%s", _("The clock is behind what it was: nothing ends until it has caught up."));
	} else {
		out_line(_("The clock is a day or more ahead: nothing ends until a second user says that it is right: custosctl approval grant %s"),
			out_str(clock, "approval"));
	}
	return false;
}

/* "transaction", "transaction/invoice" */
static const char *name_of(const json_t *e, char to[160])
{
	const char *class_key = json_string_value(json_object_get(e, "class"));

	snprintf(to, 160, "%s%s%s", out_str(e, "collection"), class_key ? "/" : "",
		class_key ? class_key : "");
	return to;
}

static void show_due(const json_t *all)
{
	static const char *const headings[] = { N_("MONTH"), N_("COLLECTION"), N_("COHORTS"),
		N_("RECORDS"), N_("PEOPLE"), N_("THEN"), N_("KEPT BY"), NULL };
	struct out_table *t = out_table_begin(headings);
	char name[160];
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "month"));
		out_cell(t, "%s", name_of(e, name));
		out_cell(t, "%" PRId64, out_int(e, "cohorts"));
		out_cell(t, "%" PRId64, out_int(e, "records"));
		out_cell(t, "%" PRId64, out_int(e, "people"));
		out_cell(t, "%s", out_word(e, "then"));
		out_cell(t, "%s", json_object_get(e, "minimum") ? out_str(e, "minimum") : _("the rule"));
	}
	out_table_end(t);
}

static void show_held(const json_t *all, const char *approval)
{
	char name[160];
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_field(i == 0 ? _("held back") : "",
			_("%s: %s instead of %s would end cohorts: %" PRId64 ", records: %" PRId64
			  ", people: %" PRId64),
			name_of(e, name), out_str(e, "keep"),
			json_object_get(e, "before") ? out_str(e, "before") : _("for ever"),
			out_int(e, "cohorts"), out_int(e, "records"), out_int(e, "people"));
	}
	if (json_array_size(all) > 0) {
		out_line(_("retention.yaml keeps less than before. A second user has to confirm: custosctl approval grant %s"),
			approval);
	}
}

static void show_unruled(const json_t *all)
{
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_field(i == 0 ? _("without a rule") : "", _("%s, kept until it is erased"),
			json_string_value(e));
	}
}

static void show_own(const json_t *all)
{
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_field(i == 0 ? _("its own") : "", "%s  %s: %" PRId64, out_str(e, "month"),
			out_str(e, "what"), out_int(e, "count"));
	}
}

void cmd_retention_plan(const struct args *a, const json_t *reply)
{
	const json_t *due = json_object_get(reply, "due");

	(void)a;
	show_clock(json_object_get(reply, "clock"));
	if (json_array_size(due) > 0) {
		show_due(due);
	} else {
		out_nothing(_("Nothing ends in these months."));
	}
	show_held(json_object_get(reply, "held"), out_str(reply, "policy_approval"));
	show_unruled(json_object_get(reply, "unruled"));
	show_own(json_object_get(reply, "own"));
}

static void show_run(const json_t *e)
{
	const char *state = out_str(e, "state");

	out_field(_("run"), "%s", out_str(e, "run"));
	out_field(_("state"), "%s", intl_word(state));
	out_field(_("cohorts"), "%" PRId64, out_int(e, "cohorts"));
	out_field(_("people"), _("%" PRId64 " (a collection of one person counts once)"),
		out_int(e, "people"));
	if (strcmp(state, "asked") == 0) {
		out_line(_("Nothing has ended: a second user has to confirm: custosctl approval grant %s"),
			out_str(e, "approval"));
	} else if (strcmp(state, "clearing") == 0) {
		out_line("%s", _("The keys are gone, in backups too once their vault objects are; the rows are deleted in the background."));
	}
}

void cmd_retention_preview(const json_t *reply)
{
	const json_t *due = json_object_get(reply, "due");

	if (show_clock(json_object_get(reply, "clock")) && json_array_size(due) > 0) {
		show_due(due);
	} else {
		out_nothing(_("Nothing is over."));
	}
}

void cmd_retention_run(const struct args *a, const json_t *reply)
{
	const json_t *runs = json_object_get(reply, "runs"), *due = json_object_get(reply, "due");
	json_t *e;
	size_t i;

	if (!show_clock(json_object_get(reply, "clock"))) {
		return;
	}
	if (out_int(reply, "held") > 0) {
		out_line("%s", _("Rules that keep less than before are held back: see 'retention plan'."));
	}
	if (args_is_set(a, "dry-run") && json_array_size(due) > 0) {
		show_due(due);
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)runs, i, e) {
		show_run(e);
	}
	if (json_array_size(runs) == 0) {
		out_nothing(_("Nothing is over."));
	}
}

bool cmd_retention_waits(const json_t *reply)
{
	const json_t *clock = json_object_get(reply, "clock");
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(reply, "runs"), i, e) {
		if (strcmp(out_str(e, "state"), "asked") == 0) {
			return true;
		}
	}
	return strcmp(out_str(clock, "state"), "good") != 0 || out_int(reply, "held") > 0;
}

void cmd_retention_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("RUN"), N_("STATE"), N_("DAY"), N_("COHORTS"),
		N_("PEOPLE"), N_("RECORDS"), NULL };
	const json_t *all = json_object_get(reply, "runs");
	struct out_table *t;
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("Nothing was ended yet."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "run"));
		out_cell(t, "%s", out_word(e, "state"));
		out_cell(t, "%s", out_str(e, "day"));
		out_cell(t, "%" PRId64, out_int(e, "cohorts"));
		out_cell(t, "%" PRId64, out_int(e, "people"));
		out_cell(t, "%" PRId64, out_int(e, "records"));
	}
	out_table_end(t);
}

static void show_group(struct out_table *t, const json_t *e)
{
	char text[512] = "";
	json_t *part;
	size_t i, n = 0;

	json_array_foreach(json_object_get(e, "group"), i, part) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s", n > 0 ? ", " : "",
			out_str(part, "field"), out_str(part, "value"));
		n = n < sizeof(text) ? n : sizeof(text) - 1;
	}
	out_cell(t, "%s", n > 0 ? text : _("all"));
}

static void show_sums(struct out_table *t, const json_t *e)
{
	char text[512] = "";
	json_t *sum;
	size_t i, n = 0;

	json_array_foreach(json_object_get(e, "sums"), i, sum) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, _("%s%s %s (of %" PRId64 ")"),
			n > 0 ? ", " : "", out_str(sum, "field"), out_str(sum, "total"),
			out_int(sum, "records"));
		n = n < sizeof(text) ? n : sizeof(text) - 1;
	}
	out_cell(t, "%s", text);
}

void cmd_retention_aggregates(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("COLLECTION"), N_("GROUP"), N_("RECORDS"),
		N_("SUMS"), NULL };
	const json_t *all = json_object_get(reply, "aggregates");
	struct out_table *t;
	json_t *e;
	size_t i;

	(void)a;
	if (json_array_size(all) == 0) {
		out_nothing(_("Nothing was anonymised yet."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		out_cell(t, "%s", out_str(e, "collection"));
		show_group(t, e);
		out_cell(t, "%" PRId64, out_int(e, "records"));
		show_sums(t, e);
	}
	out_table_end(t);
}
