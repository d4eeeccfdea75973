/*
 * drill.h: drills from the daemon's side: the process that holds one, its keys, its report.
 *
 * custosd hands a fresh process the repository's place and the keys of the level: none, the key
 * of one run of backups, or the descriptor of the identity file, which it passes on and never
 * reads.  What the process says becomes a signed report, a leaf, and numbers that status shows.
 */
#ifndef CU_CONTROL_DRILL_H
#define CU_CONTROL_DRILL_H
#include "control/drill_report.h"

struct cu_err;
struct daemon;
struct target;
struct watch;

#define DRILL_RESTORE_EACH_MS (90 * 86400000LL) /* DESIGN part 10: none within is an alarm */

/* What is to be held, and for whom. */
struct drill_order {
	const struct target *target;
	enum drill_level level;
	uint64_t sequence;         /* 0: the newest */
	int identity;              /* a descriptor, borrowed, of DRILL_RESTORE; else -1 */
	struct id actor;           /* nil: custosd itself */
	const struct watch *watch; /* is told where it is, and stops it */
};
/* 0 when the drill was held, whatever it found; ret is released with drill_record_done.  Worker
 * thread.  CU_EBUSY: another one is running. */
int drill_hold(struct daemon *d, const struct drill_order *order, struct drill_record *ret,
	struct cu_err *err);

/* What this lineage remembers of the drills of a target; zeros: none yet. */
struct drill_last {
	int64_t time_ms;
	uint64_t number, level, faults;
	int64_t restore_ms; /* the last one of level 3 that passed */
	uint64_t capture;   /* of the newest data that passed level 2 or 3 (tx_hold_capture_of); 0: none */
};
int drill_last(struct daemon *d, const struct target *t, struct drill_last *ret,
	struct cu_err *err);

#endif
