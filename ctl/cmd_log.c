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

void cmd_log_prove(const struct args *a, const json_t *reply)
{
	(void)a;
	printf("%s", out_str(reply, "proof")); /* a file format: byte for byte */
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
	printf("%s", out_str(reply, "note"));
	fprintf(stderr, _("verified by: %s\n"), out_str(reply, "key"));
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
