/*
 * engine_duty.h: the rows of duties that were done.
 *
 * A part of engine.h's contract.  What was shown for one is a sealed record of its case (tx_case.h);
 * here are ids, policy keys, days and times.
 */
#ifndef CU_STORE_ENGINE_DUTY_H
#define CU_STORE_ENGINE_DUTY_H
#include "store/engine.h"

struct row_duty {
	struct id id;
	char duty[ENGINE_KEY_SIZE]; /* a key of duties.yaml, as it was then */
	struct id kase;             /* the owner of its evidence */
	int32_t day;                /* local, on which it was done */
	int32_t due_day;            /* on which it was due, as it was noted down */
	int64_t at_ms;              /* when it was noted down */
	struct id actor;            /* by this operator */
};

int engine_duty_put(struct engine *e, const struct row_duty *row, struct cu_err *err);
/* Of one duty, the newest first: the one before this; NULL starts.  1, 0 or a code. */
int engine_duty_before(struct engine *e, const char *duty, const struct row_duty *before,
	struct row_duty *ret, struct cu_err *err);
/* The duties that were ever done, by their keys: the first after this one; "" starts. */
int engine_duty_next_key(
	struct engine *e, const char *after, char ret[ENGINE_KEY_SIZE], struct cu_err *err);

/* One that was noted down before this time, and that is not the newest of its duty: 1, 0 or a code. */
int engine_duty_over(
	struct engine *e, int64_t before_ms, struct row_duty *ret, struct cu_err *err);
int engine_duty_delete(struct engine *e, const struct id *id, struct cu_err *err);

#endif
