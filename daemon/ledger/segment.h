/*
 * segment.h: one file of the journal: its bytes, and what a torn end looks like.
 *
 * Internal to journal.c.  A batch starts at a multiple of 64 bytes, so that its header never
 * straddles two sectors of 512.  What lies after the last batch is zero; a write that was
 * torn leaves a sector of zeros in it or lacks its last byte, and that tells it from damage.
 */
#ifndef CU_LEDGER_SEGMENT_H
#define CU_LEDGER_SEGMENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"
#include "base/span.h"
#include "crypto/hash.h"

struct buf;
struct cu_err;
struct ledger_entry;

#define SEGMENT_HEADER_SIZE  128
#define SEGMENT_BATCH_HEADER 64
#define SEGMENT_ALIGN        64
#define SEGMENT_NAME_SIZE    21 /* 20 digits and a NUL */

/* What the first bytes of the file say. */
struct segment_head {
	uint64_t first;    /* number of the first leaf */
	uint64_t outbox;   /* highest outbox number before it; 0: none */
	uint32_t capacity; /* bytes that were set aside for the file */
	uint32_t usual;    /* and for the next one, unless its first batch needs more */
	uint8_t chain[HASH_SIZE]; /* digest of the batch before it; zeros: none */
};

/* A batch, as it lies in memory. */
struct segment_batch {
	uint64_t first;
	uint32_t count;
	uint32_t at,
		end; /* offsets in the file of its header and of what follows its last byte */
	struct span records;
	uint8_t digest[HASH_SIZE];
};

enum segment_tail {
	SEGMENT_BATCH,  /* there is a batch */
	SEGMENT_END,    /* zeros to the end of the file */
	SEGMENT_TORN,   /* the rest of a write that never ended */
	SEGMENT_DAMAGED /* something else */
};

static inline uint32_t segment_align(uint32_t offset)
{
	return (offset + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
}

void segment_name(uint64_t first, char out[SEGMENT_NAME_SIZE]);
bool segment_parse_name(const char *name, uint64_t *ret_first);

/* A new file in dir, durable, and its descriptor.  CU_ENOSPC leaves nothing behind. */
int segment_create(const char *dir, const struct segment_head *head, int *ret_fd,
	struct cu_err *err);

/* Opens the file and reads all of it into to, which is filled up with zeros to the capacity
 * that its head tells. */
int segment_open(const char *dir, uint64_t first, struct segment_head *ret_head,
	struct buf *to, int *ret_fd, struct cu_err *err);

/* The bytes of a batch.  Where the leaf of record i starts is put into ret_offsets[i],
 * counted from the batch. */
void segment_put_batch(uint64_t first, const uint8_t chain[HASH_SIZE],
	const struct ledger_entry *entries, size_t n, struct buf *to,
	uint32_t *ret_offsets, uint8_t ret_digest[HASH_SIZE]);

/* The offset behind the last byte that is not zero. */
size_t segment_used(struct span file);

/* What stands at offset at of a file that was read and of which used bytes are in use. */
enum segment_tail segment_look(struct span file, size_t used, uint32_t at,
	uint64_t first, const uint8_t chain[HASH_SIZE], struct segment_batch *ret);

/* The next record of a batch, from a cursor over its records. */
struct cursor;
bool segment_next_record(struct cursor *c, uint64_t *ret_outbox, struct span *ret_leaf);

#endif
