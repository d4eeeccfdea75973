/*
 * withdrawal.h: what follows when a consent has ended: data that was kept for it alone goes.
 */
#ifndef CU_CONTROL_WITHDRAWAL_H
#define CU_CONTROL_WITHDRAWAL_H
#include "base/id.h"

struct cu_err;
struct exchange;
struct purpose;

/* Begins the erasure of the collections of withdrawal_erases in which something is kept, unless a
 * consent of some channel is still live; with the grace period, in which it can be cancelled.
 * 1: begun; 0: there is nothing to erase; CU_EBUSY, CU_EDENIED (a hold) and others: not begun,
 * and the withdrawal holds all the same.  Worker thread. */
int withdrawal_follow(struct exchange *x, const struct purpose *purpose, const struct id *subject,
	struct id *ret_erasure, struct cu_err *err);

#endif
