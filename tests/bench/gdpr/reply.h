/*
 * reply.h: what custosd answers, read in place and once: the client shares the machine.
 *
 * Not a parser of JSON in general: texts with escapes are refused, and no value here has one.
 */
#ifndef CU_TESTS_GDPR_REPLY_H
#define CU_TESTS_GDPR_REPLY_H
#include "backend.h"

struct reply {
	const char *number; /* wanted: a member of the parameters; of an array how many it has */
	backend_row *row;   /* for each record; NULL: none are wanted */
	void *ctx;

	bool continues;
	int nrows;
	long long value; /* of number */
	const char *error, *message; /* "" or in the frame */
};

/* One frame, which is changed.  False: it is no reply. */
bool reply_read(struct reply *r, char *frame);

#endif
