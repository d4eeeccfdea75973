/*
 * reader_incident.h: looking at incidents.  Their texts are records of row.kase in the collection
 * "custos.incident" (reader_records); whoever shows one has a leaf first.
 */
#ifndef CU_STORE_READER_INCIDENT_H
#define CU_STORE_READER_INCIDENT_H
#include "store/engine_incident.h"
#include "store/reader.h"

/* As the functions of engine_incident.h: 1, 0 or a code. */
int reader_incident(
	struct reader *rd, uint32_t number, struct row_incident *ret, struct cu_err *err);
int reader_next_incident(
	struct reader *rd, uint32_t after, struct row_incident *ret, struct cu_err *err);
int reader_incident_told(struct reader *rd, const struct row_incident *row, const char *law,
	unsigned to, int64_t *ret_ms, struct cu_err *err);

#endif
