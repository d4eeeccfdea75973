/*
 * engine_outgoing.h: the rows of what a request has to send: the last letter, and a notice for each recipient.
 *
 * A part of engine.h's contract.  The texts are sealed papers of the request's case; here stand policy
 * keys, enums, ids, times.
 */
#ifndef CU_STORE_ENGINE_OUTGOING_H
#define CU_STORE_ENGINE_OUTGOING_H
#include "store/engine.h"

enum outgoing_state {
	OUTGOING_PREPARED = 1, /* it is to be sent, once it is true */
	OUTGOING_SENT = 2,
	OUTGOING_WAIVED = 3, /* it is not sent, and somebody said why */
	OUTGOING_UNDERWAY = 4, /* custos-agent is to send it */
};

struct row_outgoing {
	unsigned kind; /* enum letter_kind of policy/law.h */
	char recipient[ENGINE_KEY_SIZE]; /* a key of purposes.yaml; "": the person */
	unsigned language; /* enum language of policy/said.h */
	struct id paper;   /* the text, but for its date */
	unsigned state;    /* enum outgoing_state */
	unsigned why;      /* enum outgoing_why of privacy/outgoing.h: of one that is not sent */
	int64_t at_ms;     /* when that state was noted */
	struct id actor;   /* by whom */
	struct id note;    /* the paper with the reasons; nil: none */
	struct id message; /* the last by which it was sent (engine_message.h); nil: none */
};

/* Inserts, or replaces that of the same kind and recipient. */
int engine_outgoing_put(struct engine *e, const struct id *request,
	const struct row_outgoing *row, struct cu_err *err);
/* By kind and recipient: the first behind *after; NULL starts.  after may be ret.  1, 0 or a code. */
int engine_outgoing_next(struct engine *e, const struct id *request,
	const struct row_outgoing *after, struct row_outgoing *ret, struct cu_err *err);
/* The one that this message sends, and its request: 1, 0 or a code. */
int engine_outgoing_of_message(struct engine *e, const struct id *message, struct id *ret_request,
	struct row_outgoing *ret, struct cu_err *err);
/* All of a request. */
int engine_outgoing_drop(struct engine *e, const struct id *request, struct cu_err *err);

#endif
