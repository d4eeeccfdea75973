/*
 * engine_alarm.h: the rows of alarms: what needs a person, and since when.
 *
 * A part of engine.h's contract.  Kinds, policy keys and numbers of requests; nobody's data.
 */
#ifndef CU_STORE_ENGINE_ALARM_H
#define CU_STORE_ENGINE_ALARM_H
#include "store/engine.h"

struct row_alarm {
	char kind[ENGINE_KEY_SIZE];  /* a word of policy/alarms.h */
	char about[ENGINE_KEY_SIZE]; /* "" */
	int64_t since_ms;
	int64_t ended_ms; /* 0: it lasts; else until everybody knows */
};

int engine_alarm_put(struct engine *e, const struct row_alarm *row, struct cu_err *err);
int engine_alarm_drop(struct engine *e, const struct row_alarm *row, struct cu_err *err);
/* In the order of (kind, about): the first after *after; NULL starts.  1, 0 or a code. */
int engine_alarm_next(struct engine *e, const struct row_alarm *after, struct row_alarm *ret,
	struct cu_err *err);

#endif
