/* Figures for Prometheus. */
#include "control/daemon.h"
#include "control/handle.h"
#include "control/metrics.h"

int handle_METRICS(struct exchange *x, struct json *out, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	int r = metrics_gather(x->daemon, &text, err);

	if (r == 0) {
		json_buf(out, "text", &text);
	}
	buf_done(&text);
	return r;
}
