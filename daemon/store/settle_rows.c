/* Subjects, records and keys of a restored data.db: what the vault does not open goes. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/engine_expiry.h"
#include "store/engine_hold.h"
#include "store/engine_protect.h"
#include "store/settle_internal.h"
#include "store/slots.h"
#include "store/system.h"
#include "vault/vault.h"

static int count_records(struct settling *s, const struct id *subject, uint64_t *ret,
	struct cu_err *err)
{
	struct row_record row, *after = NULL;
	int r;

	while ((r = engine_record_next(s->engine, subject, NULL, after, &row, err)) > 0) {
		after = &row;
		*ret += !system_owns(row.collection);
	}
	return r;
}

static int remove_subject(struct settling *s, const struct id *id, struct cu_err *err)
{
	struct row_subject who = { 0 };
	int r = engine_subject_get(s->engine, id, &who, err);

	if (r >= 0 && who.kind != SUBJECT_CASE) {
		s->counts->removed_subjects++;
		r = count_records(s, id, &s->counts->removed_records, err);
	}
	return r < 0 ? r : engine_subject_delete(s->engine, id, err);
}

/* Does any of the subject's slots?  Unused ones count: only an erasure of all ends those.  One
 * that has none, because each of its collections was erased, is as well as open. */
static int any_opens(struct settling *s, const struct id *subject, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = slots_of_subject(s->engine, subject, &slots, err), is_open = slots.n == 0;

	for (size_t at = 0; r == 0 && is_open == 0 && at < slots.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, slots.p + at, sizeof(slot));
		is_open = settle_opens(s, slot, err);
	}
	buf_done(&slots);
	return r < 0 ? r : is_open;
}

/* What is written next must not find a dead slot. */
static int drop_dead_slots(struct settling *s, const struct id *subject, struct cu_err *err)
{
	struct row_slot row = { 0 };
	int r;

	while ((r = engine_slot_next(s->engine, subject, row.collection, &row, err)) > 0) {
		r = settle_opens(s, row.slot, err);
		if (r == 0) {
			r = engine_slot_delete(s->engine, subject, row.collection, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int record_opens(struct settling *s, const struct row_record *row, struct cu_err *err)
{
	int r = settle_opens(s, row->slot, err);

	return r > 0 && row->has_cohort ? settle_opens(s, row->cohort_slot, err) : r;
}

/* One that does not open may have got another key since, because something beside it was erased,
 * because it is held, or because its subject was merged into another. */
int settle_renew(struct settling *s, const struct id *record, struct cu_err *err)
{
	struct row_record newer;
	int r = s->newest ? engine_record_get(s->newest, record, &newer, err) : 0;

	if (r > 0) {
		r = record_opens(s, &newer, err);
	}
	if (r > 0) {
		r = engine_protect_record(s->engine, s->newest, record, err);
		s->counts->renewed_records += r == 0;
		r = r < 0 ? r : 1;
	}
	return r;
}

static int settle_record(struct settling *s, const struct row_record *row, struct cu_err *err)
{
	struct id id = row->id;
	bool is_counted = !system_owns(row->collection);
	int r = record_opens(s, row, err);

	if (r == 0) {
		r = settle_renew(s, &id, err);
	}
	if (r == 0) {
		s->counts->removed_records += is_counted;
		r = engine_record_delete(s->engine, &id, err);
	}
	return r < 0 ? r : 0;
}

/* Takes away the records that no longer open; a subject with slots of which none opens goes
 * as a whole. */
static int settle_subject(struct settling *s, const struct row_subject *who, struct cu_err *err)
{
	struct row_record row, *after = NULL;
	int r = any_opens(s, &who->id, err);

	if (r <= 0) {
		return r < 0 ? r : remove_subject(s, &who->id, err);
	}
	while ((r = engine_record_next(s->engine, &who->id, NULL, after, &row, err)) > 0) {
		after = &row;
		r = settle_record(s, &row, err);
		if (r < 0) {
			break;
		}
	}
	return r < 0 ? r : drop_dead_slots(s, &who->id, err);
}

static int settle_subjects(struct settling *s, struct cu_err *err)
{
	struct row_subject who;
	struct id *after = NULL;
	int r;

	while ((r = engine_subject_next(s->engine, after, &who, err)) > 0) {
		after = &who.id;
		r = settle_subject(s, &who, err);
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* Nor may what is written next into an old month. */
static int drop_dead_cohorts(struct settling *s, struct cu_err *err)
{
	uint64_t slot, *after = NULL;
	int r;

	while ((r = engine_cohort_slot_next(s->engine, after, &slot, err)) > 0) {
		after = &slot;
		r = settle_opens(s, slot, err);
		if (r == 0) {
			r = engine_cohort_delete(s->engine, slot, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* Nor what is held anew of such a month. */
static int drop_dead_hold_slots(struct settling *s, struct cu_err *err)
{
	struct row_hold_slot row = { 0 };
	uint64_t at, *after = NULL;
	int r;

	while ((r = engine_hold_slot_next(s->engine, after, &row, err)) > 0) {
		at = row.slot;
		after = &at;
		r = settle_opens(s, row.slot, err);
		if (r == 0) {
			r = engine_hold_slot_delete(s->engine, row.slot, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int remove_erased(struct settling *s, struct cu_err *err)
{
	struct row_subject who;

	for (size_t i = 0; i < s->ngone; i++) {
		int r = engine_subject_get(s->engine, &s->gone[i], &who, err);

		if (r > 0) {
			r = remove_subject(s, &s->gone[i], err);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int settle_rows(struct settling *s, struct cu_err *err)
{
	int r = remove_erased(s, err);

	if (r == 0) {
		r = settle_subjects(s, err);
	}
	if (r == 0) {
		r = drop_dead_cohorts(s, err);
	}
	if (r == 0) {
		r = drop_dead_hold_slots(s, err);
	}
	/* a slot that is free here was another collection's since, perhaps, or is dead */
	return r == 0 ? engine_subjects_close_runs(s->engine, SLOTS_CLOSED, VAULT_RUN, err) : r;
}
