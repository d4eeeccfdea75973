/*
 * state_alarm.h: alarms of a store that cannot keep a message: sealed for long, or in quarantine.
 *
 * Messages are rows (post_office.h); here there is nowhere to put one.  So these are handed to the agent as
 * they are, from the loop, on each route that takes them: once, and again after agent.yaml's `remind`.  What
 * the agent cannot send then is not tried again before that.
 */
#ifndef CU_CONTROL_STATE_ALARM_H
#define CU_CONTROL_STATE_ALARM_H
#include <stdbool.h>
#include <stdint.h>

struct daemon;

struct state_alarm {
	int kind;         /* enum attention_kind, or -1 */
	int64_t since_ms; /* monotonic; of kind */
	int64_t told_ms;  /* likewise; 0: not yet */
};

/* Loop, each second. */
void state_alarm_tick(struct daemon *d);

#endif
