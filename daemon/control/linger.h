/*
 * linger.h: how long old copies of the keys live on at the targets, and how they end.
 *
 * An hourly duty deletes the vault objects whose time is over (backup/prune.h) and
 * remembers what it saw.  From what is seen at a target follows by when an erased
 * person's keys are gone there (backup/horizon.h): computed each time, from a list
 * taken at that moment.  All calls block; worker threads; a backup under way is waited
 * for.
 */
#ifndef CU_CONTROL_LINGER_H
#define CU_CONTROL_LINGER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backup/horizon.h"
#include "backup/prune.h"

struct cu_err;
struct daemon;
struct target;
struct watch;

/* How often the duty runs: what is due goes at most so long after its time. */
#define LINGER_EACH_MS 3600000

/* Each target: what is due goes.  Failures are logged. */
void linger_duty(struct daemon *d, const struct watch *watch);

/* One target, at once.  *ret is what lay there before; what goes is gone then, after a
 * leaf that says so, unless is_dry_run.  CU_ENOENT: it never held a backup;
 * CU_EUNAVAIL: it did, and cannot be reached; or as prune.h.  Released by
 * prune_view_done. */
int linger_prune(struct daemon *d, const struct target *t, bool is_dry_run,
	const struct watch *watch, struct prune_view *ret, struct cu_err *err);

/* What was last seen at a target; all 0: never looked, or never held a backup. */
struct linger_seen {
	int64_t time_ms;            /* of the look */
	uint64_t oldest_generation; /* of the vault objects there */
	int64_t until_ms; /* when the last superseded one goes; 0: there is none */
};
int linger_seen(struct daemon *d, const struct target *t, struct linger_seen *ret,
	struct cu_err *err);

/* The keys that are gone from the vault since this generation: where they may still be.
 */
struct lingering {
	struct horizon all;
	struct linger_target {
		const struct target *target;
		struct horizon at;
	} * v; /* targets that ever held a backup of this lineage */
	size_t n;
};
/* Looks at every target now, after what is due was deleted.  A target that fails is
 * unbounded; the call fails only when this host does.  Released by linger_done. */
int linger_of(struct daemon *d, uint64_t generation, int64_t erased_ms,
	struct lingering *ret, struct cu_err *err);
void linger_done(struct lingering *l); /* zeros are fine */

/* The same for many erasures by one look, which may be far away and slow: every target as it was
 * then.  It answers for generations up to its own. */
struct linger_sight {
	struct linger_seen_target *v; /* targets that ever held a backup of this lineage */
	size_t n;
	uint64_t generation; /* of the vault; 0: nobody has looked */
};
int linger_look(struct daemon *d, struct linger_sight *ret, struct cu_err *err);
int linger_at(const struct linger_sight *s, uint64_t generation, int64_t erased_ms,
	struct lingering *ret, struct cu_err *err);
void linger_sight_done(struct linger_sight *s); /* zeros are fine */

/* One or two sentences that say so, translated. */
void linger_say(const struct lingering *l, char *out, size_t cap);

#endif
