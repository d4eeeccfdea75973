/*
 * tx_rule.h: a record's own rule, and its own end, within a step on the writer's thread.
 *
 * A record that ends by itself has, in the place of a cohort's key, that of all records of its
 * collection which end on the same day: shredding it ends them in every backup that was made since
 * they had this end.  What a record was sealed under before lives on with its collection.  Leaves
 * are the caller's.
 */
#ifndef CU_STORE_TX_RULE_H
#define CU_STORE_TX_RULE_H
#include "store/engine_rule.h"
#include "store/tx.h"

/* The period of the cohort of those that end on a day by themselves: this + yyyymmdd. */
#define PERIOD_OWN 1000000000u

static inline bool period_is_own(uint32_t period)
{
	return period >= PERIOD_OWN;
}

uint32_t period_of_end(int64_t expires_ms);

/* The rule of a row; 0 is the rule that says nothing. */
int tx_rule_get(struct tx *tx, int64_t number, struct rule *ret, struct cu_err *err);

/* From now on the record, which is there, has this rule and this end (0: with its collection); with
 * another day it is sealed under another key.  CU_ENOENT. */
int tx_rule_put(struct tx *tx, const struct id *record, const struct rule *rule,
	int64_t expires_ms, struct cu_err *err);

/* The same for a record whose end stays, of a rule that tx_rule_put put in this step. */
int tx_rule_put_again(struct tx *tx, const struct row_record *row, const struct rule *rule,
	struct cu_err *err);

/* The row of a record that is there, live and hidden by no erasure; what of it is sealed may not be used.
 * 1, 0 or a code. */
int tx_record_row(struct tx *tx, const struct id *record, struct row_record *ret,
	struct cu_err *err);
/* 1: nothing keeps this record from being deleted; 0: a hold (which is told what it stopped), a
 * restriction, or a request that is not answered yet; or a code.  what: of tx_hold_block; NULL: it is only
 * asked. */
int tx_record_may_go(struct tx *tx, const struct row_record *row, const char *what,
	struct cu_err *err);

/* Deletes a record: its row, rule, tokens and mentions.  Its key lives on.  That somebody was heard
 * of outlives it. */
int tx_record_delete(struct tx *tx, const struct id *record, struct cu_err *err);

/* Records that are over by their own rule, in the order of (*at_ms, *record), up to `looked`: those that
 * nothing keeps are deleted.  1: there may be more; a leaf tells how many went.  At the end rules that no record
 * has any more are forgotten. */
#define RULE_END_STEP 64
int tx_rule_end_some(struct tx *tx, int64_t *at_ms, struct id *record, uint64_t *n,
	struct cu_err *err);

#endif
