/*
 * access_review.h: who may call, by roles.yaml, and when who was last seen in the log.
 *
 * Worker thread; walks the whole log once.
 */
#ifndef CU_CONTROL_ACCESS_REVIEW_H
#define CU_CONTROL_ACCESS_REVIEW_H
struct cu_err;
struct exchange;
struct json;

/* Writes "allowed" and "seen" of io.custos.duty.Whole.  CU_ECANCELED. */
int access_review_show(struct exchange *x, struct json *out, struct cu_err *err);

#endif
