#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"

void cmd_log_show(const struct args *a, const json_t *reply)
{
	const json_t *leaves = json_object_get(reply, "leaves");
	json_t *leaf;
	size_t i;

	(void)a;
	json_array_foreach((json_t *)(uintptr_t)leaves, i, leaf) {
		out_line("%" PRId64 " %s", out_int(leaf, "index"), out_str(leaf, "leaf"));
	}
	if (json_array_size(leaves) == 0) {
		out_nothing(_("There are no entries there."));
	}
}

static void show_number(struct out_table *t, const json_t *entry, const char *name,
	const char *absent)
{
	if (json_object_get(entry, name)) {
		out_cell(t, "%" PRId64, out_int(entry, name));
	} else {
		out_cell(t, "%s", absent);
	}
}

static void show_word(struct out_table *t, const json_t *entry, const char *name)
{
	const char *word = out_str(entry, name);

	out_cell(t, "%s", *word ? word : "-");
}

static void show_entries(const json_t *entries)
{
	static const char *const headings[] = { N_("ENTRY"), N_("TIME"), N_("UID"), N_("WHAT"),
		N_("PURPOSE"), N_("SUBJECT"), N_("COUNT"), NULL };
	struct out_table *t = out_table_begin(headings);
	json_t *entry;
	char when[32];
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)entries, i, entry) {
		out_cell(t, "%" PRId64, out_int(entry, "index"));
		out_cell(t, "%s", out_time(out_int(entry, "time_ms"), when));
		show_number(t, entry, "uid", "-");
		out_cell(t, "%s", out_str(entry, "act"));
		show_word(t, entry, "purpose");
		show_word(t, entry, "subject");
		show_number(t, entry, "count", "-");
	}
	out_table_end(t);
}

void cmd_log_query(const struct args *a, const json_t *reply)
{
	const json_t *result = json_object_get(reply, "result");
	const json_t *entries = json_object_get(result, "entries");

	(void)a;
	if (json_array_size(entries) > 0) {
		show_entries(entries);
	} else {
		out_nothing(_("No entry fits."));
	}
	if (out_int(result, "unknown") > 0) {
		out_note(_("%" PRId64 " searches and exports showed several people, and it is not known "
			  "any more whom\n"),
			out_int(result, "unknown"));
	}
	if (json_object_get(result, "next")) {
		out_note(_("The log goes on: the same with --after=%" PRId64 "\n"),
			out_int(result, "next"));
	}
}

void cmd_log_prove(const struct args *a, const json_t *reply)
{
	(void)a;
	out_document(out_str(reply, "proof"));
}

void cmd_log_verify(const struct args *a, const json_t *reply)
{
	(void)a;
	out_field(_("entries"), "%" PRId64, out_int(reply, "size"));
	out_field(_("root"), "%s", out_str(reply, "root"));
	out_nothing(_("Every entry, every tile and the signed checkpoint agree."));
}

void cmd_log_checkpoint(const struct args *a, const json_t *reply)
{
	(void)a;
	out_document(out_str(reply, "note"));
	out_note(_("verified by: %s\n"), out_str(reply, "key"));
}

void cmd_log_accept_gap(const struct args *a, const json_t *reply)
{
	(void)a;
	if (json_is_true(json_object_get(reply, "is_accepted"))) {
		out_line("%s", _("The gap is accepted; the store is used again."));
		return;
	}
	out_field(_("approval"), "%s", out_str(reply, "approval"));
	out_line(_("A second user has to confirm: custosctl approval grant %s"),
		out_str(reply, "approval"));
}
