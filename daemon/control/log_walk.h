/*
 * log_walk.h: going through the entries of the log on behalf of a call.
 *
 * Worker thread; blocks.  Tells progress as "progress": {entries, total}, and ends when the call is
 * cancelled.
 */
#ifndef CU_CONTROL_LOG_WALK_H
#define CU_CONTROL_LOG_WALK_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"

struct cu_err;
struct exchange;
struct leaf;
struct reader;

/* Which entries are wanted: those that fit all of it. */
struct log_filter {
	struct id actor;        /* nil: any */
	bool is_nobody;         /* of an operator that never did anything: none fits */
	const char *purpose;    /* NULL: any */
	int64_t from_ms, to_ms; /* to is not in it */
};

bool log_filter_fits(const struct log_filter *f, const struct leaf *l);
/* The call's parameter `actor`, the number of a user, if it is there. */
int log_filter_take_actor(
	const struct exchange *x, struct reader *rd, struct log_filter *f, struct cu_err *err);
/* A parameter that is the key of a purpose, or is absent; borrowed from the call. */
int log_filter_take_purpose(
	const struct exchange *x, const char *name, struct log_filter *f, struct cu_err *err);

struct log_walk {
	struct exchange *x;
	uint64_t next, end; /* the first that was not looked at yet; end is not in it */
	/* One entry, borrowed for the call: 0 goes on, 1 ends the walk, or a code. */
	int (*fn)(void *ctx, uint64_t index, struct span text, const struct leaf *l,
		struct cu_err *err);
	void *ctx;
	int64_t told_ms; /* the walk's own, as the next */
	uint64_t *slots;
};

/* 0; or what fn ended it with. */
int log_walk(struct log_walk *w, struct cu_err *err);

#endif
