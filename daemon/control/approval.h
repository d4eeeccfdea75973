/*
 * approval.h: what kinds of approvals there are, and who may decide about them.
 *
 * Something dangerous is asked for by tx_approval_ask and done after tx_approval_use, in steps of
 * whoever does it; in between a second user decides by the commands of handle_approval.c.  A
 * kind says how the exact scope of its object is found again, whom it is for, and in words what
 * will happen.
 */
#ifndef CU_CONTROL_APPROVAL_H
#define CU_CONTROL_APPROVAL_H
#include <stdbool.h>

#include "base/id.h"

struct buf;
struct cu_err;
struct exchange;
struct json;
struct tx;

struct approval_kind {
	const char *key; /* as in the row: "erase.now" */
	/* The exact scope of the object as it is now, appended; writer's thread. */
	int (*scope)(struct tx *tx, const struct id *object, struct buf *to, struct cu_err *err);
	/* 0, or CU_EDENIED: this caller may neither see what it is about nor decide.  That who
	 * asked cannot grant is looked at elsewhere, for all kinds. */
	int (*may_decide)(struct exchange *x, const struct id *object, struct cu_err *err);
	/* What exactly will happen: texts, one a line, into an open array. */
	int (*say)(struct exchange *x, const struct id *object, struct json *lines,
		struct cu_err *err);
	/* It was granted or denied, durably: what follows from that.  Worker thread. */
	int (*decided)(struct exchange *x, const struct id *approval, bool is_granted,
		struct cu_err *err);
	/* What happens in the same step as the grant; NULL: nothing.  Writer's thread. */
	int (*apply)(struct tx *tx, const struct id *approval, struct cu_err *err);
};

/* NULL: a later custos knows it. */
const struct approval_kind *approval_kind_find(const char *key);

#endif
