/*
 * addressee.h: whom a letter about a request goes to: a name and an address.
 *
 * While an erasure is under way or done, from what was sealed with the request then; else from the
 * person's records, or, where somebody asks for the person, from who that is.  Before a
 * person is erased it is sealed with the request, so that the last letter can still be
 * written.  What is given may go out on paper, so buffers wipe.
 */
#ifndef CU_CONTROL_ADDRESSEE_H
#define CU_CONTROL_ADDRESSEE_H
#include "base/buf.h"
#include "store/reader_dsr.h"
#include "store/tx_dsr.h"

struct cu_err;

struct addressee {
	struct buf person;  /* empty: not known */
	struct buf address; /* lines; likewise */
	struct buf mail;    /* an e-mail address; empty: none */
	struct buf represented; /* whom the request is about, when somebody else asks; empty */
	bool is_sealed;     /* it came from the request's papers */
};

/* In a view of the reader.  Released by addressee_done, also after a failure. */
int addressee_find(struct reader *rd, const struct row_dsr *row, struct addressee *ret,
	struct cu_err *err);
/* Where no e-mail address was said: the address may be one. */
void addressee_take_mail(struct addressee *a);
void addressee_done(struct addressee *a); /* zeros are fine */

/* Seals it with the request, unless it came from there or is not known. */
int addressee_seal(struct tx *tx, const struct row_dsr *row, const struct addressee *a,
	struct cu_err *err);

#endif
