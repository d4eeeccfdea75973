/*
 * engine_hold.h: the rows of legal holds (tx_hold.h).
 */
#ifndef CU_STORE_ENGINE_HOLD_H
#define CU_STORE_ENGINE_HOLD_H
#include "store/engine.h"

enum hold_scope { HOLD_SUBJECT = 1, HOLD_COLLECTIONS = 2, HOLD_RECORD = 3 };
enum hold_state { HOLD_ACTIVE = 1, HOLD_RELEASED = 2 };

/* Its collections are rows of their own; that of a record is one, too. */
struct row_hold {
	struct id id, subject;
	struct id kase; /* where the reason lies, sealed; nil: it was lost with a later backup */
	enum hold_scope scope;
	struct id record;
	enum hold_state state;
	int32_t review_day; /* CIVIL_NO_DAY: none */
	int64_t placed_ms, released_ms;
	struct id placer;
	uint64_t nblocked; /* filled on reading: deletions that it stopped */
};

/* A key that stands for a cohort's, for what of one subject is held. */
struct row_hold_slot {
	uint64_t slot, cohort_slot;
	struct id subject;
	char collection[ENGINE_KEY_SIZE], class_key[ENGINE_KEY_SIZE];
	uint32_t period;
	uint64_t captures; /* images that backups had taken when a record came under it last */
};

int engine_hold_put(struct engine *e, const struct row_hold *row, struct cu_err *err);
int engine_hold_get(struct engine *e, const struct id *id, struct row_hold *ret,
	struct cu_err *err);
/* In the order of (placed_ms, id): the first after *after; NULL starts. */
int engine_hold_next(struct engine *e, const struct row_hold *after, struct row_hold *ret,
	struct cu_err *err);
/* One that was released before this time: 1, 0 or a code. */
int engine_hold_over(struct engine *e, int64_t before_ms, struct row_hold *ret,
	struct cu_err *err);
/* With its parts, and what it stopped. */
int engine_hold_delete(struct engine *e, const struct id *id, struct cu_err *err);
int engine_hold_part_put(struct engine *e, const struct id *hold, const char *collection,
	struct cu_err *err);
/* The first collection after this one; "" starts. */
int engine_hold_part_next(struct engine *e, const struct id *hold, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);

/* The first active hold that something of this would be deleted in spite of: all of a subject
 * (collection NULL), a collection (record NULL), or one record. */
int engine_hold_covers(struct engine *e, const struct id *subject, const char *collection,
	const struct id *record, struct id *ret_hold, struct cu_err *err);
/* A record under this cohort's key, or one that stands for it, that is held, and by which hold;
 * nil: its subject is restricted, and what is stored for it stays (GDPR Art. 18(1)(c)). */
int engine_hold_in_cohort(struct engine *e, uint64_t cohort_slot, struct id *ret_record,
	struct id *ret_hold, struct cu_err *err);
/* 1: noted; 0: it was noted before. */
int engine_hold_block_put(struct engine *e, const struct id *hold, const char *what,
	const struct id *object, int64_t at_ms, struct cu_err *err);

int engine_hold_slot_put(struct engine *e, const struct row_hold_slot *row, struct cu_err *err);
/* By the slot: the first after *after; NULL starts. */
int engine_hold_slot_next(struct engine *e, const uint64_t *after, struct row_hold_slot *ret,
	struct cu_err *err);
/* The one of a subject's records of a cohort; the one of this number. */
int engine_hold_slot_of(struct engine *e, const struct id *subject, const char *collection,
	uint64_t cohort_slot, uint64_t *ret, struct cu_err *err);
int engine_hold_slot_get(struct engine *e, uint64_t slot, struct row_hold_slot *ret,
	struct cu_err *err);
/* The highest number of captures of this cohort's; 0 rows: there is none. */
int engine_hold_resealed(struct engine *e, uint64_t cohort_slot, uint64_t *ret_captures,
	struct cu_err *err);
int engine_hold_slot_delete(struct engine *e, uint64_t slot, struct cu_err *err);

/* The image with this number became a backup whose data is of this time; those before keep (a number)
 * are forgotten. */
int engine_capture_put(struct engine *e, uint64_t number, int64_t time_ms, uint64_t keep,
	struct cu_err *err);
/* 1, 0 or a code. */
int engine_capture_of(struct engine *e, int64_t time_ms, uint64_t *ret, struct cu_err *err);

/* The same record under another cohort's key. */
int engine_record_move_cohort(struct engine *e, const struct id *id, const uint64_t *cohort_slot,
	struct span sealed, struct cu_err *err);

#endif
