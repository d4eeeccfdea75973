/*
 * erase.h: the order of an erasure (DESIGN part 6), and its resumption after a crash.
 *
 *	begin    leaf; the subject is denied to everyone at once
 *	shred    the keys are gone, with every older vault.db; leaf
 *	rows     rows and tokens go; no key of the subject's may open any more
 *	flush    nothing of them is left in a write-ahead log
 *	done     leaf
 *	confirm  leaf and a vault object of that generation lie at every target
 *
 * Each step is durable before the next and may be done again.
 */
#ifndef CU_CONTROL_ERASE_H
#define CU_CONTROL_ERASE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

struct cu_err;
struct daemon;
struct watch;

struct erase_result {
	struct id erasure;
	uint64_t generation; /* of the vault without the keys */
	uint64_t leaf;       /* index of "erase.done" in the log */
	bool is_confirmed;   /* at every target; false also without any target */
	unsigned ntargets;
	char unconfirmed[200]; /* the first target that could not confirm, and why; "" */
};

struct erase_request {
	struct id actor, subject;
	struct id id;        /* nil, or asked for again by the same id: answered, not repeated */
	const char *purpose; /* a policy key */
};

/* Told at the beginning of each step.  Worker thread. */
typedef void erase_step_fn(void *ctx, const char *step);

/* CU_ENOENT, CU_EBUSY.  0 once everything on this host is done, whether or not the targets
 * confirmed. */
int erase_run(struct daemon *d, const struct erase_request *q, erase_step_fn *step, void *ctx,
	struct erase_result *ret, struct cu_err *err);

/* Finishes on this host what was begun before the last stop.  Returns how many, or a code. */
int erase_resume(struct daemon *d, struct cu_err *err);

/* Brings the newest vault object to every target that was backed up to and has an older one: one
 * that was away, or that a crash came before; or one whose last is older than half the bound.  Worker thread; failures are logged. */
void erase_catch_up(struct daemon *d, const struct watch *watch);

#endif
