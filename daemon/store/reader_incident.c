#include "store/reader_incident.h"

#include "store/store_internal.h"

int reader_incident(
	struct reader *rd, uint32_t number, struct row_incident *ret, struct cu_err *err)
{
	int r = number == 0 ? 0 : engine_incident_next(rd->engine, number - 1, ret, err);

	return r > 0 && ret->number != number ? 0 : r;
}

int reader_next_incident(
	struct reader *rd, uint32_t after, struct row_incident *ret, struct cu_err *err)
{
	return engine_incident_next(rd->engine, after, ret, err);
}

int reader_incident_told(struct reader *rd, const struct row_incident *row, const char *law,
	unsigned to, int64_t *ret_ms, struct cu_err *err)
{
	return engine_incident_first_told(rd->engine, &row->id, law, to, ret_ms, err);
}
