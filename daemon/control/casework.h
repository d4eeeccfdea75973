/*
 * casework.h: what the handlers of requests share: finding one, changing one, its clock, showing it.
 *
 * privacy/request.h has the states and their moves; a change here is one step on the writer's
 * thread that begins with the row as it is then.
 */
#ifndef CU_CONTROL_CASEWORK_H
#define CU_CONTROL_CASEWORK_H
#include "privacy/deadline.h"
#include "privacy/request.h"
#include "store/reader_dsr.h"
#include "store/tx_dsr.h"

struct buf;
struct daemon;
struct exchange;
struct json;

/* The local day. */
int32_t casework_today(const struct daemon *d);

/* Its law of the policy that is in force: CU_ENOENT when there is none of that key any more. */
int casework_law(const struct daemon *d, const struct row_dsr *row, const struct law **ret,
	struct cu_err *err);

/* The request that the parameter `number` names.  CU_ENOENT. */
int casework_find(struct exchange *x, struct row_dsr *ret, struct cu_err *err);

struct casework;
typedef int casework_fn(struct tx *tx, struct casework *c, struct cu_err *err);

/* One change. */
struct casework {
	struct store_op op;
	struct daemon *daemon;
	uint32_t number;
	casework_fn *fn; /* writer's thread; writes the row itself */
	void *ctx;
	struct row_dsr row; /* with number 0 as the caller filled it; its due_day is fresh when fn is called */
	int32_t today;
};

/* number, fn and ctx are the caller's; the row as it is then is left in c. */
int casework_change(struct exchange *x, struct casework *c, struct cu_err *err);
/* The same of the request that the call names; then it is shown, as "request". */
int casework_run(struct exchange *x, struct casework *c, struct json *out, struct cu_err *err);
/* The same by the daemon itself. */
int casework_tend(struct daemon *d, struct casework *c, struct cu_err *err);

/* An approval that it waits for, or has, is void from now on. */
int casework_drop_approval(struct tx *tx, struct row_dsr *row, struct cu_err *err);

/* Until when it must be answered; derivation may be NULL.  As deadline_compute. */
int casework_deadline(const struct daemon *d, struct reader *rd, const struct row_dsr *row,
	struct deadline *ret, struct buf *derivation, struct cu_err *err);

/* Writes io.custos.request.Request. */
int casework_show(const struct daemon *d, struct json *out, const char *name,
	const struct row_dsr *row, struct cu_err *err);

/* A leaf that the papers of the request were read, durable when it returns. */
int casework_read_leaf(struct exchange *x, const struct row_dsr *row, const char *why,
	struct cu_err *err);

#endif
