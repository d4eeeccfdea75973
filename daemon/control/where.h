/*
 * where.h: which records a call is about: one, those of somebody, or those whose own rule says
 * something.
 *
 * One parameter, `where`, names the field, `is` its value; a key is asked for apart, because it may be
 * personal: of a record in its collection, or with `scheme` of a person.
 */
#ifndef CU_CONTROL_WHERE_H
#define CU_CONTROL_WHERE_H
#include "base/buf.h"
#include "store/reader_rule.h"

struct exchange;

struct where {
	bool is_one;  /* by its id or its key; else it may be many */
	bool is_all;  /* of the collection */
	bool by_rule;
	enum rule_kind kind; /* by_rule: which key of which kind it must have */
	const char *key;     /* borrowed from the call */
	const char *collection; /* or NULL */
	struct buf subjects; /* ids */
	struct id record;    /* is_one; nil: there is none of this key */
};

/* Without `where` it is all of the collection.  From the parameters where, is, scheme, key and collection.  Somebody's number is looked up.
 * CU_EINVAL, also for a purpose that does not cover the collection, or nothing that people are looked up by. */
int where_read(struct exchange *x, struct reader *rd, struct where *ret, struct cu_err *err);
void where_done(struct where *w);

/* Appends the ids of these records, whoever may see them. */
int where_find(const struct where *w, struct reader *rd, struct buf *to, struct cu_err *err);
/* How many of them are not over. */
int where_count(const struct where *w, struct reader *rd, int64_t now_ms, uint64_t *ret,
	struct cu_err *err);

#endif
