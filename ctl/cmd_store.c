#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static void show_targets(const json_t *targets)
{
	static const char *const headings[] = { N_("TARGET"), N_("KIND"), N_("LAST BACKUP"),
		N_("OLD KEYS UNTIL"), N_("LAST RESTORE TEST"), N_("PATH"), NULL };
	struct out_table *t;
	json_t *target;
	char when[32];
	size_t i;

	if (json_array_size(targets) == 0) {
		return; /* the guarantee says so */
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)targets, i, target) {
		int64_t ms = out_int(target, "last_backup_ms");
		int64_t until_ms = out_int(target, "old_keys_until_ms");
		int64_t restored_ms = out_int(target, "last_restore_ms");

		out_cell(t, "%s", out_str(target, "name"));
		out_cell(t, "%s", out_str(target, "kind"));
		out_cell(t, "%s", ms > 0 ? out_time(ms, when) : _("never"));
		out_cell(t, "%s", until_ms > 0 ? out_time(until_ms, when) : "-");
		out_cell(t, "%s", restored_ms > 0 ? out_time(restored_ms, when) : _("never"));
		out_cell(t, "%s", out_str(target, "path"));
	}
	out_table_end(t);
}

static void show_sources(const json_t *sources)
{
	char line[64] = "";
	json_t *source;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)sources, i, source) {
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i > 0 ? ", " : "",
			json_string_value(source));
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

/* Before all else: a clock runs. */
static void show_incidents(const json_t *in)
{
	int64_t left = out_int(in, "hours_left");

	if (!in) {
		return;
	}
	out_line(_("! %" PRId64 " open incidents with personal data: 'custosctl incident list'"),
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
}

void cmd_metrics(const struct args *a, const json_t *reply)
{
	(void)a;
	out_text("", out_str(reply, "text"));
}

void cmd_status(const struct args *a, const json_t *reply)
{
	json_t *line;
	size_t i;

	(void)a;
	show_incidents(json_object_get(reply, "incidents"));
	out_field(_("state"), "%s", out_str(reply, "state"));
	out_field(_("version"), "%s", out_str(reply, "version"));
	if (json_object_get(reply, "store")) {
		out_field(_("store"), "%s", out_str(reply, "store"));
		out_field(_("subjects"), "%" PRId64, out_int(reply, "subjects"));
		out_field(_("records"), "%" PRId64, out_int(reply, "records"));
		out_field(_("log entries"), "%" PRId64, out_int(reply, "log_size"));
		out_field(_("vault generation"), "%" PRId64, out_int(reply, "vault_generation"));
		out_field(_("root key from"), "%s", out_str(reply, "key_source"));
	}
	if (json_object_get(reply, "storage_class")) {
		out_field(_("storage"), "%s", out_str(reply, "storage_class"));
	}
	show_sources(json_object_get(reply, "key_sources"));
	out_field(_("keys in memory"), "%s",
		json_is_true(json_object_get(reply, "keys_locked")) ? _("locked") : _("not locked"));
	out_field(_("running for"), "%" PRId64 " s", out_int(reply, "uptime_ms") / 1000);
	show_residue(json_object_get(reply, "residue"));
	if (json_object_get(reply, "store")) {
		show_agent(json_object_get(reply, "agent"));
	}
	json_array_foreach(json_object_get(reply, "guarantee"), i, line) {
		out_line("! %s", json_string_value(line));
	}
	show_targets(json_object_get(reply, "targets"));
}

void cmd_init(const struct args *a, const json_t *reply)
{
	const char *file = args_text(a, "identity");

	out_line(_("Made the store %s."), out_str(reply, "store"));
	printf("\n");
	out_line(_("%s is the only thing that opens its backups. It is written nowhere else."), file);
	out_line(_("  1. Copy it to a place that is not this machine: two USB sticks in two safes, a notary."));
	out_line(_("  2. Print it: it is a few lines of text."));
	out_line(_("  3. Then delete it here: with it and a backup, anybody reads everything."));
	out_line(_("Without it, no backup can ever be restored."));
	printf("\n");
	out_field(_("log key"), "%s", out_str(reply, "log_key"));
	out_field(_("manifest key"), "%s", out_str(reply, "manifest_key"));
}
