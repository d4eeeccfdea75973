/*
 * engine_alias.h: the rows of ids that were merged into others (tx_merge.h).
 *
 * An old id points at the subject whose it is now, never at another old one.
 */
#ifndef CU_STORE_ENGINE_ALIAS_H
#define CU_STORE_ENGINE_ALIAS_H
#include "store/engine.h"

enum alias_state {
	ALIAS_AGREED = 1, /* the log says so; what is of the old id is to be moved: only after a restore */
	ALIAS_MOVED = 2,  /* its keys wait for a backup, as slots of an erasure whose id is the old one */
	ALIAS_DONE = 3,
};

struct row_alias {
	struct id old, subject;
	enum alias_state state;
	char purpose[ENGINE_KEY_SIZE];
	struct id actor;     /* an operator */
	uint64_t captures;   /* images that backups had taken by then (tx_hold.h) */
	uint64_t nrecords;   /* that were moved */
	uint64_t generation; /* of the vault, after the shred */
};

int engine_alias_put(struct engine *e, const struct row_alias *row, struct cu_err *err);
int engine_alias_get(struct engine *e, const struct id *old, struct row_alias *ret,
	struct cu_err *err);
/* Those of a subject, and all that are not done, by the old id: the first after *after; NULL
 * starts. */
int engine_alias_of(struct engine *e, const struct id *subject, const struct id *after,
	struct row_alias *ret, struct cu_err *err);
int engine_alias_next_open(struct engine *e, const struct id *after, struct row_alias *ret,
	struct cu_err *err);
/* All: the same. */
int engine_alias_next(struct engine *e, const struct id *after, struct row_alias *ret,
	struct cu_err *err);

/* Whatever points at the old id points at the subject. */
int engine_alias_point(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err);

/* What else is of the old id is of the subject: old ids that point at it, consents (in the order of
 * their times, with fresh numbers), requests, holds with their keys, and whom others' records
 * name: the rows, not the sealed bytes, whose old ids are followed by whoever reads them. */
int engine_alias_take(struct engine *e, const struct id *old, const struct id *subject,
	struct cu_err *err);

#endif
