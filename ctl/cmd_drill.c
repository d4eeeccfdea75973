#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"

static const char *level_text(int64_t level)
{
	switch (level) {
	case 1: return _("1, hashes only: no restore test");
	case 2: return _("2, data rebuilt and compared, still sealed");
	default: return _("3, restored with the identity");
	}
}

/* "2 d 3 h", for the age of data. */
static const char *age(int64_t ms, char out[32])
{
	int64_t s = ms / 1000;

	if (s >= 86400) {
		snprintf(out, 32, _("%" PRId64 " d %" PRId64 " h"), s / 86400, s % 86400 / 3600);
	} else if (s >= 3600) {
		snprintf(out, 32, _("%" PRId64 " h %" PRId64 " min"), s / 3600, s % 3600 / 60);
	} else {
		snprintf(out, 32, _("%" PRId64 " min %" PRId64 " s"), s / 60, s % 60);
	}
	return out;
}

void cmd_drill_run(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	int64_t level = out_int(r, "level");
	json_t *line;
	size_t i;
	char text[32];

	(void)a;
	out_field(_("drill"), "%" PRId64, out_int(r, "number"));
	out_field(_("level"), "%s", level_text(level));
	out_field(_("backup"), "%" PRId64, out_int(r, "sequence"));
	out_field(_("read"), "%s", out_bytes(out_int(r, "bytes_read"), text));
	out_field(_("recovery point"), "%s", age(out_int(r, "recovery_point_ms"), text));
	if (level > 1) {
		out_field(_("recovery time"), "%.2f s", (double)out_int(r, "recovery_ms") / 1000);
		out_field(_("subjects"), "%" PRId64, out_int(r, "subjects"));
		out_field(_("records"), "%" PRId64, out_int(r, "records"));
		out_field(_("digests"), "%s",
			json_is_true(json_object_get(r, "digests_compared")) ? _("compared") :
									       _("the backup has none"));
	}
	if (level > 2) {
		out_field(_("records opened"), "%" PRId64, out_int(r, "opened"));
		out_field(_("keys shredded"), "%" PRId64, out_int(r, "gone"));
		out_field(_("erased, unreadable"), "%" PRId64, out_int(r, "erased"));
	}
	out_field(_("log entries"), "%" PRId64, out_int(r, "log_size"));
	json_array_foreach(json_object_get(reply, "faults"), i, line) {
		out_line("! %s", json_string_value(line));
	}
	out_field(_("result"), "%s",
		json_is_true(json_object_get(r, "passed")) ? _("passed") : _("FAILED"));
}

void cmd_drill_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("DRILL"), N_("TIME"), N_("TARGET"), N_("LEVEL"),
		N_("BACKUP"), N_("AGE OF DATA"), N_("SECONDS"), N_("RESULT"), NULL };
	const json_t *drills = json_object_get(reply, "drills");
	struct out_table *t;
	json_t *d;
	size_t i;
	char text[32];

	(void)a;
	if (json_array_size(drills) == 0) {
		out_nothing(_("No drill was held yet: 'custosctl drill run' holds one."));
		return;
	}
	t = out_table_begin(headings);
	json_array_foreach((json_t *)(uintptr_t)drills, i, d) {
		out_cell(t, "%" PRId64, out_int(d, "number"));
		out_cell(t, "%s", out_time(out_int(d, "time_ms"), text));
		out_cell(t, "%s", out_str(d, "target"));
		out_cell(t, "%" PRId64, out_int(d, "level"));
		out_cell(t, "%" PRId64, out_int(d, "sequence"));
		out_cell(t, "%s", age(out_int(d, "recovery_point_ms"), text));
		out_cell(t, "%.2f", (double)out_int(d, "recovery_ms") / 1000);
		out_cell(t, "%s",
			json_is_true(json_object_get(d, "passed")) ? _("passed") : _("FAILED"));
	}
	out_table_end(t);
}

/* The signed note as it is, so that it can be kept and checked elsewhere. */
void cmd_drill_show(const struct args *a, const json_t *reply)
{
	(void)a;
	out_document(out_str(reply, "note"));
}
