#include "store/reader_dsr.h"

#include "store/store_internal.h"

int reader_dsr(struct reader *rd, uint32_t number, struct row_dsr *ret, struct cu_err *err)
{
	return engine_dsr_get(rd->engine, number, ret, err);
}

int reader_dsr_by_id(
	struct reader *rd, const struct id *id, struct row_dsr *ret, struct cu_err *err)
{
	return engine_dsr_by_id(rd->engine, id, ret, err);
}

int reader_dsr_next(struct reader *rd, uint32_t after, bool is_all, struct row_dsr *ret,
	struct cu_err *err)
{
	return is_all ? engine_dsr_next(rd->engine, after, ret, err) :
			engine_dsr_next_open(rd->engine, after, ret, err);
}

int reader_dsr_pause(struct reader *rd, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err)
{
	return engine_dsr_pause_next(rd->engine, &row->id, after, ret, err);
}

int reader_dsr_part(struct reader *rd, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err)
{
	return engine_dsr_part_next(rd->engine, &row->id, kind, after, ret, err);
}

int reader_dsr_outgoing(struct reader *rd, const struct row_dsr *row,
	const struct row_outgoing *after, struct row_outgoing *ret, struct cu_err *err)
{
	return engine_outgoing_next(rd->engine, &row->id, after, ret, err);
}

int reader_dsr_scope(struct reader *rd, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	return dsr_scope_each(rd->engine, row, fn, ctx, err);
}
