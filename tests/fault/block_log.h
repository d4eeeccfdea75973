/*
 * block_log.h: a disk that writes down all that reaches it, and what is left of it when its power is cut.
 *
 * qemu-storage-daemon shows an image as a file (FUSE), over which a loop device is a disk like any
 * other; its driver blklogwrites notes each write and each flush in order, in the format of the
 * kernel's dm-log-writes.  What the file systems of the kernel rely on is what a disk promises: what
 * a flush covers is there; of what came since, each block may be, or not.
 */
#ifndef CU_TESTS_BLOCK_LOG_H
#define CU_TESTS_BLOCK_LOG_H
#include <stddef.h>
#include <stdint.h>

#include "run.h"

struct block_log {
	char device[192]; /* a file of the image's size: to be mounted by a loop device */
	char log[192];    /* it only grows; before a flush has come back it is in there */
	struct job job;
};

/* NULL, or why there can be none here. */
const char *block_log_lacks(void);

/* Of the image, which changes with it.  dir: for both files. */
void block_log_start(struct block_log *b, const char *image, const char *dir);
/* Nothing is mounted from it any more. */
void block_log_stop(struct block_log *b);

/* One entry of the log. */
struct block_entry {
	uint64_t at, n;     /* bytes of the image; n is 0 for a flush */
	const uint8_t *new; /* NULL: they were discarded */
	uint64_t end;       /* of the entry, in bytes of the log */
	bool is_flush, is_durable; /* all before it is on the disk; it is, itself */
};

struct block_history {
	uint8_t *bytes;
	struct block_entry *at;
	size_t n;
};

void block_history_read(const char *log, struct block_history *ret);
void block_history_done(struct block_history *h);

enum block_cut {
	CUT_NOTHING_LOST,  /* all that reached the disk is there, as in a copy of it */
	CUT_UNSYNCED_LOST, /* all that no flush covers is lost */
	CUT_SOME_LOST,     /* of that, each block is lost or kept by the toss of a coin */
	CUT_NWAYS_
};

struct block_place {
	size_t upto; /* entries that came before the cut */
	enum block_cut way;
	unsigned block; /* bytes that are there together or not at all */
	uint64_t seed;
};

/* What a disk that was `base` at the beginning of the history has then, in a new file. */
void block_history_cut(const struct block_history *h, const struct block_place *place, const char *base,
	const char *to);

#endif
