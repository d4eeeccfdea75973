/*
 * alarms.h: the kinds of alarm: what needs a person.
 *
 * Words are in agent.yaml, in data.db and in what receivers get: they stay.
 */
#ifndef CU_POLICY_ALARMS_H
#define CU_POLICY_ALARMS_H

/* Quiet hours hold back all but what is urgent. */
#define SEVERITIES(X)          \
	X(NOTICE,  "notice")   \
	X(WARNING, "warning")  \
	X(URGENT,  "urgent")

enum severity {
#define X(id, word) SEVERITY_##id,
	SEVERITIES(X)
#undef X
};

/* X(id, word, severity): in the order in which they are told.  What each is about stands behind it. */
/* clang-format off */
#define ALARMS(X)                                                                       \
	X(QUARANTINED,     "quarantined",      URGENT)                                  \
	X(SEALED,          "sealed",           URGENT)                                  \
	X(INCIDENT_OPEN,   "incident_open",    URGENT)                                  \
	X(REQUEST_LATE,    "request_late",     URGENT)   /* a request's number */       \
	X(BACKUP_LATE,     "backup_late",      URGENT)   /* a target; number: its age in hours */ \
	X(DRILL_FAILED,    "drill_failed",     URGENT)   /* a target; number of the drill */ \
	X(RESIDUE_LEFT,    "residue_left",     URGENT)   /* where the first lies */     \
	X(DISK_FULL,       "disk_full",        URGENT)   /* a place; per cent left */   \
	X(REQUEST_SOON,    "request_soon",     WARNING)  /* a request's number; days left */ \
	X(DRILL_LATE,      "drill_late",       WARNING)  /* a target */                 \
	X(DRILL_MISSING,   "drill_missing",    WARNING)  /* a target */                 \
	X(TARGET_BEHIND,   "target_behind",    WARNING)  /* a target; the generation that it has */ \
	X(JOB_FAILED,      "job_failed",       WARNING)  /* a job; how often */         \
	X(RETENTION_WAITS, "retention_waits",  WARNING)                                 \
	X(DISK_LOW,        "disk_low",         WARNING)  /* a place; per cent left */   \
	X(MESSAGE_GIVEN_UP, "message_given_up", WARNING) /* a route */                  \
	X(ROUTE_UNUSABLE,  "route_unusable",   WARNING)  /* a route */                  \
	X(DUTY_LATE,       "duty_late",        WARNING)  /* a duty; days since it was due */ \
	X(HOLD_REVIEW,     "hold_review",      NOTICE)                                  \
	X(DUTY_SOON,       "duty_soon",        NOTICE)   /* a duty; days left */         \
	X(REQUEST_NOBODYS, "request_nobodys",  NOTICE)   /* a request's number */
/* clang-format on */

#endif
