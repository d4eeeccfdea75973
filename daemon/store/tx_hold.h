/*
 * tx_hold.h: legal holds: what must not be deleted, whoever asks and whatever is over.
 *
 * A hold is of a subject, of some of its collections, or of one record.  Every way in which data
 * is deleted asks here: an erasure is refused, one that was begun before waits, and what is over
 * stays.  What a hold stopped is noted, once for each.  Why there is a hold lies sealed in a case
 * of its own (tx_case.h).  In a step on the writer's thread.
 *
 * A subject that is restricted (tx_consent.h) keeps what is over, too.
 *
 * Of a cohort that is over, what is held gets a key of its own in the place of the cohort's
 * (tx_hold_reseal); the cohort ends once a backup holds that.  When no hold is left, the key is
 * listed for expiry like a cohort (tx_expiry.h).
 */
#ifndef CU_STORE_TX_HOLD_H
#define CU_STORE_TX_HOLD_H
#include "store/engine_hold.h"
#include "store/tx.h"

struct expiry_limit;

#define HOLD_COLLECTION "custos.hold" /* of the case: one record, with the field "text" */

struct hold_what {
	struct id subject;
	const char *const *collections; /* none: the subject as a whole */
	size_t ncollections;
	struct id record;   /* nil, or one record; without collections */
	struct span text;   /* the case, why, whose it is */
	int32_t review_day; /* CIVIL_NO_DAY: none */
};

/* CU_ENOENT; CU_EBUSY when keys of the subject are being shredded already. */
int tx_hold_place(struct tx *tx, const struct hold_what *what, struct id *ret,
	struct cu_err *err);
/* CU_ENOENT; CU_EBUSY when it was released before. */
int tx_hold_release(struct tx *tx, const struct id *hold, struct cu_err *err);

/* Forgets one that was released before this time, with its reason: 1; 0: there is none; or a code. */
int tx_hold_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err);

/* The first hold in spite of which this would be deleted (engine_hold_covers): 1, 0 or a code. */
int tx_hold_covers(struct tx *tx, const struct id *subject, const char *collection,
	const struct id *record, struct id *ret_hold, struct cu_err *err);
/* Notes what it stopped: a policy key, and of what; a leaf the first time. */
int tx_hold_block(struct tx *tx, const struct id *hold, const struct id *subject,
	const char *what, const struct id *object, struct cu_err *err);
/* CU_EDENIED, with the hold's id. */
int hold_refuse(const struct id *hold, struct cu_err *err);

/* What is held of the collection's cohorts that are over gets keys of its own, a batch of records.
 * 1: there is more; 0; or a code. */
int tx_hold_reseal(struct tx *tx, const struct expiry_limit *limit, struct cu_err *err);
/* May the key of a cohort, or of what is held of one, end?  1; 0: something under it is held, or asked
 * for by an open request; or a code. */
int tx_hold_lets_key(struct tx *tx, uint64_t slot, struct cu_err *err);
/* The same of a cohort; 0 as well while no backup has what is held of it under its own key. */
int tx_hold_lets_cohort(struct tx *tx, uint64_t cohort_slot, uint64_t backed_up,
	struct cu_err *err);

/* Backups are told apart by the order in which their images are taken: a clock may jump.  One is
 * about to be taken, *ret is its number; its backup was written, with data of this time; what number
 * that was: 0 when nobody knows. */
int tx_hold_capture_begin(struct tx *tx, uint64_t *ret, struct cu_err *err);
int tx_hold_capture_done(struct tx *tx, uint64_t number, int64_t data_ms, struct cu_err *err);
/* That of the last one that was begun. */
int tx_hold_captures(struct tx *tx, uint64_t *ret, struct cu_err *err);
int tx_hold_capture_of(struct tx *tx, int64_t data_ms, uint64_t *ret, struct cu_err *err);

#endif
