/*
 * tile.h: the files of a published log: hashes and entries by 256, as c2sp.org/tlog-tiles.
 *
 * Bytes and names only; whether they are right is tree.h's matter.  Level -1 here stands for
 * the entry bundles.  A file with less than 256 is "<N>.p/<W>"; one that is full has replaced
 * all of those.
 */
#ifndef CU_LEDGER_TILE_H
#define CU_LEDGER_TILE_H
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"
#include "base/span.h"

struct buf;
struct cu_err;

#define TILE_WIDTH     256
#define TILE_LEVELS    8 /* 256^8 leaves: more than 64 bits count */
#define TILE_ENTRIES   (-1)
#define TILE_PATH_SIZE 64

/* "tile/0/x001/234", "tile/entries/000.p/17"; width is 1 .. 256. */
void tile_path(int level, uint64_t index, unsigned width, char out[TILE_PATH_SIZE]);

/* The first width hashes of a tile, from the file of that width or from the full one.
 * CU_ENOENT when there is neither, CU_ECORRUPT when its length is wrong. */
int tile_read_hashes(const char *dir, int level, uint64_t index, unsigned width,
	uint8_t (*out)[32], struct cu_err *err);

/* The same for a bundle.  to is emptied and holds the bytes of the width entries and nothing
 * more; ret_entries, of TILE_WIDTH, are borrowed from it. */
int tile_read_entries(const char *dir, uint64_t index, unsigned width, struct buf *to,
	struct span *ret_entries, struct cu_err *err);

void tile_put_entry(struct buf *bundle, struct span entry);

/* Writes tiles so that a crash leaves each whole or absent, and syncs a directory once for
 * many.  Embedded; lives as long as its log so that it knows which directories are durable. */
struct tile_writer {
	const char *dir; /* borrowed */
	char known
		[32]
		[TILE_PATH_SIZE]; /* directories whose entry is durable, or in dirty */
	unsigned nknown;
	char dirty[16][TILE_PATH_SIZE]; /* to be synced; "" is dir itself */
	unsigned ndirty;
};

void tile_writer_init(struct tile_writer *w, const char *dir);
int tile_writer_put(struct tile_writer *w, int level, uint64_t index, unsigned width,
	struct span bytes, struct cu_err *err);
/* What was put is durable.  After a failure nothing is known of what was put. */
int tile_writer_sync(struct tile_writer *w, struct cu_err *err);

/* Removes "<N>.p" with all in it, if there; the full file must be durable. */
int tile_prune(const char *dir, int level, uint64_t index, struct cu_err *err);

#endif
