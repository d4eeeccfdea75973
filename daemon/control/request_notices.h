/*
 * request_notices.h: before a request is carried out: who received the data, a notice for each, and of an
 * erasure the last letter, while what they say can still be read.
 *
 * They are written beside the writer, and sealed in the step that carries the request out, if it is
 * then what it was: sealed under the request's own keys, before any key of the person's is shredded.
 */
#ifndef CU_CONTROL_REQUEST_NOTICES_H
#define CU_CONTROL_REQUEST_NOTICES_H
#include "control/addressee.h"
#include "control/casework.h"
#include "control/request_letter.h"

#define NOTICES_MAX 32

struct notices {
	const struct row_dsr *row; /* as it was when they were written; borrowed */
	struct buf scope;          /* what it was about then */
	struct notice_letter {
		struct request_letter letter;
		const char *recipient; /* of the policy */
		struct buf whom, data;
	} v[NOTICES_MAX];
	size_t n;
	struct request_letter last; /* to the person */
	bool has_last;
	bool is_wanted; /* the law says that recipients are told of this */
};

/* Worker thread.  Writes what there is to be sent; nothing for a request of which nobody is told.  As
 * letter_write: what is missing for a letter is named, and then nothing may be carried out.
 * CU_ELIMIT: more recipients than NOTICES_MAX. Ended by notices_done, also after a failure. */
int notices_write(struct daemon *d, const struct row_dsr *row, struct notices *ret,
	struct cu_err *err);
void notices_done(struct notices *n); /* zeros are fine */

/* Writer thread, in the step that carries it out.  CU_EBUSY: the request, or what is held, is not
 * what it was. */
int notices_seal(struct tx *tx, struct row_dsr *row, const struct notices *n, struct cu_err *err);

#endif
