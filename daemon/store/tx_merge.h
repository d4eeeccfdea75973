/*
 * tx_merge.h: two ids of one data subject become one.
 *
 *	merge --> moved --> done
 *	            ^
 *	agreed -----+   (only after a restore: the log knew it, the rows did not)
 *
 * The old id becomes an alias: whoever names it reaches the subject.  In one transaction every record
 * of it is sealed under the subject's keys, and consents, requests, restriction and released holds
 * follow; where the two disagree, what forbids more holds.  The old id's keys are shredded once every
 * target holds a backup of the moved records: before that a lost machine would take them along.  An
 * erasure of the subject meets those keys, too (tx_erase_scope.c), and expiry of it waits for their
 * end.  It cannot be undone.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_MERGE_H
#define CU_STORE_TX_MERGE_H
#include "store/engine_alias.h"
#include "store/tx.h"

/* More would keep all others waiting for over a second; measured in docs/decisions/0022. */
#define MERGE_MAX_RECORDS 20000

/* Merges, with a leaf.  Both are no aliases.  CU_ENOENT, CU_EINVAL (one id, two kinds), CU_EBUSY (an
 * erasure is under way), CU_EDENIED (the old id is held), CU_ELIMIT: the message has the remedy. */
int tx_merge(struct tx *tx, const struct id *old, const struct id *subject, const char *purpose,
	struct row_alias *ret, struct cu_err *err);

/* The next step of one that is not done: moves what was agreed, shreds keys whose records were moved
 * before the image of this number was taken (UINT64_MAX: nobody backs up).  The row as it is then; CU_ENOENT. */
int tx_merge_step(struct tx *tx, const struct id *old, uint64_t backed_up, struct row_alias *ret,
	struct cu_err *err);

/* *id becomes the subject's, if it is an old one: 1, 0 or a code. */
int tx_alias_follow(struct tx *tx, struct id *id, struct cu_err *err);

#endif
