/*
 * settle.h: what a restored data.db needs before it may be used.
 *
 * Old rows meet the newest vault: what the vault no longer opens, and whom the log says to be
 * erased, goes.  The store keeps its id, gets a new lineage, and never hands out a slot again
 * that somebody may have had since.
 */
#ifndef CU_STORE_SETTLE_H
#define CU_STORE_SETTLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct key;
struct key_arena;

struct store_settle {
	struct id lineage;
	bool is_restricted;
	const struct id *erased; /* subjects named by "erase begin" leaves; borrowed */
	size_t nerased;
};

struct store_settled {
	uint64_t subjects, records; /* that remain */
	uint64_t removed_subjects, removed_records;
	uint64_t generation; /* of the vault: higher when an erasure had to be finished */
};

/* An erasure that was begun and whose keys were still there is finished: they are shredded.
 * dir holds data.db without index.db, and the vault under k0.  Durable when it returns; may
 * be repeated. */
int store_settle_restored(const char *dir, const struct key *k0, struct key_arena *arena,
	const struct store_settle *how, struct store_settled *ret, struct cu_err *err);

#endif
