#include <inttypes.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_unseal(const struct args *a, const json_t *reply)
{
	(void)a;
	(void)reply;
	out_nothing(_("The store is open."));
}

void cmd_seal(const struct args *a, const json_t *reply)
{
	(void)a;
	(void)reply;
	out_nothing(_("The store is sealed, and its keys are wiped from memory."));
}

void cmd_adopt(const struct args *a, const json_t *reply)
{
	(void)a;
	(void)reply;
	out_nothing(_("This store is the one that goes on: it sends messages from now on."));
}

void cmd_key_list(const struct args *a, const json_t *reply)
{
	static const char *const headings[] = { N_("SOURCE"), N_("EXISTS"),
		N_("OPENED THE STORE"), NULL };
	struct out_table *t;
	json_t *source;
	char when[32];
	size_t i;

	(void)a;
	if (json_object_get(reply, "made_ms")) {
		out_field(_("root key made"), "%s",
			out_time(out_int(reply, "made_ms"), when));
	}
	t = out_table_begin(headings);
	json_array_foreach(json_object_get(reply, "sources"), i, source)
	{
		out_cell(t, "%s", out_word(source, "source"));
		out_cell(t, "%s",
			json_is_true(json_object_get(source, "exists")) ? _("yes")
									: "-");
		out_cell(t, "%s",
			json_is_true(json_object_get(source, "opened")) ? _("yes")
									: "-");
	}
	out_table_end(t);
}

void cmd_key_add(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The root key can be had from the %s now."), args_text(a, "source"));
}

void cmd_key_remove(const struct args *a, const json_t *reply)
{
	(void)reply;
	out_line(_("The %s is overwritten and removed."), args_text(a, "source"));
	out_line("%s", _("Whoever copied it before can still open the store: 'key "
			 "rotate' ends that."));
}

void cmd_key_rotate(const struct args *a, const json_t *reply)
{
	out_line("%s", args_is_set(a, "epoch")
			       ? _("The epoch key is another one. Back up: older vault "
				   "objects do not know it.")
			       : _("The root key is another one, and the old one's "
				   "files are overwritten."));
	out_field(
		_("vault generation"), "%" PRId64, out_int(reply, "vault_generation"));
}
