#include "store/reader.h"

#include "base/err.h"
#include "store/engine_mention.h"
#include "store/engine_rule.h"
#include "store/slots.h"
#include "store/store_internal.h"
#include "store/system.h"

void reader_narrow(struct reader *rd, reader_may *may, const void *ctx, int64_t now_ms)
{
	rd->may = may;
	rd->may_ctx = ctx;
	rd->now_ms = now_ms;
	rd->rule = 0;
}

int reader_begin(struct reader *rd, struct cu_err *err)
{
	rd->nchanges = atomic_load(&rd->store->nchanges_seen); /* before the view: it shows no less */
	rd->who = (struct row_subject){ 0 };
	rd->is_in_view = true;
	return engine_read_begin(rd->engine, err);
}

uint64_t reader_changes(const struct reader *rd)
{
	return rd->nchanges;
}

void reader_end(struct reader *rd)
{
	engine_read_end(rd->engine);
	rd->is_in_view = false;
	buf_clear(&rd->sealer.plain);
}

int reader_who(struct reader *rd, const struct id *id, struct row_subject *ret, struct cu_err *err)
{
	int r;

	if (rd->is_in_view && !id_is_nil(id) && id_eq(&rd->who.id, id)) {
		*ret = rd->who;
		return 1;
	}
	r = engine_subject_get(rd->engine, id, ret, err);
	if (r > 0 && rd->is_in_view) {
		rd->who = *ret;
	}
	return r;
}

int reader_subject(struct reader *rd, const struct id *id, struct row_subject *ret,
	struct cu_err *err)
{
	int r = engine_subject_get(rd->engine, id, ret, err);

	return r > 0 && ret->kind == SUBJECT_CASE ? 0 : r;
}

int reader_next_subject(struct reader *rd, const struct id *after,
	struct row_subject *ret, struct cu_err *err)
{
	int r = engine_subject_next(rd->engine, after, ret, err);

	while (r > 0 && ret->kind == SUBJECT_CASE) {
		r = engine_subject_next(rd->engine, &ret->id, ret, err);
	}
	return r;
}

/* A walk through records, or through hits of the index. */
struct walk {
	struct reader *reader;
	reader_fn *fn;
	void *ctx;
	bool is_partly; /* of a subject that is known */
	int nshown;     /* hits that were not hidden */
};

/* 1: its own rule keeps it from whoever reads. */
static int is_kept_back(struct reader *rd, const struct row_record *row, struct cu_err *err)
{
	int64_t number = row->rule;
	int r;

	if (!rd->may || (row->expires_ms != 0 && row->expires_ms <= rd->now_ms)) {
		return rd->may != NULL;
	}
	if (number != 0 && number != rd->rule) {
		rd->rule = 0;
		r = engine_rule_get(rd->engine, number, &rd->ruled, err);
		if (r <= 0) {
			return r < 0 ? r : cu_err_set(err, CU_ECORRUPT, "a record has a rule that is not there");
		}
		rd->rule = number;
		rd->is_allowed = rd->may(rd->may_ctx, &rd->ruled);
	}
	return number != 0 && !rd->is_allowed;
}

static const struct rule *rule_of(const struct reader *rd, const struct row_record *row)
{
	return rd->may && row->rule != 0 ? &rd->ruled : NULL;
}

static int is_hidden(struct walk *w, const struct row_record *row, struct cu_err *err)
{
	int r = is_kept_back(w->reader, row, err);

	return r == 0 && w->is_partly ? engine_erasure_hides(w->reader->engine, &row->subject,
						row->collection, &row->id, err)
				      : r;
}

static int walk_records(struct walk *w, const struct id *subject, const char *filter,
	const struct row_record *after, struct cu_err *err)
{
	struct reader *rd = w->reader;
	struct row_record row;
	struct record rec;
	int r;

	while ((r = engine_record_next(rd->engine, subject, filter, after, &row, err)) >
		0) {
		after = &row;
		if (!filter && system_owns(row.collection)) {
			continue;
		}
		r = is_hidden(w, &row, err);
		if (r == 0) {
			r = sealer_open(&rd->sealer, &row, &rec, err);
		}
		if (r > 0 || r == CU_ENOKEY) {
			continue;
		}
		if (r == 0) {
			rec.rule = rule_of(rd, &row);
			r = w->fn(w->ctx, &row, &rec, err);
		}
		if (r != 0) {
			return r < 0 ? r : 0;
		}
	}
	return r;
}

int reader_records_after(struct reader *rd, const struct id *subject, const char *filter,
	const struct row_record *after, reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct walk w = { .reader = rd, .fn = fn, .ctx = ctx };
	struct row_subject who;
	int r = engine_subject_get(rd->engine, subject, &who, err);

	w.is_partly = r > 0 && who.is_partly;
	return r < 0 ? r : walk_records(&w, subject, filter, after, err);
}

int reader_records(struct reader *rd, const struct id *subject, const char *filter,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	return reader_records_after(rd, subject, filter, NULL, fn, ctx, err);
}

int reader_record_row(struct reader *rd, const struct id *id, struct row_record *ret,
	struct cu_err *err)
{
	struct walk w = { .reader = rd };
	struct row_subject who;
	struct row_record row;
	int r = engine_record_get(rd->engine, id, &row, err);

	if (r > 0) {
		r = reader_who(rd, &row.subject, &who, err);
	}
	if (r <= 0) {
		return r;
	}
	w.is_partly = who.is_partly;
	r = is_hidden(&w, &row, err);
	if (r == 0) {
		*ret = row;
	}
	return r < 0 ? r : r == 0;
}

int reader_record(struct reader *rd, const struct id *id, reader_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct row_record row;
	struct record rec;
	int r = reader_record_row(rd, id, &row, err);

	if (r <= 0) {
		return r;
	}
	r = sealer_open(&rd->sealer, &row, &rec, err);
	if (r == CU_ENOKEY) {
		return 0;
	}
	rec.rule = rule_of(rd, &row);
	r = r < 0 ? r : fn(ctx, &row, &rec, err);
	return r < 0 ? r : 1;
}

/* fn ends the walk: reader_record tells no more than that it was called. */
struct mention {
	reader_fn *fn;
	void *ctx;
	bool is_end;
};

static int pass_mention(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct mention *m = ctx;
	int r = system_owns(row->collection) ? 0 : m->fn(m->ctx, row, rec, err);

	m->is_end = r > 0;
	return r;
}

int reader_mentions_after(struct reader *rd, const struct id *subject, const struct id *after,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct mention m = { fn, ctx, false };
	struct id id;
	int r = 0;

	while (!m.is_end && (r = engine_mention_next(rd->engine, subject, after, &id, err)) > 0) {
		after = &id;
		r = reader_record(rd, &id, pass_mention, &m, err);
		if (r < 0) {
			break;
		}
	}
	return r < 0 ? r : 0;
}

int reader_all_records(struct reader *rd, const struct id *subject, const char *filter,
	reader_fn *fn, void *ctx, struct cu_err *err)
{
	struct walk w = { .reader = rd, .fn = fn, .ctx = ctx };

	return walk_records(&w, subject, filter, NULL, err);
}

static int pass_hit(void *ctx, const struct row_record *row, const struct record *rec,
	struct cu_err *err)
{
	struct walk *w = ctx;
	struct row_subject who;
	int r = engine_subject_get(w->reader->engine, &row->subject, &who, err);

	w->is_partly = r > 0 && who.is_partly;
	if (r >= 0) {
		r = is_hidden(w, row, err);
	}
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	w->nshown++;
	return w->fn(w->ctx, row, rec, err);
}

int reader_find(struct reader *rd, const char *kind, struct span value, reader_fn *fn,
	void *ctx, struct cu_err *err)
{
	struct walk w = { .reader = rd, .fn = fn, .ctx = ctx };
	int r = index_find(rd->engine, &rd->sealer, &rd->store->cfg.index, kind, value,
		pass_hit, &w, err);

	return r < 0 ? r : w.nshown;
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

int reader_operator(struct reader *rd, uint32_t uid, struct id *ret, struct cu_err *err)
{
	return engine_operator_get(rd->engine, uid, ret, err);
}

int reader_operator_uid(struct reader *rd, const struct id *id, uint32_t *ret, struct cu_err *err)
{
	return engine_operator_uid(rd->engine, id, ret, err);
}

int reader_cohort(struct reader *rd, const char *collection, uint32_t period, uint64_t *ret,
	struct cu_err *err)
{
	return engine_cohort_get(rd->engine, collection, "default", period, ret, err);
}

int reader_erasure(struct reader *rd, const struct id *id, struct row_erasure *ret,
	struct cu_err *err)
{
	return engine_erasure_get(rd->engine, id, ret, err);
}

int reader_first_erasure(struct reader *rd, int64_t *ret_ms, struct cu_err *err)
{
	return engine_erasure_first(rd->engine, ret_ms, err);
}

int reader_erasure_of(struct reader *rd, const struct id *subject,
	struct row_erasure *ret, struct cu_err *err)
{
	return engine_erasure_of(rd->engine, subject, ret, err);
}

int reader_next_erasure(struct reader *rd, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err)
{
	return engine_erasure_next(rd->engine, after, ret, err);
}

int reader_next_open_erasure(struct reader *rd, const struct row_erasure *after,
	struct row_erasure *ret, struct cu_err *err)
{
	return engine_erasure_next_open(rd->engine, after, ret, err);
}

int reader_erasure_part(struct reader *rd, const struct id *erasure, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err)
{
	return engine_erasure_part_next(rd->engine, erasure, after, ret, err);
}

int reader_erasure_spent(struct reader *rd, int64_t since_ms, uint64_t *ret_slots,
	uint64_t *ret_cohorts, struct cu_err *err)
{
	return engine_erasure_spent(rd->engine, since_ms, ret_slots, ret_cohorts, err);
}

int reader_slots(
	struct reader *rd, const struct id *subject, struct buf *to, struct cu_err *err)
{
	return slots_of_subject(rd->engine, subject, to, err);
}

int reader_access(struct reader *rd, const struct leaf *leaf, struct span *ret_ids,
	struct cu_err *err)
{
	struct row_access row;
	uint64_t slot = 0;
	int r;

	if (id_is_nil(&leaf->obj) || !leaf->has_digest) {
		return 0; /* of a custos that had no access journal */
	}
	buf_clear(&rd->sealed);
	r = engine_access_get(rd->engine, &leaf->obj, &row, &rd->sealed, err);
	if (r > 0) {
		r = reader_cohort(rd, ACCESS_COLLECTION, row.period, &slot, err);
	}
	if (r > 0) {
		r = access_open(&rd->sealer, slot, &row, leaf->digest, ret_ids, err);
		r = r == CU_ENOKEY ? 0 : r < 0 ? r : 1;
	}
	return r;
}

int reader_count(struct reader *rd, struct engine_counts *ret, struct cu_err *err)
{
	return engine_count(rd->engine, ret, err);
}

int reader_count_rows(struct reader *rd, struct engine_counts *ret, struct cu_err *err)
{
	return engine_count_rows(rd->engine, ret, err);
}
