#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

static void show_side(const char *label, const json_t *side)
{
	json_t *part;
	size_t i;

	out_field(label, "%s  %s", out_str(side, "who"), out_str(side, "subject"));
	json_array_foreach(json_object_get(side, "collections"), i, part) {
		out_field("", _("%s, records: %" PRId64), out_str(part, "collection"),
			out_int(part, "records"));
	}
}

void cmd_merge_preview(const json_t *p)
{
	show_side(_("from"), json_object_get(p, "from"));
	show_side(_("into"), json_object_get(p, "into"));
	if (json_is_true(json_object_get(p, "restricted"))) {
		out_field(_("restricted"), "%s", _("one of them is, so both will be"));
	}
	out_line("%s", _("Everything of the first becomes the second's. Objections, restrictions and "
			 "consents that were withdrawn under either id count."));
	out_line("%s", _("This cannot be undone: nobody can tell afterwards whose a record was."));
}

void cmd_subject_merge(const struct args *a, const json_t *reply)
{
	const json_t *preview = json_object_get(reply, "preview");
	const json_t *r = json_object_get(reply, "result");

	(void)a;
	if (preview) {
		cmd_merge_preview(preview);
		return;
	}
	out_field(_("subject"), "%s", out_str(r, "subject"));
	out_field(_("merged"), _("%s: whoever names it reaches the subject"), out_str(r, "merged"));
	out_field(_("records moved"), "%" PRId64, out_int(r, "records"));
	out_field(_("keys of the old id"), "%s",
		json_is_true(json_object_get(r, "keys_ended")) ?
			_("shredded") :
			_("shredded once the next backup holds what was moved: custosctl backup run"));
}
