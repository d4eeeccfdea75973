/*
 * published.h: a whole published log (c2sp.org/tlog-tiles), computed once more.
 *
 * The files are read once, from the first entry to the last, in bounded memory; nothing
 * in them is believed before it agrees with the signed checkpoint.
 */
#ifndef VERIFY_PUBLISHED_H
#define VERIFY_PUBLISHED_H
#include "verify/head.h"

/* A root that the log must have had at this size. */
struct published_waypoint {
	uint64_t size;
	uint8_t root[MERKLE_SIZE];
	bool is_passed; /* out */
};

/* Sees each entry in order, already strict; the log may still turn out to be invalid.
 */
struct entry;
typedef int published_fn(void *ctx, uint64_t index, struct bytes line,
	const struct entry *entry, struct flaw *f);

struct published_wish {
	struct published_waypoint *waypoints; /* borrowed */
	size_t nwaypoints;
	published_fn *each; /* NULL: nobody listens */
	void *ctx;
};

struct published_result {
	struct head head;
	uint64_t nfiles;  /* that were compared, byte for byte */
	uint64_t nbeyond; /* partial tiles wider than the checkpoint, and foreign names:
			     not judged */
};

/* Every entry in its strict form; entries against hashes, tiles against the tiles
 * below, older partial tiles against their successors, the root against the checkpoint
 * that key signed, and the waypoints against the roots on the way. */
int published_check(const char *dir, const struct signed_key *key,
	const struct published_wish *wish, struct published_result *ret,
	struct flaw *f);

#endif
