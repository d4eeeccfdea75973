/*
 * disk_world.h: a store and its repository on a disk that writes everything down, and what custosd makes
 * of what is left of that disk after its power was cut.
 *
 * A piece of its life is recorded once, from the mount to the end of custosd, while people are added,
 * changed and erased and backups are made.  Then the power may be cut at any moment of it, as often
 * as one likes: the file system mends what is left, custosd starts on it, and judge.h judges by what
 * had been acknowledged at that moment.  Life goes on from one of these cuts.
 *
 * Needs a mount namespace of its own, and root.  Everything fails the running process.
 */
#ifndef CU_TESTS_DISK_WORLD_H
#define CU_TESTS_DISK_WORLD_H
#include <stdint.h>

#include "block_log.h"
#include "image.h"
#include "load.h"
#include "shimmed.h"

/* Seen by the processes of all cuts. */
struct disk_counts {
	unsigned cuts, writes, flushes;    /* cuts that were judged; what was recorded */
	unsigned acknowledged, erased, backups, checked;
	unsigned slowest_ms;               /* start of custosd on what was left */
};

struct disk_world {
	struct disk_counts *counts;
	const char *deaf; /* syncs of such files do nothing; NULL: custosd as it is */
	struct stage *stage;
	struct load load;
	struct image image;
	struct block_log log;
	char dir[160], on[176];              /* what is kept; the disk is mounted there */
	char base[192], running[192], cut[192]; /* images */
	struct load_run run;
	struct block_history history;
	size_t before_load; /* entries of it */
	struct shimmed shim;
};

void disk_world_begin(struct disk_world *w, const char *fs, uint64_t seed, const char *deaf,
	struct disk_counts *counts);
/* load_ms: how long they write. */
void disk_world_record(struct disk_world *w, int load_ms);
/* In a process of its own; 0, or its status when something was wrong, of which it has said what. */
int disk_world_try(struct disk_world *w, const struct block_place *place);
/* What is left is the disk from now on. */
void disk_world_go_on(struct disk_world *w, const struct block_place *place);
/* All of it is looked at, and a backup restored. */
void disk_world_end(struct disk_world *w);

#endif
