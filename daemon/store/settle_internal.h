/*
 * settle_internal.h: what the files of the settling share: older rows, the newest beside them, and
 * the vault that decides about both.
 *
 * All within one transaction on engine, but for the shred before it.
 */
#ifndef CU_STORE_SETTLE_INTERNAL_H
#define CU_STORE_SETTLE_INTERNAL_H
#include "store/settle.h"

struct buf;
struct engine;
struct vault;

struct settling {
	struct engine *engine;
	struct engine *newest; /* NULL: the rows are the newest */
	struct vault *vault;
	struct key *scratch;
	struct store_settled *counts;
	/* whom the log says to be erased for good, and who had been merged into one of them */
	const struct id *gone;
	size_t ngone;
};

/* 1: opens; 0: shredded, or a code. */
int settle_opens(struct settling *s, uint64_t slot, struct cu_err *err);

/* settle_rows.c: a record comes as it is in the newest image, if it opens there: 1, 0 or a code. */
int settle_renew(struct settling *s, const struct id *record, struct cu_err *err);

/* settle_aliases.c: ids that were merged into others since.  Adds those to the ids of who is gone whose
 * were merged into theirs; has the newest image hear of merges that only the log tells; ends the old
 * ids. */
int settle_add_merged(const struct store_settle *how, struct buf *gone, struct cu_err *err);
int settle_merges(struct settling *s, const struct store_settle *how, struct cu_err *err);
int settle_aliases(struct settling *s, struct cu_err *err);
/* settle_rows.c: whom the log says to be erased goes, then what no longer opens. */
int settle_rows(struct settling *s, struct cu_err *err);
/* settle_erasures.c: those that were under way go on, or were cancelled, or are over. */
int settle_erasures(struct settling *s, const struct store_settle *how, struct cu_err *err);
/* settle_holds.c: what is held, by the log. */
int settle_holds(struct settling *s, const struct store_settle *how, struct cu_err *err);

#endif
