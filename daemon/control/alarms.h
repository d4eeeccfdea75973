/*
 * alarms.h: what needs a person is told by the routes of agent.yaml that take alarms.
 *
 * A duty looks at what `status` warns of (attention.h).  Since when each lasts is a row (store/tx_alarm.h);
 * what was said of it, and when, are the messages.  Each is told once on a route, again after agent.yaml's
 * `remind` as long as it lasts, and once more when it has ended for some minutes: one that comes and goes
 * is one alarm.  Several at once are one message, which lists all that last when it is sent.
 */
#ifndef CU_CONTROL_ALARMS_H
#define CU_CONTROL_ALARMS_H
#include <stdbool.h>

#include "control/attention.h"

struct agent_route;
struct cu_err;
struct daemon;
struct json;
struct watch;

#define ALARM_PREFIX "alarm." /* of a message's kind, before the word of the alarm */
#define CLEAR_PREFIX "clear."
#define ALARM_SEVERAL "several" /* behind either */

/* Of upkeep.h. */
int alarms_duty(struct daemon *d, const struct watch *watch, struct cu_err *err);

/* Does this route get alarms of this kind, at whatever hour? */
bool alarms_are_taken(const struct agent_route *route, enum attention_kind kind, const char *about);

/* What lasts now and this route gets, a line each, appended; *ret_n is how many.  Worker thread. */
struct buf;
int alarms_list(struct daemon *d, const char *route, int language, struct buf *to, size_t *ret_n,
	struct cu_err *err);

#endif
