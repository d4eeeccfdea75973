/* The writer thread: takes what is waiting, makes it one transaction, one append, one sync. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ledger/ledger.h"
#include "store/store_internal.h"
#include "vault/vault.h"

#define MAX_BATCH     256 /* changes in one transaction */
#define OUTBOX_KEPT   64  /* leaves that may wait in data.db although the log has them */
#define PRUNE_EACH_MS (3600 * 1000LL)

struct batch {
	struct store_op *first; /* in order */
	bool changes;           /* one of them at least needs a transaction */
	bool is_alone;
	bool has_rows;          /* which was committed: what they did is durable */
};

/* --- the queue -------------------------------------------------------------------- */

/* Up to MAX_BATCH operations; one that must be alone comes alone.  False: stop. */
static bool take_batch(struct store *st, struct batch *ret)
{
	struct store_op **end = &ret->first, *op;
	unsigned n = 0;

	*ret = (struct batch){ 0 };
	pthread_mutex_lock(&st->lock);
	while (!st->first && !st->stops) {
		pthread_cond_wait(&st->work, &st->lock);
	}
	while ((op = st->first) != NULL && n < MAX_BATCH) {
		if (op->kind == STORE_ALONE && n > 0) {
			break;
		}
		st->first = op->next;
		op->next = NULL;
		*end = op;
		end = &op->next;
		n++;
		ret->changes |= op->kind == STORE_CHANGE;
		ret->is_alone |= op->kind == STORE_ALONE;
		if (op->kind == STORE_ALONE) {
			break;
		}
	}
	if (!st->first) {
		st->last = NULL;
	}
	pthread_mutex_unlock(&st->lock);
	return n > 0;
}

/* --- one batch -------------------------------------------------------------------- */

static void fail_op(struct store_op *op, int code, const struct cu_err *why)
{
	op->code = code;
	op->err = *why;
}

/* A full disk is no reason to stop: SQLite has rolled back, and nothing was acknowledged. */
static bool is_recoverable(int code)
{
	return code == CU_ENOSPC || code == CU_ENOMEM || code == CU_EBUSY;
}

/* The disk failed beneath a step: whatever it says next, nothing is known about it any more.
 * Alone, a step may have met another disk (a backup's); not so when the vault refuses. */
static bool is_fatal(const struct tx *tx, const struct store_op *op)
{
	return op->code == CU_EIO &&
		(op->kind == STORE_CHANGE || vault_is_broken(tx->store->cfg.vault));
}

static int fail_batch(const struct store_op *op, struct cu_err *err)
{
	*err = op->err;
	return op->code;
}

static int apply_step(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	size_t mark = tx->leaves.n, nmark = tx->nleaves;
	uint64_t seq = tx->seq;
	int r;

	tx->actor = op->actor;
	tx->is_change = op->kind == STORE_CHANGE;
	tx->store->nchanges += op->kind != STORE_LEAF && !op->is_note;
	op->err = (struct cu_err){ 0 };
	if (!tx->is_change) {
		op->code = op->apply(tx, op, &op->err);
		if (op->code < 0) {
			tx->leaves.n = mark;
			tx->nleaves = nmark;
		}
		return is_fatal(tx, op) ? fail_batch(op, err) : 0;
	}
	r = engine_step_begin(tx->engine, err);
	if (r < 0) {
		return r;
	}
	op->code = op->apply(tx, op, &op->err);
	if (op->code < 0) {
		tx->leaves.n = mark;
		tx->nleaves = nmark;
		tx->seq = seq;
	}
	r = engine_step_end(tx->engine, op->code >= 0, err);
	if (r < 0 && op->code < 0 && is_recoverable(op->code)) {
		/* SQLite has taken back the whole transaction, for want of the same thing */
		return fail_batch(op, err);
	}
	return is_fatal(tx, op) ? fail_batch(op, err) : r;
}

/* What went wrong is said in the language of whoever asked. */
static int apply_op(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	int r;

	(void)intl_use(op->language);
	r = apply_step(tx, op, err);
	(void)intl_use(INTL_EN);
	return r;
}

static int keep_house(struct store *st, struct tx *tx, struct cu_err *err)
{
	uint64_t in_log = ledger_last_outbox(st->cfg.ledger);
	int r = 0;

	if (in_log > OUTBOX_KEPT) {
		r = engine_outbox_drop(tx->engine, in_log - OUTBOX_KEPT, err);
	}
	if (r == 0 && tx->now_ms - st->pruned_ms > PRUNE_EACH_MS) {
		st->pruned_ms = tx->now_ms;
		r = engine_request_prune(tx->engine, tx->now_ms - STORE_REQUEST_KEPT_MS, err);
	}
	return r;
}

/* All that was changed is in the files: views that begin from now on show it. */
static void show_changes(struct store *st)
{
	atomic_store(&st->nchanges_seen, st->nchanges);
}

/* Leaves of reads look at how people stand: in one view, that is locked once. */
static int run_leaves(struct store *st, struct batch *b, struct cu_err *err)
{
	int r = b->is_alone ? 0 : engine_read_begin(st->engine, err);

	for (struct store_op *op = b->first; r == 0 && op; op = op->next) {
		r = apply_op(&st->tx, op, err);
	}
	if (!b->is_alone) {
		engine_read_end(st->engine);
	}
	show_changes(st);
	return r;
}

/* All changes in one transaction; returns a code only when the whole batch has failed. */
static int run_steps(struct store *st, struct batch *b, struct cu_err *err)
{
	struct tx *tx = &st->tx;
	int r = engine_begin(st->engine, err);
	bool is_open = r == 0;

	for (struct store_op *op = b->first; r == 0 && op; op = op->next) {
		r = apply_op(tx, op, err);
	}
	if (r == 0) {
		r = keep_house(st, tx, err);
	}
	if (r == 0) {
		r = engine_meta_put_u64(st->engine, "seq", tx->seq, err);
	}
	if (r == 0) {
		r = engine_index_set_seq(st->engine, tx->seq, err);
	}
	if (r == 0) {
		is_open = false; /* a failed commit rolls back by itself */
		r = engine_commit(st->engine, &b->has_rows, err);
		if (b->has_rows) {
			show_changes(st);
		}
	}
	if (is_open && r < 0) {
		engine_rollback(st->engine);
	}
	return r;
}

/* tx->leaves holds (outbox number, length, bytes) for each leaf. */
static int append_leaves(struct store *st, struct cu_err *err)
{
	struct tx *tx = &st->tx;
	struct cursor c = cursor_of(buf_span(&tx->leaves));
	struct ledger_entry *entries;
	int r;

	if (tx->nleaves == 0) {
		return 0;
	}
	entries = calloc(tx->nleaves, sizeof(*entries));
	if (!entries) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < tx->nleaves; i++) {
		cursor_copy(&c, &entries[i].outbox, sizeof(entries[i].outbox));
		entries[i].leaf = cursor_take(&c, cursor_u32(&c));
	}
	r = ledger_append(st->cfg.ledger, entries, tx->nleaves, err);
	free(entries);
	return r;
}

/* Nothing is known about the disk any more: refuse everything, and say so once. */
static void give_up(struct store *st, const struct cu_err *why)
{
	bool is_first;

	pthread_mutex_lock(&st->lock);
	is_first = !st->is_broken;
	st->is_broken = true;
	if (is_first) {
		st->why = *why;
	}
	pthread_mutex_unlock(&st->lock);
	if (is_first && st->cfg.on_fatal) {
		st->cfg.on_fatal(st->cfg.on_fatal_ctx, why);
	}
}

static void finish(struct batch *b, int code, const struct cu_err *why)
{
	struct store_op *op = b->first, *next;

	for (; op; op = next) {
		next = op->next; /* done may free it */
		if (code < 0 && op->code >= 0) {
			fail_op(op, code, why);
		}
		op->done(op);
	}
}

/* The leaves of what was committed, then its end: acknowledged, or not known for certain. */
static void conclude(struct store *st, struct batch *b, int code, struct cu_err *err)
{
	struct cu_err why = *err;
	int r = append_leaves(st, err);

	/* Rows without their leaves: the start mends it.  Rows without their tokens: they are
	 * acknowledged, but nobody may look anything up until a start has filled the index. */
	if (r < 0 && (b->has_rows || !is_recoverable(r))) {
		give_up(st, err);
	} else if (code < 0) {
		give_up(st, &why);
	}
	finish(b, r, err);
}

static void run_batch(struct store *st, struct batch *b)
{
	struct tx *tx = &st->tx;
	uint64_t seq = tx->seq;
	struct cu_err err = { 0 };
	int r;

	buf_clear(&tx->leaves);
	tx->nleaves = 0;
	tx->now_ms = clock_now_ms(&st->cfg.clock);
	if (st->is_broken) { /* only this thread sets it */
		finish(b, st->why.code, &st->why);
		return;
	}
	if (store_is_quarantined(st)) {
		finish(b, cu_err_set(&err, CU_ERESTRICTED, "this store is in quarantine: nothing is changed"),
			&err);
		return;
	}
	r = b->changes ? run_steps(st, b, &err) : run_leaves(st, b, &err);
	engine_release(st->engine);
	if (r < 0 && !b->has_rows) {
		tx->seq = seq;
		if (!is_recoverable(r)) {
			give_up(st, &err);
		}
		finish(b, r, &err);
	} else {
		conclude(st, b, r, &err);
		r = b->has_rows ? engine_tidy(st->engine, &err) : 0;
		if (r < 0 && !is_recoverable(r)) {
			give_up(st, &err);
		}
	}
	buf_clear(&tx->scratch);
}

void *writer_main(void *arg)
{
	struct store *st = arg;
	struct batch b;

	while (take_batch(st, &b)) {
		run_batch(st, &b);
	}
	return NULL;
}

int writer_replay_outbox(struct store *st, struct cu_err *err)
{
	uint64_t at = ledger_last_outbox(st->cfg.ledger);
	struct buf leaf = BUF_INIT;
	int r;

	while ((r = engine_outbox_next(st->engine, at, &at, &leaf, err)) > 0) {
		struct ledger_entry entry = { at, buf_span(&leaf) };

		r = ledger_append(st->cfg.ledger, &entry, 1, err);
		if (r < 0) {
			break;
		}
		buf_clear(&leaf);
	}
	buf_done(&leaf);
	return r;
}
