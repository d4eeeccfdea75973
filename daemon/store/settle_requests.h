/*
 * settle_requests.h: requests of data subjects, brought up to what the log says of them.
 *
 * What was closed after a backup is closed in the restored store: nobody carries out what
 * was taken back.  What was received after it is lost, and counted: letters have to be entered
 * again.  No number is given twice.
 */
#ifndef CU_STORE_SETTLE_REQUESTS_H
#define CU_STORE_SETTLE_REQUESTS_H
#include <stddef.h>
#include <stdint.h>

struct cu_err;
struct engine;
struct settle_request;

/* In the order of the log.  *ret_lost: how many were open, and are not there. */
int settle_requests(struct engine *e, const struct settle_request *v, size_t n,
	uint64_t *ret_lost, struct cu_err *err);

#endif
