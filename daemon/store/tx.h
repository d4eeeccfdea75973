/*
 * tx.h: what a change may do, on the writer thread, within its step.
 *
 * Every function that changes something leaves its rows and its leaf in the transaction, so
 * that both are there or neither.
 */
#ifndef CU_STORE_TX_H
#define CU_STORE_TX_H
#include "base/buf.h"
#include "ledger/leaf.h"
#include "store/sealer.h"
#include "store/store.h"

struct tx {
	struct store *store;
	struct engine *engine;
	struct sealer *sealer;
	const struct index_config *index;
	int64_t now_ms;
	struct id actor;
	bool is_change; /* leaves go through the outbox */
	uint64_t seq;   /* the last outbox number given out */

	/* the batch's leaves: (outbox number, length, bytes) one after the other */
	struct buf leaves;
	size_t nleaves;
	struct buf scratch; /* sealed bytes and slots of the current call */
};

/* Adds a leaf; by and t_ms are filled from the transaction when they are nil and 0. */
/* Whether anything but notes was changed, or is in this batch, since a view began (reader_changes). */
bool tx_has_changed(const struct tx *tx, uint64_t since);

int tx_leaf(struct tx *tx, const struct leaf *leaf, struct cu_err *err);

/* The place in the log that the last leaf added will have, once it is durable. */
uint64_t tx_last_leaf(const struct tx *tx);

/* A request id that was answered before: 1 and its reply, 0, or a code. */
int tx_request_get(struct tx *tx, const struct id *request, struct buf *reply,
	struct cu_err *err);
int tx_request_put(struct tx *tx, const struct id *request, struct span reply,
	struct cu_err *err);

/* The id that stands for a user in the log; made at the first time. */
int tx_operator(struct tx *tx, uint32_t uid, struct id *ret, struct cu_err *err);

/* A fresh slot for what will be written of this collection of the subject from now on. */
int tx_slot_renew(struct tx *tx, const struct id *subject, const char *collection,
	uint64_t *ret, struct cu_err *err);

/* A number that the store remembers under a name ("backup.<target>.sequence"). */
int tx_note_put(struct tx *tx, const char *name, uint64_t value, struct cu_err *err);

/* A fresh subject with a run of slots; its leaf names the purpose. */
int tx_subject_add(struct tx *tx, enum subject_kind kind, const char *purpose,
	struct id *ret_id, struct cu_err *err);
/* CU_ENOENT, also for a case; CU_EDENIED when it is being erased. */
int tx_subject_require(struct tx *tx, const struct id *id, struct row_subject *ret,
	struct cu_err *err);

/* An erasure of a part of this subject hides such a record (nil: a new one): 1, 0 or a code. */
int tx_is_hidden(struct tx *tx, const struct row_subject *who, const char *collection,
	const struct id *record, struct cu_err *err);

/* Writes a record whose subject, or for a system collection (system.h) whose case, exists: a new one when rec->id is nil (then set), else the
 * next version of that one.  Fills version, at_ms, actor.  CU_EDENIED when it is
 * being erased.  No leaf: the caller tells how many
 * it wrote in one leaf (tx_records_leaf).  cohort and anchor_day are the caller's. */
int tx_record_put(struct tx *tx, struct record *rec, struct cu_err *err);
int tx_records_leaf(struct tx *tx, const struct id *subject, const char *collection,
	const char *purpose, const struct id *record, uint64_t n, struct cu_err *err);

/* The slot of a cohort (collection × class × yyyymm or yyyymmdd); taken at the first time.  class_key
 * "" is the default. */
int tx_cohort_slot(struct tx *tx, const char *collection, const char *class_key, uint32_t period,
	uint64_t *ret, struct cu_err *err);
/* The class with which a record counts; "" when it has no cohort. */
int tx_record_class(struct tx *tx, const struct row_record *row, char ret[ENGINE_KEY_SIZE],
	struct cu_err *err);
/* Shreds the slots of all cohorts of a collection before this period, forgets them, and says so in
 * a leaf; *ret_n is their number.  Whatever was sealed under them is gone everywhere. */
int tx_cohorts_end(struct tx *tx, const char *collection, uint32_t before, size_t *ret_n,
	struct cu_err *err);

/* A bulk read is about to show these subjects (ids of 16 bytes, one after the other): an entry
 * of the access journal, and given with its number, digest and the entry's id as leaf; several
 * of both for over ACCESS_MAX_IDS.  CU_ENOENT, CU_EDENIED: one of them is gone or being erased
 * by now, and none may be shown. */
int tx_access_put(struct tx *tx, const struct leaf *given, struct span ids,
	struct cu_err *err);
/* The same for ids that were only asked about, whatever became of them. */
int tx_access_note(struct tx *tx, const struct leaf *given, struct span ids,
	struct cu_err *err);
/* The days before this one are forgotten: keys and entries; *ret_n is the number of keys. */
int tx_access_end(struct tx *tx, uint32_t before, size_t *ret_n, struct cu_err *err);

/* The current version of a record, borrowed until the next call: 1, 0 or a code. */
int tx_record_get(struct tx *tx, const struct id *id, struct row_record *row,
	struct record *ret, struct cu_err *err);
int tx_find_source(struct tx *tx, const char *collection, struct span source, struct span key,
	struct row_record *row, struct record *ret, struct cu_err *err);
/* The first subject with a term; 1, 0 or a code. */
int tx_find_subject(struct tx *tx, const char *kind, struct span value, struct id *ret,
	struct cu_err *err);

/* The exact bytes of data.db, and what is in it at that moment.  In an operation that runs
 * alone (STORE_ALONE). */
int tx_image_begin(struct tx *tx, struct db_image **ret, struct engine_counts *ret_counts,
	struct cu_err *err);
/* The files data.db and index.db stand still, their write-ahead logs emptied, until both images
 * end (db_image_end).  Likewise alone. */
struct tx_still {
	struct db_image *data, *index;
};
int tx_still_begin(struct tx *tx, struct tx_still *ret, struct cu_err *err);
/* Zeros where no row is on these pages of data.db or index.db; adds to *ret_n on how many there
 * was something.  Likewise alone. */
int tx_still_wipe(struct tx *tx, const struct tx_still *still, bool is_index,
	const uint32_t *pages, size_t n, size_t *ret_n, struct cu_err *err);
/* Nothing deleted remains readable in the write-ahead logs.  Likewise alone. */
int tx_flush(struct tx *tx, struct cu_err *err);

#endif
