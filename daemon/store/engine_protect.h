/*
 * engine_protect.h: what a restore of older data takes from a newer image of the same store.
 *
 * Old data must not forget what was decided since: who withdrew or objected, whose data is only
 * stored or held, which requests came, what ends when, which key is whose.  Which table is whose
 * stands in one list, in engine_sqlite_protect.c; what is not named there is as it was backed up.
 */
#ifndef CU_STORE_ENGINE_PROTECT_H
#define CU_STORE_ENGINE_PROTECT_H
#include "store/engine.h"

/* Within a transaction on to, which holds the older rows.  Of subjects that only the newer image
 * knows nothing is taken; cases (tx_case.h) all are.  May be repeated. */
int engine_protect(struct engine *to, struct engine *newer, struct cu_err *err);

/* One record with its co-subjects as it is in the newer image, where it must be. */
int engine_protect_record(struct engine *to, struct engine *newer, const struct id *record,
	struct cu_err *err);

/* The n-th table that was decided upon; NULL behind the last. */
const char *engine_protect_table(unsigned n);

#endif
