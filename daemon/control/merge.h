/*
 * merge.h: merges of ids (store/tx_merge.h) that are not at their end.
 */
#ifndef CU_CONTROL_MERGE_H
#define CU_CONTROL_MERGE_H
#include <stdint.h>

struct cu_err;
struct daemon;
struct store;
struct watch;

/* What a restore knew from the log alone is moved, before anybody is served.  What cannot be is
 * logged.  Worker thread. */
void merge_after_restore(struct store *st);

/* Of upkeep, and after a merge: keys of old ids are shredded where every target that holds a backup
 * holds one that was begun after the move. */
int merge_duty(struct daemon *d, const struct watch *watch, struct cu_err *err);

#endif
