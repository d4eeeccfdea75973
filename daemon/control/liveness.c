#include "control/liveness.h"

#include <stddef.h>

#include "control/daemon.h"
#include "service/service.h"

#define PER_INTERVAL 3 /* questions in the time of the watchdog */

static struct daemon *daemon_of(struct work *w)
{
	return (struct daemon *)((char *)w - offsetof(struct daemon, liveness.work));
}

static int apply_nothing(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	(void)tx;
	(void)op;
	(void)err;
	return 0;
}

/* Sealed, or stopped for good by what custosd then ends of: the workers answer alone. */
static int ask(struct work *w, struct cu_err *err)
{
	struct daemon *d = daemon_of(w);
	struct store_op op = { .apply = apply_nothing, .kind = STORE_LEAF };
	struct guest guest = { 0 };

	if (gate_enter(&d->gate, &guest, true, NULL) == 0) {
		(void)store_run(d->house.store, &op, err);
		gate_leave(&d->gate, &guest);
	}
	return 0;
}

static void on_answer(struct work *w)
{
	daemon_of(w)->liveness.is_asked = false;
	service_alive();
}

void liveness_begin(struct daemon *d)
{
	d->liveness.each_ms = service_watchdog_ms() / PER_INTERVAL;
}

void liveness_tick(struct daemon *d)
{
	struct liveness *l = &d->liveness;
	int64_t now = clock_monotonic_ms();

	if (l->each_ms == 0 || l->is_asked || now - l->asked_ms < l->each_ms) {
		return;
	}
	l->asked_ms = now;
	l->work.run = ask;
	l->work.done = on_answer;
	l->is_asked = work_start(d->loop, &l->work, NULL) == 0;
}
