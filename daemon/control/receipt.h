/*
 * receipt.h: what a person said about a purpose, for that person and whoever wants to check it.
 *
 * A signed note whose text is one JSON object, with the fields of ISO/IEC TS 27560 as far as the
 * policies have them, and the leaf of the event with its proof.  docs/formats/receipt.md.
 */
#ifndef CU_CONTROL_RECEIPT_H
#define CU_CONTROL_RECEIPT_H

struct buf;
struct cu_err;
struct exchange;
struct row_consent;

/* Appended to out.  CU_ENOENT: the log has no such event.  Worker thread. */
int receipt_make(struct exchange *x, const struct row_consent *event, struct buf *out,
	struct cu_err *err);

#endif
