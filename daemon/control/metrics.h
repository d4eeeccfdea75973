/*
 * metrics.h: what Prometheus is told: gathered anew each time, from memory and a few rows.
 *
 * While the store is not open only what can be known without it.
 */
#ifndef CU_CONTROL_METRICS_H
#define CU_CONTROL_METRICS_H
struct buf;
struct cu_err;
struct daemon;

/* Appends the page of metric.h.  Worker thread, a guest of the gate. */
int metrics_gather(struct daemon *d, struct buf *to, struct cu_err *err);

#endif
