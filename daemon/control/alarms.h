/*
 * alarms.h: what needs a person is told by the routes of agent.yaml that take alarms.
 *
 * A duty looks at what `status` warns of, and makes a message of each; the same again only after
 * agent.yaml's `remind`, as long as it lasts.
 */
#ifndef CU_CONTROL_ALARMS_H
#define CU_CONTROL_ALARMS_H

struct cu_err;
struct daemon;
struct watch;

/* Of upkeep.h. */
int alarms_duty(struct daemon *d, const struct watch *watch, struct cu_err *err);

#endif
