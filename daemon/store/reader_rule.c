#include "store/reader_rule.h"

#include "base/err.h"
#include "store/engine_rule.h"
#include "store/store_internal.h"

int reader_search(struct reader *rd, const struct rule_search *s, struct buf *to,
	struct cu_err *err)
{
	return s->key ? engine_records_ruled(rd->engine, s->kind, s->key, s->collection, to, err) :
			engine_records_of(rd->engine, s->subject, s->collection, to, err);
}

int reader_search_count(struct reader *rd, const struct rule_search *s, int64_t now_ms,
	uint64_t *ret, struct cu_err *err)
{
	return s->key ? engine_count_ruled(rd->engine, s->kind, s->key, s->collection, now_ms, ret,
				err) :
			engine_count_of(rd->engine, s->subject, s->collection, now_ms, ret, err);
}

int reader_has_over(struct reader *rd, int64_t now_ms, struct cu_err *err)
{
	struct id record = { 0 };
	int64_t at_ms = 0;

	return engine_record_over(rd->engine, now_ms, &at_ms, &record, err);
}

int reader_record_named(struct reader *rd, const char *collection, struct span source,
	struct span key, reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct row_record row;
	struct record rec;
	struct id id;
	int r = index_find_source(rd->engine, &rd->sealer, &rd->store->cfg.index, collection, source,
		key, &row, &rec, err);

	id = row.id;
	return r > 0 ? reader_record(rd, &id, fn, ctx, err) : r;
}
