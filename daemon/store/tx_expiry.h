/*
 * tx_expiry.h: what ends because its time is over, from the list to the last row.
 *
 *	planning --+--> going --> clearing --> done
 *	           |      ^
 *	           +--> asked --> denied, dropped
 *
 * A run lists keys: of cohorts, and of subjects' data in a collection.  When the list is made it
 * goes, or a second user is asked about exactly this list.  Each key is looked at again before
 * it is shredded, against the limits of that moment: less than the list may go, never more.
 * A shred ends everything under its keys, in every backup; the rows are cleared afterwards in
 * small steps, and meanwhile readers pass over what does not open.  After a crash a run goes on
 * from whatever was reached; a list that was being made is made again.  There is one open run of
 * each kind at most.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_EXPIRY_H
#define CU_STORE_TX_EXPIRY_H
#include "base/intl.h"
#include "store/engine_expiry.h"
#include "store/tx_erase.h"

#define EXPIRY_KIND_RUN   W_("retention.run") /* an approval */
#define EXPIRY_BATCH      64  /* keys that one step shreds: they fit a leaf of the log */
#define EXPIRY_CLEAR_STEP 64  /* records that one step deletes */

/* Until when a collection is over: its cohorts whose last day is not after last_day; or, where
 * keeping counts from it, the data of subjects who were last heard of not after last_day, or whose
 * relationship ended not after it. */
struct expiry_limit {
	char collection[ENGINE_KEY_SIZE], class_key[ENGINE_KEY_SIZE]; /* "": of no class */
	bool is_moving, is_review;
	bool is_counted; /* numbers stay (tx_aggregate.h) */
	bool is_own; /* of the records that end by their own rules (tx_rule.h), and of no others */
	int32_t last_day;
	char ends_in[ENGINE_KEY_SIZE]; /* the collection with the relationship's end; "": activity */
	uint64_t backed_up; /* the last backup that counts (tx_hold_capture_of); UINT64_MAX: none is made */
};

struct expiry_limits {
	const struct expiry_limit *v;
	size_t n;
};

/* Of which class it is. */
const char *expiry_class(const struct expiry_limit *limit);
/* Its cohorts, over or not; where it is_own those of all classes: the first after this class and
 * period, "" and 0 start.  1, 0 or a code. */
int expiry_cohort_next(struct tx *tx, const struct expiry_limit *limit,
	char class_key[ENGINE_KEY_SIZE], struct row_cohort *at, struct cu_err *err);

/* The last day of a period: yyyymm, yyyymmdd, or that of PERIOD_OWN + yyyymmdd. */
int32_t expiry_last_day(uint32_t period);
/* Is this a cohort of the limit's kind, and over by it? */
bool expiry_is_over(const struct expiry_limit *limit, uint32_t period);

/* A fresh run with an empty list.  A list of this kind that was not finished is thrown away.
 * CU_EBUSY when one of this kind is under way. */
int tx_expiry_begin(struct tx *tx, bool is_review, int32_t day, struct id *ret,
	struct cu_err *err);
/* Puts on the list: all cohorts that are due, and what was held of such; this subject's data where it is due. */
int tx_expiry_list_cohorts(struct tx *tx, const struct id *run, const struct expiry_limit *limit,
	struct cu_err *err);
int tx_expiry_list_subject(struct tx *tx, const struct id *run, const struct expiry_limit *limit,
	const struct id *subject, struct cu_err *err);

/* The list is complete, or somebody may have answered: lets it go if it may. */
int tx_expiry_admit(struct tx *tx, const struct id *run, const struct erase_limits *brake,
	struct row_expiry *ret, struct cu_err *err);
/* Exactly what a second user confirms. */
int tx_expiry_scope(struct tx *tx, const struct id *run, struct buf *to, struct cu_err *err);

/* The next keys of the list; the row as it is then: EXPIRY_CLEARING when they were the last.  Before
 * each, what tx_aggregate_next names is to be counted; what was not leaves the list. */
int tx_expiry_shred(struct tx *tx, const struct id *run, const struct expiry_limits *limits,
	struct row_expiry *ret, struct cu_err *err);
/* The next rows; EXPIRY_DONE when they were the last. */
int tx_expiry_clear(struct tx *tx, const struct id *run, struct row_expiry *ret,
	struct cu_err *err);

/* Is this subject's data over by a moving limit, under no hold, and nothing asked about it that is
 * not answered?  1, 0 or a code. */
int tx_expiry_is_owner_due(struct tx *tx, const struct id *subject,
	const struct expiry_limit *limit, struct cu_err *err);

/* CU_ENOENT. */
int tx_expiry_get(struct tx *tx, const struct id *run, struct row_expiry *ret,
	struct cu_err *err);

#endif
