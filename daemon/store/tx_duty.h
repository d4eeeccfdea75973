/*
 * tx_duty.h: duties that were done: their rows, their sealed evidence, their leaves; and readers for them.
 *
 * When one is due again is for privacy/duty.h.  The tx_ functions run in a step on the writer's thread.
 */
#ifndef CU_STORE_TX_DUTY_H
#define CU_STORE_TX_DUTY_H
#include "store/engine_duty.h"
#include "store/reader.h"
#include "store/tx.h"

#define DUTY_COLLECTION "custos.duty" /* of the case: one record, with the field "text" */

/* custosd knows of this duty from now on; once it does, nothing changes. */
int tx_duty_know(struct tx *tx, const char *duty, struct cu_err *err);
/* duty, day and due_day are the caller's; all else of the row is filled in. */
int tx_duty_done(struct tx *tx, struct row_duty *row, struct span text, struct cu_err *err);
/* Forgets one that was noted down before this time, with its evidence, but for the newest of each
 * duty: 1; 0: there is none; or a code. */
int tx_duty_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err);

/* Since when: 1, 0 (not yet) or a code. */
int reader_duty_known(struct reader *rd, const char *duty, int64_t *ret_ms, struct cu_err *err);
/* As the functions of engine_duty.h. */
int reader_duty_before(struct reader *rd, const char *duty, const struct row_duty *before,
	struct row_duty *ret, struct cu_err *err);
int reader_duty_next_key(
	struct reader *rd, const char *after, char ret[ENGINE_KEY_SIZE], struct cu_err *err);

#endif
