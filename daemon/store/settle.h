/*
 * settle.h: a restored directory becomes a store again.
 *
 * Opens data.db, sets lineage and mode, moves the next slot to the vault's capacity, deletes
 * every row whose slot the vault no longer opens and the subjects that an erasure names,
 * clears the outbox.
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
	const struct id *erased;
	size_t nerased;
};

struct store_settled {
	uint64_t subjects, records, removed_subjects, removed_records;
};

int store_settle_restored(const char *dir, const struct key *k0, struct key_arena *arena,
	const struct store_settle *how, struct store_settled *ret, struct cu_err *err);

#endif
