/*
 * cmd.h: what the replies of each command look like to a person.
 */
#ifndef CU_CTL_CMD_H
#define CU_CTL_CMD_H
#include <jansson.h>
#include <stdbool.h>

#include "ctl/progress.h"

struct args;

/* One reply that continues; may be NULL where a command sends none. */
typedef void cmd_more(struct progress *p, const json_t *reply);
/* The last reply. */
typedef void cmd_show(const struct args *a, const json_t *reply);

cmd_show cmd_metrics, cmd_status, cmd_init, cmd_policy_check, cmd_policy_deadline, cmd_policy_breach, cmd_policy_letter;
cmd_show cmd_unseal, cmd_seal, cmd_adopt, cmd_key_list, cmd_key_add, cmd_key_remove, cmd_key_rotate;
cmd_show cmd_subject_add, cmd_subject_get, cmd_subject_update, cmd_subject_search;
cmd_show cmd_subject_dossier;
cmd_show cmd_record_put, cmd_record_get, cmd_record_list, cmd_record_count, cmd_record_rule, cmd_record_delete;
cmd_show cmd_subject_merge;
cmd_show cmd_subject_restrict, cmd_consent_event, cmd_consent_list, cmd_consent_check;
cmd_show cmd_consent_filter, cmd_consent_stale, cmd_consent_receipt, cmd_report_ropa, cmd_report_compliance;
cmd_show cmd_report_digest, cmd_report_notice, cmd_report_runbook;
cmd_show cmd_import, cmd_export;
cmd_show cmd_erase, cmd_erase_list, cmd_erase_show, cmd_erase_cancel, cmd_erase_scan;
cmd_show cmd_erase_certificate, cmd_erase_verify;
cmd_show cmd_request_letter, cmd_request_send;
cmd_show cmd_request_next, cmd_request_scope, cmd_request_clock;
cmd_show cmd_request, cmd_request_ask, cmd_request_show, cmd_request_list;
cmd_show cmd_incident, cmd_incident_list, cmd_incident_show, cmd_incident_scope;
cmd_show cmd_incident_register, cmd_incident_letter;
cmd_show cmd_agent_status, cmd_agent_test;
cmd_show cmd_message_list, cmd_message_show, cmd_message_retry, cmd_message_drop;
cmd_show cmd_duty_list, cmd_duty_show, cmd_duty_done, cmd_duty_history;
cmd_show cmd_hold_place, cmd_hold_list, cmd_hold_show, cmd_hold_release;
cmd_show cmd_retention_plan, cmd_retention_run, cmd_retention_list,
	cmd_retention_aggregates;
cmd_show cmd_approval_list, cmd_approval_show, cmd_approval_grant, cmd_approval_deny;
cmd_show cmd_backup_run, cmd_backup_list, cmd_backup_check, cmd_backup_prune;
cmd_show cmd_job_list, cmd_job_show, cmd_job_run, cmd_job_cancel;
cmd_show cmd_drill_run, cmd_drill_list, cmd_drill_show;
cmd_show cmd_log_accept_gap;
cmd_show cmd_log_show, cmd_log_query, cmd_log_prove, cmd_log_verify, cmd_log_checkpoint;
cmd_more cmd_record_list_more, cmd_subject_dossier_more, cmd_import_more, cmd_export_more, cmd_erase_more, cmd_backup_more;

/* Does something of a run wait for a person: the clock, a shorter rule, a list? */
bool cmd_retention_waits(const json_t *reply);

/* What a command would do, before it is asked whether it shall: the reply of confirm.c's question. */
typedef void cmd_preview(const json_t *preview);
cmd_preview cmd_erase_preview, cmd_merge_preview, cmd_record_preview, cmd_retention_preview;
cmd_preview cmd_prune_preview, cmd_approval_preview;

#endif
