/*
 * request_next.h: what is to be done now about a request, why, and by which command.
 *
 * For people who do this ten times a year.  Pure: a row and what is known about it in, sentences
 * out, translated when they are shown.
 */
#ifndef CU_PRIVACY_REQUEST_NEXT_H
#define CU_PRIVACY_REQUEST_NEXT_H
#include <stdbool.h>

#include "privacy/deadline.h"
#include "privacy/request.h"

struct request_facts {
	const struct row_dsr *row;
	const struct deadline *deadline; /* NULL: it cannot be computed */
	int32_t today;
	bool is_own;             /* whoever asks here asked for the approval */
	int64_t erasure_due_ms;  /* of one that can be cancelled until then */
	const char *untold;      /* the first recipient that is neither told, nor said why not; or NULL */
	const char *underway;    /* the first whose notice is on its way by mail; or NULL */
	bool can_mail;           /* a notice to untold can be mailed */
	const char *kept;        /* the first collection that a law keeps out of it; or NULL */
	const char *backups;     /* by when the last copy of the keys is gone, a sentence; or NULL */
};

#define REQUEST_TEXT    600
#define REQUEST_COMMAND 200
#define REQUEST_CHOICES 10

/* A command, without "custosctl"; what stands in <...> is to be filled in. */
struct request_choice {
	char when[REQUEST_TEXT];
	char command[REQUEST_COMMAND];
};

struct request_step {
	char what[REQUEST_TEXT]; /* is to be done */
	char why[REQUEST_TEXT];
	char clock[REQUEST_TEXT]; /* until when; "" when it is closed */
	char command[REQUEST_COMMAND]; /* "" while there is nothing but waiting */
	struct request_choice choices[REQUEST_CHOICES]; /* what else may be right */
	unsigned nchoices;
};

void request_next(const struct request_facts *facts, struct request_step *ret);

#endif
