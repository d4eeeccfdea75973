/*
 * drill.h: is this backup one that restores?  Tried, at one of three levels, and measured.
 *
 *	1  signatures, chain, log, presence, and the hash of every object.  No restore test.
 *	2  and the data objects opened by their drill key, the database rebuilt, checked by SQLite,
 *	   and its rows compared with the digests of the manifest.  What is sealed stays sealed.
 *	3  with the identity: a whole restore as restore.h does it, all of 2, every record
 *	   decrypted, those whom the log says to be erased tried and not opened.  Nothing is kept.
 *
 * The only full proof is level 3.  Blocks; runs in a process of its own (control/drill_worker.c),
 * which has the repository and the keys of its level and nothing else.
 */
#ifndef CU_BACKUP_DRILL_H
#define CU_BACKUP_DRILL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "crypto/note.h"

struct cu_err;
struct key;
struct watch;

enum drill_level { DRILL_BYTES = 1, DRILL_DATA = 2, DRILL_RESTORE = 3 };

struct drill_options {
	enum drill_level level;
	const char *repo_dir;
	const char *dir;   /* private and empty; what is built there is removed again */
	uint64_t sequence; /* 0: the newest */
	int64_t now_ms;
	struct note_verifier log_key, manifest_key; /* pinned by the daemon */
	const struct key *run; /* DRILL_DATA: drill_key.h */
	struct key *scratch;   /* DRILL_DATA */
	struct span identity;  /* DRILL_RESTORE: the file's text */
	const struct watch *watch;
};

struct drill_report {
	enum drill_level level;
	struct id store, lineage;
	uint64_t sequence;
	uint8_t manifest_hash[32];
	int64_t data_time_ms;
	int64_t recovery_point_ms; /* the age of the data when the drill began */
	int64_t recovery_ms;       /* how long it took until the data, or the store, was there */
	int64_t duration_ms;       /* of the drill */
	uint64_t manifests, objects, bytes_read;
	uint64_t subjects, records, collections; /* rebuilt and compared with the digests */
	bool has_digests;       /* false: the manifest is of version 1 and has none */
	uint64_t opened;        /* records decrypted */
	uint64_t gone;          /* records whose key was shredded, and the log says so */
	uint64_t erased;        /* erased subjects still in the data, of whom nothing opened */
	uint64_t log_size;
	uint64_t generation;    /* of the vault object */
	uint64_t faults;
};

/* object is a name in the repository or a part of the data; text a sentence without a full
 * stop. */
typedef void drill_fn(void *ctx, const char *object, const char *text);

/* 0 when the drill was held, whatever it found (ret->faults); a code when it could not be:
 * CU_EINVAL (no such backup; the identity file), CU_ENOENT, CU_EIO, CU_ENOSPC, CU_ENOMEM,
 * CU_ECANCELED. */
int drill_run(const struct drill_options *options, drill_fn *fault, void *ctx,
	struct drill_report *ret, struct cu_err *err);

#endif
