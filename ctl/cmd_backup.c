#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_backup_more(struct progress *p, const json_t *reply)
{
	const json_t *now = json_object_get(reply, "progress");

	progress_show(p, out_str(now, "step"), out_int(now, "bytes"), out_int(now, "total_bytes"), 0,
		NULL);
}

void cmd_backup_run(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	char bytes[32];

	(void)a;
	out_field(_("backup"), "%" PRId64, out_int(r, "sequence"));
	out_field(_("manifest"), "%s", out_str(r, "manifest"));
	out_field(_("objects written"), "%" PRId64 ", %s", out_int(r, "objects"),
		out_bytes(out_int(r, "bytes"), bytes));
	out_field(_("vault generation"), "%" PRId64, out_int(r, "vault_generation"));
	out_field(_("log entries"), "%" PRId64, out_int(r, "log_size"));
}

void cmd_backup_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("BACKUP"), N_("TIME"), N_("DATA OF"),
		N_("SUBJECTS"), N_("RECORDS"), N_("SIZE"), N_("KEYS"), N_("LOG"), NULL };
	const json_t *backups = json_object_get(reply, "backups");
	struct out_table *t;
	json_t *b;
	size_t i;
	char text[32];

	(void)a;
	if (json_array_size(backups) == 0) {
		out_nothing(_("There is no backup yet: 'custosctl backup run' makes one."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)backups, i, b) {
		out_cell(t, "%" PRId64, out_int(b, "sequence"));
		out_cell(t, "%s", out_time(out_int(b, "time_ms"), text));
		out_cell(t, "%s",
			json_is_true(json_object_get(b, "is_vault_only")) ?
				out_time(out_int(b, "data_time_ms"), text) : _("the same"));
		out_cell(t, "%" PRId64, out_int(b, "subjects"));
		out_cell(t, "%" PRId64, out_int(b, "records"));
		out_cell(t, "%s", out_bytes(out_int(b, "bytes"), text));
		out_cell(t, "%" PRId64, out_int(b, "vault_generation"));
		out_cell(t, "%" PRId64, out_int(b, "log_size"));
	}
	out_table_end(t);
}

void cmd_backup_check(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	json_t *line;
	size_t i;
	char bytes[32];

	(void)a;
	out_field(_("manifests"), "%" PRId64, out_int(r, "manifests"));
	out_field(_("objects"), "%" PRId64 ", %s", out_int(r, "objects"),
		out_bytes(out_int(r, "bytes"), bytes));
	out_field(_("read"), "%s", out_bytes(out_int(r, "bytes_read"), bytes));
	out_field(_("not referred to"), "%" PRId64, out_int(r, "unreferenced"));
	json_array_foreach(json_object_get(r, "faults"), i, line) {
		out_line("! %s", json_string_value(line));
	}
	if (json_array_size(json_object_get(r, "faults")) == 0) {
		out_nothing(
			_("Everything that the manifests name is there. This is not a restore test."));
	}
}

/* In plain words, by the states of io.custos.backup. */
static const char *explain_state(const char *state)
{
	static const struct {
		const char *state, *text;
	} texts[] = {
		{ "newest", N_("stays: restores use it") },
		{ "within", N_("stays: within the bound") },
		{ "pending", N_("stays: newer than any manifest") },
		{ "beyond", N_("stays: newer than this store, which was rolled back") },
		{ "foreign", N_("stays: custos did not name it") },
		{ "old", N_("goes: its time is over") },
		{ "stray", N_("goes: left by a run that did not end") },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (strcmp(texts[i].state, state) == 0) {
			return _(texts[i].text);
		}
	}
	return state;
}

void cmd_prune_preview(const json_t *reply)
{
	static const char *const headings[] = { N_("TARGET"), N_("KEYS"), N_("SIZE"),
		N_("UNTIL"), N_("WHAT AND WHY"), N_("FILE"), NULL };
	const json_t *files = json_object_get(reply, "files");
	struct out_table *t;
	json_t *f;
	size_t i;
	char text[32];

	if (json_array_size(files) == 0) {
		out_nothing(_("No target holds a copy of the keys."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)files, i, f) {
		int64_t until_ms = out_int(f, "until_ms");

		out_cell(t, "%s", out_str(f, "target"));
		out_cell(t, "%" PRId64, out_int(f, "generation"));
		out_cell(t, "%s", out_bytes(out_int(f, "bytes"), text));
		out_cell(t, "%s", until_ms > 0 ? out_time(until_ms, text) : "-");
		out_cell(t, "%s", explain_state(out_str(f, "state")));
		out_cell(t, "%s", out_str(f, "object"));
	}
	out_table_end(t);
}

void cmd_backup_prune(const struct args *a, const json_t *reply)
{
	cmd_prune_preview(reply);
	if (json_array_size(json_object_get(reply, "files")) == 0) {
		return;
	}
	if (args_is_set(a, "dry-run")) {
		out_nothing(_("Nothing was deleted."));
	} else {
		out_field(_("deleted"), "%" PRId64, out_int(reply, "deleted"));
	}
}
