/*
 * tx_consent.h: what somebody said about a purpose, and a freeze of somebody's data.
 */
#ifndef CU_STORE_TX_CONSENT_H
#define CU_STORE_TX_CONSENT_H
#include "store/engine_consent.h"
#include "store/tx.h"

/* What somebody typed about an event; both may be empty. */
struct consent_papers {
	struct span text;   /* what was written or said */
	struct span source; /* where it came from */
};

/* Adds an event with its leaf, and its papers as a sealed record of the subject's (fields text and
 * source).  row has subject, purpose, channel, state, method, notice, language, expires_ms and
 * said_day; the rest is filled.  A consent that is given while it is live becomes a renewal.
 * digest (may be NULL) is that of the text that was shown, 32 bytes, for the leaf.  CU_ENOENT,
 * CU_EDENIED as tx_subject_require. */
int tx_consent_put(struct tx *tx, struct row_consent *row, const struct consent_papers *papers,
	const uint8_t *digest, struct cu_err *err);

/* The leaf's act (enum leaf_act) of such an event; -1: it is none that somebody says. */
int consent_act(enum consent_state state);

/* From now on, or no more, the subject's data is only stored; why is sealed as above and may be
 * empty.  CU_EEXIST when it is so already. */
int tx_restrict(struct tx *tx, const struct id *subject, const char *purpose, bool is_restricted,
	struct span why, struct cu_err *err);

#endif
