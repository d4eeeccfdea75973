/*
 * tx_key.h: a change of the root key or its sources, which lies in files that no transaction covers.
 *
 * It is begun here before the files change and ended when they have, with its leaf.  One that custosd
 * died in is found by the next start, which looks at the files and ends it: so whatever became of the
 * key, the log says.  There is one at a time.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_KEY_H
#define CU_STORE_TX_KEY_H
#include "store/tx.h"

#define TX_KEY_CHANGE "key.change" /* of engine_meta: the leaf that is due, as text; empty: none is */

/* change is what the leaf will say; its count is how it was before, for whoever ends it.  by is the
 * step's actor. */
int tx_key_begin(struct tx *tx, const struct leaf *change, struct cu_err *err);
/* The one that was begun: 1, 0 or a code. */
int tx_key_get(struct tx *tx, struct leaf *ret, struct cu_err *err);
/* It is over; with is_done there is a leaf, of this generation of the vault (0: of none). */
int tx_key_end(struct tx *tx, bool is_done, uint64_t generation, struct cu_err *err);

#endif
