/*
 * merkle.h: the tree of RFC 6962, 2.1, from its leaves upwards.
 *
 * Nothing is ever read back: a tree of any size needs one hash for each set bit of its
 * size. Pure.
 */
#ifndef VERIFY_MERKLE_H
#define VERIFY_MERKLE_H
#include "verify/bytes.h"

#define MERKLE_SIZE     32 /* of a hash: SHA-256 */
#define MERKLE_MAX_PATH 64

void merkle_leaf(struct bytes leaf, uint8_t out[MERKLE_SIZE]);
void merkle_node(const uint8_t left[MERKLE_SIZE], const uint8_t right[MERKLE_SIZE],
	uint8_t out[MERKLE_SIZE]);

/* The roots of the perfect trees that n leaves are made of, largest first. */
struct merkle {
	uint64_t n;
	unsigned depth;
	uint8_t roots[MERKLE_MAX_PATH][MERKLE_SIZE];
};

void merkle_push(struct merkle *m, const uint8_t hash[MERKLE_SIZE]); /* n < 2^63 */
void merkle_root(
	const struct merkle *m, uint8_t out[MERKLE_SIZE]); /* of all pushed so far */

/* The root that a leaf's hash and its path lead to (RFC 9162, 2.1.3.2).  False when the
 * path has not the length that index and size demand. */
bool merkle_climb(uint64_t index, uint64_t size, const uint8_t leaf[MERKLE_SIZE],
	const uint8_t (*path)[MERKLE_SIZE], size_t npath, uint8_t out[MERKLE_SIZE]);

#endif
