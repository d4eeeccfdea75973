/*
 * engine_aggregate.h: the rows of what ended records leave behind as numbers (tx_aggregate.h).
 */
#ifndef CU_STORE_ENGINE_AGGREGATE_H
#define CU_STORE_ENGINE_AGGREGATE_H
#include "store/engine_expiry.h"

#define AGGREGATE_GROUP_SIZE 512 /* texts with their NUL */
#define AGGREGATE_SUMS_SIZE  512

/* One group of one tally.  Texts are of keys and numbers alone: "date=2019-03 country=de", and
 * "amount=1234500/17": ten-thousandths, and of how many records. */
struct row_aggregate {
	struct id tally; /* random; stands nowhere else once it is final */
	char collection[ENGINE_KEY_SIZE];
	char group[AGGREGATE_GROUP_SIZE];
	uint64_t nrecords;
	char sums[AGGREGATE_SUMS_SIZE];
};

/* What was counted before its keys are shredded: its groups count from then on.  One for a run. */
struct row_tally {
	struct id run, tally;
	uint64_t slot;      /* the first of the keys */
	uint8_t digest[32]; /* of all of them */
	uint64_t nrecords, seq; /* so many records they had, none of them changed after this */
};

int engine_tally_put(struct engine *e, const struct row_tally *row, struct cu_err *err);
/* 1, 0 or a code. */
int engine_tally_get(struct engine *e, const struct id *run, struct row_tally *ret,
	struct cu_err *err);
int engine_tally_delete(struct engine *e, const struct id *run, struct cu_err *err);

int engine_aggregate_put(struct engine *e, const struct row_aggregate *row, struct cu_err *err);
int engine_aggregates_drop(struct engine *e, const struct id *tally, struct cu_err *err);
/* Of final tallies, by collection and group: the first after this one; a zeroed one starts.  1, 0
 * or a code; after may be ret. */
int engine_aggregate_next(struct engine *e, const struct row_aggregate *after,
	struct row_aggregate *ret, struct cu_err *err);

/* The records under a key of a list: how many; does any have a later change than this (1, 0); the
 * first after this place, 0 starts. */
int engine_keyed_count(struct engine *e, const struct row_expiry_item *item, uint64_t *ret,
	struct cu_err *err);
int engine_keyed_changed(struct engine *e, const struct row_expiry_item *item, uint64_t seq,
	struct cu_err *err);
int engine_keyed_next(struct engine *e, const struct row_expiry_item *item, int64_t *at,
	struct id *ret, struct cu_err *err);

#endif
