/*
 * request_letter.h: one letter about a request in the making: to the person, or a notice to a recipient.
 *
 * What the store knows is looked up; what a law demands and nobody said is an error that names it
 * (privacy/letter.h).  Worker thread.  The texts are people's: buffers wipe.
 */
#ifndef CU_CONTROL_REQUEST_LETTER_H
#define CU_CONTROL_REQUEST_LETTER_H
#include "base/buf.h"
#include "control/addressee.h"
#include "privacy/letter.h"

struct cu_err;
struct daemon;
struct row_dsr;

struct request_letter {
	struct daemon *daemon;
	const struct row_dsr *row; /* borrowed */
	struct letter_order order; /* language and today may be changed before it is written */
	/* what whoever asks for it says, NULL: nothing; borrowed */
	const char *method;     /* a word: what is asked for to recognise the person */
	const char *recipients; /* who was told, in words */
	const char *to, *whom, *data; /* of a notice */
	/* what came out */
	struct addressee who;
	struct buf subject, text;
	/* in the making */
	struct buf reasons, done, told;
	char number[12], received[LETTER_DAY_SIZE], due[LETTER_DAY_SIZE], extended[LETTER_DAY_SIZE],
		last_copy[LETTER_DAY_SIZE];
};

/* CU_ENOENT when its law is gone.  Ended by request_letter_done, also after a failure. */
int request_letter_begin(struct request_letter *w, struct daemon *d, const struct row_dsr *row,
	enum letter_kind kind, struct cu_err *err);
void request_letter_done(struct request_letter *w);

/* A key of purposes.yaml: of those that the letter says are told; NULL: nobody is.  Without any call of this,
 * those are taken that the request has notices for. */
void request_letter_put_told(struct request_letter *w, const char *recipient);

/* Fills subject, text and who.  As letter_write. */
int request_letter_write(struct request_letter *w, struct cu_err *err);

#endif
