/* What the rules say of the whole store. */
#include "control/daemon.h"
#include "control/handle.h"
#include "privacy/ropa.h"

int handle_REPORT_ROPA(struct exchange *x, struct json *out, struct cu_err *err)
{
	(void)err;
	ropa_put(x->daemon->policy, out);
	return 0;
}
