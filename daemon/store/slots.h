/*
 * slots.h: which keys a person's data may lie under.
 */
#ifndef CU_STORE_SLOTS_H
#define CU_STORE_SLOTS_H
#include "store/engine.h"

/* In run_used, of a run that a restore closed: what is left of it may have been given out since
 * the backup, and is given to no other collection. */
#define SLOTS_CLOSED 256u

/* How many slots of its run a subject's collections have had. */
unsigned slots_used(const struct row_subject *who);

/* Appends the slots of a subject as native uint64_t, ascending: those in use, and what is left
 * of its run.  An unknown subject has none. */
int slots_of_subject(struct engine *e, const struct id *subject, struct buf *to,
	struct cu_err *err);

#endif
