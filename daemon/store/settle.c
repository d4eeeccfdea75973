#include "store/settle.h"

#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "crypto/key.h"
#include "store/engine_expiry.h"
#include "store/engine_hold.h"
#include "store/engine_protect.h"
#include "store/settle_requests.h"
#include "store/settle_said.h"
#include "store/slots.h"
#include "store/system.h"
#include "vault/vault.h"

struct settling {
	struct engine *engine;
	struct engine *newest; /* NULL: the rows are the newest */
	struct vault *vault;
	struct key *scratch;
	struct store_settled *counts;
};

/* 1: opens; 0: shredded, or a code. */
static int opens(struct settling *s, uint64_t slot, struct cu_err *err)
{
	int r = vault_slot_key(s->vault, slot, s->scratch, err);

	key_wipe(s->scratch);
	return r == 0 ? 1 : r == CU_ENOKEY ? 0 : r;
}

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
		is_open = opens(s, slot, err);
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
		r = opens(s, row.slot, err);
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
	int r = opens(s, row->slot, err);

	return r > 0 && row->has_cohort ? opens(s, row->cohort_slot, err) : r;
}

/* One that does not open may have got another key since, because something beside it was erased,
 * or because it is held: then it comes as it was in the newest image.  1: it did. */
static int renew(struct settling *s, const struct id *record, struct cu_err *err)
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
		r = renew(s, &id, err);
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
		r = opens(s, slot, err);
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
		r = opens(s, row.slot, err);
		if (r == 0) {
			r = engine_hold_slot_delete(s->engine, row.slot, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* The slots of a subject that still open: those in use, and the rest of its run. */
static int add_open_slots(struct settling *s, struct engine *e, const struct row_subject *who,
	struct buf *to, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = engine_slots_of(e, &who->id, &slots, err);

	for (unsigned i = who->run_used; r == 0 && i < VAULT_RUN; i++) {
		uint64_t slot = who->run + i;

		buf_put(&slots, &slot, sizeof(slot));
	}
	for (size_t at = 0; r == 0 && at + sizeof(uint64_t) <= slots.n; at += sizeof(uint64_t)) {
		uint64_t slot;

		memcpy(&slot, slots.p + at, sizeof(slot));
		r = opens(s, slot, err);
		if (r > 0) {
			buf_put(to, &slot, sizeof(slot));
			r = 0;
		}
	}
	r = r < 0 ? r : buf_check(&slots, err);
	buf_done(&slots);
	return r < 0 ? r : buf_check(to, err);
}

/* What was given to the subject since the backup is in the newest image only. */
static int find_open_slots(struct settling *s, const struct id *subject, struct buf *to,
	struct cu_err *err)
{
	struct engine *e = s->newest ? s->newest : s->engine;
	struct row_subject who;
	int r = engine_subject_get(e, subject, &who, err);

	if (r == 0 && s->newest) {
		e = s->engine;
		r = engine_subject_get(e, subject, &who, err);
	}
	return r > 0 ? add_open_slots(s, e, &who, to, err) : r;
}

/* The host may have died between "erase execute" and the shred: then it is done here. */
static int shred_erased(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < how->nerased; i++) {
		r = find_open_slots(s, &how->erased[i], &slots, err);
	}
	if (r == 0 && slots.n > 0) {
		r = vault_shred(s->vault, (const uint64_t *)(const void *)slots.p,
			slots.n / sizeof(uint64_t), err);
	}
	buf_done(&slots);
	return r;
}

static int remove_erased(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	struct row_subject who;

	for (size_t i = 0; i < how->nerased; i++) {
		int r = engine_subject_get(s->engine, &how->erased[i], &who, err);

		if (r > 0) {
			r = remove_subject(s, &how->erased[i], err);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* --- erasures that were under way ------------------------------------------------- */

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
	int r = engine_subject_get(s->engine, &known->subject, &who, err);

	if (r <= 0) {
		return r;
	}
	r = engine_erasure_get(s->engine, &known->id, &row, err);
	if (r == 0) {
		row = (struct row_erasure){ .id = known->id, .subject = known->subject,
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

static int settle_erasures(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = settle_old_erasures(s, how, err);

	for (size_t i = 0; r >= 0 && i < how->nopen; i++) {
		r = reinstate(s, &how->open[i], err);
	}
	return r < 0 ? r : 0;
}

/* --- holds ------------------------------------------------------------------------ */

static bool is_held_still(const struct store_settle *how, const struct id *hold)
{
	for (size_t i = 0; i < how->nholds; i++) {
		if (id_eq(&how->holds[i].id, hold)) {
			return true;
		}
	}
	return false;
}

/* One that was released after the backup; with a gap in the log nobody knows, and it stays. */
static int release_old_holds(struct settling *s, const struct store_settle *how,
	struct cu_err *err)
{
	struct row_hold row, *after = NULL;
	int r;

	while ((r = engine_hold_next(s->engine, after, &row, err)) > 0) {
		after = &row;
		if (row.state == HOLD_ACTIVE && !how->has_gap && !is_held_still(how, &row.id)) {
			struct row_hold changed = row;

			changed.state = HOLD_RELEASED;
			changed.released_ms = how->now_ms;
			r = engine_hold_put(s->engine, &changed, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

/* One that was placed after the backup: it holds, though why is lost with what came later. */
static int put_hold(struct settling *s, const struct settle_hold *known, struct cu_err *err)
{
	struct row_hold row;
	int r = engine_hold_get(s->engine, &known->id, &row, err);

	if (r == 0) {
		row = (struct row_hold){ .id = known->id, .subject = known->subject,
			.scope = !id_is_nil(&known->record) ? HOLD_RECORD :
				*known->collection	    ? HOLD_COLLECTIONS :
							      HOLD_SUBJECT,
			.record = known->record, .state = HOLD_ACTIVE, .review_day = CIVIL_NO_DAY,
			.placed_ms = known->placed_ms, .placer = known->placer };
		r = engine_hold_put(s->engine, &row, err);
	}
	if (r >= 0 && *known->collection) {
		r = engine_hold_part_put(s->engine, &known->id, known->collection, err);
	}
	return r < 0 ? r : 0;
}

static int settle_holds(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = release_old_holds(s, how, err);

	for (size_t i = 0; r == 0 && i < how->nholds; i++) {
		r = put_hold(s, &how->holds[i], err);
	}
	return r;
}

/* Leaves of the old machine that are in no log any more. */
static int put_meta(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = engine_outbox_drop(s->engine, INT64_MAX, err);

	if (r == 0) {
		r = engine_meta_put_u64(s->engine, "next_slot", vault_capacity(s->vault), err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(s->engine, "restricted", how->has_gap, err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(s->engine, "gap_leaves", how->gap_leaves, err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(s->engine, "restored", 1, err);
	}
	if (r == 0) {
		r = engine_meta_put(s->engine, "lineage", span_of(how->lineage.b, 16), err);
	}
	return r;
}

/* A vault that lacks slots which rows name would make living people look erased. */
static int require_slots(struct settling *s, struct cu_err *err)
{
	uint64_t next = 0;
	int r = engine_meta_get_u64(s->newest ? s->newest : s->engine, "next_slot", &next, err);

	if (r >= 0 && next > vault_capacity(s->vault)) {
		return cu_err_set(err, CU_ECORRUPT, "the vault object is older than the data");
	}
	return r < 0 ? r : 0;
}

/* Everything below is done to rows that nothing newer is known of. */
static int take_newest(struct settling *s, struct cu_err *err)
{
	int r = s->newest ? engine_protect(s->engine, s->newest, err) : 0;

	return r < 0 ? cu_err_wrap(err, r, "what was decided since the backup") : 0;
}

static int settle_rows(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = take_newest(s, err);

	if (r == 0) {
		r = remove_erased(s, how, err);
	}
	if (r == 0) {
		r = settle_subjects(s, err);
	}
	if (r == 0) {
		r = drop_dead_cohorts(s, err);
	}
	if (r == 0) {
		r = drop_dead_hold_slots(s, err);
	}
	if (r == 0) {
		r = settle_erasures(s, how, err);
	}
	if (r == 0) {
		r = settle_holds(s, how, err);
	}
	if (r == 0) {
		r = settle_said(s->engine, how->said, how->nsaid, err);
	}
	if (r == 0) {
		r = settle_requests(
			s->engine, how->requests, how->nrequests, &s->counts->lost_requests, err);
	}
	return r == 0 ? put_meta(s, how, err) : r;
}

static int settle_all(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	struct engine_counts counts = { 0 };
	int r = require_slots(s, err);

	if (r == 0) {
		r = shred_erased(s, how, err);
	}
	if (r == 0) {
		r = engine_begin(s->engine, err);
	}
	if (r < 0) {
		return r;
	}
	r = settle_rows(s, how, err);
	if (r == 0) {
		r = engine_count(s->engine, &counts, err);
	}
	if (r < 0) {
		engine_rollback(s->engine);
		return r;
	}
	s->counts->subjects = counts.subjects;
	s->counts->records = counts.records;
	s->counts->generation = vault_generation(s->vault);
	r = engine_commit(s->engine, NULL, err);
	return r < 0 ? r : engine_flush(s->engine, err);
}

int store_settle_restored(const char *dir, const struct key *k0, struct key_arena *arena,
	const struct store_settle *how, struct store_settled *ret, struct cu_err *err)
{
	struct store_settled counts = { 0 };
	struct settling s = { .counts = &counts };
	int r = vault_open(dir, k0, arena, &s.vault, err);

	if (r == 0) {
		r = engine_open(dir, ENGINE_WRITE, &s.engine, err);
	}
	if (r == 0 && how->newest_dir) {
		r = engine_open(how->newest_dir, ENGINE_WRITE, &s.newest, err);
	}
	if (r == 0) {
		r = key_new(arena, &s.scratch, err);
	}
	if (r == 0) {
		r = settle_all(&s, how, err);
	}
	key_free(arena, s.scratch);
	engine_close(s.newest);
	engine_close(s.engine);
	vault_close(s.vault);
	if (r == 0) {
		*ret = counts;
	}
	return r;
}
