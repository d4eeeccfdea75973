/*
 * restore.h: from a repository and the identity to a store that opens, without those whom it
 * has forgotten since.
 *
 * Data of any age, the newest vault: rows whose key is gone are dropped, and shreds that the
 * log records beyond the vault object are done again on it.  What was decided about people since
 * (withdrawals, objections, restrictions, holds, requests) comes from the newest data, and from
 * the log beyond it.  Everything is verified before it
 * is used, against keys that the identity file pins.  The result is built in a hidden
 * directory beside the wanted one and gets its name at the very end: after a failure nothing
 * is left.  Blocks; on a worker thread.  docs/formats/repository.md has the argument.
 *
 * What is made, in a directory of mode 0700: data.db, vault.db, vault.root.a, vault.root.b, log/,
 * keys/{1/{root.key, file.wrap, log.key}, recipients}.  The root key and the log's key are new,
 * so is the lineage; index.db is empty and is filled from the records at the first start.
 */
#ifndef CU_BACKUP_RESTORE_H
#define CU_BACKUP_RESTORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "crypto/note.h"

struct buf;
struct cu_err;
struct history;
struct key;
struct key_arena;
struct manifest;
struct watch;

#define RESTORE_MAX_REASONS 8
#define RESTORE_MAX_POINTS  20 /* listed when nothing is as old as what was asked for */

/* What is being restored, at a moment when it is whole. */
struct restore_view {
	const char *dir;      /* data.db, vault.db and its roots */
	const struct key *k0; /* opens the vault there */
	struct key_arena *arena;
	const char *log_dir; /* the mirror, verified */
	const struct manifest *manifest;
	const uint8_t *manifest_hash;
	const struct history *history;
	struct id store;
};

/* A restore that is tried and not kept: it goes all the way and is looked at, then everything
 * that it made is removed.  The root key stays in memory, so what lay on the disk for a while
 * opens nothing, ever. */
struct restore_trial {
	/* The vault as it would be used, with the data as it was backed up: nobody has been
	 * removed from it yet. */
	int (*on_raw)(void *ctx, const struct restore_view *v, struct cu_err *err);
	/* The store as it would be handed over. */
	int (*on_settled)(void *ctx, const struct restore_view *v, struct cu_err *err);
	void *ctx;
};

struct restore_options {
	uint64_t sequence;  /* of the manifest whose data is wanted; 0: the newest */
	bool has_at;        /* not by its number: the newest data of this time or before (point.h) */
	int64_t at_ms;
	struct buf *ret_points; /* gets what there is when nothing is as old; NULL is fine */
	int64_t now_ms;     /* the time of the log's first leaf, and of the new root key */
	/* If not NULL (a wiping buffer): gets the identity file for the restored store, the same
	 * identities with the new store's keys pinned. */
	struct buf *ret_identity;
	const struct restore_trial *trial; /* NULL: it is meant */
};

struct restore_report {
	struct id store, lineage; /* lineage is the new one */
	struct note_verifier log_key; /* of the new log; signs its manifests too */
	uint64_t sequence, newest_sequence;
	int64_t backup_time_ms; /* when the data was taken */
	uint64_t subjects, records;
	uint64_t removed_subjects, removed_records; /* forgotten since */
	uint64_t lost_requests; /* of data subjects, received since, and open */
	/* Whose rows say who withdrew, objected, is held, asked for something: the newest that can be
	 * used; and records that came from there, as their old key is gone. */
	uint64_t decided_sequence, renewed_records;
	uint64_t shreds_replayed; /* leaves of the log that the vault object did not know */
	uint64_t bytes, stored_bytes; /* of the databases; of the objects read */
	uint64_t vault_generation;        /* of the object */
	uint64_t restored_generation; /* after the replay */
	uint64_t log_size;            /* of the mirror */
	int64_t duration_ms; /* without what a trial's functions took */
	bool has_gap; /* the store is restricted until it is accepted (store/tx_gap.h) */
	char reasons[RESTORE_MAX_REASONS][200]; /* why; sentences */
	size_t nreasons;
	char notes[RESTORE_MAX_REASONS][320]; /* what the operator should do or know */
	size_t nnotes;
};

/* to must not exist or be an empty directory: CU_EEXIST.  CU_ECORRUPT, CU_ENOENT (something
 * the manifests name is not there; nothing is as old as at_ms), CU_ENOKEY, CU_EINVAL (the identity file; no such
 * sequence), CU_ENOSPC, CU_EBUSY (another restore to the same place), CU_ECANCELED: the
 * message names the object and says what to do. */
int restore_run(const char *repo_dir, struct span identity_text, const char *to,
	const struct restore_options *options, const struct watch *watch,
	struct restore_report *ret, struct cu_err *err);

#endif
