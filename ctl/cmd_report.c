#include <string.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"

static void show_contact(const char *label, const json_t *c)
{
	if (c) {
		out_field(label, "%s%s%s%s%s", out_str(c, "name"), *out_str(c, "address") ? ", " : "",
			out_str(c, "address"), *out_str(c, "contact") ? ", " : "",
			out_str(c, "contact"));
	}
}

/* "a, b, c" of an array of strings. */
static void show_list(const char *label, const json_t *names)
{
	char all[4096] = "";
	json_t *name;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)names, i, name) {
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			json_string_value(name));
	}
	out_field(label, "%s", *all ? all : "-");
}

static void show_recipients(const json_t *recipients)
{
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)recipients, i, e) {
		bool is_abroad = strcmp(out_str(e, "transfer"), "none") != 0;

		out_field(_("recipient"), "%s%s%s%s%s", out_str(e, "text"),
			*out_str(e, "country") ? " " : "", out_str(e, "country"),
			is_abroad ? _("; transfer by ") : "", is_abroad ? out_word(e, "transfer") : "");
	}
	if (json_array_size(recipients) == 0) {
		out_field(_("recipient"), "%s", _("nobody outside"));
	}
}

static void show_limits(const json_t *limits)
{
	json_t *l;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)limits, i, l) {
		if (*out_str(l, "keep")) {
			out_field(_("kept"), _("%s: %s from %s%s%s"), out_str(l, "collection"),
				out_str(l, "keep"), out_str(l, "counted_from"),
				*out_str(l, "minimum") ? _("; by law at least ") : "",
				out_str(l, "minimum"));
		} else {
			out_field(_("kept"), _("%s: until it is erased"), out_str(l, "collection"));
		}
	}
}

static void show_activity(const json_t *a)
{
	printf("\n");
	out_line("%s: %s", out_str(a, "purpose"), out_str(a, "text"));
	out_field(_("basis"), _("%s, Art. %s GDPR%s%s"), out_word(a, "basis"), out_str(a, "article"),
		*out_str(a, "special_basis") ? "; " : "", out_word(a, "special_basis"));
	show_list(_("whose data"), json_object_get(a, "subjects"));
	show_list(_("data"), json_object_get(a, "data"));
	show_list(_("categories"), json_object_get(a, "categories"));
	show_recipients(json_object_get(a, "recipients"));
	show_limits(json_object_get(a, "limits"));
	out_field(_("objection"), "%s", out_word(a, "objection"));
	if (*out_str(a, "notice")) {
		out_field(_("notice"), "%s", out_str(a, "notice"));
	}
}

void cmd_report_ropa(const struct args *a, const json_t *reply)
{
	json_t *v;
	size_t i;

	(void)a;
	out_line("%s", _("Record of processing activities (Art. 30(1) GDPR)"));
	show_contact(_("controller"), json_object_get(reply, "controller"));
	show_contact(_("representative"), json_object_get(reply, "representative"));
	show_contact(_("data protection officer"), json_object_get(reply, "dpo"));
	json_array_foreach(json_object_get(reply, "activities"), i, v) {
		show_activity(v);
	}
	printf("\n");
	out_list(_("security"), json_object_get(reply, "security"));
	json_array_foreach(json_object_get(reply, "missing"), i, v) {
		out_field(_("missing"), "%s", json_string_value(v));
	}
}

void cmd_report_digest(const struct args *a, const json_t *reply)
{
	(void)a;
	out_text("", out_str(reply, "text"));
}

/* A file has it already. */
void cmd_report_compliance(const struct args *a, const json_t *reply)
{
	(void)a;
	out_text("", out_str(reply, "text"));
}

/* Whoever has it in a file is told what is missing. */
void cmd_report_notice(const struct args *a, const json_t *reply)
{
	const json_t *gaps = json_object_get(reply, "gaps");

	(void)a;
	out_text("", out_str(reply, "text"));
	if (!json_object_get(reply, "text") && json_array_size(gaps) > 0) {
		out_line(_("It is a draft: %zu things are missing, which stand above everything."), json_array_size(gaps));
		out_list("", gaps);
	}
}

/* Likewise; and of what nobody is named for. */
void cmd_report_runbook(const struct args *a, const json_t *reply)
{
	json_t *part;
	size_t i;

	(void)a;
	out_text("", out_str(reply, "text"));
	if (!json_object_get(reply, "text")) {
		json_array_foreach(json_object_get(reply, "gaps"), i, part) {
			out_line(_("organisation.yaml: people: nobody is named as %s"), json_string_value(part));
		}
	}
}
