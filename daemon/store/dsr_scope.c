#include "store/dsr_scope.h"

#include <string.h>

#include "store/engine_mention.h"
#include "store/system.h"

/* 1, 0 or a code. */
static int find_part(struct engine *e, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *collection, struct row_dsr_part *ret, struct cu_err *err)
{
	struct row_dsr_part part = { .collection = "" };
	int r;

	while ((r = engine_dsr_part_next(e, &row->id, kind, part.collection, &part, err)) > 0) {
		if (strcmp(part.collection, collection) == 0) {
			*ret = part;
			return 1;
		}
	}
	return r;
}

static int is_wanted(struct engine *e, const struct row_dsr *row, const char *collection,
	struct cu_err *err)
{
	struct row_dsr_part part;
	int r = engine_dsr_part_next(e, &row->id, DSR_WANTED, "", &part, err);

	if (r <= 0) { /* nothing was named: all */
		return r < 0 ? r : 1;
	}
	return find_part(e, row, DSR_WANTED, collection, &part, err);
}

static int count(struct engine *e, const struct id *subject, const char *collection,
	uint64_t *ret, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	int r;

	*ret = 0;
	while ((r = engine_record_next(e, subject, collection, after, &row, err)) > 0) {
		after = &row;
		++*ret;
	}
	return r;
}

/* Whoever walks may end it; what there is none of, and what the request is not about, is passed
 * over. */
static int pass_item(struct engine *e, const struct row_dsr *row, struct dsr_item *item,
	dsr_scope_fn *fn, void *ctx, struct cu_err *err)
{
	struct row_dsr_part kept;
	int r = item->nrecords == 0 || system_owns(item->collection) ?
		0 :
		is_wanted(e, row, item->collection, err);

	if (r <= 0) {
		return r;
	}
	r = find_part(e, row, DSR_KEPT, item->collection, &kept, err);
	if (r > 0) {
		item->is_kept = true;
		item->note = kept.note;
	}
	return r < 0 ? r : fn(ctx, item, err);
}

static int each_own(struct engine *e, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct row_slot slot = { .collection = "" };
	int r;

	while ((r = engine_slot_next(e, &row->subject, slot.collection, &slot, err)) > 0) {
		struct dsr_item item = { .nrecords = 0 };

		strcpy(item.collection, slot.collection);
		r = count(e, &row->subject, slot.collection, &item.nrecords, err);
		r = r < 0 ? r : pass_item(e, row, &item, fn, ctx, err);
		if (r != 0) {
			break;
		}
	}
	return r;
}

static int each_mention(struct engine *e, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct dsr_item at = { .is_mention = true }, item;
	int r;

	while ((r = engine_mention_count(e, &row->subject, at.collection, at.collection,
			&at.nrecords, err)) > 0) {
		item = at;
		r = pass_item(e, row, &item, fn, ctx, err);
		if (r != 0) {
			break;
		}
	}
	return r;
}

int dsr_scope_each(struct engine *e, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	int r = each_own(e, row, fn, ctx, err);

	r = r != 0 ? r : each_mention(e, row, fn, ctx, err);
	return r < 0 ? r : 0;
}
