/* Erasures of a restored data.db that were under way when it was backed up, or begun since. */
#include <string.h>

#include "base/err.h"
#include "store/settle_internal.h"
#include "store/tx_merge_internal.h"

static const struct settle_erasure *find_open(const struct store_settle *how, const struct id *id)
{
	for (size_t i = 0; i < how->nopen; i++) {
		if (id_eq(&how->open[i].id, id)) {
			return &how->open[i];
		}
	}
	return NULL;
}

/* 1: what the erasure was about is there and opens, so it was cancelled. */
static int is_unharmed(struct settling *s, const struct row_erasure *row, struct cu_err *err)
{
	char collection[ENGINE_KEY_SIZE] = "";
	struct row_subject who;
	struct row_record rec;
	uint64_t slot;
	int r;

	switch (row->scope) {
	case ERASE_SUBJECT: return engine_subject_get(s->engine, &row->subject, &who, err);
	case ERASE_RECORD: return engine_record_get(s->engine, &row->record, &rec, err);
	case ERASE_COLLECTIONS: break;
	}
	r = engine_erasure_part_next(s->engine, &row->id, "", collection, err);
	/* slots that do not open were dropped */
	return r <= 0 ? r : engine_slot_get(s->engine, &row->subject, collection, &slot, err);
}

static int set_denied(struct settling *s, const struct row_erasure *row, bool is_denied,
	struct cu_err *err)
{
	struct row_subject who;
	int r = engine_subject_get(s->engine, &row->subject, &who, err);

	if (r <= 0) {
		return r;
	}
	who.state = is_denied && row->scope == ERASE_SUBJECT ? SUBJECT_ERASING : SUBJECT_LIVE;
	who.is_partly = is_denied && row->scope != ERASE_SUBJECT;
	return engine_subject_put(s->engine, &who, err);
}

static int end_erasure(struct settling *s, struct row_erasure *row, struct cu_err *err)
{
	int r = is_unharmed(s, row, err);

	row->state = r > 0 ? ERASURE_CANCELLED : ERASURE_DONE;
	if (r >= 0) {
		r = engine_erasure_put(s->engine, row, err);
	}
	if (r == 0) {
		r = engine_erasure_slots_drop(s->engine, &row->id, err);
	}
	return r < 0 ? r : set_denied(s, row, false, err);
}

/* It goes on in the restored store: at the latest with its shred, which may be done twice. */
static int keep_erasure(struct settling *s, struct row_erasure *row,
	const struct settle_erasure *known, struct cu_err *err)
{
	bool is_part = row->scope != ERASE_SUBJECT;
	int r = 0;

	if (s->newest && is_part && row->state >= ERASURE_SHREDDING) {
		/* what it had re-sealed is not so in these rows: it begins again */
		row->state = ERASURE_COOLING_OFF;
		row->due_ms = row->begun_ms;
		r = engine_erasure_slots_drop(s->engine, &row->id, err);
	} else if (row->state == ERASURE_SHREDDED) {
		row->state = ERASURE_SHREDDING;
	} else if (row->state < ERASURE_SHREDDING && known && known->is_let_go) {
		row->state = ERASURE_COOLING_OFF;
		row->due_ms = row->begun_ms;
	}
	return r < 0 ? r : engine_erasure_put(s->engine, row, err);
}

/* Rows of erasures that this backup was made in the middle of. */
static int settle_old_erasures(struct settling *s, const struct store_settle *how,
	struct cu_err *err)
{
	struct row_erasure row, *after = NULL;
	int r;

	while ((r = engine_erasure_next_open(s->engine, after, &row, err)) > 0) {
		const struct settle_erasure *known = find_open(how, &row.id);
		struct row_erasure changed = row;

		after = &row;
		r = known || (how->has_gap && is_unharmed(s, &row, NULL) > 0) ?
			keep_erasure(s, &changed, known, err) :
			end_erasure(s, &changed, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int reinstate(struct settling *s, const struct settle_erasure *known, struct cu_err *err)
{
	struct row_erasure row;
	struct row_subject who;
	struct id subject = known->subject;
	int r = alias_follow(s->engine, &subject, err);

	r = r < 0 ? r : engine_subject_get(s->engine, &subject, &who, err);
	if (r <= 0) {
		return r;
	}
	r = engine_erasure_get(s->engine, &known->id, &row, err);
	if (r == 0) {
		row = (struct row_erasure){ .id = known->id, .subject = subject,
			.scope = !id_is_nil(&known->record) ? ERASE_RECORD :
				*known->collection	    ? ERASE_COLLECTIONS :
							      ERASE_SUBJECT,
			.record = known->record, .asker = known->asker,
			.state = ERASURE_COOLING_OFF, .begun_ms = known->begun_ms,
			.due_ms = known->is_let_go ? known->begun_ms : known->due_ms };
		strcpy(row.purpose, known->purpose);
		r = engine_erasure_put(s->engine, &row, err);
	}
	if (r >= 0 && *known->collection) {
		r = engine_erasure_part_put(s->engine, &known->id, known->collection, err);
	}
	return r < 0 ? r : set_denied(s, &row, true, err);
}

int settle_erasures(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = settle_old_erasures(s, how, err);

	for (size_t i = 0; r >= 0 && i < how->nopen; i++) {
		r = reinstate(s, &how->open[i], err);
	}
	return r < 0 ? r : 0;
}
