#include "job/post.h"

static struct letter *take_all(struct post *p)
{
	struct letter *first;

	pthread_mutex_lock(&p->lock);
	first = p->first;
	p->first = p->last = NULL;
	pthread_mutex_unlock(&p->lock);
	return first;
}

void post_drain(struct post *p)
{
	struct letter *l = take_all(p), *next;

	for (; l; l = next) {
		next = l->next;
		l->read(l);
	}
}

static void on_wake(uv_async_t *async)
{
	post_drain(async->data);
}

int post_open(uv_loop_t *loop, struct post *p, struct cu_err *err)
{
	int r;

	*p = (struct post){ 0 };
	pthread_mutex_init(&p->lock, NULL);
	r = uv_async_init(loop, &p->async, on_wake);
	p->async.data = p;
	return r == 0 ? 0 : cu_err_set(err, CU_EIO, "wake-up: %s", uv_strerror(r));
}

void post_send(struct post *p, struct letter *l)
{
	bool closed;

	l->next = NULL;
	pthread_mutex_lock(&p->lock);
	closed = p->is_closed;
	if (!closed) {
		if (p->last) {
			p->last->next = l;
		} else {
			p->first = l;
		}
		p->last = l;
		uv_async_send(&p->async);
	}
	pthread_mutex_unlock(&p->lock);
	if (closed) {
		l->drop(l);
	}
}

void post_unref(struct post *p)
{
	uv_unref((uv_handle_t *)&p->async);
}

void post_close(struct post *p)
{
	struct letter *l, *next;

	pthread_mutex_lock(&p->lock);
	p->is_closed = true;
	pthread_mutex_unlock(&p->lock);
	for (l = take_all(p); l; l = next) {
		next = l->next;
		l->drop(l);
	}
	uv_close((uv_handle_t *)&p->async, NULL);
}
