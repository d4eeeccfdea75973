/*
 * compliance.h: the figures of a report of compliance, from rows, drills and the log.
 *
 * Walks the whole log once, and everybody's last activity; looks at the targets.  Worker thread;
 * CU_ECANCELED.
 */
#ifndef CU_CONTROL_COMPLIANCE_H
#define CU_CONTROL_COMPLIANCE_H
#include <stdint.h>

struct cu_err;
struct exchange;
struct report;

/* The report is open (report_open); what somebody should look at is not judged here. */
int compliance_fill(struct exchange *x, struct report *r, struct cu_err *err);
/* Of it the part that rows do not tell: compliance_log.c.  live_ms[n] becomes when nothing live was left of
 * request number n, up to max. */
int compliance_fill_from_log(struct exchange *x, struct report *r, int64_t *live_ms,
	uint32_t max, struct cu_err *err);

#endif
