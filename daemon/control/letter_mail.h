/*
 * letter_mail.h: a letter of a request on its way to custos-agent, as a mail.
 *
 * It goes by a route of agent.yaml with `personal: yes`.  A notice to a recipient with an age key is encrypted to
 * that first, so that neither the agent nor a mail server reads it; to a person it goes as it is, over TLS.
 * docs/decisions/0029 says why.  Worker thread, but for the last.
 */
#ifndef CU_CONTROL_LETTER_MAIL_H
#define CU_CONTROL_LETTER_MAIL_H
#include "base/buf.h"
#include "store/tx_message.h"

struct cu_err;
struct daemon;
struct policy;
struct request_letter;

struct letter_mail {
	struct row_message row; /* with an id of its own */
	struct buf to, subject, text;
	bool is_encrypted;
};

/* The route: of this key, or, NULL, the first that may take what is addressed to a person.  CU_ENOENT: there is
 * none; CU_EDENIED: that one may not. */
int letter_mail_begin(struct letter_mail *m, const struct policy *p, const char *route,
	struct cu_err *err);
void letter_mail_done(struct letter_mail *m); /* after a failure, too */

/* What the letter says, to whom it goes; recipient is a key of purposes.yaml, "" for the person.  CU_ENOENT: no
 * e-mail address is known; CU_EINVAL: its age key is none. */
int letter_mail_write(struct letter_mail *m, const struct policy *p, const struct request_letter *w,
	const char *recipient, struct cu_err *err);

/* Writer thread: the message waits from now on. */
int letter_mail_make(struct letter_mail *m, struct tx *tx, struct cu_err *err);

#endif
