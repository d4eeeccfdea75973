/*
 * engine_expiry.h: the rows of what ends because its time is over (tx_expiry.h).
 */
#ifndef CU_STORE_ENGINE_EXPIRY_H
#define CU_STORE_ENGINE_EXPIRY_H
#include "store/engine.h"

enum expiry_state {
	EXPIRY_PLANNING = 1, /* its keys are being listed */
	EXPIRY_ASKED = 2,    /* a second user has to confirm */
	EXPIRY_GOING = 3,    /* keys are being shredded */
	EXPIRY_CLEARING = 4, /* rows are being deleted */
	EXPIRY_DONE = 5,
	EXPIRY_DENIED = 6,
	EXPIRY_DROPPED = 7,  /* nobody confirmed it in time, or it was found half made */
};

struct row_expiry {
	struct id id;
	bool is_review; /* a person looks at it, however little it is */
	enum expiry_state state;
	int32_t day;    /* on which it was due */
	struct id asker, approval; /* nil: the daemon itself; none */
	int64_t begun_ms, went_ms, done_ms;
	uint64_t ncohorts, nslots;    /* listed; less what was found not to be due after all */
	uint64_t nrecords;            /* deleted so far */
	uint64_t generation;          /* of the vault, after the last shred */
	uint8_t digest[32];           /* of the list, in the order in which it was made */
};

enum expiry_kind {
	EXPIRY_COHORT = 1,
	EXPIRY_OWNER = 2,
	EXPIRY_HELD = 3, /* of what was held of a cohort (engine_hold.h), and is not any more */
};

/* A key that ends: of a cohort, or of one subject's data in a collection or a cohort. */
struct row_expiry_item {
	enum expiry_kind kind;
	uint64_t slot;
	char collection[ENGINE_KEY_SIZE];
	char class_key[ENGINE_KEY_SIZE]; /* of a cohort, and of what was held of one; else the default */
	uint32_t period;   /* likewise */
	struct id subject; /* of an owner, and of what was held */
};

#define COHORT_DEFAULT "default" /* the class of what is of none */

struct row_cohort {
	uint32_t period;
	uint64_t slot;
	uint64_t nrecords; /* filled by engine_cohort_count */
};

int engine_expiry_put(struct engine *e, const struct row_expiry *row, struct cu_err *err);
int engine_expiry_get(struct engine *e, const struct id *id, struct row_expiry *ret,
	struct cu_err *err);
int engine_expiry_delete(struct engine *e, const struct id *id, struct cu_err *err);
/* The one of this kind that is under way, whatever the clock said when it began; else the newest: 1,
 * 0 or a code. */
int engine_expiry_last(struct engine *e, bool is_review, struct row_expiry *ret,
	struct cu_err *err);
/* In the order of (begun_ms, id), the newest first: the first before *before; NULL starts. */
int engine_expiry_next(struct engine *e, const struct row_expiry *before,
	struct row_expiry *ret, struct cu_err *err);

/* 1: it is on the list now; 0: it was on one already. */
int engine_expiry_item_put(struct engine *e, const struct id *run,
	const struct row_expiry_item *item, struct cu_err *err);
/* The first with a slot greater than *after (NULL: the first); those that are shredded, or those
 * that are not. */
int engine_expiry_item_next(struct engine *e, const struct id *run, bool is_shredded,
	const uint64_t *after, struct row_expiry_item *ret, struct cu_err *err);
int engine_expiry_item_set_shredded(struct engine *e, uint64_t slot, struct cu_err *err);
int engine_expiry_item_delete(struct engine *e, uint64_t slot, struct cu_err *err);
int engine_expiry_items_drop(struct engine *e, const struct id *run, struct cu_err *err);

/* A class's cohorts by period: the first after this one; 0 starts. */
int engine_cohort_next(struct engine *e, const char *collection, const char *class_key,
	uint32_t after, struct row_cohort *ret, struct cu_err *err);
/* Of which class a cohort's slot is, or one that stands for it because of a hold: 1, 0 or a code. */
int engine_class_of(struct engine *e, uint64_t cohort_slot, char ret[ENGINE_KEY_SIZE],
	struct cu_err *err);
/* The classes of a collection that have cohorts, in order: the first after this one; "" starts. */
int engine_class_next(struct engine *e, const char *collection, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);
int engine_cohort_count(struct engine *e, struct row_cohort *row, struct cu_err *err);
/* All there are: the first slot after *after; NULL starts. */
int engine_cohort_slot_next(struct engine *e, const uint64_t *after, uint64_t *ret,
	struct cu_err *err);
int engine_cohort_delete(struct engine *e, uint64_t slot, struct cu_err *err);

/* A record of this cohort; a record of a subject's collection under this very slot. */
int engine_record_in_cohort(struct engine *e, uint64_t cohort_slot, struct id *ret,
	struct cu_err *err);
int engine_record_under_slot(struct engine *e, const struct id *subject,
	const char *collection, uint64_t slot, struct id *ret, struct cu_err *err);

/* When somebody was last heard of: the latest day on which a record was written, or that one is
 * of, or was of before it ended (engine_activity_raise).  The first subject after *after (NULL:
 * the first of all) that was there before this time; CIVIL_NO_DAY when nothing tells. */
struct row_activity {
	struct id subject;
	int32_t day;
	int32_t ended_day; /* the end of the relationship: see engine_relationship_of */
};
int engine_activity_next(struct engine *e, const struct id *after, int64_t created_before_ms,
	const char *ends_in, struct row_activity *ret, struct cu_err *err);
/* 1, 0 when nothing tells, or a code. */
int engine_activity_of(struct engine *e, const struct id *subject, int32_t *ret_day,
	struct cu_err *err);
/* When the relationship ended: the latest date of the subject's records in this collection, if each
 * has one; else 0.  1, 0 or a code. */
int engine_relationship_of(struct engine *e, const struct id *subject, const char *ends_in,
	int32_t *ret_day, struct cu_err *err);
/* They were heard of on this day at the earliest. */
int engine_activity_raise(struct engine *e, const struct id *subject, int32_t day,
	struct cu_err *err);

/* The rules that expiry goes by, one for each class of a collection; texts as in retention.yaml. */
struct row_expiry_rule {
	char collection[ENGINE_KEY_SIZE], class_key[ENGINE_KEY_SIZE];
	char keep[16], minimum[16]; /* minimum "": none */
	bool is_review;
};
int engine_expiry_rule_put(struct engine *e, const struct row_expiry_rule *row,
	struct cu_err *err);
/* By collection and class: the first after this one, which may be ret; a zeroed one starts. */
int engine_expiry_rule_next(struct engine *e, const struct row_expiry_rule *after,
	struct row_expiry_rule *ret, struct cu_err *err);
int engine_expiry_rule_delete(struct engine *e, const char *collection, const char *class_key,
	struct cu_err *err);

#endif
