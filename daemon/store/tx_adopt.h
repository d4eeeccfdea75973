/*
 * tx_adopt.h: a restored store becomes the one that goes on.
 *
 * Until then it sends nothing to anybody: a restore may be a trial, beside a store that lives.  It keeps,
 * shows, backs up and forgets all the same.
 */
#ifndef CU_STORE_TX_ADOPT_H
#define CU_STORE_TX_ADOPT_H
#include "store/store.h"

/* Says so in a leaf; when this has returned, store_waits is false.  Blocks; not on the writer's thread.
 * CU_ENOENT: it does not wait for that. */
int store_adopt(struct store *st, const struct id *actor, struct cu_err *err);

#endif
