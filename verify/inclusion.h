/*
 * inclusion.h: proofs that an entry is in a log (c2sp.org/tlog-proof).
 */
#ifndef VERIFY_INCLUSION_H
#define VERIFY_INCLUSION_H
#include "verify/head.h"

#define INCLUSION_LIMIT (HEAD_LIMIT + 64 + (size_t)MERKLE_MAX_PATH * 45)

/* Is this line the entry that the proof speaks of?  Gives its index and the log's head.
 */
int inclusion_check(struct bytes proof, struct bytes line, const struct signed_key *key,
	uint64_t *ret_index, struct head *ret_head, struct flaw *f);

#endif
