/*
 * snapshot.h: taking a backup.
 *
 * Order: the log's mirror, the data in ranges of 64 MiB, the vault object, and last the
 * manifest, signed.  Only the manifest makes it a backup: a run that fails or is cancelled
 * leaves objects that nothing refers to.  Blocks; on a worker thread.
 */
#ifndef CU_BACKUP_SNAPSHOT_H
#define CU_BACKUP_SNAPSHOT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "crypto/note.h"

struct cu_err;
struct db_image;
struct key;
struct recipients_file;
struct repo;
struct vault_capture;
struct watch;

/* What a drill will open the data objects of one run by: drill_key_run of the day's slot.  scratch
 * is a key for the call to use.  Without a run key only the identity opens them. */
struct snapshot_drill {
	uint32_t day; /* yyyymmdd */
	struct id nonce;
	struct key *run;
	struct key *scratch;
};

/* Data objects hold MANIFEST_RANGE_MAX bytes of plaintext each, the last one fewer. */

/* All borrowed for the call.  data and vault were taken in one turn of the writer's thread;
 * log_dir has been published since (ledger_publish), so that its checkpoint covers every leaf
 * that was in the journal then: CU_EBUSY otherwise. */
struct snapshot_source {
	struct id store, lineage;
	int64_t time_ms; /* when the images were taken */
	const char *log_dir;
	const struct signer *signer; /* the log's key, which signs manifests too */
	const struct recipients_file *recipients;
	struct db_image *data; /* not used by vault_object_put */
	struct vault_capture *vault;
	uint64_t subjects, records; /* in the data image; not used by vault_object_put */
	struct snapshot_drill drill; /* likewise */
	/* The highest sequence that the caller knows to have been signed into this repository, 0
	 * if none: a repository that has less was rolled back, CU_ECORRUPT. */
	uint64_t known_sequence;
};

struct snapshot_result {
	uint64_t sequence;
	uint8_t manifest_hash[32]; /* for the leaf backup.done */
	uint64_t generation; /* of the vault object, which was fetched back, opened, compared */
	uint64_t log_size;         /* of the mirror */
	uint64_t objects;          /* written by this run */
	uint64_t bytes, stored_bytes; /* of plaintext; of the objects made from it */
	int64_t duration_ms, digest_ms; /* of all; of the digests in it */
};

/* CU_ECANCELED; CU_EEXIST when the repository belongs to another store or lineage. */
int snapshot_run(const struct snapshot_source *src, struct repo *r,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err);

/* For an erasure: today's vault object, fetched back, opened and compared, the log, and a
 * manifest that names the new object and otherwise the data of the last one; so the chain
 * always names the newest vault.  CU_ENOENT: this repository holds no backup yet, so nothing
 * in it needs to forget anybody. */
int vault_object_put(const struct snapshot_source *src, struct repo *r,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err);

struct snapshot_info {
	uint64_t sequence;
	int64_t time_ms;         /* of the manifest */
	int64_t data_time_ms;    /* of the data in it: earlier when it only renewed the vault */
	uint64_t bytes;          /* of the data image */
	uint64_t stored_bytes;   /* of the objects it names */
	uint64_t generation, log_size;
	uint64_t subjects, records;
	bool is_vault_only;      /* renewed the vault object, brought no data of its own */
};

/* The manifests, newest first; the signatures and the chain are checked.  The caller frees
 * *ret with free(). */
int snapshot_list(struct repo *r, const struct note_verifier *by,
	struct snapshot_info **ret, size_t *ret_n, struct cu_err *err);

#endif
