#include "store/settle.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/key.h"
#include "store/engine_protect.h"
#include "store/settle_internal.h"
#include "store/settle_requests.h"
#include "store/settle_said.h"
#include "store/slots.h"
#include "store/tx_key.h"
#include "vault/vault.h"

int settle_opens(struct settling *s, uint64_t slot, struct cu_err *err)
{
	int r = vault_slot_key(s->vault, slot, s->scratch, err);

	key_wipe(s->scratch);
	return r == 0 ? 1 : r == CU_ENOKEY ? 0 : r;
}

static int add_open(struct settling *s, const struct buf *slots, struct buf *to, struct cu_err *err)
{
	for (size_t at = 0; at < slots->n; at += sizeof(uint64_t)) {
		uint64_t slot;
		int r;

		memcpy(&slot, slots->p + at, sizeof(slot));
		r = settle_opens(s, slot, err);
		if (r < 0) {
			return r;
		}
		if (r > 0) {
			buf_put(to, &slot, sizeof(slot));
		}
	}
	return buf_check(to, err);
}

/* The slots of a subject that still open: those in use, and the rest of its run. */
static int add_open_slots(struct settling *s, struct engine *e, const struct id *subject,
	struct buf *to, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = slots_of_subject(e, subject, &slots, err);

	r = r < 0 ? r : add_open(s, &slots, to, err);
	buf_done(&slots);
	return r;
}

/* Those of an id that was merged into somebody: they wait for a backup (tx_merge.h). */
static int add_old_slots(struct settling *s, struct engine *e, const struct id *old,
	struct buf *to, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = engine_erasure_slots(e, old, NULL, &slots, err);

	r = r < 0 ? r : add_open(s, &slots, to, err);
	buf_done(&slots);
	return r;
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
	if (r > 0) {
		r = add_open_slots(s, e, subject, to, err);
	}
	return r < 0 ? r : add_old_slots(s, s->newest ? s->newest : s->engine, subject, to, err);
}

/* The host may have died between "erase execute" and the shred: then it is done here. */
static int shred_erased(struct settling *s, struct cu_err *err)
{
	struct buf slots = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->ngone; i++) {
		r = find_open_slots(s, &s->gone[i], &slots, err);
	}
	if (r == 0 && slots.n > 0) {
		r = vault_shred(s->vault, (const uint64_t *)(const void *)slots.p,
			slots.n / sizeof(uint64_t), err);
	}
	buf_done(&slots);
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
	if (r == 0) { /* of the store that was backed up */
		r = engine_meta_put_u64(s->engine, "adopted", 0, err);
	}
	if (r == 0) { /* likewise: here the keys are others */
		r = engine_meta_put(s->engine, TX_KEY_CHANGE, (struct span){ 0 }, err);
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

static int settle_image(struct settling *s, const struct store_settle *how, struct cu_err *err)
{
	int r = settle_merges(s, how, err);

	if (r == 0) {
		r = take_newest(s, err);
	}
	if (r == 0) {
		r = settle_aliases(s, err);
	}
	if (r == 0) {
		r = settle_rows(s, err);
	}
	if (r == 0) {
		r = settle_erasures(s, how, err);
	}
	if (r == 0) {
		r = settle_holds(s, how, err);
	}
	if (r == 0) {
		r = settle_said(s->engine, how, err);
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
		r = shred_erased(s, err);
	}
	if (r == 0) {
		r = engine_begin(s->engine, err);
	}
	if (r < 0) {
		return r;
	}
	r = settle_image(s, how, err);
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
	struct buf gone = BUF_INIT;
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
		buf_put(&gone, how->erased, how->nerased * sizeof(*how->erased));
		r = settle_add_merged(how, &gone, err);
	}
	if (r == 0) {
		s.gone = (const struct id *)(const void *)gone.p;
		s.ngone = gone.n / sizeof(*s.gone);
		r = settle_all(&s, how, err);
	}
	buf_done(&gone);
	key_free(arena, s.scratch);
	engine_close(s.newest);
	engine_close(s.engine);
	vault_close(s.vault);
	if (r == 0) {
		*ret = counts;
	}
	return r;
}
