/*
 * newest.h: the newest data beside older data that is restored: who withdrew, objected, is held or
 * asked for something since stands there (store/engine_protect.h).
 *
 * Built by the same steps and verified as what is restored, below the hidden directory, and gone
 * before that gets its name.  One that cannot be used is passed over for the one before: else a
 * damaged backup would be the end of all older ones.
 */
#ifndef CU_BACKUP_NEWEST_H
#define CU_BACKUP_NEWEST_H
#include <stdint.h>

#include "base/path.h"

struct age_identities;
struct chain;
struct chain_link;
struct cu_err;
struct repo;
struct watch;

struct newest {
	const struct chain_link *link; /* of the chain: the first that names this data */
	char dir[PATH_SIZE];           /* "": the wanted data is the newest that can be used */
	uint64_t bytes, stored_bytes;
	char fault[200];               /* of the first that was passed over; "": none was */
};

/* wanted is of the chain.  CU_ENOSPC says how much is needed for a while. */
int newest_build(struct repo *repo, const struct chain *chain, const struct chain_link *wanted,
	const struct age_identities *ids, const char *site_dir, const struct watch *watch,
	struct newest *ret, struct cu_err *err);
int newest_drop(struct newest *n, struct cu_err *err);

#endif
