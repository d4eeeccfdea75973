#include "agent/hand.h"

#include <time.h>

#include "base/clock.h"
#include "base/err.h"

void hand_init(struct hand *h, hand_fn *work, void *ctx)
{
	pthread_condattr_t by;

	*h = (struct hand){ .work = work, .ctx = ctx };
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&by);
	pthread_condattr_setclock(&by, CLOCK_MONOTONIC);
	pthread_cond_init(&h->changed, &by);
	pthread_condattr_destroy(&by);
}

static void *run(void *hand)
{
	struct hand *h = hand;
	bool is_over = false;

	while (!is_over) {
		pthread_mutex_lock(&h->lock);
		while (!h->is_busy && !h->is_over) {
			pthread_cond_wait(&h->changed, &h->lock);
		}
		is_over = h->is_over; /* set only while nothing is under way */
		pthread_mutex_unlock(&h->lock);
		if (!is_over) {
			h->work(h->ctx);
		}
	}
	return NULL;
}

int hand_start(struct hand *h, struct cu_err *err)
{
	int e = pthread_create(&h->thread, NULL, run, h);

	return e == 0 ? 0 : cu_err_errno(err, e, "a thread");
}

bool hand_is_busy(struct hand *h)
{
	bool is;

	pthread_mutex_lock(&h->lock);
	is = h->is_busy;
	pthread_mutex_unlock(&h->lock);
	return is;
}

static void set_busy(struct hand *h, bool is_busy)
{
	pthread_mutex_lock(&h->lock);
	h->is_busy = is_busy;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

void hand_go(struct hand *h)
{
	set_busy(h, true);
}

void hand_is_done(struct hand *h)
{
	set_busy(h, false);
}

bool hand_wait(struct hand *h, int64_t ms)
{
	int64_t until = clock_monotonic_ms() + ms;
	struct timespec t = { until / 1000, until % 1000 * 1000000 };
	bool is_idle;

	pthread_mutex_lock(&h->lock);
	while (h->is_busy && pthread_cond_timedwait(&h->changed, &h->lock, &t) == 0) {
	}
	is_idle = !h->is_busy;
	pthread_mutex_unlock(&h->lock);
	return is_idle;
}

bool hand_stop(struct hand *h)
{
	bool is_idle;

	pthread_mutex_lock(&h->lock);
	is_idle = !h->is_busy;
	if (is_idle) {
		h->is_over = true;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	if (is_idle) {
		pthread_join(h->thread, NULL);
	}
	return is_idle;
}

void hand_done(struct hand *h)
{
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
}
