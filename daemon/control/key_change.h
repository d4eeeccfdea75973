/*
 * key_change.h: changes of the root key that are in the log whatever becomes of custosd meanwhile.
 *
 * Keys lie in files.  So a change is noted in the store before it is made (store/tx_key.h), and what became
 * of it is seen by looking at the files: after it, also when it failed, and at the next start when custosd
 * died in it.
 */
#ifndef CU_CONTROL_KEY_CHANGE_H
#define CU_CONTROL_KEY_CHANGE_H
#include "base/id.h"
#include "ledger/leaf.h"

struct cu_err;
struct house;

#define KEY_CHANGE_ROOT  "root"
#define KEY_CHANGE_EPOCH "epoch"

/* A LEAF_KEY_ADD or LEAF_KEY_REMOVE of a source, by its word, or a LEAF_KEY_ROTATE of one of those above.
 * One that is still open is ended first.  As house_keys.h: one thread at a time. */
int key_change_begin(struct house *h, const struct id *actor, enum leaf_act act, const char *why,
	struct cu_err *err);
/* Its leaf is durable, if anything has changed.  None was begun: 0. */
int key_change_end(struct house *h, struct cu_err *err);

#endif
