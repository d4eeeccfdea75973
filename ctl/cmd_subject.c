#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_subject_add(const struct args *a, const json_t *reply)
{
	json_t *id;
	size_t i;

	(void)a;
	out_field(_("subject"), "%s", out_str(reply, "subject"));
	json_array_foreach(json_object_get(reply, "records"), i, id) {
		out_field(_("record"), "%s", json_string_value(id));
	}
}

static void show_record(const json_t *record)
{
	const char *name;
	json_t *value;
	size_t i;

	printf("\n");
	out_line("%s  %s  v%" PRId64 "%s%s", out_str(record, "collection"), out_str(record, "record"),
		out_int(record, "version"), *out_str(record, "anchor") ? "  " : "",
		out_str(record, "anchor"));
	json_array_foreach(json_object_get(record, "others"), i, value) {
		out_field(_("  also concerns"), "%s", json_string_value(value));
	}
	json_object_foreach(json_object_get(record, "fields"), name, value) {
		char label[64];

		snprintf(label, sizeof(label), "  %s", name);
		out_field(label, "%s", json_string_value(value));
	}
}

void cmd_subject_get(const struct args *a, const json_t *reply)
{
	const json_t *records = json_object_get(reply, "records");
	json_t *record;
	size_t i;

	(void)a;
	out_field(out_word(reply, "kind"), "%s", out_str(reply, "subject"));
	json_array_foreach((json_t *)(uintptr_t)records, i, record) {
		show_record(record);
	}
	if (json_array_size(records) == 0) {
		out_nothing(_("There are no records."));
	}
}

void cmd_subject_update(const struct args *a, const json_t *reply)
{
	(void)a;
	out_field(_("record"), "%s", out_str(reply, "record"));
	out_field(_("version"), "%" PRId64, out_int(reply, "version"));
}

void cmd_subject_search(const struct args *a, const json_t *reply)
{
	const json_t *subjects = json_object_get(reply, "subjects");
	json_t *id;
	size_t i;

	(void)a;
	json_array_foreach((json_t *)(uintptr_t)subjects, i, id) {
		out_line("%s", json_string_value(id));
	}
	if (json_array_size(subjects) == 0) {
		fprintf(stderr, "%s\n", _("Nobody was found."));
	}
}

void cmd_subject_dossier_more(struct progress *p, const json_t *reply)
{
	const json_t *now = json_object_get(reply, "progress");

	progress_show(p, _("dossier"), out_int(now, "bytes"), 0, out_int(now, "entries"),
		_("entries of the log"));
}

void cmd_subject_dossier(const struct args *a, const json_t *reply)
{
	const json_t *r = json_object_get(reply, "result");
	const char *file = args_text(a, "file");
	char bytes[32];

	/* to stderr: the dossier itself may be on standard output */
	out_note(_("%" PRId64 " records, %" PRId64 " lines of who looked at them, %s\n"),
		out_int(r, "records"), out_int(r, "entries"), out_bytes(out_int(r, "bytes"), bytes));
	if (json_is_true(json_object_get(r, "encrypted"))) {
		const char *format = args_text(a, "format");

		out_note(_("It opens with: age -d -i IDENTITY -o dossier.%s %s\n"),
			format ? format : "zip", file);
	}
}
