#include "store/reader_expiry.h"

#include "store/store_internal.h"

int reader_expiry_last(struct reader *rd, bool is_review, struct row_expiry *ret,
	struct cu_err *err)
{
	return engine_expiry_last(rd->engine, is_review, ret, err);
}

int reader_next_expiry(struct reader *rd, const struct row_expiry *before,
	struct row_expiry *ret, struct cu_err *err)
{
	return engine_expiry_next(rd->engine, before, ret, err);
}

int reader_expiry_item(struct reader *rd, const struct id *run, const uint64_t *after,
	struct row_expiry_item *ret, struct cu_err *err)
{
	return engine_expiry_item_next(rd->engine, run, false, after, ret, err);
}

int reader_next_class(struct reader *rd, const char *collection, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	return engine_class_next(rd->engine, collection, after, ret, err);
}

int reader_next_cohort(struct reader *rd, const char *collection, const char *class_key,
	uint32_t after, struct row_cohort *ret, struct cu_err *err)
{
	int r = engine_cohort_next(rd->engine, collection, class_key, after, ret, err);

	if (r > 0) {
		r = engine_cohort_count(rd->engine, ret, err);
		r = r < 0 ? r : 1;
	}
	return r;
}

int reader_next_activity(struct reader *rd, const struct id *after, int64_t created_before_ms,
	const char *ends_in, struct row_activity *ret, struct cu_err *err)
{
	return engine_activity_next(rd->engine, after, created_before_ms, ends_in, ret, err);
}

int reader_has_slot(struct reader *rd, const struct id *subject, const char *collection,
	struct cu_err *err)
{
	uint64_t slot;

	return engine_slot_get(rd->engine, subject, collection, &slot, err);
}

int reader_keyed(struct reader *rd, const struct row_expiry_item *item, int64_t *at,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct id record;
	int r = engine_keyed_next(rd->engine, item, at, &record, err);

	if (r > 0) {
		r = reader_record(rd, &record, fn, ctx, err);
		r = r < 0 ? r : 1;
	}
	return r;
}

int reader_next_aggregate(struct reader *rd, const struct row_aggregate *after,
	struct row_aggregate *ret, struct cu_err *err)
{
	return engine_aggregate_next(rd->engine, after, ret, err);
}
