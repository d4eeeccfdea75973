/*
 * rollback.h: does a repository know more than this store?  Then the store is an older
 * copy.
 *
 * What the store signs is durable here before it goes to a repository; so a log there
 * that is longer than ours, or goes on in another way, and a manifest of a later state,
 * were written by this very store in a past that this state directory does not have.
 * Only what is signed by our key counts: whoever may merely write to the repository
 * cannot stop us.  Writes nothing; blocks; worker thread or start.
 */
#ifndef CU_BACKUP_ROLLBACK_H
#define CU_BACKUP_ROLLBACK_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct note_verifier;
struct repo;

struct rollback_source {
	const struct note_verifier *key; /* of log and manifests */
	struct id store, lineage;
	const char *log_dir; /* ours */
	uint64_t log_size;   /* leaves in our journal */
	uint64_t generation; /* of our vault */
};

struct rollback {
	bool is_found;
	char text[160]; /* what the repository has, and what is here */
};

/* 0, whether one is found or not; nothing to compare, or another lineage's repository,
 * is none. CU_ECORRUPT, CU_EIO: what is there cannot be read, so nothing is known. */
int rollback_look(struct repo *r, const struct rollback_source *src,
	struct rollback *ret, struct cu_err *err);

#endif
