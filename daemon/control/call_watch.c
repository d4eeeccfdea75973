#include "control/call_watch.h"

#include "base/clock.h"
#include "control/exchange.h"

#define EACH_MS 200

static void on_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct call_watch *w = ctx;
	int64_t now = clock_monotonic_ms();
	struct buf frame = BUF_INIT;
	struct json j;

	if (now - w->last_ms < EACH_MS) {
		return;
	}
	w->last_ms = now;
	j = exchange_progress_begin(&frame);
	json_open_object(&j, "progress");
	json_str(&j, "step", what);
	json_uint(&j, "bytes", done);
	json_uint(&j, "total_bytes", total);
	json_close_object(&j);
	exchange_progress_end(w->x, &j, &frame);
}

void call_watch_begin(struct call_watch *w, struct exchange *x)
{
	*w = (struct call_watch){ .watch = { on_progress, w, &x->work.cancel }, .x = x };
}
