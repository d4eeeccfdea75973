/*
 * head.h: checkpoints (c2sp.org/tlog-checkpoint): the size and root of a log, signed.
 */
#ifndef VERIFY_HEAD_H
#define VERIFY_HEAD_H
#include "verify/merkle.h"

struct flaw;
struct signed_key;

#define HEAD_LIMIT                                                                     \
	65536 /* bytes of a checkpoint with the cosignatures of many witnesses */

struct head {
	uint64_t size;
	uint8_t root[MERKLE_SIZE];
};

/* The note must be signed by key, and its origin must be the name of that key. */
int head_open(struct bytes note, const struct signed_key *key, struct head *ret,
	struct flaw *f);

#endif
