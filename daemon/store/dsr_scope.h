/*
 * dsr_scope.h: what a request is about: the collections that its subject has data in.
 *
 * One walk gives the list for access, for erasure and for the approval by a second user, so
 * that what is shown and what is erased cannot differ.  From rows alone: nothing is opened.
 */
#ifndef CU_STORE_DSR_SCOPE_H
#define CU_STORE_DSR_SCOPE_H
#include "store/engine_dsr.h"

struct dsr_item {
	char collection[ENGINE_KEY_SIZE];
	uint64_t nrecords;
	bool is_mention; /* these are records of others, which name the subject */
	bool is_kept;    /* by a law */
	struct id note;  /* the paper that cites it; nil: none */
};

/* 0 goes on, 1 ends the walk, or a code. */
typedef int dsr_scope_fn(void *ctx, const struct dsr_item *item, struct cu_err *err);

/* What is its own in the order of collections, then what others' records say of it, likewise; those
 * of custos itself are
 * passed over, and so is all that the request is not about. */
int dsr_scope_each(struct engine *e, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err);

#endif
