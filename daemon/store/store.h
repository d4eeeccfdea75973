/*
 * store.h: the customer store of one machine: one writer, several readers, one log.
 *
 * All changes run on the writer thread, in the order in which they were submitted.  What
 * arrives while a sync runs joins the next one (group commit): one transaction on data.db with
 * the rows and the leaves of all, then one append to the log, then the callbacks.  A change
 * that fails is undone alone.  When a commit or the log fails, or the disk beneath a change
 * (CU_EIO), nothing more is accepted and on_fatal is called once: what is on disk is known again
 * only after a new start.
 */
#ifndef CU_STORE_STORE_H
#define CU_STORE_STORE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/index.h"

struct key_arena;
struct ledger;
struct reader;
struct store;
struct tx;
struct vault;

struct store_config {
	const char *dir;          /* borrowed for store_open only */
	struct key_arena *arena;  /* this and the next three are kept until store_close */
	struct vault *vault;
	struct ledger *ledger;
	struct clock clock;
	struct index_config index;
	unsigned nreaders;
	void (*on_fatal)(void *ctx, const struct cu_err *why); /* writer thread, once */
	void *on_fatal_ctx;
};

/* An empty data.db and index.db in dir, for a store of this id and lineage. */
int store_create(const char *dir, const struct id *store, const struct id *lineage,
	struct cu_err *err);

/* Brings the log up to the outbox and the index up to the records, then starts the writer.
 * CU_ECORRUPT also when data.db is older than the log. */
int store_open(const struct store_config *cfg, struct store **ret, struct cu_err *err);
/* Finishes what was submitted, then stops.  NULL is fine. */
void store_close(struct store *st);

struct id store_id(const struct store *st);
struct id store_lineage(const struct store *st);
/* Restored with a gap in its log, or in quarantine: data may be kept, not used. */
bool store_is_restricted(const struct store *st);
/* From now on, until it is closed, whatever is submitted fails with CU_ERESTRICTED: nothing
 * changes any more, neither rows nor log.  Any thread. */
void store_quarantine(struct store *st);
bool store_is_quarantined(const struct store *st);
/* Some id was merged into another (tx_merge.h): else there is nothing to follow. */
bool store_has_aliases(const struct store *st);
/* It came out of a backup. */
bool store_is_restored(const struct store *st);
/* It did, and nobody has said yet that this copy is the one that goes on (tx_adopt.h). */
bool store_waits(const struct store *st);

/* What a step needs: STORE_LEAF only appends leaves (a read), STORE_ALONE runs outside a
 * transaction with nothing else beside it (an image). */
enum store_kind { STORE_CHANGE, STORE_LEAF, STORE_ALONE };

/* One change, embedded in its owner's struct, which must live until done was called. */
struct store_op {
	/* Writer thread, within a step of the transaction; 0 or a code, which undoes the step. */
	int (*apply)(struct tx *tx, struct store_op *op, struct cu_err *err);
	/* Writer thread, after everything is durable, or after the failure in code and err. */
	void (*done)(struct store_op *op);
	enum store_kind kind;
	struct id actor;        /* the operator, for leaves; nil: the daemon */
	enum intl_language language; /* of what err says; by store_submit: the submitter's */
	bool is_note;           /* a change that writes down what was looked at, and nothing else */
	int code;               /* for done */
	struct cu_err err;      /* for done */
	struct store_op *next;  /* the writer's */
};

/* Any thread; never blocks.  done is called exactly once, from the writer thread. */
void store_submit(struct store *st, struct store_op *op);

/* Submits and waits; done is set here.  Not from the writer thread or the loop. */
int store_run(struct store *st, struct store_op *op, struct cu_err *err);

/* A reader, free for this thread until it is given back; waits for one. */
struct reader *store_reader_take(struct store *st);
void store_reader_give(struct store *st, struct reader *rd);

#endif
