#include <inttypes.h>
#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_record_put(const struct args *a, const json_t *reply)
{
	const json_t *subjects = json_object_get(reply, "subjects");
	json_t *id;
	size_t i;

	(void)a;
	json_array_foreach(json_object_get(reply, "records"), i, id) {
		out_field(_("record"), "%s", json_string_value(id));
		out_field(_("  of"), "%s", json_string_value(json_array_get(subjects, i)));
	}
}

static void show_keys(const char *name, const json_t *keys)
{
	char label[64], all[600] = "";
	json_t *key;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)keys, i, key) {
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i > 0 ? ", " : "",
			json_string_value(key));
		n = n < sizeof(all) ? n : sizeof(all) - 1;
	}
	snprintf(label, sizeof(label), "  (%s)", name);
	out_field(label, "%s", all);
}

/* In parentheses, apart from the fields. */
static void show_rule(const json_t *rule)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)rule, name, value) {
		char label[64];

		snprintf(label, sizeof(label), "  (%s)", name);
		if (json_is_array(value)) {
			show_keys(name, value);
		} else if (json_is_boolean(value)) {
			out_field(label, "%s", json_is_true(value) ? _("yes") : _("no"));
		} else {
			out_field(label, "%s", json_string_value(value));
		}
	}
}

static void show_record(const json_t *record)
{
	const char *name;
	json_t *value;
	char when[32];

	out_line("%s  %s  v%" PRId64, out_str(record, "collection"), out_str(record, "record"),
		out_int(record, "version"));
	out_field(_("  of"), "%s", out_str(record, "subject"));
	if (json_object_get(record, "key")) {
		out_field(_("  key"), "%s", out_str(record, "key"));
	}
	if (json_object_get(record, "expires_ms")) {
		out_field(_("  ends"), "%s", out_time(out_int(record, "expires_ms"), when));
	}
	show_rule(json_object_get(record, "rule"));
	json_object_foreach(json_object_get(record, "fields"), name, value) {
		char label[64];

		snprintf(label, sizeof(label), "  %s", name);
		out_field(label, "%s", json_string_value(value));
	}
}

void cmd_record_get(const struct args *a, const json_t *reply)
{
	(void)a;
	show_record(json_object_get(reply, "record"));
}

static void show_page(const json_t *page)
{
	json_t *record;
	size_t i;

	json_array_foreach(json_object_get(page, "records"), i, record) {
		show_record(record);
		printf("\n");
	}
}

void cmd_record_list_more(struct progress *p, const json_t *reply)
{
	(void)p;
	show_page(json_object_get(reply, "progress"));
}

void cmd_record_list(const struct args *a, const json_t *reply)
{
	const json_t *page = json_object_get(reply, "result");

	(void)a;
	show_page(page);
	if (out_int(page, "total") == 0) {
		out_nothing(_("There are no such records, or none for this purpose."));
	} else {
		out_line(_("records: %" PRId64), out_int(page, "total"));
	}
}

void cmd_record_count(const struct args *a, const json_t *reply)
{
	(void)a;
	out_line("%" PRId64, out_int(reply, "count"));
}

void cmd_record_rule(const struct args *a, const json_t *reply)
{
	bool is_dry = args_is_set(a, "dry-run");

	out_field(_("found"), "%" PRId64, out_int(reply, "matched"));
	out_field(is_dry ? _("would be changed") : _("changed"), "%" PRId64,
		out_int(reply, "changed"));
}

static void show_deleted(const json_t *reply, bool is_dry)
{
	int64_t held = out_int(reply, "held");

	out_field(_("found"), "%" PRId64, out_int(reply, "matched"));
	out_field(is_dry ? _("would be deleted") : _("deleted"), "%" PRId64,
		out_int(reply, "deleted"));
	if (held > 0) {
		out_field(_("kept"), "%" PRId64, held);
		out_line("%s", _("They are kept by a legal hold, a restriction, or a request that is not answered yet: see 'hold list', 'request list'."));
	}
	if (!is_dry && out_int(reply, "deleted") > 0) {
		out_line("%s", _("Backups still have them: 'erase' forgets for good."));
	}
}

void cmd_record_preview(const json_t *reply)
{
	show_deleted(reply, true);
}

void cmd_record_delete(const struct args *a, const json_t *reply)
{
	show_deleted(reply, args_is_set(a, "dry-run"));
}
