/*
 * watch.h: how a long backup job tells where it is, and how it is told to stop.
 *
 * The functions that take a watch look at it between bounded slices of work (64 KiB to
 * 1 MiB).  Everything is optional: NULL, or a watch of zeros, is a job that nobody watches.
 */
#ifndef CU_BACKUP_WATCH_H
#define CU_BACKUP_WATCH_H
#include <stdatomic.h>
#include <stdint.h>

struct cu_err;

/* what is a short constant text ("data", "vault"), never the name of a person or a file of
 * one; done and total count bytes (total 0: not known).  Called on the job's own thread. */
typedef void watch_fn(void *ctx, const char *what, uint64_t done, uint64_t total);

struct watch {
	watch_fn *progress;
	void *ctx;
	const atomic_bool *cancel; /* set from any thread */
};

/* Reports, and 0 to go on or CU_ECANCELED. */
int watch_step(const struct watch *w, const char *what, uint64_t done, uint64_t total,
	struct cu_err *err);

#endif
