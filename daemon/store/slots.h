/*
 * slots.h: which keys a person's data may lie under.
 */
#ifndef CU_STORE_SLOTS_H
#define CU_STORE_SLOTS_H
#include "store/engine.h"

/* Appends the slots of a subject as native uint64_t, ascending: those in use, and what is left
 * of its run.  An unknown subject has none. */
int slots_of_subject(struct engine *e, const struct id *subject, struct buf *to,
	struct cu_err *err);

#endif
