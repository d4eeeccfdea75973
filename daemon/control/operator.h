/*
 * operator.h: the random id that stands for a user in the log.
 *
 * A uid would name a person; the table that says which id is whose lies in data.db, and is
 * backed up with it.
 */
#ifndef CU_CONTROL_OPERATOR_H
#define CU_CONTROL_OPERATOR_H
#include <sys/types.h>

#include "base/id.h"

struct cu_err;
struct daemon;

/* Made at the first call of this uid.  Worker thread; blocks then. */
int operator_id(struct daemon *d, uid_t uid, struct id *ret, struct cu_err *err);
void operator_forget_all(struct daemon *d); /* the cache only */

#endif
