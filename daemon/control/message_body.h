/*
 * message_body.h: a message's text is made, and handed to custos-agent.
 *
 * What custos says by itself is written from the message's kind, as things are now; what is addressed
 * to a person is read from its paper, after a leaf that says so.  The text lies in a file in memory
 * that never changes again; the agent gets its descriptor.
 */
#ifndef CU_CONTROL_MESSAGE_BODY_H
#define CU_CONTROL_MESSAGE_BODY_H

struct cu_err;
struct daemon;
struct row_message;

/* CU_ENOKEY: the keys of its text are gone.  CU_EBUSY: it was dropped, or the agent has its hands full.
 * CU_EUNAVAIL: there is no agent.  Worker thread, a guest of the gate; for a message that is no row (id, kind, route
 * and made_ms, no kase) the loop as well, as it does not wait then, and nobody hears what became of it. */
int message_hand_over(struct daemon *d, const struct row_message *row, struct cu_err *err);

#endif
