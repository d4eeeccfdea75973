/*
 * tx_alarm.h: alarms: that one began, that it ended, that everybody knows.
 *
 * They leave no leaf: the messages about them do.  In a step on the writer's thread, or with a reader.
 */
#ifndef CU_STORE_TX_ALARM_H
#define CU_STORE_TX_ALARM_H
#include "store/engine_alarm.h"
#include "store/reader.h"
#include "store/tx.h"

int tx_alarm_put(struct tx *tx, const struct row_alarm *row, struct cu_err *err);
int tx_alarm_drop(struct tx *tx, const struct row_alarm *row, struct cu_err *err);
/* As engine_alarm_next. */
int reader_next_alarm(struct reader *rd, const struct row_alarm *after, struct row_alarm *ret,
	struct cu_err *err);

#endif
