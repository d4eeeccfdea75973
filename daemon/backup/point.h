/*
 * point.h: which backup is the newest at a given time.
 *
 * A recovery point is an image of the data with the time at which it was taken.  Several manifests may
 * name one: the later ones only renewed the vault.  Pure.
 */
#ifndef CU_BACKUP_POINT_H
#define CU_BACKUP_POINT_H
#include <stdint.h>

struct buf;
struct chain;
struct chain_link;

struct point {
	const struct chain_link *link; /* of the chain, the first of its image; NULL: nothing is as old */
	/* The first whose data is older by the clock than the data before it: the clock was put back
	 * between them, or had been ahead.  NULL: the times rise with the numbers. */
	const struct chain_link *back;
};

/* Of the points whose time is at_ms or before, that with the highest number: numbers are signed one
 * after the other, clocks are not.  chain is not empty. */
struct point point_at(const struct chain *chain, int64_t at_ms);

/* What there is: a line for each point in the order of the numbers, but at most so many, and then how
 * many more, and the newest. */
void point_list(const struct chain *chain, unsigned most, struct buf *to);

#endif
