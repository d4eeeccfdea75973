/*
 * rebuild.h: the parts of a store, each made from what a repository holds.
 *
 * Steps of restore.h, in this order; each writes into the directory that is being built and
 * nowhere else.  Every object is verified before it is used; errors name it.
 */
#ifndef CU_BACKUP_REBUILD_H
#define CU_BACKUP_REBUILD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "crypto/note.h"

struct age_identities;
struct chain_link;
struct cu_err;
struct history;
struct key;
struct key_arena;
struct manifest;
struct repo;
struct watch;

/* What opens the data objects: an identity, or the key of the run that wrote them. */
struct rebuild_opener {
	const struct age_identities *ids; /* NULL: by run */
	const struct key *run;            /* drill_key.h */
	struct key *scratch;              /* for each range's file key; the caller's */
};

/* dir/data.db from the ranges; hashes, sizes and SQLite's integrity check. */
int rebuild_data(struct repo *r, const struct manifest *m, struct rebuild_opener by,
	const char *dir, const struct watch *watch, struct cu_err *err);

/* dir/vault.db and the roots under k0, from the object that link names, with the shreds of
 * the history done again.  Returns the generation after that. */
int rebuild_vault(struct repo *r, const struct chain_link *link,
	const struct age_identities *ids, const struct history *history, const char *dir,
	const struct key *k0, struct key_arena *arena, const struct watch *watch,
	uint64_t *ret_generation, struct cu_err *err);

/* What the continued log says first. */
struct rebuild_leaves {
	int64_t now_ms;
	struct id lineage;
	uint64_t sequence; /* of the manifest that was restored */
	uint8_t manifest_hash[32];
	uint64_t generation; /* of the vault, after the replay */
	bool has_gap;
};

/* dir/log, continued from the mirror under a new key; dir/keys/1/log.key. */
int rebuild_log(const char *mirror_dir, const struct note_verifier *by, const char *dir,
	const struct key *k0, const struct rebuild_leaves *leaves,
	struct note_verifier *ret, struct cu_err *err);

#endif
