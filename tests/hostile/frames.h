/*
 * frames.h: calls of every method that there is, put together from the interface definitions, and spoilt.
 *
 * Half are what the interface allows, with values that mean something here; in the others some values, names or
 * bytes are not.  Nothing in them asks for the subject of the honest, nor seals the store.
 */
#ifndef CU_TESTS_FRAMES_H
#define CU_TESTS_FRAMES_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/interfaces.h"

struct frames {
	struct interfaces *set;
	uint64_t seed;
	bool may_break;
	const char *subject; /* for parameters that are an id; borrowed */
};

/* Appends one, with its NUL; without may_break it is a call in JSON, which is answered, and what comes behind it is
 * read. */
void frames_put(struct frames *f, bool may_break, struct buf *to);

#endif
