#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/out.h"

/* --- import ----------------------------------------------------------------------- */

static void show_reject(const json_t *reject)
{
	const char *column = out_str(reject, "column");
	int64_t line = out_int(reject, "line");
	char reason[512];

	text_escape(out_str(reject, "reason"), reason, sizeof(reason));
	if (strncmp(reason, _("column "), strlen(_("column "))) == 0) {
		column = ""; /* it says so itself, with the name */
	}
	if (line == 0) {
		out_note("%s\n", reason);
	} else {
		out_note(_("line %" PRId64 "%s%s: %s\n"), line, *column ? _(", column ") : "",
			column, reason);
	}
}

void cmd_import_more(struct progress *p, const json_t *reply)
{
	const json_t *reject = json_object_get(reply, "reject");
	const json_t *now = json_object_get(reply, "progress");

	if (reject) {
		progress_clear(p);
		show_reject(reject);
	}
	if (now) {
		progress_show(p, _("import"), out_int(now, "bytes"), out_int(now, "total_bytes"),
			out_int(now, "rows"), _("rows"));
	}
}

void cmd_import(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");

	(void)a;
	out_field(_("rows"), "%" PRId64, out_int(r, "rows"));
	out_field(_("new subjects"), "%" PRId64, out_int(r, "subjects_new"));
	out_field(_("new records"), "%" PRId64, out_int(r, "records_new"));
	out_field(_("changed records"), "%" PRId64, out_int(r, "records_changed"));
	out_field(_("unchanged records"), "%" PRId64, out_int(r, "records_same"));
	out_field(_("rejected rows"), "%" PRId64, out_int(r, "rejected"));
}

/* --- export ----------------------------------------------------------------------- */

void cmd_export_more(struct progress *p, const json_t *reply)
{
	const json_t *now = json_object_get(reply, "progress");

	progress_show(p, _("export"), out_int(now, "bytes"), 0, out_int(now, "subjects"),
		_("subjects"));
}

void cmd_export(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	char bytes[32];

	(void)a;
	/* to stderr: the export itself may be on standard output */
	out_note(_("%" PRId64 " subjects, %" PRId64 " records, %s\n"), out_int(r, "subjects"),
		out_int(r, "records"), out_bytes(out_int(r, "bytes"), bytes));
}
