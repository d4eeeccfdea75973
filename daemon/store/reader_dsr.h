/*
 * reader_dsr.h: looking at the requests of data subjects, beside the writer.
 *
 * As reader.h: nothing here writes a leaf.  Their sealed papers are records of row.kase in
 * the collection "custos.request" (reader_records).
 */
#ifndef CU_STORE_READER_DSR_H
#define CU_STORE_READER_DSR_H
#include "store/dsr_scope.h"
#include "store/engine_outgoing.h"
#include "store/reader.h"

/* 1, 0 or a code. */
int reader_dsr(struct reader *rd, uint32_t number, struct row_dsr *ret, struct cu_err *err);
int reader_dsr_by_id(
	struct reader *rd, const struct id *id, struct row_dsr *ret, struct cu_err *err);
/* In the order of their numbers, all or those that are open: the first after this one; 0 starts. */
int reader_dsr_next(struct reader *rd, uint32_t after, bool is_all, struct row_dsr *ret,
	struct cu_err *err);
/* By their first days: the first after this one; INT32_MIN starts. */
int reader_dsr_pause(struct reader *rd, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err);
/* In the order of collections: the first after this one; "" starts. */
int reader_dsr_part(struct reader *rd, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err);

/* What it has to send, as engine_outgoing_next. */
int reader_dsr_outgoing(struct reader *rd, const struct row_dsr *row,
	const struct row_outgoing *after, struct row_outgoing *ret, struct cu_err *err);

/* dsr_scope_each. */
int reader_dsr_scope(struct reader *rd, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err);

#endif
