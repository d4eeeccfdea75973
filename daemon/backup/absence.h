/*
 * absence.h: is somebody who was erased still to be had from what lies at the targets?
 *
 * Tried, not computed: each data object that manifests name is rebuilt, and each vault object
 * that lies there is opened as it is, with the identity and without what the log would make a
 * restore shred again.  Then the records whose keys were shredded are tried with these keys.  That
 * nothing opens proves something only where somebody else does: so a person who is remembered
 * must open in the same object, or the object proves nothing.
 *
 * Blocks; runs in a process of its own (control/absence_worker.h).  Nothing that was built is
 * kept, and the root key of the vaults that are built stays in memory.
 */
#ifndef CU_BACKUP_ABSENCE_H
#define CU_BACKUP_ABSENCE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backup/repo.h"
#include "base/id.h"
#include "base/span.h"
#include "crypto/note.h"

struct cu_err;
struct watch;

/* X(id, word in replies and results), from the best that can be said to the worst. */
/* clang-format off */
#define ABSENCE_OUTCOMES(X)                                                             \
	X(ABSENT,   "opened_and_absent") /* somebody else opens, the erased ones do not */ \
	X(NOTHING,  "proves_nothing")    /* nobody opens, or an erased record is damaged */ \
	X(UNOPENED, "could_not_open")                                                   \
	X(FOUND,    "found")             /* an erased record opens */
/* clang-format on */

enum absence_outcome {
#define X(id, word) ABSENCE_##id,
	ABSENCE_OUTCOMES(X)
#undef X
	ABSENCE_NOUTCOMES_
};
const char *absence_word(enum absence_outcome outcome);

/* One object.  Of a data object the outcome is that with the newest vault object, as a restore
 * uses it; of a vault object that with all data objects. */
struct absence_row {
	bool is_vault;
	char object[REPO_NAME_SIZE]; /* the vault object; of data, the newest manifest that names it */
	uint64_t generation;         /* of the vault object; of data, of that which it was tried with */
	enum absence_outcome outcome;
	uint64_t erased; /* records of the erased ones that it was tried with */
	uint64_t opened; /* those of them that opened */
	char why[200];   /* it could not be opened: a sentence without a full stop; or "" */
};
typedef void absence_fn(void *ctx, const char *target, const struct absence_row *row);

struct absence_target {
	const char *key, *dir;
};

struct absence_options {
	const struct absence_target *targets;
	size_t ntargets;
	const char *dir;                  /* private and empty; what is built there is removed again */
	struct note_verifier manifest_key; /* pinned by the daemon */
	struct span identity;             /* the file's text */
	/* What was shredded: slots ascending, and whose they were, ascending too. */
	const uint64_t *slots;
	size_t nslots;
	const struct id *subjects;
	size_t nsubjects;
	const struct watch *watch;
};

/* Told of each object of each target.  0 once it was tried, whatever was found; CU_EINVAL (the
 * identity), CU_EIO, CU_ENOSPC, CU_ENOMEM, CU_ECANCELED.  *ret is the worst of all; a target
 * without any object counts as ABSENCE_NOTHING. */
int absence_run(const struct absence_options *options, absence_fn *fn, void *ctx,
	enum absence_outcome *ret, struct cu_err *err);

#endif
