/*
 * call_meter.h: how many calls came, what became of them, and how long they took.
 *
 * Only the loop counts, when an answer is handed to its session; any thread reads.  So there is no lock
 * and no locked instruction: two looks at the clock and three stores a call.  A reader may see a call's
 * parts a moment apart.
 */
#ifndef CU_CONTROL_CALL_METER_H
#define CU_CONTROL_CALL_METER_H
#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/command.h"

/* X(seconds as text, microseconds): upper bounds.  A consent check takes 0.1 ms, a synced write a few. */
#define CALL_BOUNDS(X)                                                                  \
	X("0.0001", 100) X("0.0003", 300) X("0.001", 1000) X("0.003", 3000)             \
	X("0.01", 10000) X("0.03", 30000) X("0.1", 100000) X("0.3", 300000)             \
	X("1", 1000000) X("3", 3000000) X("10", 10000000) X("60", 60000000)

enum {
#define X(text, us) CALL_BOUND_##us,
	CALL_BOUNDS(X)
#undef X
	CALL_NBOUNDS
};

#define CALL_NOUTCOMES (CU_CODE_END_ - CU_CODE_START_) /* 0: it went well */

struct call_count {
	_Atomic uint64_t outcomes[CALL_NOUTCOMES];
	_Atomic uint64_t within[CALL_NBOUNDS + 1]; /* each by itself; the last: longer */
	_Atomic uint64_t sum_us;
};

struct call_meter {
	struct call_count v[COMMAND_COUNT_];
};

/* Loop.  code: 0, or why it failed. */
void call_meter_note(struct call_meter *m, enum command_id id, int code, int64_t took_us);

uint64_t call_count_of(const struct call_count *c, unsigned outcome);
/* "ok", or an error's name on the wire. */
const char *call_outcome_word(unsigned outcome);

#endif
