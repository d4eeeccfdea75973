/*
 * concern.h: does an entry of the log concern this data subject?
 *
 * One that names the subject does; so does a bulk read that showed it among others, or a question
 * about many that named it, as long as the access journal remembers.
 */
#ifndef CU_CONTROL_CONCERN_H
#define CU_CONTROL_CONCERN_H

#include "base/span.h"

struct buf;
struct cu_err;
struct id;
struct leaf;
struct reader;

enum concern {
	CONCERN_NONE,
	CONCERN_NAMED,
	CONCERN_SHOWN,   /* in a bulk read */
	CONCERN_UNKNOWN, /* a bulk read of whose subjects nothing is known any more */
};

/* Appends the subject's id and those that were merged into it, 16 bytes each: all are its. */
int concern_ids(struct reader *rd, const struct id *subject, struct buf *to, struct cu_err *err);

int concern_of(struct reader *rd, const struct leaf *l, struct span subject,
	enum concern *ret, struct cu_err *err);

#endif
