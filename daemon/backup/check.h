/*
 * check.h: is everything there that the manifests name, and is it what it was?
 *
 * Without an identity: signatures, chain, log, presence, sizes, and if asked the SHA-256 of
 * every object (level 1).  That is no restore test, and is never called one.
 */
#ifndef CU_BACKUP_CHECK_H
#define CU_BACKUP_CHECK_H
#include <stdbool.h>
#include <stdint.h>

#include "crypto/note.h"

struct cu_err;
struct repo;
struct watch;

enum check_kind {
	CHECK_FAULT, /* something a restore may need is missing or wrong */
	CHECK_NOTE,  /* worth knowing: an object that no manifest names, an interrupted run */
};

/* object is a name in the repository; text a sentence.  On the thread of check_run. */
typedef void check_fn(void *ctx, enum check_kind kind, const char *object, const char *text);

struct check_options {
	bool is_reading_data;                     /* hash every object */
	const struct note_verifier *log_key;      /* NULL: as the newest manifest says */
	const struct note_verifier *manifest_key;
	uint64_t known_sequence; /* of a manifest that was written there; fewer is a rollback; 0: not known */
};

struct check_report {
	uint64_t manifests, objects, bytes; /* named by manifests, each counted once */
	uint64_t bytes_read;
	uint64_t unreferenced, unreferenced_bytes;
	uint64_t faults, notes;
	uint64_t newest_sequence, log_size;
	int64_t newest_time_ms;
	int64_t duration_ms;
};

/* 0 when the check was made, whatever it found (ret->faults); a code when it could not be:
 * CU_ENOENT, CU_EIO, CU_ECANCELED. */
int check_run(struct repo *r, const struct check_options *options, check_fn *found,
	void *ctx, const struct watch *watch, struct check_report *ret, struct cu_err *err);

#endif
