#include "ctl/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "ctl/cmd.h"
#include "wire/args.h"
#include "wire/client.h"

/* What is asked about, and how. */
static const struct question {
	enum command_id id;
	cmd_preview *show;
	const char *ask, *nothing;
} questions[] = {
	{ COMMAND_ERASE, cmd_erase_preview, N_("Erase? Type 'yes': "), N_("nothing was erased") },
	{ COMMAND_SUBJECT_MERGE, cmd_merge_preview, N_("Merge? Type 'yes': "), N_("nothing was merged") },
};

static const struct question *question_of(const struct args *a)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (questions[i].id == args_command(a)->id) {
			return &questions[i];
		}
	}
	return NULL;
}

bool confirm_is_wanted(const struct args *a)
{
	return question_of(a) && !args_is_set(a, "yes") &&
		!args_is_set(a, "dry-run") && !args_is_set(a, "json") && isatty(STDIN_FILENO);
}

static int ask(const struct question *q, struct cu_err *err)
{
	char answer[16];

	fprintf(stderr, "%s", _(q->ask));
	if (!fgets(answer, sizeof(answer), stdin) ||
		(strcmp(answer, "yes\n") != 0 && strcmp(answer, _("yes\n")) != 0)) {
		return cu_err_set(err, CU_ECANCELED, "%s", _(q->nothing));
	}
	return 0;
}

int confirm_ask(const struct args *a, struct client *c, const json_t *parameters,
	struct cu_err *err)
{
	const struct question *q = question_of(a);
	json_t *dry = json_copy((json_t *)(uintptr_t)parameters), *reply = NULL;
	int r;

	if (!dry || json_object_set_new(dry, "dry_run", json_true()) < 0) {
		json_decref(dry);
		return cu_err_set(err, CU_ENOMEM, _("out of memory"));
	}
	json_object_del(dry, "request");
	r = client_call(c, args_command(a)->method, dry, -1, &reply, err);
	if (r == 0) {
		q->show(json_object_get(reply, "preview"));
		json_decref(reply);
		fflush(stdout);
		r = ask(q, err);
	}
	json_decref(dry);
	return r < 0 ? r : 0;
}
