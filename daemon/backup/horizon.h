/*
 * horizon.h: by when the last copy of an erased person's keys is gone.
 *
 * The keys that generation G of the vault no longer has stand in every vault object of
 * a generation below G, and in no other.  So what was seen at each target (prune.h)
 * gives the state there; all targets together give the state of the erasure.  Pure: no
 * I/O, no clock.
 */
#ifndef CU_BACKUP_HORIZON_H
#define CU_BACKUP_HORIZON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prune_view;

/* X(id, word in replies and certificates) */
/* clang-format off */
#define HORIZON_STATES(X)                                                               \
	X(HOST_ONLY, "this-host-only") /* no target ever held a copy */                 \
	X(GONE,      "gone")           /* a listing found no older vault object */      \
	X(BY,        "by")             /* the last older one is deleted by date_ms */   \
	X(UNBOUNDED, "unbounded")      /* nobody can say when; since since_ms */
/* clang-format on */

/* In the order in which the worse one wins. */
enum horizon_state {
#define X(id, word) HORIZON_##id,
	HORIZON_STATES(X)
#undef X
};

struct horizon {
	enum horizon_state state;
	int64_t date_ms;               /* of HORIZON_BY */
	int64_t since_ms;              /* of HORIZON_UNBOUNDED */
	uint64_t confirmed_generation; /* of the newest vault object there; 0: not known
					*/
	uint64_t nolder; /* files there that hold the keys, or may hold them */
};

struct horizon_question {
	uint64_t generation; /* the first of the vault without the keys */
	int64_t erased_ms;
	/* What is due is deleted at most so long after its time, by a daemon that runs.
	 */
	int64_t lag_ms;
};

/* What the view of a target says, taken after everything was deleted that was due. */
struct horizon horizon_at(
	const struct prune_view *view, const struct horizon_question *q);
/* A target that held a copy and cannot be looked at now; seen_ms: when it last could
 * be. */
struct horizon horizon_unseen(int64_t seen_ms);

/* Of all targets that ever held a copy; n may be 0. */
struct horizon horizon_of_all(const struct horizon *v, size_t n);

const char *horizon_word(enum horizon_state state);

#endif
