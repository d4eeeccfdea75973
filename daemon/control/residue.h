/*
 * residue.h: the search of all raw files for what is left of erased people, and its
 * remedy.
 *
 * A fresh process without keys reads every file of the state directory while the
 * databases stand still (store/leftovers.h).  Where it finds something in space that no
 * row uses, zeros are written there (db/wipe.h), and all is searched again.  What is
 * left after that is a defect of custos and is told: a leaf, status, a warning.
 */
#ifndef CU_CONTROL_RESIDUE_H
#define CU_CONTROL_RESIDUE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "control/residue_worker.h"

struct cu_err;
struct daemon;
struct watch;

#define RESIDUE_PLACES_MAX 100 /* named one by one; all are counted */
#define RESIDUE_FILE_SIZE  96

struct residue_place {
	char file[RESIDUE_FILE_SIZE];
	struct leftover at;
	bool is_wiped;
};

struct residue {
	int64_t time_ms, duration_ms;
	struct leftovers looked; /* in the last round */
	uint64_t wiped; /* pages that held something where no row is, and do not now */
	uint64_t left;  /* findings of the last round */
	struct buf places; /* struct residue_place, of all rounds; never more than the
			      most */
};

/* Blocks; a backup under way is waited for.  After success the leaf is durable and
 * status knows. Released by residue_done.  CU_ECANCELED, CU_EUNAVAIL, CU_EIO. */
int residue_search(struct daemon *d, const struct id *actor, const struct watch *watch,
	struct residue *ret, struct cu_err *err);
void residue_done(struct residue *r); /* zeros are fine */

/* The job of schedule.yaml: 0, 1 (nobody was ever erased) or a code. */
int residue_nightly(struct daemon *d, const struct watch *watch, struct cu_err *err);

/* What the last search found; time_ms 0: there was none. */
struct residue_last {
	int64_t time_ms;
	uint64_t files, bytes, wiped, left;
	char where[64]; /* "data.db:17", the first that is left; "" */
};
int residue_last(struct daemon *d, struct residue_last *ret, struct cu_err *err);

#endif
