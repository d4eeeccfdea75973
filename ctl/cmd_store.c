#include <stdio.h>

#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"

void cmd_metrics(const struct args *a, const json_t *reply)
{
	(void)a;
	out_text("", out_str(reply, "text"));
}

void cmd_init(const struct args *a, const json_t *reply)
{
	const char *file = args_text(a, "identity");

	out_line(_("Made the store %s."), out_str(reply, "store"));
	printf("\n");
	out_line(_("%s is the only thing that opens its backups. It is written nowhere else."), file);
	out_line(_("  1. Copy it to a place that is not this machine: two USB sticks in two safes, a notary."));
	out_line(_("  2. Print it: it is a few lines of text."));
	out_line(_("  3. Then delete it here: with it and a backup, anybody reads everything."));
	out_line(_("Without it, no backup can ever be restored."));
	printf("\n");
	out_field(_("log key"), "%s", out_str(reply, "log_key"));
	out_field(_("manifest key"), "%s", out_str(reply, "manifest_key"));
}
