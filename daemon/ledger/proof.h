/*
 * proof.h: show that a leaf is in the log, or that one log extends another.
 *
 * RFC 6962, 2.1.1 and 2.1.2.  Pure: no I/O, no clock, no heap.  Hashes are SHA-256,
 * 32 bytes; sizes and indices count leaves.  Bytes on disk: docs/formats/log.md.
 */
#ifndef CU_LEDGER_PROOF_H
#define CU_LEDGER_PROOF_H
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct cu_err;

#define PROOF_MAX_PATH 64

/* The hash of a leaf (0x00 prefix), of two nodes (0x01 prefix), of no leaf at all. */
void proof_leaf_hash(struct span leaf, uint8_t out[32]);
void proof_node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t out[32]);
void proof_empty_root(uint8_t out[32]);

/* Check that leaf number idx of a log of size leaves with this root has this hash.
 * Returns 0, or CU_ECORRUPT with the level that disagrees in err. */
int proof_check_inclusion(uint64_t idx, uint64_t size, const uint8_t leaf[32],
	const uint8_t (*path)[32], size_t npath, const uint8_t root[32], struct cu_err *err);

/* Check that the log of size2 and root2 begins with the log of size1 and root1.  CU_EINVAL for
 * size1 = 0 (from the empty log any log follows: there is nothing to prove), CU_ECORRUPT. */
int proof_check_consistency(uint64_t size1, uint64_t size2, const uint8_t (*path)[32],
	size_t npath, const uint8_t root1[32], const uint8_t root2[32], struct cu_err *err);

#endif
