/*
 * store_internal.h: the store as its own files see it.
 */
#ifndef CU_STORE_STORE_INTERNAL_H
#define CU_STORE_STORE_INTERNAL_H
#include <pthread.h>
#include <stdatomic.h>

#include "store/reader.h"
#include "store/rule.h"
#include "store/tx.h"

/* A retry is answered, not repeated, for this long. */
#define STORE_REQUEST_KEPT_MS (24 * 3600 * 1000LL)

struct reader {
	struct store *store;
	struct engine *engine;
	struct sealer sealer;
	struct buf sealed;   /* of the access journal */
	uint64_t nchanges;   /* of the store, that its view shows at least */
	bool is_in_view;     /* between reader_begin and reader_end */
	struct row_subject who; /* is_in_view: looked up last in it; nil: nobody */
	reader_may *may;     /* NULL: records are shown whatever their rules say */
	const void *may_ctx;
	int64_t now_ms;      /* for may */
	int64_t rule;        /* that was asked last; 0: none */
	bool is_allowed;     /* what may said of it */
	struct rule ruled;   /* its text */
	struct reader *next; /* in the list of free ones */
};

struct store {
	struct id id, lineage;
	bool is_restored;
	atomic_bool is_adopted; /* tx_adopt.h */
	atomic_bool is_restricted; /* until a gap is accepted (tx_gap.h) */
	atomic_bool is_quarantined;
	atomic_bool has_aliases; /* ids were merged, or are about to be (tx_merge.h) */
	struct store_config cfg;
	struct engine *engine; /* the writer's */
	struct sealer sealer;  /* the writer's */
	struct tx tx;          /* the writer's */
	int64_t pruned_ms;     /* when old requests were last taken away */
	uint64_t nchanges;     /* the writer's: steps that changed something, committed or not yet */
	atomic_ullong nchanges_seen; /* of these, what a view that begins now shows */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;         /* for what follows */
	pthread_cond_t work, readers; /* something to do; a reader is free */
	struct store_op *first, *last;
	bool stops, is_broken;
	struct cu_err why; /* is_broken */

	struct reader *free_readers;
};

/* reader.c: a subject, or a case; once for several questions in one view. */
int reader_who(struct reader *rd, const struct id *id, struct row_subject *ret, struct cu_err *err);

/* tx.c: a run of slots for a new owner, or for one whose run is used up. */
int tx_take_run(struct tx *tx, uint64_t *ret, struct cu_err *err);
/* The key of this record's cohort, from now on. */
int tx_cohort_of_record(struct tx *tx, const struct record *rec, uint32_t period, uint64_t *ret,
	struct cu_err *err);

/* tx.c: the slot of this collection; the next of the subject's run if it has none yet, and then
 * subject is changed and put. */
int tx_slot_of(struct tx *tx, struct row_subject *subject, const char *collection, uint64_t *ret,
	struct cu_err *err);

/* writer.c */
void *writer_main(void *store);
/* The leaves of the outbox that the log lacks, after a crash.  Before the writer starts. */
int writer_replay_outbox(struct store *st, struct cu_err *err);

#endif
