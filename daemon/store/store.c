#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ledger/ledger.h"
#include "store/engine_alias.h"
#include "store/reader.h"
#include "store/store_internal.h"
#include "vault/vault.h"

int store_create(const char *dir, const struct id *store, const struct id *lineage,
	struct cu_err *err)
{
	struct engine *e = NULL;
	int r = engine_open(dir, ENGINE_CREATE, &e, err);

	if (r == 0) {
		r = engine_meta_put(e, "store", span_of(store->b, sizeof(store->b)), err);
	}
	if (r == 0) {
		r = engine_meta_put(e, "lineage", span_of(lineage->b, sizeof(lineage->b)), err);
	}
	if (r == 0) {
		r = engine_flush(e, err);
	}
	engine_close(e);
	return r;
}

static int read_id(struct engine *e, const char *key, struct id *ret, struct cu_err *err)
{
	struct buf value = BUF_INIT;
	int r = engine_meta_get(e, key, &value, err);

	if (r >= 0 && value.n != sizeof(ret->b)) {
		r = cu_err_set(err, CU_ECORRUPT, "data.db names no %s", key);
	}
	if (r >= 0) {
		memcpy(ret->b, value.p, sizeof(ret->b));
		r = 0;
	}
	buf_done(&value);
	return r;
}

static int read_meta(struct store *st, struct cu_err *err)
{
	uint64_t restricted = 0, restored = 0, adopted = 0;
	struct row_alias alias;
	int r = read_id(st->engine, "store", &st->id, err);

	if (r == 0) {
		r = read_id(st->engine, "lineage", &st->lineage, err);
	}
	if (r == 0) {
		r = engine_meta_get_u64(st->engine, "seq", &st->tx.seq, err);
	}
	if (r >= 0) {
		r = engine_meta_get_u64(st->engine, "restricted", &restricted, err);
	}
	if (r >= 0) {
		r = engine_meta_get_u64(st->engine, "restored", &restored, err);
	}
	if (r >= 0) {
		r = engine_meta_get_u64(st->engine, "adopted", &adopted, err);
	}
	if (r >= 0) {
		r = engine_alias_next(st->engine, NULL, &alias, err);
		atomic_store(&st->has_aliases, r > 0);
	}
	atomic_store(&st->is_restricted, restricted != 0);
	st->is_restored = restored != 0;
	atomic_store(&st->is_adopted, adopted != 0);
	return r < 0 ? r : 0;
}

static int add_reader(struct store *st, const char *dir, struct cu_err *err)
{
	struct reader *rd = calloc(1, sizeof(*rd));
	int r;

	if (!rd) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	rd->store = st;
	r = engine_open(dir, ENGINE_READ, &rd->engine, err);
	if (r == 0) {
		r = sealer_init(&rd->sealer, st->cfg.vault, st->cfg.arena, &st->id, err);
	}
	if (r < 0) {
		engine_close(rd->engine);
		free(rd);
		return r;
	}
	rd->next = st->free_readers;
	st->free_readers = rd;
	return 0;
}

/* Rows are always committed before their leaves, so a log that is ahead of them tells of rows
 * that were here once. */
static int refuse_older_rows(struct store *st, struct cu_err *err)
{
	return ledger_last_outbox(st->cfg.ledger) <= st->tx.seq ?
		0 :
		cu_err_set(err, CU_ECORRUPT, "the log is ahead of data.db: an older one was put back");
}

static int bring_up_to_date(struct store *st, struct cu_err *err)
{
	uint64_t seq = 0;
	long n;
	int r = refuse_older_rows(st, err);

	if (r < 0) {
		return r;
	}
	r = writer_replay_outbox(st, err);
	if (r < 0) {
		return cu_err_wrap(err, r, "bring the log up to the store");
	}
	r = engine_index_seq(st->engine, &seq, err);
	if (r < 0) {
		return r;
	}
	if (seq < st->tx.seq) {
		log_notice("index: it is brought up to date; custosd answers when that is done");
	}
	n = index_catch_up(st->engine, &st->sealer, &st->cfg.index, st->tx.seq, err);
	if (n < 0) {
		return cu_err_wrap(err, (int)n, "bring the index up to the store");
	}
	if (n > 0) {
		log_info("index: %ld records were put into it", n);
	}
	return 0;
}

int store_open(const struct store_config *cfg, struct store **ret, struct cu_err *err)
{
	struct store *st = calloc(1, sizeof(*st));
	int r;

	if (!st) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	st->cfg = *cfg;
	st->nchanges = 1; /* 0 is no view's */
	atomic_store(&st->nchanges_seen, st->nchanges);
	pthread_mutex_init(&st->lock, NULL);
	pthread_cond_init(&st->work, NULL);
	pthread_cond_init(&st->readers, NULL);
	r = engine_open(cfg->dir, ENGINE_WRITE, &st->engine, err);
	if (r == 0) {
		r = read_meta(st, err);
	}
	if (r == 0) {
		r = sealer_init(&st->sealer, cfg->vault, cfg->arena, &st->id, err);
	}
	st->tx.store = st;
	st->tx.engine = st->engine;
	st->tx.sealer = &st->sealer;
	st->tx.index = &st->cfg.index;
	if (r == 0) {
		r = bring_up_to_date(st, err);
	}
	for (unsigned i = 0; r == 0 && i < cfg->nreaders; i++) {
		r = add_reader(st, cfg->dir, err);
	}
	if (r == 0 && pthread_create(&st->thread, NULL, writer_main, st) != 0) {
		r = cu_err_set(err, CU_ENOMEM, "the writer thread could not be started");
	}
	if (r < 0) {
		store_close(st);
		return r;
	}
	st->has_thread = true;
	*ret = st;
	return 0;
}

void store_close(struct store *st)
{
	if (!st) {
		return;
	}
	if (st->has_thread) {
		pthread_mutex_lock(&st->lock);
		st->stops = true;
		pthread_cond_broadcast(&st->work);
		pthread_mutex_unlock(&st->lock);
		pthread_join(st->thread, NULL);
	}
	while (st->free_readers) {
		struct reader *rd = st->free_readers;

		st->free_readers = rd->next;
		sealer_done(&rd->sealer);
		buf_done(&rd->sealed);
		engine_close(rd->engine);
		free(rd);
	}
	sealer_done(&st->sealer);
	buf_done(&st->tx.leaves);
	buf_done(&st->tx.scratch);
	engine_close(st->engine);
	pthread_cond_destroy(&st->readers);
	pthread_cond_destroy(&st->work);
	pthread_mutex_destroy(&st->lock);
	free(st);
}

struct id store_id(const struct store *st)
{
	return st->id;
}

struct id store_lineage(const struct store *st)
{
	return st->lineage;
}

bool store_is_restricted(const struct store *st)
{
	return atomic_load(&st->is_restricted) || store_is_quarantined(st);
}

void store_quarantine(struct store *st)
{
	atomic_store(&st->is_quarantined, true);
}

bool store_is_quarantined(const struct store *st)
{
	return atomic_load(&st->is_quarantined);
}

bool store_has_aliases(const struct store *st)
{
	return atomic_load(&st->has_aliases);
}

bool store_is_restored(const struct store *st)
{
	return st->is_restored;
}

bool store_waits(const struct store *st)
{
	return st->is_restored && !atomic_load(&st->is_adopted);
}

void store_submit(struct store *st, struct store_op *op)
{
	op->next = NULL;
	op->code = 0;
	op->language = intl_language();
	pthread_mutex_lock(&st->lock);
	if (st->last) {
		st->last->next = op;
	} else {
		st->first = op;
	}
	st->last = op;
	pthread_cond_signal(&st->work);
	pthread_mutex_unlock(&st->lock);
}

/* --- submit and wait -------------------------------------------------------------- */

struct waiting {
	struct store_op op; /* stands in for the caller's */
	struct store_op *inner;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool is_done;
};

static int apply_inner(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct waiting *w = (struct waiting *)op;

	return w->inner->apply(tx, w->inner, err);
}

static void wake(struct store_op *op)
{
	struct waiting *w = (struct waiting *)op;

	pthread_mutex_lock(&w->lock);
	w->is_done = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

int store_run(struct store *st, struct store_op *op, struct cu_err *err)
{
	struct waiting w = { .op = { .apply = apply_inner, .done = wake, .kind = op->kind,
		.actor = op->actor, .is_note = op->is_note }, .inner = op,
		.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

	store_submit(st, &w.op);
	pthread_mutex_lock(&w.lock);
	while (!w.is_done) {
		pthread_cond_wait(&w.cond, &w.lock);
	}
	pthread_mutex_unlock(&w.lock);
	op->code = w.op.code;
	op->err = w.op.err;
	if (err && w.op.code < 0) {
		*err = w.op.err;
	}
	return w.op.code;
}

/* --- readers ---------------------------------------------------------------------- */

struct reader *store_reader_take(struct store *st)
{
	struct reader *rd;

	pthread_mutex_lock(&st->lock);
	while (!st->free_readers) {
		pthread_cond_wait(&st->readers, &st->lock);
	}
	rd = st->free_readers;
	st->free_readers = rd->next;
	pthread_mutex_unlock(&st->lock);
	return rd;
}

void store_reader_give(struct store *st, struct reader *rd)
{
	engine_release(rd->engine);
	buf_clear(&rd->sealer.plain);
	reader_narrow(rd, NULL, NULL, 0);
	pthread_mutex_lock(&st->lock);
	rd->next = st->free_readers;
	st->free_readers = rd;
	pthread_cond_signal(&st->readers);
	pthread_mutex_unlock(&st->lock);
}
