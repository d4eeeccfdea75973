#include "store/tx_alarm.h"

#include "store/store_internal.h"

int tx_alarm_put(struct tx *tx, const struct row_alarm *row, struct cu_err *err)
{
	return engine_alarm_put(tx->engine, row, err);
}

int tx_alarm_drop(struct tx *tx, const struct row_alarm *row, struct cu_err *err)
{
	return engine_alarm_drop(tx->engine, row, err);
}

int reader_next_alarm(struct reader *rd, const struct row_alarm *after, struct row_alarm *ret,
	struct cu_err *err)
{
	return engine_alarm_next(rd->engine, after, ret, err);
}
