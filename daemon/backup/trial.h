/*
 * trial.h: looking into a backup that lies rebuilt in a directory: who opens, who does not.
 *
 * Steps that a drill and the proof of an erasure are made of.  They know no process and no
 * socket, and print nothing; what they count holds no name.  The directory is what restore.h
 * shows to a restore_trial, or what rebuild_data made.
 */
#ifndef CU_BACKUP_TRIAL_H
#define CU_BACKUP_TRIAL_H
#include <stdint.h>

#include "store/digest.h"
#include "store/sealer.h"

struct cu_err;
struct history;
struct watch;

/* The digests of dir/data.db.  No key is needed. */
int trial_digest(const char *dir, const struct watch *watch, struct digest *ret,
	struct cu_err *err);

/* data.db of one directory and the vault of one, which may be the same, open. */
struct trial {
	struct engine *engine;
	struct vault *vault;
	struct sealer sealer;
};
int trial_open(const char *data_dir, const char *vault_dir, const struct key *k0,
	struct key_arena *arena, const struct id *store, struct trial *ret, struct cu_err *err);
void trial_close(struct trial *t); /* zeros are fine */

/* What became of the records of one person, or of all. */
struct trial_count {
	uint64_t subjects;
	uint64_t records;
	uint64_t opened; /* decrypted and decoded */
	uint64_t gone;   /* a key of theirs was shredded */
	uint64_t broken; /* neither: damage */
};

/* Tries every record of a subject, and adds to ret.  Told of each record: is it open (1), gone (0)
 * or broken (-1)?  fn may be NULL.  An unknown subject adds nothing. */
typedef void trial_fn(void *ctx, const struct row_record *row, int is_open);
int trial_subject(struct trial *t, const struct id *subject, trial_fn *fn, void *ctx,
	struct trial_count *ret, struct cu_err *err);

/* The first subject whose id is greater than *after: 1, 0 or a code. */
int trial_next_subject(struct trial *t, const struct id *after, struct id *ret,
	struct cu_err *err);

#endif
