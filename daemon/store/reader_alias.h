/*
 * reader_alias.h: looking at ids that were merged into others (tx_merge.h).
 */
#ifndef CU_STORE_READER_ALIAS_H
#define CU_STORE_READER_ALIAS_H
#include "store/engine_alias.h"
#include "store/reader.h"

/* *id becomes the subject's, if it is an old one: 1, 0 or a code. */
int reader_alias_follow(struct reader *rd, struct id *id, struct cu_err *err);
/* May they be merged?  As tx_merge. */
int reader_merge_require(struct reader *rd, const struct id *old, const struct id *subject,
	struct cu_err *err);
/* Old ids of a subject, and all that are not done: the first after *after; NULL starts. */
int reader_alias_of(struct reader *rd, const struct id *subject, const struct id *after,
	struct row_alias *ret, struct cu_err *err);
int reader_alias_next_open(struct reader *rd, const struct id *after, struct row_alias *ret,
	struct cu_err *err);

#endif
