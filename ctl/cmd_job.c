#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static const char *state_text(const json_t *job)
{
	const char *state = out_str(job, "state");

	return strcmp(state, "running") == 0 ? _("running") :
		strcmp(state, "off") == 0    ? _("off") :
		out_int(job, "failed") > 0   ? _("to be tried again") :
					       _("waiting");
}

static const char *outcome_text(const json_t *run, char out[64])
{
	const char *error = out_str(run, "error");

	if (!run) {
		return _("not yet");
	}
	if (!*error) {
		return _("done");
	}
	snprintf(out, 64, _("FAILED: %s"), error);
	return out;
}

static const char *time_of(const json_t *object, const char *name, char out[32])
{
	return json_object_get(object, name) ? out_time(out_int(object, name), out) : "";
}

void cmd_job_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("JOB"), N_("WHEN"), N_("STATE"), N_("NEXT"),
		N_("LAST"), N_("RESULT"), NULL };
	struct out_table *t = out_table_begin(headings);
	char when[32], outcome[64];
	json_t *job;
	size_t i;

	(void)a;
	json_array_foreach(json_object_get(reply, "jobs"), i, job) {
		const json_t *last = json_object_get(job, "last");

		out_cell(t, "%s", out_str(job, "job"));
		out_cell(t, "%s", out_str(job, "when"));
		out_cell(t, "%s", state_text(job));
		out_cell(t, "%s", time_of(job, "next_ms", when));
		out_cell(t, "%s", time_of(last, "started_ms", when));
		out_cell(t, "%s", outcome_text(last, outcome));
	}
	out_table_end(t);
}

void cmd_job_show(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("BEGAN"), N_("ENDED"), N_("WHY"), N_("RESULT"),
		NULL };
	const json_t *job = json_object_get(reply, "job"), *runs = json_object_get(reply, "runs");
	struct out_table *t;
	char when[32], outcome[64];
	json_t *run;
	size_t i;

	(void)a;
	out_field(_("job"), "%s", out_str(job, "job"));
	out_field(_("when"), "%s", out_str(job, "when"));
	out_field(_("state"), "%s", state_text(job));
	out_field(_("next"), "%s", time_of(job, "next_ms", when));
	if (json_array_size(runs) == 0) {
		out_nothing(_("It has not run yet."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)runs, i, run) {
		out_cell(t, "%s", time_of(run, "started_ms", when));
		out_cell(t, "%s", time_of(run, "ended_ms", when));
		out_cell(t, "%s",
			json_object_get(run, "due_ms") ? _("scheduled") : _("asked for"));
		out_cell(t, "%s", outcome_text(run, outcome));
	}
	out_table_end(t);
}

void cmd_job_run(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("It begins now: 'custosctl job show %s' shows how it goes."), args_text(a, "job"));
}

void cmd_job_cancel(const struct args *a, const json_t *reply)
{
	(void)a;
	(void)reply;
	out_line(_("It is asked to end."));
}
