/* Which keys an erasure is about: what a second user confirms, and what is shredded. */
#include <inttypes.h>
#include <string.h>

#include "store/engine_alias.h"
#include "store/engine_hold.h"
#include "store/slots.h"
#include "store/tx_erase_internal.h"

/* What was held of months that are over lies under keys of its own (tx_hold.h).  collection "": in
 * all of them. */
static int each_held_slot(struct tx *tx, const struct row_erasure *row, const char *collection,
	erase_slot_fn *fn, void *ctx, struct cu_err *err)
{
	struct row_hold_slot held;
	uint64_t at, *after = NULL;
	int r;

	while ((r = engine_hold_slot_next(tx->engine, after, &held, err)) > 0) {
		at = held.slot;
		after = &at;
		if (!id_eq(&held.subject, &row->subject) ||
			(collection[0] && strcmp(held.collection, collection) != 0)) {
			continue;
		}
		r = fn(tx, row, collection, held.slot, ctx, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* Keys of an id that was merged into the subject and that still live: those of a collection (""
 * stands for what is left of its run), or all. */
static int each_old_slot(struct tx *tx, const struct row_erasure *row, const char *collection,
	erase_slot_fn *fn, void *ctx, struct cu_err *err)
{
	struct row_alias alias = { 0 };
	struct buf slots = BUF_INIT;
	int r;

	while ((r = engine_alias_of(tx->engine, &row->subject, &alias.old, &alias, err)) > 0) {
		r = engine_erasure_slots(tx->engine, &alias.old, collection, &slots, err);
		if (r < 0) {
			break;
		}
	}
	for (size_t at = 0; r == 0 && at < slots.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, slots.p + at, sizeof(slot));
		r = fn(tx, row, collection ? collection : "", slot, ctx, err);
	}
	buf_done(&slots);
	return r;
}

static int each_subject_slot(struct tx *tx, const struct row_erasure *row, erase_slot_fn *fn,
	void *ctx, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = slots_of_subject(tx->engine, &row->subject, &slots, err);

	for (size_t at = 0; r == 0 && at < slots.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, slots.p + at, sizeof(slot));
		r = fn(tx, row, "", slot, ctx, err);
	}
	buf_done(&slots);
	r = r < 0 ? r : each_held_slot(tx, row, "", fn, ctx, err);
	return r < 0 ? r : each_old_slot(tx, row, NULL, fn, ctx, err);
}

int tx_erase_each_slot(struct tx *tx, const struct row_erasure *row, erase_slot_fn *fn,
	void *ctx, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	int r;

	if (row->scope == ERASE_SUBJECT) {
		return each_subject_slot(tx, row, fn, ctx, err);
	}
	while ((r = engine_erasure_part_next(
			tx->engine, &row->id, collection, collection, err)) > 0) {
		uint64_t slot;

		r = engine_slot_get(tx->engine, &row->subject, collection, &slot, err);
		if (r > 0) {
			r = fn(tx, row, collection, slot, ctx, err);
		}
		if (r >= 0 && row->scope == ERASE_COLLECTIONS) {
			r = each_held_slot(tx, row, collection, fn, ctx, err);
		}
		if (r >= 0) {
			r = each_old_slot(tx, row, collection, fn, ctx, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int put_line(struct tx *tx, const struct row_erasure *row,
	const char *collection, uint64_t slot, void *ctx, struct cu_err *err)
{
	(void)tx;
	(void)row;
	(void)err;
	buf_putf(ctx, "slot %" PRIu64 " %s\n", slot, collection);
	return 0;
}

int tx_erase_scope(struct tx *tx, const struct row_erasure *row, struct buf *to,
	struct cu_err *err)
{
	char text[ID_TEXT_SIZE];
	int r;

	id_format(&row->id, text);
	buf_putf(to, "custos erasure v1 %s\n", text);
	id_format(&row->subject, text);
	buf_putf(to, "subject %s scope %d\n", text, (int)row->scope);
	id_format(&row->record, text);
	buf_putf(to, "record %s\n", text);
	r = tx_erase_each_slot(tx, row, put_line, to, err);
	return r < 0 ? r : buf_check(to, err);
}
