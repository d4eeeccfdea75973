/*
 * engine_mention.h: records of others that name a subject as co-subject.
 *
 * From rows alone; those whose own subject is being erased are not there any more.
 */
#ifndef CU_STORE_ENGINE_MENTION_H
#define CU_STORE_ENGINE_MENTION_H
#include "store/engine.h"

/* By their ids: the first after this one; NULL starts.  1, 0 or a code. */
int engine_mention_next(struct engine *e, const struct id *subject, const struct id *after,
	struct id *ret_record, struct cu_err *err);
/* How many there are in a collection, in the order of collections: the first after this one; ""
 * starts.  1, 0 or a code. */
int engine_mention_count(struct engine *e, const struct id *subject, const char *after,
	char ret_collection[ENGINE_KEY_SIZE], uint64_t *ret_n, struct cu_err *err);

#endif
