#include "backup/watch.h"

#include <stddef.h>

#include "base/err.h"

int watch_step(const struct watch *w, const char *what, uint64_t done, uint64_t total,
	struct cu_err *err)
{
	if (!w) {
		return 0;
	}
	if (w->cancel && atomic_load(w->cancel)) {
		return cu_err_set(err, CU_ECANCELED, "cancelled");
	}
	if (w->progress) {
		w->progress(w->ctx, what, done, total);
	}
	return 0;
}
