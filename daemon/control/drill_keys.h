/*
 * drill_keys.h: the key of a day, by which drills open data objects without the identity.
 *
 * A cohort of the system collection "drill" for each day on which data was backed up.  It dies
 * when backup.yaml's drill_window is over; from then on nobody but the identity's holder opens
 * that day's objects.  Worker thread.
 */
#ifndef CU_CONTROL_DRILL_KEYS_H
#define CU_CONTROL_DRILL_KEYS_H
#include "backup/snapshot.h"

struct cu_err;
struct daemon;
struct manifest;

/* For a backup that is about to be taken; without a window nothing is set.  Released by
 * drill_keys_done, also after a failure. */
int drill_keys_begin(struct daemon *d, struct snapshot_drill *ret, struct cu_err *err);
void drill_keys_done(struct daemon *d, struct snapshot_drill *drill); /* zeros are fine */

/* The key of the run that wrote a manifest's data objects, into ret.  CU_ENOKEY: there is none, or
 * not any more. */
int drill_keys_open(struct daemon *d, const struct manifest *m, struct key *ret,
	struct cu_err *err);

/* Shreds the keys of days whose window is over; *ret_n is their number. */
int drill_keys_expire(struct daemon *d, size_t *ret_n, struct cu_err *err);

#endif
