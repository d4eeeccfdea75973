/*
 * tx_dsr.h: requests of data subjects: their rows, their sealed papers, what they are about.
 *
 * Which states there are and what may follow on what is for privacy/request.h; this keeps rows,
 * leaves and papers together.  In a step on the writer's thread.
 */
#ifndef CU_STORE_TX_DSR_H
#define CU_STORE_TX_DSR_H
#include "store/dsr_scope.h"
#include "store/tx_case.h"

struct buf;

/* A new one, with a case of its own: id, number, kase and entered_ms are filled in. */
int tx_dsr_open(struct tx *tx, struct row_dsr *row, struct cu_err *err);

/* CU_ENOENT. */
int tx_dsr_get(struct tx *tx, uint32_t number, struct row_dsr *ret, struct cu_err *err);
int tx_dsr_by_id(struct tx *tx, const struct id *id, struct row_dsr *ret, struct cu_err *err);

/* The first that was closed before this time, of nobody who is held as a whole, is forgotten: the keys of its papers are shredded, its row
 * goes.  1 when there was one, 0 or a code. */
int tx_dsr_end_one(struct tx *tx, int64_t before_ms, struct cu_err *err);

/* The row as it is now, and a leaf that says so; why is a policy key, or "". */
int tx_dsr_put(struct tx *tx, const struct row_dsr *row, enum leaf_act act, const char *why,
	struct cu_err *err);

/* tx_case_paper of its case. */
int tx_dsr_paper(struct tx *tx, const struct row_dsr *row, const char *kind,
	const struct case_text *texts, size_t n, struct id *ret_id, struct cu_err *err);

int tx_dsr_part_put(struct tx *tx, const struct row_dsr *row, const struct row_dsr_part *part,
	struct cu_err *err);
int tx_dsr_part_drop(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err);
/* In the order of collections: the first after this one; "" starts.  1, 0 or a code. */
int tx_dsr_next_part(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *after, struct row_dsr_part *ret, struct cu_err *err);
/* 1 when there is such a part, 0 or a code. */
int tx_dsr_has_part(struct tx *tx, const struct row_dsr *row, enum dsr_part_kind kind,
	const char *collection, struct cu_err *err);

/* From this day on the clock stands still; the second ends what stands still, if anything does. */
int tx_dsr_pause(struct tx *tx, const struct row_dsr *row, int32_t day, struct cu_err *err);
int tx_dsr_resume(struct tx *tx, const struct row_dsr *row, int32_t day, struct cu_err *err);

/* By their first days: the first after this one; INT32_MIN starts.  1, 0 or a code. */
int tx_dsr_next_pause(struct tx *tx, const struct row_dsr *row, int32_t after,
	struct row_dsr_pause *ret, struct cu_err *err);

/* Exactly what it is about, as the text that an approval is bound to: a line for each collection
 * that the subject has data in. */
int tx_dsr_scope(struct tx *tx, const struct row_dsr *row, struct buf *to, struct cu_err *err);

/* dsr_scope_each. */
int tx_dsr_each(struct tx *tx, const struct row_dsr *row, dsr_scope_fn *fn, void *ctx,
	struct cu_err *err);

/* The first open request of this subject after a number (0 starts): 1, 0 or a code.  What it is
 * about is not to expire meanwhile. */
int tx_dsr_open_of(struct tx *tx, const struct id *subject, uint32_t after, struct row_dsr *ret,
	struct cu_err *err);

#endif
