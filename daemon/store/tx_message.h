/*
 * tx_message.h: messages: made, tried, sent, given up, dropped.
 *
 * The text of one that is addressed to a person lies sealed in a case of its own, and its keys are
 * shredded when it was sent or dropped: an older copy of the store can send it to nobody.  What is shredded
 * stays so when its step is taken back, so the row says first that it was sent, in a step of its own; one
 * that waits and has no keys was dropped, or is an older row of a restored store.  Others have no text here, their kind says it all.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_MESSAGE_H
#define CU_STORE_TX_MESSAGE_H
#include "store/engine_message.h"
#include "store/tx.h"

#define MESSAGE_COLLECTION "custos.message"

struct message_text {
	struct span to, subject, text; /* to: an address */
};

/* A new one that waits; row has id, kind, about, route, and gets the rest.  text is NULL unless it is
 * addressed to a person.  1; or 0 when there is one of this id already, which is as it was. */
int tx_message_make(struct tx *tx, struct row_message *row, const struct message_text *text,
	struct cu_err *err);

/* CU_ENOENT. */
int tx_message_get(
	struct tx *tx, const struct id *id, struct row_message *ret, struct cu_err *err);

/* It is about to be handed to the agent with its text: a leaf.  CU_EBUSY: it does not wait any more. */
int tx_message_take(struct tx *tx, const struct id *id, struct cu_err *err);

/* An attempt failed: the next is at next_ms, or with given_up there is none by itself. */
int tx_message_failed(struct tx *tx, const struct id *id, int64_t next_ms, bool is_given_up,
	struct cu_err *err);
/* The other side has it.  Of one that ended meanwhile nothing changes. */
int tx_message_sent(struct tx *tx, const struct id *id, struct cu_err *err);
/* In a step behind that one: its text's keys.  CU_ENOENT. */
int tx_message_shred(struct tx *tx, const struct id *id, struct cu_err *err);

/* One that waits is tried at once, one that was given up waits again.  CU_ENOENT, CU_EBUSY. */
int tx_message_retry(struct tx *tx, const struct id *id, struct cu_err *err);
/* It is never sent.  CU_ENOENT, CU_EBUSY. */
int tx_message_drop(struct tx *tx, const struct id *id, struct cu_err *err);

/* What was sent and has keys still, as a crash leaves it, loses them; those that ended before this are
 * forgotten.  At most max of them; *ret_n is how many. */
int tx_message_forget(struct tx *tx, int64_t before_ms, unsigned max, unsigned *ret_n,
	struct cu_err *err);

#endif
