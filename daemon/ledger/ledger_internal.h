/*
 * ledger_internal.h: what the files of the live ledger share.
 *
 * Internal to ledger.c, ledger_each.c, ledger_start.c and ledger_publish.c.
 */
#ifndef CU_LEDGER_LEDGER_INTERNAL_H
#define CU_LEDGER_LEDGER_INTERNAL_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/path.h"
#include "ledger/edge.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"

#define LEDGER_JOURNAL_DIR "journal"
#define LEDGER_KEY_FILE    "key"

/* A leaf that is durable but not published: where it lies, and its hash. */
struct recent {
	struct journal_pos pos;
	uint8_t hash[HASH_SIZE];
};

struct ledger {
	char dir[PATH_SIZE];
	int dir_fd; /* holds the lock that keeps a second process out */
	const struct signer *signer;
	struct note_verifier by;
	struct journal *journal;

	pthread_mutex_t lock;     /* over what follows */
	bool is_broken;           /* a write or sync failed: nothing is done any more */
	struct frontier frontier; /* of all leaves in the journal */
	struct log_head head;     /* last published */
	struct buf note;
	struct recent *recent; /* leaves head.size, head.size + 1, ... */
	size_t nrecent, recent_cap;

	pthread_mutex_t publishing; /* one at a time; over what follows */
	struct tile_writer tiles;
};

/* The head that was published last.  When it is another than before, unfilled tiles that the
 * one before needs may be gone. */
struct log_head ledger_head(struct ledger *l);

/* CU_EIO when the ledger has failed before; call with the lock held. */
int ledger_check(const struct ledger *l, struct cu_err *err);

/* Marks the ledger as failed if r is an error of the disk; returns r. */
int ledger_judge(struct ledger *l, int r);

#endif
