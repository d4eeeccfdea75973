/*
 * request_duty.h: requests move on by themselves when what they wait for has come: a second user's
 * word, the end of a grace period, the word of the targets, the end of the last old copy.
 */
#ifndef CU_CONTROL_REQUEST_DUTY_H
#define CU_CONTROL_REQUEST_DUTY_H
#include <stdint.h>

struct cu_err;
struct daemon;
struct watch;

/* All that are open. */
int request_duty(struct daemon *d, const struct watch *watch, struct cu_err *err);

/* One of them, now: for whoever asks about it. */
int request_tend(struct daemon *d, uint32_t number, struct cu_err *err);

#endif
