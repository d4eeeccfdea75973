/*
 * reader_expiry.h: looking at what will end, and when.  No data of anybody is opened.
 */
#ifndef CU_STORE_READER_EXPIRY_H
#define CU_STORE_READER_EXPIRY_H
#include "store/engine_aggregate.h"
#include "store/reader.h"

/* As the functions of engine_expiry.h: 1, 0 or a code. */
int reader_expiry_last(struct reader *rd, bool is_review, struct row_expiry *ret,
	struct cu_err *err);
int reader_next_expiry(struct reader *rd, const struct row_expiry *before,
	struct row_expiry *ret, struct cu_err *err);
int reader_expiry_item(struct reader *rd, const struct id *run, const uint64_t *after,
	struct row_expiry_item *ret, struct cu_err *err);
/* With the number of its records. */
int reader_next_cohort(struct reader *rd, const char *collection, const char *class_key,
	uint32_t after, struct row_cohort *ret, struct cu_err *err);
int reader_next_class(struct reader *rd, const char *collection, const char *after,
	char ret[ENGINE_KEY_SIZE], struct cu_err *err);
int reader_next_activity(struct reader *rd, const struct id *after, int64_t created_before_ms,
	const char *ends_in, struct row_activity *ret, struct cu_err *err);
/* Does this subject have data in the collection? */
int reader_has_slot(struct reader *rd, const struct id *subject, const char *collection,
	struct cu_err *err);

/* The record under this key after this place, 0 starts: 1, and fn was called unless an erasure
 * hides it; 0 or a code. */
int reader_keyed(struct reader *rd, const struct row_expiry_item *item, int64_t *at,
	reader_fn *fn, void *ctx, struct cu_err *err);
/* As engine_aggregate_next. */
int reader_next_aggregate(struct reader *rd, const struct row_aggregate *after,
	struct row_aggregate *ret, struct cu_err *err);

#endif
