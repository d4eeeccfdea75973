/*
 * custosctl: speaks with custosd for a person or a script.
 *
 * Everything about a command stands in wire/commands.h; how its replies look, in cmd_*.c.
 */
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/text.h"
#include "ctl/check_files.h"
#include "ctl/cmd.h"
#include "ctl/complete.h"
#include "ctl/confirm.h"
#include "ctl/doctor.h"
#include "ctl/files.h"
#include "ctl/input.h"
#include "ctl/out.h"
#include "ctl/rejects.h"
#include "ctl/remote.h"
#include "ctl/term.h"
#include "ctl/watch.h"
#include "wire/args.h"
#include "wire/client.h"
#include "wire/help.h"
#include "wire/message.h"

static const struct {
	cmd_show *show;
	cmd_more *more;
} commands[COMMAND_COUNT_] = {
	[COMMAND_STATUS] = { cmd_status },
	[COMMAND_METRICS] = { cmd_metrics },
	[COMMAND_INIT] = { cmd_init },
	[COMMAND_UNSEAL] = { cmd_unseal },
	[COMMAND_SEAL] = { cmd_seal },
	[COMMAND_ADOPT] = { cmd_adopt },
	[COMMAND_KEY_LIST] = { cmd_key_list },
	[COMMAND_KEY_ADD] = { cmd_key_add },
	[COMMAND_KEY_REMOVE] = { cmd_key_remove },
	[COMMAND_KEY_ROTATE] = { cmd_key_rotate },
	[COMMAND_POLICY_CHECK] = { cmd_policy_check },
	[COMMAND_POLICY_DEADLINE] = { cmd_policy_deadline },
	[COMMAND_POLICY_BREACH] = { cmd_policy_breach },
	[COMMAND_POLICY_LETTER] = { cmd_policy_letter },
	[COMMAND_SUBJECT_ADD] = { cmd_subject_add },
	[COMMAND_SUBJECT_GET] = { cmd_subject_get },
	[COMMAND_SUBJECT_UPDATE] = { cmd_subject_update },
	[COMMAND_SUBJECT_SEARCH] = { cmd_subject_search },
	[COMMAND_RECORD_PUT] = { cmd_record_put },
	[COMMAND_RECORD_GET] = { cmd_record_get },
	[COMMAND_RECORD_LIST] = { cmd_record_list, cmd_record_list_more },
	[COMMAND_RECORD_COUNT] = { cmd_record_count },
	[COMMAND_RECORD_RULE] = { cmd_record_rule },
	[COMMAND_RECORD_DELETE] = { cmd_record_delete },
	[COMMAND_SUBJECT_DOSSIER] = { cmd_subject_dossier, cmd_subject_dossier_more },
	[COMMAND_SUBJECT_RESTRICT] = { cmd_subject_restrict },
	[COMMAND_SUBJECT_MERGE] = { cmd_subject_merge },
	[COMMAND_SUBJECT_UNRESTRICT] = { cmd_subject_restrict },
	[COMMAND_CONSENT_GIVE] = { cmd_consent_event },
	[COMMAND_CONSENT_WITHDRAW] = { cmd_consent_event },
	[COMMAND_CONSENT_REFUSE] = { cmd_consent_event },
	[COMMAND_CONSENT_REQUEST] = { cmd_consent_event },
	[COMMAND_CONSENT_INVALIDATE] = { cmd_consent_event },
	[COMMAND_CONSENT_OBJECT] = { cmd_consent_event },
	[COMMAND_CONSENT_UNOBJECT] = { cmd_consent_event },
	[COMMAND_CONSENT_LIST] = { cmd_consent_list },
	[COMMAND_CONSENT_CHECK] = { cmd_consent_check },
	[COMMAND_CONSENT_FILTER] = { cmd_consent_filter },
	[COMMAND_CONSENT_RECEIPT] = { cmd_consent_receipt },
	[COMMAND_CONSENT_STALE] = { cmd_consent_stale },
	[COMMAND_AGENT_STATUS] = { cmd_agent_status },
	[COMMAND_AGENT_TEST] = { cmd_agent_test },
	[COMMAND_MESSAGE_LIST] = { cmd_message_list },
	[COMMAND_MESSAGE_SHOW] = { cmd_message_show },
	[COMMAND_MESSAGE_RETRY] = { cmd_message_retry },
	[COMMAND_MESSAGE_DROP] = { cmd_message_drop },
	[COMMAND_REPORT_ROPA] = { cmd_report_ropa },
	[COMMAND_REPORT_DIGEST] = { cmd_report_digest },
	[COMMAND_REPORT_COMPLIANCE] = { cmd_report_compliance },
	[COMMAND_REPORT_NOTICE] = { cmd_report_notice },
	[COMMAND_REPORT_RUNBOOK] = { cmd_report_runbook },
	[COMMAND_IMPORT] = { cmd_import, cmd_import_more },
	[COMMAND_EXPORT] = { cmd_export, cmd_export_more },
	[COMMAND_ERASE] = { cmd_erase, cmd_erase_more },
	[COMMAND_ERASE_LIST] = { cmd_erase_list },
	[COMMAND_ERASE_SHOW] = { cmd_erase_show },
	[COMMAND_ERASE_CANCEL] = { cmd_erase_cancel },
	[COMMAND_ERASE_SCAN] = { cmd_erase_scan },
	[COMMAND_ERASE_CERTIFICATE] = { cmd_erase_certificate },
	[COMMAND_ERASE_VERIFY] = { cmd_erase_verify, cmd_backup_more },
	[COMMAND_REQUEST_OPEN] = { cmd_request },
	[COMMAND_REQUEST_LIST] = { cmd_request_list },
	[COMMAND_REQUEST_SHOW] = { cmd_request_show },
	[COMMAND_REQUEST_ASSIGN] = { cmd_request },
	[COMMAND_REQUEST_NOTE] = { cmd_request },
	[COMMAND_REQUEST_REPRESENT] = { cmd_request },
	[COMMAND_REQUEST_AUTHORISE] = { cmd_request },
	[COMMAND_REQUEST_UNREPRESENT] = { cmd_request },
	[COMMAND_REQUEST_IDENTIFY] = { cmd_request },
	[COMMAND_REQUEST_ASK] = { cmd_request_ask },
	[COMMAND_REQUEST_VERIFY] = { cmd_request },
	[COMMAND_REQUEST_NEXT] = { cmd_request_next },
	[COMMAND_REQUEST_SCOPE] = { cmd_request_scope },
	[COMMAND_REQUEST_EXEMPT] = { cmd_request },
	[COMMAND_REQUEST_APPROVE] = { cmd_request },
	[COMMAND_REQUEST_EXECUTE] = { cmd_request, cmd_subject_dossier_more },
	[COMMAND_REQUEST_DONE] = { cmd_request },
	[COMMAND_REQUEST_LETTER] = { cmd_request_letter },
	[COMMAND_REQUEST_SEND] = { cmd_request_send },
	[COMMAND_REQUEST_UNTOLD] = { cmd_request },
	[COMMAND_REQUEST_CLOCK] = { cmd_request_clock },
	[COMMAND_REQUEST_EXTEND] = { cmd_request },
	[COMMAND_REQUEST_DENY] = { cmd_request },
	[COMMAND_REQUEST_REVOKE] = { cmd_request },
	[COMMAND_REQUEST_LAPSE] = { cmd_request },
	[COMMAND_REQUEST_DUPLICATE] = { cmd_request },
	[COMMAND_INCIDENT_OPEN] = { cmd_incident },
	[COMMAND_INCIDENT_LIST] = { cmd_incident_list },
	[COMMAND_INCIDENT_SHOW] = { cmd_incident_show },
	[COMMAND_INCIDENT_NOTE] = { cmd_incident },
	[COMMAND_INCIDENT_SCOPE] = { cmd_incident_scope },
	[COMMAND_INCIDENT_TELL] = { cmd_incident },
	[COMMAND_INCIDENT_LETTER] = { cmd_incident_letter },
	[COMMAND_INCIDENT_CLOSE] = { cmd_incident },
	[COMMAND_INCIDENT_REGISTER] = { cmd_incident_register },
	[COMMAND_DUTY_LIST] = { cmd_duty_list },
	[COMMAND_DUTY_SHOW] = { cmd_duty_show },
	[COMMAND_DUTY_DONE] = { cmd_duty_done },
	[COMMAND_DUTY_HISTORY] = { cmd_duty_history },
	[COMMAND_HOLD_PLACE] = { cmd_hold_place },
	[COMMAND_HOLD_LIST] = { cmd_hold_list },
	[COMMAND_HOLD_SHOW] = { cmd_hold_show },
	[COMMAND_HOLD_RELEASE] = { cmd_hold_release },
	[COMMAND_RETENTION_PLAN] = { cmd_retention_plan },
	[COMMAND_RETENTION_RUN] = { cmd_retention_run },
	[COMMAND_RETENTION_LIST] = { cmd_retention_list },
	[COMMAND_RETENTION_AGGREGATES] = { cmd_retention_aggregates },
	[COMMAND_APPROVAL_LIST] = { cmd_approval_list },
	[COMMAND_APPROVAL_SHOW] = { cmd_approval_show },
	[COMMAND_APPROVAL_GRANT] = { cmd_approval_grant },
	[COMMAND_APPROVAL_DENY] = { cmd_approval_deny },
	[COMMAND_BACKUP_RUN] = { cmd_backup_run, cmd_backup_more },
	[COMMAND_BACKUP_LIST] = { cmd_backup_list },
	[COMMAND_BACKUP_CHECK] = { cmd_backup_check, cmd_backup_more },
	[COMMAND_BACKUP_PRUNE] = { cmd_backup_prune },
	[COMMAND_DRILL_RUN] = { cmd_drill_run, cmd_backup_more },
	[COMMAND_DRILL_LIST] = { cmd_drill_list },
	[COMMAND_DRILL_SHOW] = { cmd_drill_show },
	[COMMAND_JOB_LIST] = { cmd_job_list },
	[COMMAND_JOB_SHOW] = { cmd_job_show },
	[COMMAND_JOB_RUN] = { cmd_job_run },
	[COMMAND_JOB_CANCEL] = { cmd_job_cancel },
	[COMMAND_LOG_SHOW] = { cmd_log_show },
	[COMMAND_LOG_QUERY] = { cmd_log_query },
	[COMMAND_LOG_PROVE] = { cmd_log_prove },
	[COMMAND_LOG_VERIFY] = { cmd_log_verify },
	[COMMAND_LOG_CHECKPOINT] = { cmd_log_checkpoint },
	[COMMAND_LOG_ACCEPT_GAP] = { cmd_log_accept_gap },
};

/* A reply may be an answer and yet not what was hoped for: scripts see it in the status. */
static int status_of(enum command_id id, const json_t *reply)
{
	const json_t *result = json_object_get(reply, "result");
	bool is_bad = false;
	int code = CU_ECORRUPT;

	if (id == COMMAND_IMPORT) {
		is_bad = out_int(result, "rejected") > 0;
	} else if (id == COMMAND_POLICY_CHECK) {
		is_bad = json_array_size(json_object_get(reply, "faults")) > 0;
	} else if (id == COMMAND_BACKUP_CHECK) {
		is_bad = json_array_size(json_object_get(result, "faults")) > 0;
	} else if (id == COMMAND_ERASE_VERIFY) {
		is_bad = strcmp(out_str(result, "outcome"), "opened_and_absent") != 0;
	} else if (id == COMMAND_DRILL_RUN) {
		is_bad = !json_is_true(json_object_get(result, "passed"));
	} else if (id == COMMAND_ERASE_SCAN) {
		is_bad = out_int(result, "left") > 0;
	} else if (id == COMMAND_SUBJECT_SEARCH) {
		is_bad = json_array_size(json_object_get(reply, "subjects")) == 0;
		code = CU_ENOENT;
	} else if (id == COMMAND_CONSENT_CHECK) {
		is_bad = !json_is_true(json_object_get(reply, "allowed"));
		code = CU_EDENIED;
	} else if (id == COMMAND_CONSENT_FILTER) {
		is_bad = out_int(reply, "count") == 0;
		code = CU_ENOENT;
	} else if (id == COMMAND_RETENTION_RUN) {
		is_bad = cmd_retention_waits(reply);
		code = CU_EBUSY; /* something waits for a person */
	} else if (id == COMMAND_ERASE && strcmp(out_str(result, "state"), "cancelled") == 0) {
		is_bad = true; /* nobody confirmed it, or it was cancelled while we waited */
		code = CU_ECANCELED;
	} else if (id == COMMAND_ERASE) {
		is_bad = json_is_false(json_object_get(result, "target_confirmed"));
		code = CU_EBUSY; /* try again */
	}
	return is_bad ? cu_err_exit_status(code) : 0;
}

static int fail(const struct cu_err *err)
{
	char safe[sizeof(err->msg) * 4];

	text_escape(err->msg, safe, sizeof(safe)); /* it may be the daemon's */
	fprintf(stderr, "custosctl: %s\n", safe);
	if (err->code == CU_EUNAVAIL && isatty(STDERR_FILENO)) {
		fprintf(stderr, "%s", _("What is missing, says: custosctl doctor\n"));
	}
	return cu_err_exit_status(err->code);
}

static int help(const struct args *a)
{
	const char *words[8];
	size_t n = args_nvalues(a, "topic");
	struct buf text = BUF_INIT;
	struct cu_err err;
	int r;

	n = n < 8 ? n : 8;
	for (size_t i = 0; i < n; i++) {
		words[i] = args_value(a, "topic", i);
	}
	r = help_topic(n, words, &text, &err);
	if (r == 0) {
		term_page(a);
		fwrite(text.p, 1, text.n, stdout);
	}
	buf_done(&text);
	return r < 0 ? fail(&err) : 0;
}

/* --- Ctrl-C ----------------------------------------------------------------------- */

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int number)
{
	(void)number;
	is_interrupted = 1;
}

/* During a long call once: what was made half is taken away, and it is said how things stand.
 * A second Ctrl-C ends everything at once. */
static void heed_interrupt(struct client *c)
{
	struct sigaction how = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&how.sa_mask);
	sigaction(SIGINT, &how, NULL);
	client_heed(c, &is_interrupted);
}

/* What a stream of replies leaves behind, besides what it shows. */
struct stream {
	struct rejects *rejects; /* NULL: not asked for */
	int64_t rows;            /* of an import, that are in the store */
};

static int fail_interrupted(const struct args *a, const struct stream *s)
{
	if (args_command(a)->id == COMMAND_IMPORT && args_is_set(a, "dry-run")) {
		fprintf(stderr, "%s", _("custosctl: interrupted; nothing was to be written\n"));
	} else if (args_command(a)->id == COMMAND_IMPORT) {
		fprintf(stderr,
			_("custosctl: interrupted; %" PRId64 " rows or a few more are in: the same command "
			  "again finishes it\n"), s->rows);
	} else {
		fprintf(stderr, "%s", _("custosctl: interrupted; custosd may still finish what it has begun\n"));
	}
	return 128 + SIGINT;
}

/* --- a call ----------------------------------------------------------------------- */

static int connect_to_daemon(const struct args *a, struct client **ret, struct cu_err *err)
{
	const struct command *c = args_command(a);
	const char *path = args_text(a, "socket");
	/* a job may be silent for as long as it takes: an erasure waits for a backup, a big log is
	 * verified, a seal waits for all that runs; that custosd is gone is noticed all the same */
	bool is_long = c->access & ACCESS_STREAM || c->id == COMMAND_LOG_VERIFY ||
		c->id == COMMAND_SEAL || c->id == COMMAND_UNSEAL || c->id == COMMAND_KEY_ROTATE;
	int64_t seconds = args_count(a, "timeout", is_long ? 0 : CLIENT_TIMEOUT_MS / 1000);

	if (!path) {
		path = getenv("CUSTOS_SOCKET");
	}
	return client_connect(path && *path ? path : CLIENT_SOCKET,
		seconds > 86400 ? 0 : (int)seconds * 1000, ret, err);
}

static void show_last(const struct args *a, json_t *reply, int *ret_status)
{
	enum command_id id = args_command(a)->id;

	if (args_is_set(a, "json")) {
		out_json(reply);
	} else {
		term_page(a);
		commands[id].show(a, reply);
	}
	*ret_status = status_of(id, reply);
	json_decref(reply);
}

/* Prints replies as they come; the last one decides the exit status. */
static int read_replies(const struct args *a, struct client *c, struct stream *s,
	int *ret_status, struct cu_err *err)
{
	enum command_id id = args_command(a)->id;
	bool is_json = args_is_set(a, "json");
	struct progress progress;
	json_t *reply = NULL;
	int r;

	progress_begin(&progress, !is_json && !args_is_set(a, "quiet"));
	while ((r = client_next(c, &reply, err)) > 0) {
		const json_t *now = json_object_get(reply, "progress");

		s->rows = now && json_is_object(now) ? out_int(now, "rows") : s->rows;
		r = s->rejects ? rejects_take(s->rejects, reply, err) : 0;
		if (r < 0) {
			json_decref(reply);
			break;
		}
		if (is_json) {
			out_json(reply);
		} else if (commands[id].more) {
			term_page(a);
			commands[id].more(&progress, reply);
		}
		json_decref(reply);
	}
	progress_clear(&progress);
	if (r == 0 && s->rejects) {
		r = rejects_write(s->rejects, err);
	}
	if (r < 0) {
		return r;
	}
	show_last(a, reply, ret_status);
	return 0;
}

static int call(const struct args *a, struct client *c, const json_t *parameters, int fd,
	struct stream *s, int *ret_status, struct cu_err *err)
{
	const struct command *command = args_command(a);
	json_t *reply;
	int r;

	if (command->access & ACCESS_STREAM) {
		heed_interrupt(c);
		r = client_start(c, command->method, parameters, fd, err);
		return r < 0 ? r : read_replies(a, c, s, ret_status, err);
	}
	r = client_call(c, command->method, parameters, fd, &reply, err);
	if (r < 0) {
		return r;
	}
	show_last(a, reply, ret_status);
	return 0;
}

/* Who named an old id learns whose it is now. */
static void tell_merged(const struct args *a, const struct client *c)
{
	const char *old, *subject;

	if (client_merged(c, &old, &subject) && !args_is_set(a, "quiet")) {
		out_note(_("note: %s was merged: this is about %s\n"), old, subject);
	}
}

/* Whoever loses the connection does not know whether the store was made. */
static void keep_identity(const struct args *a, struct files *files)
{
	if (files_keep(files)) {
		out_note(_("%s is kept: if the store was made all the same, as 'custosctl status' says, nothing else "
			   "opens its backups\n"),
			args_text(a, "identity"));
	}
}

static int run(struct args *a)
{
	struct files files = { .fd = -1 };
	struct stream stream = { 0 };
	struct client *client = NULL;
	json_t *parameters = NULL;
	struct cu_err err;
	int status = 0, r = input_read(a, &err); /* somebody may type for long: not connected yet */

	if (r == 0) {
		r = args_parameters(a, &parameters, &err);
	}
	if (r == 0) {
		r = files_put_texts(a, parameters, &err);
	}
	if (r == 0 && args_command(a)->id == COMMAND_IMPORT) {
		r = rejects_begin(a, &stream.rejects, &err);
	}
	if (r == 0) {
		r = connect_to_daemon(a, &client, &err);
	}
	if (r == 0 && confirm_is_wanted(a)) {
		r = confirm_ask(a, client, parameters, &err);
	}
	if (r == 0) {
		r = files_open(a, &files, &err);
	}
	if (r == 0) {
		r = call(a, client, parameters, files.fd, &stream, &status, &err);
	}
	if (r == 0) {
		tell_merged(a, client);
	}
	if (r < 0 && args_command(a)->id == COMMAND_INIT) {
		keep_identity(a, &files);
	}
	files_close(&files, r < 0);
	rejects_end(stream.rejects);
	json_decref(parameters);
	client_close(client);
	if (r == CU_ECANCELED && is_interrupted) {
		return fail_interrupted(a, &stream);
	}
	return r < 0 ? fail(&err) : status;
}

/* In the language of the environment.  Where its locale was not generated on this host, wide
 * characters have their width all the same. */
static void speak(void)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	(void)intl_use(intl_of_environment());
	if (intl_language() != INTL_EN && strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
		setlocale(LC_CTYPE, "C.UTF-8");
	}
}

/* What was not written was not said: a full disk behind a redirection is a failure. */
static int flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		return status;
	}
	fprintf(stderr, "%s", _("custosctl: the output could not be written\n"));
	return status != 0 ? status : cu_err_exit_status(CU_EIO);
}

/* The words behind the program's name. */
static int run_words(int argc, char *argv[])
{
	struct args *a = NULL;
	struct cu_err err;
	int status;

	if (args_parse(argc, argv, &a, &err) < 0) {
		return fail(&err);
	}
	if (remote_is_on() && remote_check(a, &err) < 0) {
		args_free(a);
		return fail(&err);
	}
	if (args_is_set(a, "json")) {
		(void)intl_use(INTL_EN); /* what scripts read is the same everywhere */
	}
	term_init(a);
	switch (args_command(a)->id) {
	case COMMAND_HELP: status = help(a); break;
	case COMMAND_VERSION:
		printf("custosctl %s\n", CUSTOS_VERSION);
		status = 0;
		break;
	case COMMAND_POLICY_CHECK_FILES:
		status = check_files(args_text(a, "directory"));
		break;
	case COMMAND_DOCTOR: status = doctor(a); break;
	case COMMAND_WATCH: status = watch(a, &err) < 0 ? fail(&err) : 0; break;
	default: status = run(a); break;
	}
	term_page_end();
	args_free(a);
	return status;
}

int main(int argc, char *argv[])
{
	speak();
	message_wipe_json();
	if (argc > 1 && strcmp(argv[1], "complete") == 0) { /* shells call it */
		return flush(complete(argc - 2, argv + 2));
	}
	if (argc > 1 && strcmp(argv[1], "remote") == 0) { /* sshd calls it */
		return flush(remote(argc - 2, argv + 2, run_words));
	}
	return flush(run_words(argc - 1, argv + 1));
}
