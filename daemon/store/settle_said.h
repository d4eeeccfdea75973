/*
 * settle_said.h: what people said after a backup was made, said again in the restored store.
 */
#ifndef CU_STORE_SETTLE_SAID_H
#define CU_STORE_SETTLE_SAID_H
#include "store/settle.h"

struct engine;

/* In the order of the log.  What the store has already is passed over, as is what is about
 * somebody who is gone.  What an id said that is not there, and is another's, he said (tx_merge.h).
 * In a transaction. */
int settle_said(struct engine *e, const struct store_settle *how, struct cu_err *err);

#endif
