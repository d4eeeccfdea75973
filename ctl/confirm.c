#include "ctl/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/intl.h"
#include "ctl/cmd.h"
#include "ctl/out.h"
#include "wire/args.h"
#include "wire/client.h"

/* What is asked about, and how. */
static const struct question {
	enum command_id id;
	const char *method; /* that says what would happen; NULL: nothing is asked before */
	bool is_dry;        /* it is the command's own, with dry_run */
	const char *member; /* of its reply, that show takes; NULL: all of it */
	cmd_preview *show;
	const char *effect; /* "": the preview says it */
	const char *ask, *nothing;
} questions[] = {
	{ COMMAND_ERASE, "io.custos.erase.Run", true, "preview", cmd_erase_preview, "",
		N_("Erase? Type 'yes': "), N_("nothing was erased") },
	{ COMMAND_SUBJECT_MERGE, "io.custos.subject.Merge", true, "preview", cmd_merge_preview, "",
		N_("Merge? Type 'yes': "), N_("nothing was merged") },
	{ COMMAND_RECORD_DELETE, "io.custos.record.Delete", true, NULL, cmd_record_preview,
		N_("These records are deleted. Backups still have them: 'erase' forgets for good."),
		N_("Delete? Type 'yes': "), N_("nothing was deleted") },
	{ COMMAND_RETENTION_RUN, "io.custos.retention.Run", true, NULL, cmd_retention_preview,
		N_("The keys of all this are shredded: no backup of any age gives it back."),
		N_("End it? Type 'yes': "), N_("nothing was ended") },
	{ COMMAND_BACKUP_PRUNE, "io.custos.backup.Prune", true, NULL, cmd_prune_preview,
		N_("Old copies of the keys whose time is over are deleted at the target. What was erased since can be read with none that is left."),
		N_("Delete? Type 'yes': "), N_("nothing was deleted") },
	{ COMMAND_APPROVAL_GRANT, "io.custos.approval.Show", false, NULL, cmd_approval_preview,
		N_("It happens as soon as you grant it."), N_("Grant? Type 'yes': "), N_("nothing was granted") },
	{ COMMAND_SEAL, NULL, false, NULL, NULL,
		N_("The store is closed: what runs is asked to end, and everybody, applications too, is refused until 'custosctl unseal'."),
		N_("Seal? Type 'yes': "), N_("the store stays open") },
	{ COMMAND_KEY_ROTATE, NULL, false, NULL, NULL,
		N_("The key is replaced and the old one overwritten: no copy of a key file, of a credential's wrap or of the disk that was made before opens the store any more. Backups stay readable with the identity."),
		N_("Rotate? Type 'yes': "), N_("the key stays as it is") },
	{ COMMAND_KEY_REMOVE, NULL, false, NULL, NULL,
		N_("This source of the root key is overwritten. From then on only the others open the store: once they are lost, only the identity and a backup bring it back."),
		N_("Remove? Type 'yes': "), N_("nothing was removed") },
	{ COMMAND_HOLD_RELEASE, NULL, false, NULL, NULL,
		N_("Erasures that waited for this hold go on at once, and what is over by retention.yaml ends. Neither can be undone."),
		N_("Release? Type 'yes': "), N_("the hold stays") },
	{ COMMAND_MESSAGE_DROP, NULL, false, NULL, NULL,
		N_("The message is never sent, and the keys of its text are shredded."),
		N_("Drop? Type 'yes': "), N_("the message stays") },
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

	if (*q->effect) {
		out_line("%s", _(q->effect));
	}
	fflush(stdout);
	fprintf(stderr, "%s", _(q->ask));
	if (!fgets(answer, sizeof(answer), stdin) ||
		(strcmp(answer, "yes\n") != 0 && strcmp(answer, _("yes\n")) != 0)) {
		return cu_err_set(err, CU_ECANCELED, "%s", _(q->nothing));
	}
	return 0;
}

static int show_preview(const struct question *q, struct client *c, const json_t *parameters,
	struct cu_err *err)
{
	json_t *p = json_copy((json_t *)(uintptr_t)parameters), *reply = NULL;
	int r;

	if (!p || (q->is_dry && json_object_set_new(p, "dry_run", json_true()) < 0)) {
		json_decref(p);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	json_object_del(p, "request");
	r = client_call(c, q->method, p, -1, &reply, err);
	if (r == 0) {
		q->show(q->member ? json_object_get(reply, q->member) : reply);
		json_decref(reply);
	}
	json_decref(p);
	return r;
}

int confirm_ask(const struct args *a, struct client *c, const json_t *parameters,
	struct cu_err *err)
{
	const struct question *q = question_of(a);
	int r = q->method ? show_preview(q, c, parameters, err) : 0;

	if (r == CU_EDENIED && !q->is_dry) {
		r = 0; /* whoever may do it need not be allowed to look; custosd says so if not */
	}
	return r < 0 ? r : ask(q, err);
}
