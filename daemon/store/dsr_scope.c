#include "store/dsr_scope.h"

#include <string.h>

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

/* 1: there is something of it that the request is about. */
static int make_item(struct engine *e, const struct row_dsr *row, const char *collection,
	struct dsr_item *ret, struct cu_err *err)
{
	struct row_dsr_part kept;
	int r = system_owns(collection) ? 0 : is_wanted(e, row, collection, err);

	if (r <= 0) {
		return r;
	}
	*ret = (struct dsr_item){ 0 };
	strcpy(ret->collection, collection);
	r = count(e, &row->subject, collection, &ret->nrecords, err);
	if (r < 0 || ret->nrecords == 0) {
		return r;
	}
	r = find_part(e, row, DSR_KEPT, collection, &kept, err);
	if (r > 0) {
		ret->is_kept = true;
		ret->note = kept.note;
	}
	return r < 0 ? r : 1;
}

int dsr_scope_each(struct engine *e, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err)
{
	struct row_slot slot = { .collection = "" };
	int r;

	while ((r = engine_slot_next(e, &row->subject, slot.collection, &slot, err)) > 0) {
		struct dsr_item item;

		r = make_item(e, row, slot.collection, &item, err);
		if (r > 0) {
			r = fn(ctx, &item, err);
		}
		if (r != 0) {
			break;
		}
	}
	return r < 0 ? r : 0;
}
