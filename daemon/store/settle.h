/*
 * settle.h: what a restored data.db needs before it may be used.
 *
 * Old rows meet the newest vault: what the vault no longer opens, and whom the log says to be
 * erased, goes.  Erasures that were begun and have no end wait on, and what is held stays held.
 * Where the rows are older than the newest image, what was decided since is taken from that
 * (engine_protect.h), and records that got another key since as they are there.  What people said
 * about purposes after that, and whose data was restricted, is said again, without the papers.  An
 * id that was merged into another since is that one's; where only the log knows it, the next start
 * moves what is of it.  The store keeps its id, gets a new lineage, and never hands out a slot again
 * that somebody may have had since.
 */
#ifndef CU_STORE_SETTLE_H
#define CU_STORE_SETTLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "ledger/leaf.h"
#include "store/engine.h"

struct cu_err;
struct key;
struct key_arena;

/* An erasure, or one collection of it, that the log knows the beginning of and no end. */
struct settle_erasure {
	struct id id, subject, record, asker;
	char collection[ENGINE_KEY_SIZE], purpose[ENGINE_KEY_SIZE]; /* ""; as in the leaf */
	int64_t begun_ms, due_ms;
	bool is_let_go; /* it could not be cancelled any more */
};

/* A legal hold, or one collection of it, that the log knows and no release of. */
struct settle_hold {
	struct id id, subject, record, placer;
	char collection[ENGINE_KEY_SIZE]; /* "": of the subject as a whole */
	int64_t placed_ms;
};

/* What a leaf says that somebody said, or that somebody's data is restricted. */
struct settle_said {
	enum leaf_act act;
	struct id subject, actor;
	char purpose[ENGINE_KEY_SIZE], channel[ENGINE_KEY_SIZE], notice[ENGINE_KEY_SIZE];
	int64_t at_ms, expires_ms; /* 0: never */
};

/* What a leaf says of a request: it was opened, closed, or forgotten. */
struct settle_request {
	enum leaf_act act;
	struct id id;
	uint32_t number;
	char state[ENGINE_KEY_SIZE];
	int64_t at_ms;
};

/* What a leaf says of an id that was merged into another (tx_merge.h). */
struct settle_merge {
	struct id old, subject, actor;
	char purpose[ENGINE_KEY_SIZE];
};

struct store_settle {
	struct id lineage;
	int64_t now_ms; /* of the restore; a hold that the log calls released gets it */
	const char *newest_dir; /* of another data.db, the newest; NULL: this is it; borrowed */
	bool has_gap; /* the log may lack the end of an erasure: it is restricted */
	uint64_t gap_leaves; /* known to be missing; 0: not known */
	const struct id *erased; /* subjects whose erasure could not be cancelled any more; borrowed */
	size_t nerased;
	const struct settle_erasure *open; /* borrowed */
	size_t nopen;
	const struct settle_hold *holds; /* borrowed */
	size_t nholds;
	const struct settle_said *said; /* in the order of the log; borrowed */
	size_t nsaid;
	const struct settle_request *requests; /* in the order of the log; borrowed */
	size_t nrequests;
	const struct settle_merge *merges; /* in the order of the log; borrowed */
	size_t nmerges;
};

struct store_settled {
	uint64_t subjects, records; /* that remain */
	uint64_t removed_subjects, removed_records;
	uint64_t lost_requests; /* of data subjects, that came after the backup */
	uint64_t renewed_records; /* as the newest image has them: their old key is gone */
	uint64_t generation; /* of the vault: higher when an erasure had to be finished */
};

/* An erasure that was begun and whose keys were still there is finished: they are shredded.
 * dir holds data.db without index.db, and the vault under k0; newest_dir a data.db, and gets an
 * index.db.  Durable when it returns; may be repeated. */
int store_settle_restored(const char *dir, const struct key *k0, struct key_arena *arena,
	const struct store_settle *how, struct store_settled *ret, struct cu_err *err);

#endif
