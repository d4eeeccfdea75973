/*
 * concern.h: does an entry of the log concern this data subject?
 *
 * One that names the subject does; so does a bulk read that showed it among others, or a question
 * about many that named it, as long as the access journal remembers.
 */
#ifndef CU_CONTROL_CONCERN_H
#define CU_CONTROL_CONCERN_H

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

int concern_of(struct reader *rd, const struct leaf *l, const struct id *subject,
	enum concern *ret, struct cu_err *err);

#endif
