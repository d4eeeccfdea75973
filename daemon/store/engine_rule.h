/*
 * engine_rule.h: the rows of records' own rules (rule.h), and of their expiry.
 *
 * A rule is one row, whoever's records it is of; record_rule says which record has which, and until
 * when it is kept by that.  A record that once had a rule keeps its row, with rule 0 when nothing
 * is left of it: a restore of older data takes these rows from the newest image.
 */
#ifndef CU_STORE_ENGINE_RULE_H
#define CU_STORE_ENGINE_RULE_H
#include "store/rule.h"

struct buf;

/* Its row is made if there is none.  CU_ECORRUPT when another text has this number. */
int engine_rule_put(struct engine *e, const struct rule *rule, struct cu_err *err);
/* 1, 0 or a code. */
int engine_rule_get(struct engine *e, int64_t number, struct rule *ret, struct cu_err *err);
/* Rules that no record has are forgotten. */
int engine_rule_prune(struct engine *e, struct cu_err *err);

int engine_record_rule_put(struct engine *e, const struct id *record, int64_t rule,
	int64_t expires_ms, struct cu_err *err);

/* Appends the ids of all records that have a rule with this key (of this collection; NULL: any). */
int engine_records_ruled(struct engine *e, enum rule_kind kind, const char *key,
	const char *collection, struct buf *to, struct cu_err *err);
/* The same of a subject (NULL: of all) and a collection; only those which are there at all. */
int engine_records_of(struct engine *e, const struct id *subject, const char *collection,
	struct buf *to, struct cu_err *err);

/* How many of them are not over at this time. */
int engine_count_ruled(struct engine *e, enum rule_kind kind, const char *key,
	const char *collection, int64_t now_ms, uint64_t *ret, struct cu_err *err);
int engine_count_of(struct engine *e, const struct id *subject, const char *collection,
	int64_t now_ms, uint64_t *ret, struct cu_err *err);

/* In the order of (expires_ms, id), up to now_ms: the first after (*at_ms, *id), which it
 * becomes; 0 and nil start.  1, 0 or a code. */
int engine_record_over(struct engine *e, int64_t now_ms, int64_t *at_ms, struct id *record,
	struct cu_err *err);

#endif
