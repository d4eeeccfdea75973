/*
 * letter.h: a letter to a person, with everything in it that a law demands, or none.
 *
 * Pure.  What the organisation and the law say is filled in from the policies; the rest is given
 * by whoever writes.  The text holds personal data: the caller's buffer wipes.
 */
#ifndef CU_PRIVACY_LETTER_H
#define CU_PRIVACY_LETTER_H
#include <stdint.h>

#include "base/span.h"
#include "policy/letters.h"

struct buf;
struct cu_err;
struct policy;

struct letter_order {
	const struct law *law;
	enum request_type type;
	enum letter_kind kind;
	enum language language;
	int32_t today; /* the letter's date; CIVIL_NO_DAY: it is left open, for letter_date */
	/* What comes from the request, by enum letter_value; NULL: not known.  Days as letter_day
	 * writes them.  What policies say is not taken from here. */
	const char *given[NLETTER_VALUES];
};

#define LETTER_DAY_SIZE 64
/* "Monday 2 March 2026", as it stands in a letter. */
const char *letter_day(enum language language, int32_t day, char out[LETTER_DAY_SIZE]);

/* Appends the subject, without a newline, and the paragraphs, an empty line between them.
 * CU_ENOENT when a placeholder would stay empty: the message names it and where it is set; or
 * when there is no such letter.  CU_EUNSUP: the law does not know this request, no extension
 * of it, or wants no recipient told.  CU_ENOMEM.  On failure the buffers may hold a part. */
int letter_write(const struct policy *p, const struct letter_order *order, struct buf *subject,
	struct buf *text, struct cu_err *err);

/* Appends a text that was left without its date, with the date.  CU_ENOMEM. */
int letter_date(struct span text, enum language language, int32_t day, struct buf *to,
	struct cu_err *err);

#endif
