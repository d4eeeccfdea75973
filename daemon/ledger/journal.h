/*
 * journal.h: the commit point of the log: what is in here has happened.
 *
 * Segments of 16 MiB, preallocated, named by the number of their first leaf.  A batch of leaves
 * is one pwrite and one fdatasync; it carries its length, its count and a SHA-256 chained to
 * the batch before, so it is there as a whole or not at all.  docs/formats/log.md has the
 * bytes.
 *
 * Threads: one appends at a time; reading and dropping may happen beside it.
 */
#ifndef CU_LEDGER_JOURNAL_H
#define CU_LEDGER_JOURNAL_H
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct cu_err;
struct journal;
struct ledger_entry;

#define JOURNAL_SEGMENT_SIZE (16u << 20)
#define JOURNAL_MAX_BATCH                                                              \
	(256u << 20) /* bytes; a segment is made larger for a large one */

/* Where a leaf lies. */
struct journal_pos {
	uint64_t segment; /* number of the segment's first leaf */
	uint32_t offset;  /* of the leaf's bytes in the file */
	uint32_t size;    /* of the leaf in bytes */
};

/* A first segment in dir, which is made.  first is the number that the next leaf gets, outbox
 * the highest outbox number so far; segment_size, of at least 4096 bytes, is that of all
 * segments of this journal.  CU_EEXIST if there is a segment that holds leaves; an empty one,
 * of a start that was cut short, is replaced. */
int journal_create(const char *dir, uint64_t first, uint64_t outbox,
	uint32_t segment_size, struct cu_err *err);

/* Called for every leaf of the journal, in order; a negative return ends journal_open. */
typedef int journal_leaf_fn(void *ctx, uint64_t index, const struct journal_pos *pos,
	struct span leaf, struct cu_err *err);

/* Reads all segments and takes away a last batch that is torn; what is left is durable when it
 * returns.  CU_ECORRUPT: damage that no torn write explains (a hole between segments, a batch
 * that is damaged but complete, or one that others follow). */
int journal_open(const char *dir, journal_leaf_fn *fn, void *ctx, struct journal **ret,
	struct cu_err *err);
void journal_close(struct journal *j); /* NULL is fine */

/* All entries or none, durable.  ret_pos has room for n.  CU_ELIMIT and CU_EINVAL, and
 * CU_ENOSPC when there is no room for another segment, leave the journal as it was; after any
 * other error it refuses everything with CU_EIO. */
int journal_append(struct journal *j, const struct ledger_entry *entries, size_t n,
	struct journal_pos *ret_pos, struct cu_err *err);

/* A leaf, appended to to.  CU_ENOENT when its segment was dropped. */
int journal_read(struct journal *j, const struct journal_pos *pos, struct buf *to,
	struct cu_err *err);

/* Removes segments whose leaves are all below index; never the last. */
int journal_drop(struct journal *j, uint64_t index, struct cu_err *err);

uint64_t journal_first(struct journal *j); /* number of the oldest leaf kept */
uint64_t journal_end(struct journal *j);   /* number that the next leaf gets */
uint64_t journal_outbox(struct journal *j);

#endif
