/*
 * history.h: what the mirrored log says about keys that died, and about the manifests.
 *
 * One walk over a verified log: its root at the size of each manifest must be the root that
 * the manifest names, shreds beyond a vault object are collected, who was erased, whose erasure
 * waits, and what is held.
 */
#ifndef CU_BACKUP_HISTORY_H
#define CU_BACKUP_HISTORY_H
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "ledger/ledger.h"
#include "store/settle.h"

struct chain;
struct cu_err;
struct watch;

#define HISTORY_MAX_SLOTS  (1u << 24) /* 128 MiB of numbers, to be shredded again at once */
#define HISTORY_MAX_ERASED (1u << 24)
/* Leaves that may lie between the moment of an image and the place in the log that its manifest
 * names: what was said there is collected, too. */
#define HISTORY_BEFORE     65536

struct history {
	struct log_head head;
	uint64_t generation; /* the highest that a leaf names; 1 for a vault never shredded */
	struct id *erased;   /* subjects whose erasure as a whole could not be cancelled any more */
	size_t nerased;
	struct id *dead; /* those of them whose keys a leaf says were shredded */
	size_t ndead;
	struct settle_erasure *open; /* begun, and neither cancelled nor shredded */
	size_t nopen;
	struct settle_hold *holds; /* placed, and not released */
	size_t nholds;
	struct settle_said *said; /* about purposes and restriction, near the backup's place and later */
	size_t nsaid;
	struct settle_request *requests; /* of data subjects: opened, closed, forgotten */
	size_t nrequests;
	struct settle_merge *merges; /* ids that became another's */
	size_t nmerges;
	uint64_t *slots; /* shredded in generations beyond the one asked for */
	size_t nslots;
	uint64_t nshreds; /* leaves that these slots stand in */
};
void history_done(struct history *h); /* zeros are fine */

/* Verifies the log in dir fully, then walks it.  Manifests of chain that are newer than the log
 * are passed over; the caller compares sizes.  data_size is the log's size beside the data that is
 * to be restored; UINT64_MAX: none is.  CU_ENOENT, CU_ENOKEY, CU_ECORRUPT. */
int history_read(const char *dir, const struct note_verifier *by, const struct chain *chain,
	uint64_t beyond_generation, uint64_t data_size, const struct watch *watch,
	struct history *ret, struct cu_err *err);

#endif
