#include "store/reader.h"

#include "store/store_internal.h"

int reader_begin(struct reader *rd, struct cu_err *err)
{
	return engine_read_begin(rd->engine, err);
}

void reader_end(struct reader *rd)
{
	engine_read_end(rd->engine);
	buf_clear(&rd->sealer.plain);
}

int reader_subject(struct reader *rd, const struct id *id, struct row_subject *ret,
	struct cu_err *err)
{
	return engine_subject_get(rd->engine, id, ret, err);
}

int reader_next_subject(struct reader *rd, const struct id *after, struct row_subject *ret,
	struct cu_err *err)
{
	return engine_subject_next(rd->engine, after, ret, err);
}

int reader_records(struct reader *rd, const struct id *subject, const char *filter,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	struct record rec;
	int r;

	while ((r = engine_record_next(rd->engine, subject, filter, after, &row, err)) > 0) {
		after = &row;
		r = sealer_open(&rd->sealer, &row, &rec, err);
		if (r == CU_ENOKEY) {
			continue;
		}
		if (r == 0) {
			r = fn(ctx, &row, &rec, err);
		}
		if (r != 0) {
			return r < 0 ? r : 0;
		}
	}
	return r;
}

int reader_find(struct reader *rd, const char *kind, struct span value, reader_fn *fn,
	void *ctx, struct cu_err *err)
{
	return index_find(rd->engine, &rd->sealer, &rd->store->cfg.index, kind, value, fn, ctx, err);
}

int reader_note(struct reader *rd, const char *name, uint64_t *ret, struct cu_err *err)
{
	return engine_meta_get_u64(rd->engine, name, ret, err);
}

int reader_approval(struct reader *rd, const struct id *id, struct row_approval *ret,
	struct cu_err *err)
{
	return engine_approval_get(rd->engine, id, ret, err);
}

int reader_next_approval(struct reader *rd, const struct row_approval *after,
	struct row_approval *ret, struct cu_err *err)
{
	return engine_approval_next(rd->engine, after, ret, err);
}

int reader_cohort(struct reader *rd, const char *collection, uint32_t period, uint64_t *ret,
	struct cu_err *err)
{
	return engine_cohort_get(rd->engine, collection, "default", period, ret, err);
}

int reader_count(struct reader *rd, struct engine_counts *ret, struct cu_err *err)
{
	return engine_count(rd->engine, ret, err);
}
