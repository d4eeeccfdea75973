/*
 * reader_rule.h: finding records by what their own rules say.  Nothing is opened.
 */
#ifndef CU_STORE_READER_RULE_H
#define CU_STORE_READER_RULE_H
#include "store/reader.h"
#include "store/rule.h"

struct buf;

/* Which records: one of these.  Unset members are NULL. */
struct rule_search {
	const char *key; /* a rule of theirs has this one, of this kind */
	enum rule_kind kind;
	const struct id *subject;
	const char *collection; /* with one of the above, or alone */
};

/* Appends the ids of those that there are, over or not, whoever may see them. */
int reader_search(struct reader *rd, const struct rule_search *s, struct buf *to,
	struct cu_err *err);
/* How many of them are not over. */
int reader_search_count(struct reader *rd, const struct rule_search *s, int64_t now_ms,
	uint64_t *ret, struct cu_err *err);

/* Is anything over by its own rule?  1, 0 or a code. */
int reader_has_over(struct reader *rd, int64_t now_ms, struct cu_err *err);

/* The record of this name that hand entry gave it (tx_find_source), as reader_record would show it:
 * 1 and fn was called, 0 or a code. */
int reader_record_named(struct reader *rd, const char *collection, struct span source,
	struct span key, reader_fn *fn, void *ctx, struct cu_err *err);

#endif
