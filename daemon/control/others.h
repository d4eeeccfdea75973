/*
 * others.h: a record that concerns several people, without what is kept about the others.
 *
 * For whoever hands a person's records, and those of others that name the person, to that person.  What is known of the others is
 * read to be left out, and shown to nobody: there is no leaf of it.  privacy/redact.h says what
 * counts as known.  One thread.
 */
#ifndef CU_CONTROL_OTHERS_H
#define CU_CONTROL_OTHERS_H
#include "privacy/redact.h"
#include "store/record.h"

struct policy;
struct reader;

struct others {
	const struct policy *policy; /* borrowed */
	const char *instead;         /* of what is left out */
	struct id subject;           /* whose records these are */
	bool knows_own;
	struct redact own, theirs;
	struct id of[RECORD_MAX_COSUBJECTS + 1]; /* whom theirs is of */
	unsigned nof;
	struct buf text; /* of the record at hand; wiped */
};

void others_init(struct others *o, const struct policy *policy, const struct id *subject,
	const char *instead);
void others_done(struct others *o); /* wipes */

/* In place; afterwards rec's values live until the next call.  Of a record that is another's, which
 * only names the subject, also the fields that say how the other is, and its name in its source.
 * rd may not be in a walk. */
int others_leave_out(struct others *o, struct reader *rd, const struct row_record *row,
	struct record *rec, struct cu_err *err);

#endif
