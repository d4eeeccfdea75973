#include "ctl/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "ctl/cmd.h"
#include "wire/args.h"
#include "wire/client.h"

bool confirm_is_wanted(const struct args *a)
{
	return args_command(a)->id == COMMAND_ERASE && !args_is_set(a, "yes") &&
		!args_is_set(a, "dry-run") && !args_is_set(a, "json") && isatty(STDIN_FILENO);
}

static int ask(struct cu_err *err)
{
	char answer[16];

	fprintf(stderr, "%s", _("Erase? Type 'yes': "));
	if (!fgets(answer, sizeof(answer), stdin) ||
		(strcmp(answer, "yes\n") != 0 && strcmp(answer, _("yes\n")) != 0)) {
		return cu_err_set(err, CU_ECANCELED, _("nothing was erased"));
	}
	return 0;
}

int confirm_ask(const struct args *a, struct client *c, const json_t *parameters,
	struct cu_err *err)
{
	json_t *dry = json_copy((json_t *)(uintptr_t)parameters), *reply = NULL;
	int r;

	if (!dry || json_object_set_new(dry, "dry_run", json_true()) < 0) {
		json_decref(dry);
		return cu_err_set(err, CU_ENOMEM, _("out of memory"));
	}
	json_object_del(dry, "request");
	r = client_call(c, args_command(a)->method, dry, -1, &reply, err);
	if (r == 0) {
		cmd_erase_preview(json_object_get(reply, "preview"));
		json_decref(reply);
		fflush(stdout);
		r = ask(err);
	}
	json_decref(dry);
	return r < 0 ? r : 0;
}
