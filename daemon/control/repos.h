/*
 * repos.h: the backup targets of backup.yaml, as repositories.
 */
#ifndef CU_CONTROL_REPOS_H
#define CU_CONTROL_REPOS_H
#include <stdbool.h>
#include <stdint.h>

#include "backup/repo.h"
#include "backup/snapshot.h"

struct cu_err;
struct daemon;
struct target;
struct watch;

/* The target of this name, or with NULL the first.  CU_ENOENT. */
int repos_find(struct daemon *d, const char *name, const struct target **ret,
	struct cu_err *err);
int repos_open(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err);
/* The same without the target's name in front of what is wrong. */
int repos_reach(struct daemon *d, const struct target *t, struct repo *ret, struct cu_err *err);
/* Where it is, for people. */
const char *repos_where(const struct target *t);

/* A directory with what lies at the target, for a process that has no agent to ask: the target's own, or
 * a copy below the state directory, which takes as much space as the repository. */
struct repos_copy {
	char dir[PATH_SIZE];
	bool is_copy;
};
int repos_copy(struct daemon *d, const struct target *t, const struct watch *watch,
	struct repos_copy *ret, struct cu_err *err);
void repos_copy_done(struct repos_copy *c); /* zeros are fine */
/* What a copy, or anything else on its way, left behind; at the start of custosd. */
void repos_sweep(struct daemon *d);

/* backup.yaml's vault_bound. */
int64_t repos_bound_ms(const struct daemon *d);

enum repos_what {
	REPOS_FULL,  /* data, vault object, log, manifest */
	REPOS_VAULT, /* without data: after an erasure */
};

/* Takes the images on the writer's thread, publishes the log, writes, and remembers and logs
 * the manifest.  Worker thread.  For REPOS_VAULT CU_ENOENT when the target never held a backup,
 * CU_EUNAVAIL when it did and none is there now. */
int repos_write(struct daemon *d, const struct target *t, enum repos_what what,
	const struct watch *watch, struct snapshot_result *ret, struct cu_err *err);

/* Empties the write-ahead logs into the files, after the backup that is being written.  Worker thread. */
int repos_flush(struct daemon *d, struct cu_err *err);

/* The vault alone, if the target was backed up to and its last object is of a generation before
 * this one, or from before old_ms.  Decided when nobody else writes there; given up when the vault
 * has moved beyond this generation, for who moved it brings it there.  1: written; 0. */
int repos_renew(struct daemon *d, const struct target *t, uint64_t generation, int64_t old_ms,
	const struct watch *watch, struct cu_err *err);

/* What the log has and its mirror at the target lacks.  0, 1 (nothing, or the target holds no backup
 * of ours) or a code, CU_ECORRUPT when the mirror is ahead of us: this host was rolled back. */
int repos_mirror(struct daemon *d, const struct target *t, const struct watch *watch,
	struct cu_err *err);

#endif
