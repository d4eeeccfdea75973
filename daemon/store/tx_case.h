/*
 * tx_case.h: a case: what custos keeps for its own work under keys of its own.
 *
 * A request, a legal hold, an incident each have one.  It is an owner of records as a data
 * subject is, with a run of slots, and none of its readers takes it for one; its records lie in
 * system collections (system.h) and are written with tx_record_put.  It outlives the data
 * subjects it tells of, and ends with its own retention.
 */
#ifndef CU_STORE_TX_CASE_H
#define CU_STORE_TX_CASE_H
#include "store/tx.h"

/* A fresh case.  No leaf: the caller has one of what the case is about. */
int tx_case_open(struct tx *tx, struct id *ret, struct cu_err *err);

/* Shreds the keys of a case and forgets it, with a leaf that names the slots: what backups hold
 * of it is gone.  CU_ENOENT.  After a crash half-way it is done again. */
int tx_case_end(struct tx *tx, const struct id *id, struct cu_err *err);

/* A sealed paper of a case, in a system collection: its kind ("letter", "facts") and texts by name,
 * which are borrowed.  No leaf.  *ret_id may be NULL. */
struct case_text {
	const char *name;
	struct span text;
};
int tx_case_paper(struct tx *tx, const struct id *kase, const char *collection, const char *kind,
	const struct case_text *texts, size_t n, struct id *ret_id, struct cu_err *err);

#endif
