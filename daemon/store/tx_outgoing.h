/*
 * tx_outgoing.h: what a request has to send: prepared and sealed before anything is done, sent once it is.
 *
 * The last letter to the person, and a notice for each recipient of the data.  The row of the request
 * counts the notices that nobody sent or explained.  When they are due is for privacy/outgoing.h.
 * In a step on the writer's thread; leaves are the caller's, with tx_dsr_put.
 */
#ifndef CU_STORE_TX_OUTGOING_H
#define CU_STORE_TX_OUTGOING_H
#include "store/engine_dsr.h"
#include "store/engine_message.h"
#include "store/engine_outgoing.h"
#include "store/tx_case.h"

/* Seals it, and remembers that it is to be sent: state and paper are filled in.  A notice is one that
 * has a recipient, and is counted in row. */
int tx_outgoing_prepare(struct tx *tx, struct row_dsr *row, struct row_outgoing *out,
	const struct case_text *texts, size_t n, struct cu_err *err);

/* Of this kind, to this recipient: 1, 0 or a code. */
int tx_outgoing_find(struct tx *tx, const struct row_dsr *row, unsigned kind,
	const char *recipient, struct row_outgoing *ret, struct cu_err *err);

/* It is in another state from now on; time and actor are those of the step. */
int tx_outgoing_mark(struct tx *tx, struct row_dsr *row, struct row_outgoing *out,
	enum outgoing_state state, struct cu_err *err);

/* What became of a message (tx_message.h): if it sends one of these, it is under way, sent, or to be sent
 * again, with a leaf of its request.  What was sent or explained meanwhile stays so. */
int tx_outgoing_follow(struct tx *tx, const struct row_message *message, struct cu_err *err);

/* Nothing is to be sent: what it would have told will not be done. */
int tx_outgoing_drop(struct tx *tx, struct row_dsr *row, struct cu_err *err);

#endif
