/*
 * metric.h: every metric that there is, and how it is written for Prometheus.
 *
 * The text exposition format 0.0.4: base units (seconds, bytes), counters end in _total.  Values of
 * labels are keys of policies and words of custos, never what a person typed.  Samples may be put in
 * any order: each metric's are kept together.  docs/metrics.md is made from this table.
 */
#ifndef CU_CONTROL_METRIC_H
#define CU_CONTROL_METRIC_H
#include <stdint.h>

#include "base/buf.h"

struct cu_err;

/* X(id, name, type, labels by blanks, what it is) */
/* clang-format off */
#define METRICS(X)                                                                      \
X(BUILD,        "custos_build_info", "gauge", "version", "1; which custosd this is.")   \
X(STATE,        "custos_state", "gauge", "state", "1 for the state of `status`, 0 for the others.") \
X(STARTED,      "custos_start_time_seconds", "gauge", "", "When custosd started, in seconds since 1970.") \
X(CALLS,        "custos_calls_total", "counter", "method outcome", "Calls that were answered since the start; outcome is `ok` or the error.") \
X(CALL_TIME,    "custos_call_duration_seconds", "histogram", "method", "How long calls took, from the last byte of the call to the end of the answer.") \
X(SUBJECTS,     "custos_subjects", "gauge", "", "People and organisations that are kept.") \
X(RECORDS,      "custos_records", "gauge", "", "Records that are kept.")                \
X(SEALED_BYTES, "custos_sealed_bytes", "gauge", "", "Bytes of sealed records.")         \
X(DB_BYTES,     "custos_database_bytes", "gauge", "database", "Size of a database's file.") \
X(FS_AVAIL,     "custos_filesystem_avail_bytes", "gauge", "place", "Room left where `state`, or a target of backup.yaml, lies.") \
X(FS_SIZE,      "custos_filesystem_size_bytes", "gauge", "place", "Size of that file system.") \
X(LOG_ENTRIES,  "custos_log_entries_total", "counter", "", "Entries of the audit log, since the store was made.") \
X(VAULT,        "custos_vault_generation", "gauge", "", "Generation of the key tree: it rises when keys die.") \
X(REQUESTS,     "custos_requests", "gauge", "state", "Data subjects' requests that are kept, by their state.") \
X(REQUESTS_LATE, "custos_requests_late", "gauge", "", "Open requests whose day is over.") \
X(REQUEST_DUE,  "custos_request_due_days", "gauge", "", "Days until the next open request is due, below 0 when it is late. Absent when none is open.") \
X(HOLDS,        "custos_holds", "gauge", "state", "Legal holds: `active`, `released`.") \
X(HOLD_REVIEWS, "custos_holds_review_due", "gauge", "", "Active holds that are to be reviewed.") \
X(INCIDENTS,    "custos_incidents_open", "gauge", "", "Incidents that are open.")       \
X(BACKUP_TIME,  "custos_backup_last_timestamp_seconds", "gauge", "target", "When the newest backup at the target was completed. Absent when there is none.") \
X(RECOVERY_AGE, "custos_recovery_point_age_seconds", "gauge", "target", "How old the newest backup at the target is: what would be lost with this host.") \
X(DRILL_TIME,   "custos_drill_last_timestamp_seconds", "gauge", "target", "When the last drill at the target was held, of whatever level.") \
X(DRILL_PASSED, "custos_drill_last_passed", "gauge", "target", "1 when it passed.")     \
X(RESTORE_TIME, "custos_restore_last_timestamp_seconds", "gauge", "target", "When a backup there was last restored in full, with the identity.") \
X(KEYS_BEHIND,  "custos_target_keys_behind", "gauge", "target", "Generations of keys that the target lacks.") \
X(JOB_SUCCESS,  "custos_job_last_success_timestamp_seconds", "gauge", "job", "When a job of schedule.yaml last ended well, of the runs that are kept.") \
X(JOB_NEXT,     "custos_job_next_timestamp_seconds", "gauge", "job", "When it comes next. Absent when never.") \
X(JOB_FAILURES, "custos_job_failures", "gauge", "job", "How often it failed since it last went well.") \
X(JOB_RUNNING,  "custos_job_running", "gauge", "job", "1 while it runs.")               \
X(RESIDUE,      "custos_residue_left", "gauge", "", "Traces of erased people that the last search of the raw files left.") \
X(ALARMS,       "custos_alarms", "gauge", "kind severity", "What needs a person, by the kind of alarm; kinds without any are left out.") \
X(MESSAGES,     "custos_messages", "gauge", "state", "Messages that are kept: `waiting`, `sent`, `given_up`, `dropped`.") \
X(AGENT,        "custos_agent_connected", "gauge", "", "1 when custos-agent is there. Absent without routes.") \
X(ROUTE,        "custos_route_usable", "gauge", "route", "1 when the route's settings are right.") \
X(CPU,          "process_cpu_seconds_total", "counter", "", "Time of custosd on processors.") \
X(RSS,          "process_resident_memory_bytes", "gauge", "", "Its memory.")            \
X(VSIZE,        "process_virtual_memory_bytes", "gauge", "", "Its address space.")      \
X(FDS,          "process_open_fds", "gauge", "", "Descriptors that it has open.")       \
X(MAX_FDS,      "process_max_fds", "gauge", "", "How many it may have.")
/* clang-format on */

enum metric {
#define X(id, name, type, labels, help) METRIC_##id,
	METRICS(X)
#undef X
	NMETRICS
};

struct metrics {
	struct buf of[NMETRICS];
};

void metrics_init(struct metrics *m);
void metrics_done(struct metrics *m);

/* One sample.  a and b are the values of its labels, as many as it has; else NULL. */
void metric_put(struct metrics *m, enum metric id, const char *a, const char *b, int64_t value);
/* Of seconds, given in milliseconds. */
void metric_put_ms(struct metrics *m, enum metric id, const char *a, int64_t ms);
/* A histogram: a bucket's upper bound ("+Inf"), then its sum and count. */
void metric_put_bucket(struct metrics *m, enum metric id, const char *a, const char *bound,
	uint64_t n);
void metric_put_sum_us(struct metrics *m, enum metric id, const char *a, uint64_t sum_us, uint64_t n);

/* All that have samples, in the order of the table, appended.  CU_ENOMEM. */
int metrics_write(struct metrics *m, struct buf *to, struct cu_err *err);

/* The table in Markdown: docs/metrics.md. */
void metrics_explain(struct buf *to);
const char *metric_name(enum metric id);

#endif
