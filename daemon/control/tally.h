/*
 * tally.h: counting what is about to end, in groups that single nobody out.
 *
 * One key or batch of keys at a time, by a reader beside the writer; in memory until the groups of
 * too few people are dropped.  Then the rest is written, and becomes final with the shred of these
 * keys (store/tx_aggregate.h).  Of a group stay the number of records and sums; a sum of which one
 * record makes more than half is left out.
 */
#ifndef CU_CONTROL_TALLY_H
#define CU_CONTROL_TALLY_H

struct cu_err;
struct daemon;
struct expiry_step;
struct watch;

/* Counts the next keys of s->run that need it.  1: it did; 0: none do, or what was counted waits for
 * its shred; or a code.  Worker thread. */
int tally_next(struct daemon *d, struct expiry_step *s, const struct watch *watch,
	struct cu_err *err);

#endif
