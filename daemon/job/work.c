#include "job/work.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void work_init(void)
{
	char n[16];

	snprintf(n, sizeof(n), "%d", WORK_THREADS);
	setenv("UV_THREADPOOL_SIZE", n, 1); /* libuv has no other way to be told */
}

static void on_run(uv_work_t *uv)
{
	struct work *w = uv->data;

	w->code = w->run(w, &w->err);
}

static void on_done(uv_work_t *uv, int status)
{
	struct work *w = uv->data;

	if (status == UV_ECANCELED) {
		w->code = cu_err_set(&w->err, CU_ECANCELED, "custosd is stopping");
	}
	w->done(w);
}

int work_start(uv_loop_t *loop, struct work *w, struct cu_err *err)
{
	int r;

	w->uv.data = w;
	atomic_store(&w->cancel, false);
	w->code = 0;
	w->err = (struct cu_err){ 0 };
	r = uv_queue_work(loop, &w->uv, on_run, on_done);
	return r == 0 ? 0 : cu_err_set(err, CU_EINTERNAL, "no thread: %s", uv_strerror(r));
}
