/*
 * prune.h: old copies of the keys go: which vault objects lie in a repository, and
 * until when.
 *
 * A vault object is superseded when the next manifest of the signed chain names a newer
 * one; a bound after that it is deleted.  Ages follow from signed manifests alone,
 * never from file dates or names.  The newest that is named never goes, and nothing
 * goes before its stored bytes have been read at this very place and have the hash that
 * was signed after it had been fetched back, opened and compared.  Data objects are not
 * touched: with the newest vault they stay restorable, whatever their age.
 * docs/formats/repository.md.
 *
 * Nobody may write to the repository meanwhile.  Killed at any point, the next run does
 * what is left.  Blocks; worker thread.
 */
#ifndef CU_BACKUP_PRUNE_H
#define CU_BACKUP_PRUNE_H
#include <stddef.h>
#include <stdint.h>

#include "backup/repo.h"
#include "base/id.h"

struct cu_err;
struct note_verifier;
struct watch;

/* X(id, word on the wire, is deleted).  In what state a file of vault/ or tmp/ is. */
/* clang-format off */
#define PRUNE_STATES(X)                                                                 \
	X(NEWEST,  "newest",  0) /* restores use it */                                  \
	X(WITHIN,  "within",  0) /* superseded, within the bound */                     \
	X(PENDING, "pending", 0) /* newer than what is named: a manifest will follow */ \
	X(BEYOND,  "beyond",  0) /* newer than this store: the store was rolled back */ \
	X(FOREIGN, "foreign", 0) /* a name that custos does not give: who knows what */ \
	X(OLD,     "old",     1) /* superseded longer ago than the bound */             \
	X(STRAY,   "stray",   1) /* no manifest names it, nor will: an interrupted run's */
/* clang-format on */

enum prune_state {
#define X(id, word, goes) PRUNE_##id,
	PRUNE_STATES(X)
#undef X
};

struct prune_object {
	char name[REPO_NAME_SIZE];
	enum prune_state state;
	uint64_t generation; /* 0: not known */
	uint64_t size;
	int64_t superseded_ms; /* of WITHIN and OLD */
	int64_t until_ms;      /* likewise: when it goes */
};

/* What lies there, sorted by name: by generation, then what is not ours to name. */
struct prune_view {
	struct prune_object *v;
	size_t n, ngoing;
	uint64_t sequence;           /* of the newest manifest; 0: none */
	uint64_t generation;         /* of the newest vault object that is named */
	int64_t time_ms;             /* of the manifest that names it */
	struct prune_object *newest; /* in v; NULL: none is named, or it is not there */
	uint8_t newest_hash[32];
	uint64_t newest_stored;
};
void prune_view_done(struct prune_view *view); /* zeros are fine */

struct prune_source {
	const struct note_verifier *manifest_key;
	struct id store, lineage;
	uint64_t generation;     /* of this store's vault */
	uint64_t known_sequence; /* as in snapshot.h */
	int64_t now_ms, bound_ms;
};

/* Follows the chain and lists.  CU_ECORRUPT when the chain is not whole, is shorter
 * than known, or names a generation beyond the store's: one of the two was rolled back,
 * and nothing may be deleted.  CU_EEXIST: the repository of another store or lineage.
 */
int prune_look(struct repo *r, const struct prune_source *src, struct prune_view *ret,
	struct cu_err *err);

/* Deletes what goes, each durably, and marks nothing: look again to know.  With nothing
 * to delete it does nothing.  CU_ENOENT, CU_ECORRUPT when the newest object is not
 * there as it was signed: then nothing was deleted. */
int prune_run(struct repo *r, const struct prune_view *view, const struct watch *watch,
	struct cu_err *err);

/* SHA-256 over the names of what goes, each with a newline: for the log. */
void prune_digest(const struct prune_view *view, uint8_t ret[32]);

const char *prune_state_word(enum prune_state state);

#endif
