/*
 * duty.h: when a duty of duties.yaml is due, from when it was last done.
 *
 * Days are local ones (base/civil.h).  By months the next day counts from when it was done, early or
 * late; by days of the calendar what was done within the time of `warn` before one is done for that one.
 * A day that lies in the future, because the clock was put back, is today.  Pure, but for the zone.
 */
#ifndef CU_PRIVACY_DUTY_H
#define CU_PRIVACY_DUTY_H
#include <stdbool.h>
#include <stdint.h>

struct duty;

/* X(id, word): open: not yet; soon: within `warn`; due: its day has come; late: `grace` is over as
 * well; gone: duties.yaml does not have it any more. */
#define DUTY_STATES(X) \
	X(OPEN, "open") \
	X(SOON, "soon") \
	X(DUE,  "due")  \
	X(LATE, "late") \
	X(GONE, "gone")

enum duty_state {
#define X(id, word) DUTY_##id,
	DUTY_STATES(X)
#undef X
};

const char *duty_state_word(enum duty_state state);

/* It was done on day, when it was due on due_day (CIVIL_NO_DAY: that is not known). */
struct duty_doing {
	int32_t day, due_day;
};

/* since: the day on which custosd first knew of it; last: NULL, it was never done. */
int32_t duty_due(const struct duty *d, int32_t since, const struct duty_doing *last,
	int32_t today);
enum duty_state duty_state_of(const struct duty *d, int32_t due, int32_t today);

/* Was it done when `grace` was over? */
bool duty_was_late(const struct duty *d, const struct duty_doing *doing);

#endif
