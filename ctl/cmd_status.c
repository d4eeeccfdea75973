/* `status`: one screen, what needs a person first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "ctl/term.h"
#include "wire/args.h"

/* --- what needs a person ---------------------------------------------------------- */

static void show_command(const char *words)
{
	term_begin(TERM_STRONG);
	out_line("    custosctl %s", words);
	term_end();
}

/* Before all else: a clock runs. */
static void show_incidents(const json_t *in)
{
	int64_t left = out_int(in, "hours_left");

	if (!in) {
		return;
	}
	term_begin(TERM_BAD);
	out_line(_("! %" PRId64 " open incidents with personal data."),
		out_int(in, "open"));
	if (json_object_get(in, "until") && left < 0) {
		out_line(_("! LATE by %" PRId64 " hours: somebody was to be told of one by %s."), -left,
			out_str(in, "until"));
	} else if (json_object_get(in, "until")) {
		out_line(_("! %" PRId64 " hours left: somebody must be told of one by %s."), left,
			out_str(in, "until"));
	}
	if (out_int(in, "at_once") > 0) {
		out_line("%s", _("! A law wants somebody to be told of one at once."));
	}
	term_end();
	show_command("incident list");
}

static void show_attention(const json_t *reply)
{
	const json_t *all = json_object_get(reply, "attention");
	json_t *e;
	size_t i;

	show_incidents(json_object_get(reply, "incidents"));
	json_array_foreach((json_t *)(uintptr_t)all, i, e) {
		term_begin(TERM_BAD);
		out_line("! %s", out_str(e, "text"));
		term_end();
		if (json_object_get(e, "command")) {
			show_command(out_str(e, "command"));
		}
	}
	if (json_array_size(all) == 0 && !json_object_get(reply, "incidents")) {
		term_begin(TERM_GOOD);
		out_line("%s", _("Nothing needs a person."));
		term_end();
	}
	out_line("%s", "");
}

/* --- how it stands ----------------------------------------------------------------- */

static void show_sources(const json_t *sources)
{
	char line[64] = "";
	json_t *source;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)sources, i, source) {
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i > 0 ? ", " : "",
			intl_word(json_string_value(source)));
	}
	if (line[0]) {
		out_field(_("root key can be had from"), "%s", line);
	}
}

/* "none, 2026-11-25 03:00:12 UTC, 12 files, 84.0 MiB" */
static void show_residue(const json_t *r)
{
	char when[32], bytes[32];

	if (!r) {
		return; /* nobody was erased yet, or not before last night */
	}
	out_time(out_int(r, "time_ms"), when);
	out_bytes(out_int(r, "bytes"), bytes);
	if (out_int(r, "left") == 0) {
		out_field(_("residue"), _("none, %s, %" PRId64 " files, %s"), when,
			out_int(r, "files"), bytes);
	} else {
		out_field(_("residue"), _("FOUND, %s: %" PRId64 " places, the first at %s"), when,
			out_int(r, "left"), out_str(r, "where"));
	}
}

/* "custos-agent: another user, Landlock, seccomp; 2 messages wait" */
static void show_agent(const json_t *agent)
{
	static const char *const bits[] = { "uid", "landlock", "seccomp" };
	static const char *const words[] = { N_("another user"), N_("Landlock"), N_("seccomp") };
	char line[96] = "";

	if (!agent) {
		out_field(_("network"), "%s", _("no process has one"));
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (json_is_true(json_object_get(agent, bits[i]))) {
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s",
				line[0] ? ", " : "", _(words[i]));
		}
	}
	if (!json_is_true(json_object_get(agent, "connected"))) {
		snprintf(line, sizeof(line), "%s", _("is not there"));
	}
	out_field(_("network"), _("custos-agent: %s; messages that wait: %" PRId64),
		line[0] ? line : _("nothing holds it back"), out_int(agent, "waiting"));
}

/* "custosd: Landlock (ABI 7), seccomp" */
static void show_confined(const json_t *c)
{
	char line[64] = "";

	if (out_int(c, "landlock") > 0) {
		snprintf(line, sizeof(line), _("Landlock (ABI %" PRId64 ")"), out_int(c, "landlock"));
	}
	if (json_is_true(json_object_get(c, "seccomp"))) {
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", line[0] ? ", " : "",
			_("seccomp"));
	}
	out_field(_("held by"), "%s", line[0] ? line : _("nothing but its user"));
}

static void show_state(const json_t *reply)
{
	char age[OUT_AGE_SIZE];

	out_field(_("state"), _("%s, custosd %s, running for %s"), out_word(reply, "state"),
		out_str(reply, "version"), out_span(out_int(reply, "uptime_ms"), age));
	out_field(_("keys in memory"), "%s",
		json_is_true(json_object_get(reply, "keys_locked")) ? _("locked") : _("not locked"));
	show_sources(json_object_get(reply, "key_sources"));
	show_confined(json_object_get(reply, "confined"));
}

static void show_requests(const json_t *r)
{
	int64_t n = out_int(r, "open"), days = out_int(r, "days_left");

	if (n == 0) {
		out_field(_("requests"), "%s", _("none is open"));
	} else if (!json_object_get(r, "due")) {
		out_field(_("requests"), _("open: %" PRId64), n);
	} else if (days < 0) {
		out_field(_("requests"),
			_("open: %" PRId64 ", LATE: %" PRId64 "; request %" PRId64 " was due %s"), n,
			out_int(r, "late"), out_int(r, "next"), out_str(r, "due"));
	} else {
		out_field(_("requests"),
			_("open: %" PRId64 "; request %" PRId64 " is due %s, days left: %" PRId64), n,
			out_int(r, "next"), out_str(r, "due"), days);
	}
}

static void show_erasures(const json_t *r, int64_t now_ms)
{
	int64_t cooling = out_int(r, "cooling_off"), asked = out_int(r, "awaiting_approval"),
		doing = out_int(r, "under_way"), next_ms = out_int(r, "next_ms");
	char age[OUT_AGE_SIZE];

	if (cooling + asked + doing == 0) {
		out_field(_("erasures"), "%s", _("none waits"));
		return;
	}
	out_field(_("erasures"),
		_("in their grace period: %" PRId64 ", for a second user: %" PRId64
		  ", under way: %" PRId64), cooling, asked, doing);
	if (next_ms > 0) {
		out_field("", _("the next is carried out %s"), out_age(next_ms, now_ms, age));
	}
}

static void show_open(const json_t *reply, int64_t now_ms)
{
	show_requests(json_object_get(reply, "requests"));
	show_erasures(json_object_get(reply, "erasures"), now_ms);
	if (out_int(reply, "approvals") > 0) {
		out_field(_("for a second user"), _("%" PRId64 ": custosctl approval list"),
			out_int(reply, "approvals"));
	}
}

static void show_disk(const json_t *disk)
{
	int64_t left = out_int(disk, "free_bytes"), all = out_int(disk, "total_bytes");
	char free_text[32], all_text[32];
	bool is_low = all > 0 && left < all / 10;

	if (!disk) {
		return;
	}
	if (is_low) {
		term_begin(TERM_WARN);
	}
	out_field(_("disk"), _("%s free of %s"), out_bytes(left, free_text), out_bytes(all, all_text));
	if (is_low) {
		term_end();
	}
}

/* --- backups ----------------------------------------------------------------------- */

/* What would be lost with this machine: everything since the newest data at any target. */
static void show_recovery_point(const json_t *reply, int64_t now_ms)
{
	int64_t newest = 0;
	char age[OUT_AGE_SIZE], when[32];
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(reply, "targets"), i, t) {
		newest = out_int(t, "data_ms") > newest ? out_int(t, "data_ms") : newest;
	}
	if (newest == 0) {
		term_begin(TERM_WARN);
		out_field(_("recovery point"), "%s", _("none: nothing was backed up yet"));
		term_end();
	} else {
		out_field(_("recovery point"), "%s, %s", out_age(newest, now_ms, age),
			out_time(newest, when));
	}
}

static void drill_cell(struct out_table *t, const json_t *target, int64_t now_ms)
{
	int64_t ms = out_int(target, "last_drill_ms");
	char age[OUT_AGE_SIZE];

	if (ms == 0) {
		out_cell(t, "%s", _("never"));
	} else if (json_is_true(json_object_get(target, "last_drill_passed"))) {
		out_cell(t, _("%s, level %" PRId64), out_age(ms, now_ms, age),
			out_int(target, "last_drill_level"));
	} else {
		out_cell(t, _("%s, FAILED"), out_age(ms, now_ms, age));
	}
}

static void age_cell(struct out_table *t, const json_t *target, const char *name, int64_t now_ms)
{
	int64_t ms = out_int(target, name);
	char age[OUT_AGE_SIZE];

	out_cell(t, "%s", ms > 0 ? out_age(ms, now_ms, age) : _("never"));
}

static void show_targets(const json_t *targets, int64_t now_ms)
{
	static const char *const headings[] = { N_("TARGET"), N_("BACKUP"), N_("LOG MIRROR"),
		N_("DRILL"), N_("RESTORE TEST"), N_("OLD KEYS UNTIL"), N_("PATH"), NULL };
	struct out_table *t;
	json_t *target;
	char when[32];
	size_t i;

	if (json_array_size(targets) == 0) {
		return; /* the guarantee says so */
	}
	out_line("%s", "");
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)targets, i, target) {
		int64_t until_ms = out_int(target, "old_keys_until_ms");

		out_cell(t, "%s", out_str(target, "name"));
		age_cell(t, target, "data_ms", now_ms);
		age_cell(t, target, "mirrored_ms", now_ms);
		drill_cell(t, target, now_ms);
		age_cell(t, target, "last_restore_ms", now_ms);
		out_cell(t, "%.10s", until_ms > 0 ? out_time(until_ms, when) : "-");
		out_cell(t, "%s", out_str(target, "path"));
	}
	out_table_end(t);
}

/* --- what comes by itself ---------------------------------------------------------- */

static void show_job(struct out_table *t, const json_t *job, int64_t now_ms)
{
	int64_t last = out_int(job, "last_ms"), failed = out_int(job, "failed");
	char age[OUT_AGE_SIZE];

	out_cell(t, "%s", out_str(job, "job"));
	if (json_object_get(job, "running_since_ms")) {
		out_cell(t, "%s", _("running"));
	} else {
		out_cell(t, "%s", json_object_get(job, "next_ms") ?
				out_age(out_int(job, "next_ms"), now_ms, age) : _("never"));
	}
	out_cell(t, "%s", last > 0 ? out_age(last, now_ms, age) : _("not yet"));
	if (failed > 0) {
		out_cell(t, _("FAILED %" PRId64 " times"), failed);
	} else if (last == 0) {
		out_cell(t, "%s", "-");
	} else {
		out_cell(t, "%s", json_is_true(json_object_get(job, "last_went_well")) ? _("done") :
											 _("FAILED"));
	}
}

static void show_jobs(const json_t *jobs, int64_t now_ms)
{
	static const char *const headings[] = { N_("JOB"), N_("NEXT"), N_("LAST"), N_("RESULT"), NULL };
	struct out_table *t;
	json_t *job;
	size_t i;

	if (json_array_size(jobs) == 0) {
		return;
	}
	out_line("%s", "");
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)jobs, i, job) {
		show_job(t, job, now_ms);
	}
	out_table_end(t);
}

static void show_guarantee(const json_t *reply)
{
	json_t *line;
	size_t i;

	if (json_array_size(json_object_get(reply, "guarantee")) > 0) {
		out_line("%s", "");
	}
	json_array_foreach(json_object_get(reply, "guarantee"), i, line) {
		term_begin(TERM_FAINT);
		out_line("- %s", json_string_value(line));
		term_end();
	}
}

static void show_store(const json_t *reply, int64_t now_ms)
{
	out_field(_("holds"), _("people: %" PRId64 ", records: %" PRId64 ", log entries: %" PRId64),
		out_int(reply, "subjects"), out_int(reply, "records"), out_int(reply, "log_size"));
	out_field(_("store"), _("%s, keys from %s, generation %" PRId64), out_str(reply, "store"),
		out_word(reply, "key_source"), out_int(reply, "vault_generation"));
	out_field(_("storage"), "%s", out_word(reply, "storage_class"));
	show_recovery_point(reply, now_ms);
	show_open(reply, now_ms);
	show_residue(json_object_get(reply, "residue"));
	show_agent(json_object_get(reply, "agent"));
	show_disk(json_object_get(reply, "disk"));
}

void cmd_status(const struct args *a, const json_t *reply)
{
	int64_t now_ms = out_int(reply, "now_ms");

	(void)a;
	show_attention(reply);
	show_state(reply);
	if (json_object_get(reply, "store")) {
		show_store(reply, now_ms);
	}
	show_targets(json_object_get(reply, "targets"), now_ms);
	show_jobs(json_object_get(reply, "jobs"), now_ms);
	show_guarantee(reply);
}
