/*
 * ledger.h: the audit log: what happened, in order, provably.
 *
 * Commit point is the journal: preallocated segments, one write and one fdatasync for each
 * batch.  From it follow, within a second, the tiles of an RFC 6962 tree in the layout of
 * c2sp.org/tlog-tiles and a checkpoint, a signed note.  A checkpoint never covers a leaf whose
 * journal is not synced.  After a crash at any point the same leaves stand in the same order,
 * each once.  docs/formats/log.md.
 *
 * Directory: journal/<first index, 20 digits>, tile/<L>/<N>[.p/<W>], tile/entries/<N>[.p/<W>],
 * checkpoint, key (the verifier, text).
 *
 * Threads: ledger_append from the store's writer thread; ledger_publish from one worker at a
 * time; everything else from any thread.
 */
#ifndef CU_LEDGER_LEDGER_H
#define CU_LEDGER_LEDGER_H
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "crypto/hash.h"
#include "crypto/note.h"

struct buf;
struct cu_err;
struct ledger;

/* One leaf to append.  outbox is the number of the row in data.db that caused it, rising by
 * one from leaf to leaf; 0 for a leaf without a row (a read).  A number that is not above the
 * last is refused: its leaf is in the log already. */
struct ledger_entry {
	uint64_t outbox;
	struct span leaf; /* 1 .. LEAF_MAX_SIZE bytes */
};

/* An empty log.  origin names it in checkpoints ("custos/<lineage id>").  CU_EEXIST. */
int ledger_create(const char *dir, const char *origin, const struct signer *signer,
	struct cu_err *err);

/* signer must be the log's key (CU_ENOKEY otherwise) and is kept until ledger_close.  Ends a
 * torn last batch of the journal and checks that the journal extends the checkpoint:
 * CU_ECORRUPT for damage, a gap, or an older checkpoint put back.  CU_EBUSY: open in another
 * process.  CU_ENOENT: no log. */
int ledger_open(const char *dir, const struct signer *signer, struct ledger **ret,
	struct cu_err *err);
void ledger_close(struct ledger *l); /* NULL is fine; does not publish */

/* All entries, durable, in order; or none of them.  After CU_EIO the ledger refuses everything
 * (a write or sync failed and nothing is known: reopen); so does it after a CU_EIO of
 * ledger_publish.  CU_EINVAL (size or outbox number), CU_ELIMIT (256 MiB in one call), CU_ENOMEM
 * and CU_ENOSPC (no room for another segment) leave it as it was.  Blocks for one sync. */
int ledger_append(struct ledger *l, const struct ledger_entry *entries, size_t n,
	struct cu_err *err);

uint64_t ledger_size(const struct ledger *l);        /* leaves in the journal */
uint64_t ledger_last_outbox(const struct ledger *l); /* highest outbox number; 0: none */

/* Tiles, then a signed checkpoint over all leaves that were durable when it began; drops
 * journal segments that it covers (the last outbox number survives).  Returns its size.
 * CU_ECORRUPT: the files on the disk are not those published last; nothing was signed. */
int ledger_publish(struct ledger *l, uint64_t *ret_size, struct cu_err *err);

/* A leaf, whether published or only in the journal.  CU_ENOENT. */
int ledger_read(struct ledger *l, uint64_t index, struct buf *leaf, struct cu_err *err);

/* Calls fn for leaves from .. end-1 in order, each checked; end is at most ledger_size.  fn returns
 * 0 to go on; what else it returns is returned.  Memory for one bundle; appending goes on
 * meanwhile. */
typedef int log_leaf_fn(void *ctx, uint64_t index, struct span leaf, struct cu_err *err);
int ledger_each(struct ledger *l, uint64_t from, uint64_t end, log_leaf_fn *fn, void *ctx,
	struct cu_err *err);

/* The same from the newest leaf back to the first, one by one: for what is likely near the end. */
int ledger_each_back(struct ledger *l, log_leaf_fn *fn, void *ctx, struct cu_err *err);

/* The last published checkpoint, a note; and its size. */
int ledger_checkpoint(struct ledger *l, struct buf *note, uint64_t *ret_size,
	struct cu_err *err);

/* A proof in the form c2sp.org/tlog-proof: leaf index in the last published checkpoint. */
int ledger_prove(struct ledger *l, uint64_t index, struct buf *out, struct cu_err *err);

/* --- a published log, anywhere: a mirror in a repository, or our own -------------- */

struct log_dir; /* tiles and a checkpoint; no journal */

struct log_head {
	uint64_t size;
	uint8_t root[HASH_SIZE];
	char origin[NOTE_NAME_SIZE];
};

/* Reads and verifies the checkpoint.  CU_ENOENT: no checkpoint. */
int log_dir_open(const char *dir, const struct note_verifier *by, struct log_dir **ret,
	struct cu_err *err);
void log_dir_close(struct log_dir *d);
const struct log_head *log_dir_head(const struct log_dir *d);

/* Calls fn for leaves from .. size-1 in order; every leaf is checked against the tree of the
 * checkpoint before fn sees it.  fn returns 0 to go on. */
int log_dir_each(struct log_dir *d, uint64_t from, log_leaf_fn *fn, void *ctx,
	struct cu_err *err);

/* Recomputes everything: entries against leaf hashes, tiles against tiles below, the root
 * against the checkpoint.  CU_ECORRUPT names the file. */
int log_dir_verify(struct log_dir *d, struct cu_err *err);

/* Copies what a published log of this directory has and to_dir lacks: tiles, entries, and the
 * checkpoint last, each durable; to_dir is made if it is missing.  CU_ECORRUPT when to_dir
 * holds a log that this one does not extend (its checkpoint is checked by the same key), or one
 * that is newer: then this host was rolled back, and err says so. */
int log_mirror(const char *dir, const char *to_dir, const struct note_verifier *by,
	struct log_head *ret_head, struct cu_err *err);

/* What a mirror is to the log in dir, both being signed by the same key. */
enum log_relation {
	LOG_OLDER,  /* the log begins with what the mirror holds, or is it: as it should be */
	LOG_NEWER,  /* the mirror holds more */
	LOG_FORKED, /* each holds what the other never had */
	LOG_OTHER,  /* of another origin */
};
/* Writes nothing.  CU_ENOENT: there is no mirror; CU_ENOKEY, CU_ECORRUPT: it says nothing. */
int log_compare(const char *dir, const char *mirror_dir, const struct note_verifier *by,
	enum log_relation *ret, struct log_head *ret_ours, struct log_head *ret_theirs,
	struct cu_err *err);

/* A log that goes on elsewhere: to_dir gets the tiles of a mirror, each checked, and an empty
 * journal (whose last outbox number is 0), and signer signs a checkpoint of the same size and
 * root under origin.  The first leaf that the caller appends says so (LEAF_STORE_RESTORE,
 * LEAF_LOG_KEY).  CU_EEXIST when to_dir holds a log. */
int ledger_continue(const char *mirror_dir, const struct note_verifier *by, const char *to_dir,
	const char *origin, const struct signer *signer, struct cu_err *err);

#endif
